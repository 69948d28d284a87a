package redisstore

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/internal/testbed"
)

const (
	sentinelName = "figures"
	sentinelDown = 400 * time.Millisecond
)

// pair is a real master with a replica, watched by a real sentinel.
type pair struct {
	master, replica, sentinel *testbed.Redis
	client                    *redis.SentinelClient
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{
		master:  testbed.RunRedis(t, testbed.RedisOptions{}),
		replica: testbed.RunRedis(t, testbed.RedisOptions{}),
	}
	host, port, err := net.SplitHostPort(p.master.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.replica.Say(t.Context(), "REPLICAOF", host, port); err != nil {
		t.Fatal(err)
	}
	p.until(t, "the replica has a copy", func() bool {
		info, err := p.replica.Say(t.Context(), "INFO", "replication")
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
	p.sentinel = testbed.RunSentinel(t, p.master, sentinelName, sentinelDown)
	p.client = redis.NewSentinelClient(&redis.Options{Addr: p.sentinel.Addr, DisableIdentity: true})
	t.Cleanup(func() {
		if err := p.client.Close(); err != nil {
			t.Error(err)
		}
	})
	p.until(t, "the sentinel knows the replica as a good one", func() bool {
		list, err := p.client.Replicas(t.Context(), sentinelName).Result()
		return err == nil && len(list) == 1 && list[0]["master-link-status"] == "ok"
	})
	return p
}

// until looks again and again.
func (p *pair) until(t *testing.T, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !yes(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come to be that %s", what)
		}
	}
}

// failedOver waits until the sentinel calls the replica the master, and it is one.
func (p *pair) failedOver(t *testing.T) {
	t.Helper()
	p.until(t, "the replica is the master", func() bool {
		at, err := p.client.GetMasterAddrByName(t.Context(), sentinelName).Result()
		if err != nil || net.JoinHostPort(at[0], at[1]) != p.replica.Addr {
			return false
		}
		_, err = p.replica.Say(t.Context(), "SET", "probe", "1")
		return err == nil
	})
}

// open makes a store that asks the sentinel.
func (p *pair) open(t *testing.T) *Store {
	t.Helper()
	o := testOptions(t)
	o.Addrs, o.SentinelMaster = []string{p.sentinel.Addr}, sentinelName
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = 0, 0, 0
	s, err := Open(o)
	return opened(t, s, err)
}

// TestSentinelFailover kills a master while events come in. The sentinel makes the replica the
// master, which may lack the last writes; the counters there say by their own number where to
// go on, and are equal to the ledger afterwards, also when the old master is back.
func TestSentinelFailover(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	s := p.open(t)
	if warnings, err := s.Check(t.Context()); err != nil || len(warnings) != 0 {
		t.Errorf("a good master gives %q, %v", warnings, err)
	}
	ledger := &memLedger{events: sample(1, 200, 1)}
	f, live := run(t, s, ledger), runMirror(t, s)
	f.awaitLevel(t, 200)
	live.Put(1, entered, "before")
	live.await(t, 1)

	if err := p.master.Kill(); err != nil {
		t.Fatal(err)
	}
	ledger.append(sample(201, 100, 2)...)
	f.Wake()
	live.Put(2, entered, "meanwhile")
	f.awaitFault(t, ErrUnreachable)
	p.failedOver(t)
	f.awaitLevel(t, 300)
	mustAgree(t.Context(), t, s, ledger.all())
	live.await(t, 2)

	if err := p.master.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	ledger.append(sample(301, 100, 3)...)
	f.Wake()
	f.awaitLevel(t, 400)
	mustAgree(t.Context(), t, s, ledger.all())
	mustVerify(t.Context(), t, s, ledger)
}

// contest is two controllers of which one holds the lease, and a witness who looks all the
// time whether both may act.
type contest struct {
	first, second *Lease
	taken         chan error // how the standby's wait ended
	ended         chan error // how the holder's renewal ended
	stop          func()     // ends the renewal, as the end of the process would
	both          func() time.Duration
}

func newContest(t *testing.T, p *pair) *contest {
	t.Helper()
	c := &contest{
		first: NewLease(p.open(t)), second: NewLease(p.open(t)),
		taken: make(chan error, 1), ended: make(chan error, 1),
	}
	if err := c.first.Acquire(t.Context(), func() {}); err != nil {
		t.Fatal(err)
	}
	holding, stop := context.WithCancel(t.Context())
	c.stop = stop
	waits, acts := make(chan struct{}), make(chan struct{})
	go func() { c.ended <- c.first.Run(holding) }()
	go func() {
		err := c.second.Acquire(t.Context(), func() { close(waits) })
		if err == nil {
			close(acts)
		}
		c.taken <- err
	}()
	<-waits
	c.both = watch(t, func() bool {
		select {
		case <-acts:
			return c.first.Check(t.Context()) == nil && c.second.Check(t.Context()) == nil
		default:
			return false
		}
	})
	return c
}

// watch asks every millisecond or so until its result is called, which tells for how long at
// a stretch the answer was yes.
func watch(t *testing.T, yes func() bool) func() time.Duration {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	longest := make(chan time.Duration, 1)
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		var most time.Duration
		var since time.Time
		for {
			switch {
			case !yes():
				since = time.Time{}
			case since.IsZero():
				since = time.Now()
			default:
				most = max(most, time.Since(since))
			}
			select {
			case <-ctx.Done():
				longest <- most
				return
			case <-tick.C:
			}
		}
	}()
	return func() time.Duration {
		end()
		return <-longest
	}
}

// TestPeers10LeaseOutlivesAFailover: the master dies, or hangs and comes back beside its
// replica that was made the master. The holder, who went on acting, has the lease there, too;
// the standby leaves it to him. When the holder ends, the standby has it.
func TestPeers10LeaseOutlivesAFailover(t *testing.T) {
	t.Parallel()
	for name, ways := range map[string][2]func(*pair) error{
		"killed": {func(p *pair) error { return p.master.Kill() }, func(*pair) error { return nil }},
		"hangs": {
			func(p *pair) error { return p.master.Signal(syscall.SIGSTOP) },
			func(p *pair) error { return p.master.Signal(syscall.SIGCONT) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			c := newContest(t, p)
			if err := ways[0](p); err != nil {
				t.Fatal(err)
			}
			p.failedOver(t)
			if err := ways[1](p); err != nil {
				t.Fatal(err)
			}
			// Twice as long as it takes to be taken.
			select {
			case err := <-c.taken:
				t.Fatalf("the standby took the lease of one who acts: %v", err)
			case <-time.After(2 * awayWait):
			}
			if err := c.first.refresh(t.Context()); err != nil {
				t.Errorf("the holder has no lease at the new master: %v", err)
			}
			c.stop()
			if err := errors.Join(<-c.ended, <-c.taken); err != nil {
				t.Error(err)
			}
			if both := c.both(); both > 0 {
				t.Errorf("both could act for %s", both)
			}
			if c.second.Token() <= c.first.Token() {
				t.Errorf("tokens %d, then %d: must grow", c.first.Token(), c.second.Token())
			}
		})
	}
}

// TestPeers10LeaseThatWasNotReplicated: the standby has just taken the lease, and the replica
// that becomes the master has not heard of it. Its holder gets it there before anybody else
// does, and at no time do two act for longer than a lease lasts.
func TestPeers10LeaseThatWasNotReplicated(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	c := newContest(t, p)
	// It hears of nothing from here on, not even what the kernel would keep for it.
	if err := p.replica.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if _, err := p.master.Say(t.Context(), "CLIENT", "KILL", "TYPE", "replica"); err != nil {
		t.Fatal(err)
	}
	c.stop()
	if err := errors.Join(<-c.ended, <-c.taken); err != nil {
		t.Fatal(err)
	}
	holding, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.second.Run(holding) }()
	third := NewLease(p.open(t))
	waits, taken := make(chan struct{}), make(chan error, 1)
	go func() { taken <- third.Acquire(t.Context(), func() { close(waits) }) }()
	<-waits
	if err := p.master.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := p.replica.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	p.failedOver(t)
	select {
	case err := <-taken:
		t.Fatalf("somebody took the lease of one who acts: %v", err)
	case err := <-ended:
		t.Fatalf("the holder lost a lease that nobody else has: %v", err)
	case <-time.After(2 * awayWait):
	}
	if err := c.second.refresh(t.Context()); err != nil {
		t.Errorf("the holder has no lease at the new master: %v", err)
	}
	if err := c.first.Check(t.Context()); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("he who gave it back may act: %v", err)
	}
	stop()
	if err := errors.Join(<-ended, <-taken); err != nil {
		t.Error(err)
	}
	if both := c.both(); both > leaseTTL {
		t.Errorf("both could act for %s, longer than a lease of %s", both, leaseTTL)
	}
}

