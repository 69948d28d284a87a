package sqlstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotline/call"
)

var errDown = errors.New("the database is away")

// fault says how the next attempt to append goes wrong.
type fault int

const (
	none   fault = iota
	refuse       // nothing is written
	forget       // everything is written, and the answer is lost
	hang         // nothing happens until the context ends
)

// ledger is a ledger in memory that fails as told. It stands for a database in tests of
// the Writer; the real one is tested with it in TestWriterOnSQLite.
type ledger struct {
	mu      sync.Mutex
	events  []call.Event
	batches []int
	times   []time.Time
	faults  []fault // of the next attempts
	down    fault   // of every attempt after those
	known   map[string]uint64
}

func (l *ledger) AppendOnce(ctx context.Context, b Batch) (Written, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.down
	if len(l.faults) > 0 {
		f, l.faults = l.faults[0], l.faults[1:]
	}
	switch f {
	case refuse:
		return Written{}, errDown
	case hang:
		l.mu.Unlock()
		<-ctx.Done()
		l.mu.Lock()
		return Written{}, context.Cause(ctx)
	case none, forget:
	}
	if l.known[b.Writer] >= b.Number {
		return Written{Last: uint64(len(l.events)), Stored: len(b.Events)}, nil
	}
	if l.known == nil {
		l.known = map[string]uint64{}
	}
	l.known[b.Writer] = b.Number
	stored := slices.Clone(b.Events)
	for i := range stored {
		stored[i].Seq = uint64(len(l.events) + i + 1)
	}
	l.events = append(l.events, stored...)
	l.batches, l.times = append(l.batches, len(stored)), append(l.times, time.Now())
	if f == forget {
		return Written{}, errDown
	}
	return Written{Last: uint64(len(l.events)), Stored: len(stored)}, nil
}

// fail sets the fault of every attempt from now on.
func (l *ledger) fail(f fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = f
}

// holds compares the ledger with the events 1 to n in their order.
func (l *ledger) holds(t *testing.T, n int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.events) != n {
		t.Fatalf("the ledger holds %d events, want %d", len(l.events), n)
	}
	for i, e := range l.events {
		if want := numbered(i + 1); e.Call != want.Call {
			t.Fatalf("event %d is of call %s, want %s", i+1, e.Call, want.Call)
		}
	}
}

// running is a Writer at work with what it told.
type running struct {
	*Writer
	stop      context.CancelFunc
	ended     chan error
	committed []uint64
	alarms    []error
}

// run starts a Writer. Within a bubble, its callbacks may be read after synctest.Wait.
func run(t *testing.T, l Ledger, o WriterOptions) *running {
	t.Helper()
	r := &running{ended: make(chan error, 1)}
	o.Committed = func(last uint64) { r.committed = append(r.committed, last) }
	o.Alarm = func(err error) { r.alarms = append(r.alarms, err) }
	w, err := NewWriter(l, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.Writer, r.stop = w, cancel
	go func() { r.ended <- w.Run(ctx) }()
	t.Cleanup(cancel)
	return r
}

// record records the events first to last.
func (r *running) record(first, last int) {
	for i := first; i <= last; i++ {
		r.Record(numbered(i))
	}
}

// pass lets the bubble's clock run on and everything in it come to rest.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// finish stops the Writer and returns what Run returned.
func (r *running) finish() error {
	r.stop()
	return <-r.ended
}
