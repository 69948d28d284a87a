package sqlstore

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"hotline/call"
)

var (
	// ErrQueueFull is raised when events are lost because the database has been away for
	// longer than the queue of the Writer can bridge.
	ErrQueueFull = errors.New("queue of the ledger is full, events are lost")
	// ErrUnsaved is returned by Run when its time was up before every event was saved.
	ErrUnsaved = errors.New("events are not saved")
	// ErrStopped is returned when the Writer has ended.
	ErrStopped = errors.New("writer of the ledger has stopped")
)

// Ledger is what the Writer needs of a store.
type Ledger interface {
	AppendOnce(ctx context.Context, b Batch) (Written, error)
}

// Writer takes events from the calls and brings them into the ledger in batches. One
// goroutine, Run, owns the writing: it keeps the order, repeats a batch that failed until
// it is in, and never writes one twice. Record never waits for the database. While that does
// not answer, batches go to a spool on the disk, if there is one, and from there in their
// order into the ledger.
type Writer struct {
	ledger Ledger
	o      WriterOptions
	name   string // of this run, in its batches
	spool  *spool // nil when there is none

	wake    chan struct{} // something is waiting; holds one
	cut     chan struct{} // a Flush wants the batch now; holds one
	stopped chan struct{} // closed when Run has ended

	telling sync.Mutex // held while Committed or Alarm is told something

	mu       sync.Mutex // guards what follows; never held during a call to the ledger
	waiting  []call.Event
	inflight int           // events of the batch that is being written
	spooled  int           // events in the spool
	taken    uint64        // events that entered the queue since the start
	passed   uint64        // events that were dealt with since the start
	moved    chan struct{} // closed and replaced whenever passed grows
	closed   bool          // no more events are taken
	raised   uint64        // losses for which the alarm was raised
	stats    WriterStats
}

// WriterStats are the counters of a Writer since its start, but for the gauges Depth, Spooled
// and Failing.
type WriterStats struct {
	Depth    int    // events recorded and not yet in the ledger
	Spooled  int    // of Depth: in the spool on the disk
	Lost     uint64 // events dropped because the queue was full or the Writer had ended
	Refused  uint64 // events that break a rule of the ledger, see Valid
	Stored   uint64 // events in the ledger
	Repeated uint64 // announcements of recordings that the ledger already had
	Batches  uint64 // transactions
	Failures uint64 // failed attempts to write
	Failing  bool   // the last attempt failed
	LastSeq  uint64 // number of the last event in the ledger
}

// NewWriter makes a Writer for a ledger. It does nothing until Run; events recorded before
// are kept in the queue.
func NewWriter(ledger Ledger, o WriterOptions) (*Writer, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("ledger writer: %w", err)
	}
	w := &Writer{
		ledger:  ledger,
		o:       o,
		name:    writerName(time.Now(), rand.Text()),
		wake:    make(chan struct{}, 1),
		cut:     make(chan struct{}, 1),
		stopped: make(chan struct{}),
		moved:   make(chan struct{}),
	}
	if o.Spool != "" {
		w.spool = newSpool(o.Spool, w.name, int64(o.SpoolLimit))
	}
	return w, nil
}

// Record queues an event and returns at once. An event that breaks a rule of the ledger is
// refused, one that finds the queue full is lost; both are counted and logged with the
// whole event, so that it can be restored by hand.
func (w *Writer) Record(e call.Event) {
	if err := w.record(e); err != nil {
		w.o.Logger.Error("event not taken", "error", err, "event", asJSON(e))
	}
}

// record queues events, all of them or none, or tells why not, and counts them.
func (w *Writer) record(events ...call.Event) error {
	var err error
	for i, e := range events {
		events[i] = normal(e)
		if wrong := Valid(events[i]); wrong != nil && err == nil {
			err = wrong
		}
	}
	n := uint64(len(events))
	w.mu.Lock()
	switch {
	case err != nil:
		w.stats.Refused += n
	case w.closed:
		err = ErrStopped
		w.stats.Lost += n
	case len(w.waiting)+w.inflight+len(events) > w.o.Capacity:
		err = ErrQueueFull
		w.stats.Lost += n
	default:
		w.waiting = append(w.waiting, events...)
		w.taken += n
	}
	w.mu.Unlock()
	signal(w.wake)
	if err == nil && slices.ContainsFunc(events, hurries) {
		signal(w.cut)
	}
	return err
}

// hurries tells whether an event is written at once, with all that waits before it. Where a
// process is killed, Asterisk still shows who is there and the recording tells when a call
// ended, but nothing tells afterwards since when an agent talked. No other event is worth a
// transaction of its own, which the counters and whoever listens have to follow.
func hurries(e call.Event) bool { return e.Kind == call.Answered }

// Save records one event and returns when it is in the ledger: for those who may do
// something only after that, such as delete a file. Unlike Record and Flush it tells when
// the event was refused or lost.
func (w *Writer) Save(ctx context.Context, e call.Event) error {
	if err := w.record(e); err != nil {
		return fmt.Errorf("save %s of call %s: %w", e.Kind, e.Call, err)
	}
	return w.Flush(ctx)
}

// SaveAll is Save for several events, of which it takes all or none. They stand one after
// the other in one transaction, unless more are waiting than a batch holds.
func (w *Writer) SaveAll(ctx context.Context, events []call.Event) error {
	if err := w.record(slices.Clone(events)...); err != nil {
		return fmt.Errorf("save %d events: %w", len(events), err)
	}
	return w.Flush(ctx)
}

