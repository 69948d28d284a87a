package redisstore

import (
	"context"
	"time"
)

// Time is the clock of the Redis server, so that a check can hold it against ours.
func (s *Store) Time(ctx context.Context) (time.Time, error) {
	t, err := s.redis.Time(ctx).Result()
	return t, plain(err)
}
