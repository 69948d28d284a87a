package redisstore

import (
	"context"
	"errors"
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
	lease    redis.UniversalClient // that of the lease, often the same one
	keys     keyspace
	rules    Rules
	teams    map[string][]call.AgentID
	log      *slog.Logger
	now      func() time.Time
	scripts  scripts
	embedded *embedded // nil for a real Redis
}

// How old a connection gets behind Sentinel. That of the lease bounds for how long a holder
// can believe a master that is none any more: with one answer of Redis it is less than awayWait,
// so he is at the new master before anybody takes the lease there.
const (
	sentinelLife = 5 * time.Second
	leaseLife    = 2 * leaseRenew
)

// Open makes a Store for a real Redis, Redis Cluster or Sentinel. It does not connect: a Redis
// that is down must not keep the hotline from starting. Check tells whether it can be used. The
// error is ErrOptions or ErrRules.
func Open(o Options) (*Store, error) {
	o, err := o.normal()
	if err != nil {
		return nil, err
	}
	client := o.client(0)
	lease := client
	if o.SentinelMaster != "" {
		client, lease = o.client(sentinelLife), o.client(leaseLife)
	}
	return &Store{
		redis:   client,
		lease:   lease,
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
	if s.lease != s.redis {
		err = errors.Join(err, s.lease.Close())
	}
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
