package testbed

import (
	"context"
	"time"
)

// TB is what a test offers; *testing.T and *testing.B are one. It is declared
// here so that programs which use this package do not link the testing package.
type TB interface {
	Helper()
	Context() context.Context
	Cleanup(func())
	Failed() bool
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// RunAsterisk starts an Asterisk for a test and stops it at its end. When the
// test has failed, the end of Asterisk's log is added to the test's.
func RunAsterisk(t TB, options Options) *Asterisk {
	t.Helper()
	a, err := StartAsterisk(t.Context(), options)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Asterisk's log:\n%s", a.LogTail(60))
		}
		if err := a.Stop(); err != nil {
			t.Errorf("stop Asterisk: %v", err)
		}
	})
	return a
}

// RunRedis starts a Redis for a test and stops it at its end.
func RunRedis(t TB, options RedisOptions) *Redis {
	t.Helper()
	r, err := StartRedis(t.Context(), options)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Errorf("stop Redis: %v", err)
		}
	})
	return r
}

// RunPostgres starts a PostgreSQL for a test and stops it at its end.
func RunPostgres(t TB, options PostgresOptions) *Postgres {
	t.Helper()
	p, err := StartPostgres(t.Context(), options)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Errorf("stop PostgreSQL: %v", err)
		}
	})
	return p
}

// RunRedisCluster starts a Redis Cluster for a test and stops it at its end.
func RunRedisCluster(t TB, nodes int) []*Redis {
	t.Helper()
	all, err := StartRedisCluster(t.Context(), nodes)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if err := stopAll(all); err != nil {
			t.Errorf("stop Redis Cluster: %v", err)
		}
	})
	return all
}

// RunSentinel starts a sentinel for a test and stops it at its end.
func RunSentinel(t TB, master *Redis, name string, down time.Duration) *Redis {
	t.Helper()
	r, err := StartSentinel(t.Context(), master, name, down)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Errorf("stop the sentinel: %v", err)
		}
	})
	return r
}
