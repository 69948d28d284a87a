package redisstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/call"
)

// patience bounds every wait of these tests. It is reached only by a test that fails.
const patience = 30 * time.Second

// memLedger is a ledger in memory.
type memLedger struct {
	mu     sync.Mutex
	events []call.Event
	err    error
}

func (l *memLedger) After(_ context.Context, seq uint64, limit int) ([]call.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, l.err
	}
	i, _ := slices.BinarySearchFunc(l.events, seq+1, func(e call.Event, n uint64) int {
		return int(e.Seq) - int(n)
	})
	rest := l.events[i:]
	return slices.Clone(rest[:min(limit, len(rest))]), nil
}

// set replaces the events and the error of the ledger.
func (l *memLedger) set(events []call.Event, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events, l.err = events, err
}

func (l *memLedger) append(events ...call.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, events...)
}

func (l *memLedger) all() []call.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}

// running is a Folder at work in a test.
type running struct {
	*Folder
	states chan Status // the latest state after each round
	stop   func()
}

// run starts a quick Folder and stops it at the end of the test, if not before.
func run(t testingT, s *Store, l Ledger) *running {
	t.Helper()
	r := &running{Folder: NewFolder(s, l), states: make(chan Status, 1)}
	r.pace = pace{
		batch: 50, poll: 5 * time.Millisecond, read: patience,
		minBackoff: 5 * time.Millisecond, maxBackoff: 40 * time.Millisecond,
	}
	r.observe = func(st Status) {
		select {
		case <-r.states:
		default:
		}
		r.states <- st
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("folder ended with %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// await waits for a state after a round that began after the call.
func (r *running) await(t testingT, what string, yes func(Status) bool) Status {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case <-r.states:
	default:
	}
	for fresh := false; ; fresh = true { // the first state may be that of a round under way
		select {
		case st := <-r.states:
			if fresh && yes(st) {
				return st
			}
		case <-limit.C:
			t.Fatalf("no %s; the state is %+v", what, r.Status())
			return Status{}
		}
	}
}

// awaitLevel waits until n events are in the counters and nothing is wrong.
func (r *running) awaitLevel(t testingT, n int) Status {
	t.Helper()
	return r.await(t, "level", func(st Status) bool {
		return st.Applied == uint64(n) && st.Err == nil && !st.Rebuilding && st.Lag == 0
	})
}

// awaitFault waits for a fault of one kind.
func (r *running) awaitFault(t testingT, want error) Status {
	t.Helper()
	return r.await(t, want.Error(), func(st Status) bool { return errors.Is(st.Err, want) })
}

// sample draws events that are the same in every run of the test.
func sample(first uint64, n int, seed int) []call.Event {
	return rapidEvents(first, n).Example(seed)
}

// home is the server that holds the keys of a store.
func home(t testingT, s *Store) redis.Cmdable {
	t.Helper()
	node, err := s.node(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return node
}