// Stats returns the counters and gauges.
func (w *Writer) Stats() WriterStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.stats
	s.Depth, s.Spooled = len(w.waiting)+w.inflight+w.spooled, w.spooled
	return s
}

// Flush waits until every event recorded before the call is in the ledger and Committed
// has been told. It returns the error of ctx, or ErrStopped when Run ended without them.
func (w *Writer) Flush(ctx context.Context) error {
	w.mu.Lock()
	target := w.taken
	w.mu.Unlock()
	for {
		w.mu.Lock()
		done, moved := w.passed >= target, w.moved
		w.mu.Unlock()
		if done {
			return nil
		}
		signal(w.cut)
		select {
		case <-moved:
		case <-w.stopped:
			return fmt.Errorf("flush: %w", ErrStopped)
		case <-ctx.Done():
			return fmt.Errorf("flush the ledger: %w", context.Cause(ctx))
		}
	}
}

// Run writes until ctx ends, then drains the queue and the spool for at most Drain. It is
// called once. What is in the spool then waits there for Recover of the next run. The error
// wraps ErrUnsaved when events were left that are not in the spool; each of them is in the log.
func (w *Writer) Run(ctx context.Context) error {
	defer close(w.stopped)
	hard, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(w.o.Drain, cancel) })
	defer stop()

	p := pen{w: w}
	for w.collect(ctx) {
		if err := p.write(hard, w.take()); err != nil {
			break
		}
	}
	p.draining.Wait()
	return w.leave()
}

// collect waits for a batch: MaxBatch events, or MaxDelay after the first one, or a Flush.
// It returns false when ctx has ended and nothing is waiting.
func (w *Writer) collect(ctx context.Context) bool {
	for w.depth() == 0 {
		w.reportLoss()
		select {
		case <-w.wake:
		case <-ctx.Done():
			// The last Record may have come between the look at the queue and here.
			return w.depth() > 0
		}
	}
	ripe := time.NewTimer(w.o.MaxDelay)
	defer ripe.Stop()
	for w.depth() < w.o.MaxBatch {
		select {
		case <-w.wake:
		case <-w.cut:
			return true
		case <-ripe.C:
			return true
		case <-ctx.Done():
			return true
		}
	}
	return true
}

// depth is the number of events that wait for the next batch.
func (w *Writer) depth() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting)
}

// take moves the next batch out of the queue.
func (w *Writer) take() []call.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(w.waiting), w.o.MaxBatch)
	batch := w.waiting[:n:n]
	w.waiting = w.waiting[n:]
	if len(w.waiting) == 0 {
		w.waiting = nil // lets go of the memory of a long queue
	}
	w.inflight = n
	return batch
}

// putBack returns a batch that could not be written to the head of the queue.
func (w *Writer) putBack(batch []call.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = append(batch, w.waiting...)
	w.inflight = 0
}

// aside counts a batch that went to the spool.
func (w *Writer) aside(batch int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inflight = 0
	w.spooled += batch
}

// saved counts a batch that is in the ledger, straight or out of the spool, and wakes those
// who wait in Flush. It tells whether the attempt before had failed.
func (w *Writer) saved(batch int, written Written, spooled bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if spooled {
		w.spooled -= batch
	} else {
		w.inflight = 0
	}
	w.passed += uint64(batch)
	w.stats.Stored += uint64(written.Stored)
	w.stats.Repeated += uint64(batch - written.Stored)
	w.stats.Batches++
	w.stats.LastSeq = max(w.stats.LastSeq, written.Last)
	recovered := w.stats.Failing
	w.stats.Failing = false
	close(w.moved)
	w.moved = make(chan struct{})
	return recovered
}

// failed counts a failed attempt.
func (w *Writer) failed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats.Failures++
	w.stats.Failing = true
}

// reportLoss raises the alarm for events that Record had to drop since the last time.
func (w *Writer) reportLoss() {
	w.mu.Lock()
	lost := w.stats.Lost - w.raised
	w.raised = w.stats.Lost
	w.mu.Unlock()
	if lost > 0 {
		w.alarm(fmt.Errorf("ledger: %w: %d", ErrQueueFull, lost))
	}
}

// leave refuses further events, and logs and counts those that were not saved.
func (w *Writer) leave() error {
	if w.spool != nil {
		if err := w.spool.close(); err != nil {
			w.o.Logger.Error("spool of the ledger", "error", err)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.spooled > 0 {
		w.o.Logger.Warn("events wait in the spool for the next start", "events", w.spooled, "folder", w.o.Spool)
	}
	n := len(w.waiting)
	for _, e := range w.waiting {
		w.o.Logger.Error("event not saved", "event", asJSON(e))
	}
	w.waiting = nil
	w.stats.Lost += uint64(n)
	if n > 0 {
		return fmt.Errorf("ledger: %d %w", n, ErrUnsaved)
	}
	return nil
}

// signal sets a flag that holds one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// asJSON is an event as the ledger would hold it, built only when the log wants it.
type asJSON call.Event

// LogValue implements slog.LogValuer.
func (e asJSON) LogValue() slog.Value {
	b, err := json.Marshal(call.Event(e))
	if err != nil {
		return slog.StringValue(err.Error())
	}
	return slog.StringValue(string(b))
}
