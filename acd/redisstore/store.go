package redisstore

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/call"
)

// Store is one connection pool to Redis with the counters and the mirror behind it. Its
// methods may be called from any goroutine.
type Store struct {
	redis    redis.UniversalClient
	keys     keyspace
	rules    Rules
	teams    map[string][]call.AgentID
	log      *slog.Logger
	now      func() time.Time
	scripts  scripts
	embedded *embedded // nil for a real Redis
}

// Open makes a Store for a real Redis, Redis Cluster or Sentinel. It does not connect: a Redis that is down must not
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
		teams:   members(o.Teams),
		log:     o.Logger.With("component", "redis"),
		now:     o.Now,
		scripts: newScripts(),
	}, nil
}

// members turns the teams of agents round; the agents of each are in order.
func members(teams map[call.AgentID]string) map[string][]call.AgentID {
	out := make(map[string][]call.AgentID)
	for _, agent := range slices.Sorted(maps.Keys(teams)) {
		if team := teams[agent]; team != "" {
			out[team] = append(out[team], agent)
		}
	}
	return out
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

// node is the server that holds our keys, for the few commands that name none: a cluster
// would send them to any of its nodes.
func (s *Store) node(ctx context.Context) (redis.Cmdable, error) {
	cluster, ok := s.redis.(*redis.ClusterClient)
	if !ok {
		return s.redis, nil
	}
	node, err := cluster.MasterForKey(ctx, s.keys.seq())
	return node, plain(err)
}

// Ping asks Redis for a sign of life.
func (s *Store) Ping(ctx context.Context) error {
	node, err := s.node(ctx)
	if err != nil {
		return err
	}
	return plain(node.Ping(ctx).Err())
}
