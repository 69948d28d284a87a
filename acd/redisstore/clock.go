package redisstore

import (
	"context"
	"time"
)

// Time is the clock of the Redis server, so that a check can hold it against ours.
func (s *Store) Time(ctx context.Context) (time.Time, error) {
	node, err := s.node(ctx)
	if err != nil {
		return time.Time{}, err
	}
	t, err := node.Time(ctx).Result()
	return t, plain(err)
}
