package redisstore

import (
	"context"
	"errors"
	"testing"
	"time"

	"hotline/internal/testbed"
)

// holder is one controller in a test of the lease.
func holder(t *testing.T, addr string) *Lease {
	t.Helper()
	s, err := Open(Options{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return NewLease(s)
}

// TestLeaseHasOneHolder: a second controller waits until the first stops renewing, takes
// over within two seconds with a larger token, and the first learns of it before it acts.
func TestLeaseHasOneHolder(t *testing.T) {
	r := testbed.RunRedis(t, testbed.RedisOptions{})
	first, second := holder(t, r.Addr), holder(t, r.Addr)
	if err := first.Acquire(t.Context(), func() { t.Error("the first had to wait") }); err != nil {
		t.Fatal(err)
	}
	// The first is stopped as by SIGSTOP: it does not renew.
	waited, began := make(chan struct{}), time.Now()
	if err := second.Acquire(t.Context(), func() { close(waited) }); err != nil {
		t.Fatal(err)
	}
	<-waited
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("take-over took %v", took)
	}
	if second.Token() <= first.Token() {
		t.Errorf("tokens %d, then %d: must grow", first.Token(), second.Token())
	}
	if err := first.Check(t.Context()); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("the old holder may act: %v", err)
	}
	if err := first.Run(t.Context()); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("Run of the old holder ended with %v", err)
	}
	if err := second.Check(t.Context()); err != nil {
		t.Errorf("the new holder may not act: %v", err)
	}
}

// TestLeaseIsGivenBack: an orderly end lets the standby in at once.
func TestLeaseIsGivenBack(t *testing.T) {
	r := testbed.RunRedis(t, testbed.RedisOptions{})
	first, second := holder(t, r.Addr), holder(t, r.Addr)
	if err := first.Acquire(t.Context(), func() {}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- first.Run(ctx) }()
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := second.Acquire(t.Context(), func() { t.Error("the second had to wait") }); err != nil {
		t.Fatal(err)
	}
}

// TestLeaseIsReleasedBeforeTheEnd: whoever gave the lease back may not act, and does not
// take it again though his renewal still runs.
func TestLeaseIsReleasedBeforeTheEnd(t *testing.T) {
	r := testbed.RunRedis(t, testbed.RedisOptions{})
	first, second := holder(t, r.Addr), holder(t, r.Addr)
	if err := first.Acquire(t.Context(), func() {}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- first.Run(ctx) }()
	if err := errors.Join(first.Release(t.Context()), first.Release(t.Context())); err != nil {
		t.Fatal(err)
	}
	if err := first.Check(t.Context()); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("the old holder may act: %v", err)
	}
	if err := first.refresh(t.Context()); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("the old holder renews: %v", err)
	}
	if err := second.Acquire(t.Context(), func() { t.Error("the second had to wait") }); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the end after it: %v", err)
	}
	if err := second.refresh(t.Context()); err != nil {
		t.Errorf("the first took the lease of the second with him: %v", err)
	}
}

// TestLeaseOutlivesRedis: without Redis nobody else can take over, so the holder may act;
// a Redis that comes back empty is told again.
func TestLeaseOutlivesRedis(t *testing.T) {
	r := testbed.RunRedis(t, testbed.RedisOptions{})
	l := holder(t, r.Addr)
	if err := l.Acquire(t.Context(), func() {}); err != nil {
		t.Fatal(err)
	}
	if err := r.Kill(); err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	l.fresh = l.fresh.Add(-time.Minute)
	l.mu.Unlock()
	if err := l.Check(t.Context()); err != nil {
		t.Errorf("the holder may not act without Redis: %v", err)
	}
	if err := r.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	defer func() {
		end()
		if err := <-ended; err != nil {
			t.Errorf("the holder's renewal ended: %v", err)
		}
	}()
	other, stop := context.WithTimeout(t.Context(), 2*leaseTTL)
	defer stop()
	if err := holder(t, r.Addr).Acquire(other, func() {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("another took the lease from a Redis that was empty: %v", err)
	}
}

// TestLeaseOfAnotherWithTheSameNumber: a replica that had not heard of the last holder was made
// the master and gave his number away a second time. The name tells the two apart.
func TestLeaseOfAnotherWithTheSameNumber(t *testing.T) {
	r := testbed.RunRedis(t, testbed.RedisOptions{})
	l := holder(t, r.Addr)
	if err := l.Acquire(t.Context(), func() {}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Say(t.Context(), "SET", l.store.keys.lease(), "another"); err != nil {
		t.Fatal(err)
	}
	if err := l.refresh(t.Context()); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("the lease of another is renewed: %v", err)
	}
	if name, err := r.Say(t.Context(), "GET", l.store.keys.lease()); err != nil || name != "another" {
		t.Errorf("the lease is %q, %v; want the other's", name, err)
	}
}