// TestPeers10LeaseThroughAPlannedFailover: somebody has the sentinel change the master while
// all is well. Whoever holds the lease afterwards, he alone does, and two acted for no longer
// than a lease lasts.
func TestPeers10LeaseThroughAPlannedFailover(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	c := newContest(t, p)
	if err := p.client.Failover(t.Context(), sentinelName).Err(); err != nil {
		t.Fatal(err)
	}
	p.failedOver(t)
	select {
	case err := <-c.taken:
		if err != nil {
			t.Fatal(err)
		}
		if err := <-c.ended; !errors.Is(err, ErrLeaseLost) {
			t.Errorf("the holder before ended with %v", err)
		}
		c.stop()
	case <-time.After(2 * awayWait):
		if err := c.first.refresh(t.Context()); err != nil {
			t.Errorf("the holder has no lease at the new master: %v", err)
		}
		c.stop()
		if err := errors.Join(<-c.ended, <-c.taken); err != nil {
			t.Error(err)
		}
	}
	if both := c.both(); both > leaseTTL {
		t.Errorf("both could act for %s, longer than a lease of %s", both, leaseTTL)
	}
}

// TestPeers10PausedHolderAfterAFailover: the holder is stopped as a whole, so that he renews
// nothing, and the master dies meanwhile. The standby takes the lease at the new master; the
// old holder asks before he acts and is told.
func TestPeers10PausedHolderAfterAFailover(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	first, second := NewLease(p.open(t)), NewLease(p.open(t))
	if err := first.Acquire(t.Context(), func() {}); err != nil {
		t.Fatal(err)
	}
	waits, taken := make(chan struct{}), make(chan error, 1)
	go func() { taken <- second.Acquire(t.Context(), func() { close(waits) }) }()
	<-waits
	if err := p.master.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-taken; err != nil {
		t.Fatal(err)
	}
	if err := first.Check(t.Context()); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("the old holder may act: %v", err)
	}
	if second.Token() <= first.Token() {
		t.Errorf("tokens %d, then %d: must grow", first.Token(), second.Token())
	}
}
