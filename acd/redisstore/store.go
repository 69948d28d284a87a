package redisstore

import (
	"context"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
)

// Store is one connection pool to Redis with the counters and the mirror behind it. Its
// methods may be called from any goroutine.
type Store struct {
	redis    *redis.Client
	keys     keyspace
	rules    Rules
	log      *slog.Logger
	now      func() time.Time
	scripts  scripts
	embedded *embedded // nil for a real Redis
}

// Open makes a Store for a real Redis. It does not connect: a Redis that is down must not
// keep the hotline from starting. Check tells whether it can be used. The error is
// ErrOptions or ErrRules.
func Open(o Options) (*Store, error) {
	o, err := o.normal()
	if err != nil {
		return nil, err
	}
	return &Store{
		redis:   o.client(),
		keys:    keyspace(o.Prefix),
		rules:   o.Rules,
		log:     o.Logger.With("component", "redis"),
		now:     o.Now,
		scripts: newScripts(),
	}, nil
}

// Close ends all connections, and the embedded server where there is one. The Folder and
// the Mirror must have ended before.
func (s *Store) Close() error {
	err := s.redis.Close()
	if s.embedded != nil {
		s.embedded.close()
	}
	return err
}

// Ping asks Redis for a sign of life.
func (s *Store) Ping(ctx context.Context) error {
	return plain(s.redis.Ping(ctx).Err())
}
