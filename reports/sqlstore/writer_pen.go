package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hotline/call"
)

// pen writes batches for Run. Its fields belong to that goroutine alone.
type pen struct {
	w        *Writer
	number   uint64         // of our last batch
	draining sync.WaitGroup // holds one while something is in the spool
}

// errQueued says that a batch has to stand behind those in the spool.
var errQueued = errors.New("earlier batches are in the spool")

// write brings one batch into the ledger or, when that does not answer, into the spool,
// however many attempts it takes, and gives up only when ctx ends. Then the batch goes back to
// the head of the queue.
func (p *pen) write(ctx context.Context, events []call.Event) error {
	p.number++
	b := Batch{Writer: p.w.name, Number: p.number, Events: events}
	pause := p.w.o.MinBackoff
	for {
		err := p.straight(ctx, b)
		if err == nil || p.aside(ctx, b, err) {
			return nil
		}
		if !errors.Is(err, errQueued) {
			p.w.complain(err, pause)
		}
		if !sleep(ctx, pause) {
			p.w.putBack(events)
			return context.Cause(ctx)
		}
		p.w.reportLoss()
		pause = min(2*pause, p.w.o.MaxBackoff)
	}
}

// straight writes a batch when nothing stands before it.
func (p *pen) straight(ctx context.Context, b Batch) error {
	limit := p.w.o.Attempt
	if p.w.spool != nil {
		limit = p.w.o.Patience
		if p.w.spool.busy() {
			return errQueued
		}
	}
	written, err := p.w.attempt(ctx, b, limit)
	if err == nil {
		p.w.done(b, written, false)
	}
	return err
}

// aside puts a batch into the spool, which somebody drains from then on, and tells whether it
// is there. A writer that must not write any more keeps its batches.
func (p *pen) aside(ctx context.Context, b Batch, cause error) bool {
	if p.w.spool == nil || p.w.o.Guard(ctx) != nil {
		return false
	}
	if !errors.Is(cause, errQueued) {
		p.w.complain(cause, 0)
	}
	first, err := p.w.spool.add(b, func() { p.w.aside(len(b.Events)) })
	if err != nil {
		p.w.complain(fmt.Errorf("spool: %w", err), 0)
		return false
	}
	if first {
		p.draining.Go(func() { p.w.drain(ctx) })
	}
	return true
}

// attempt tries once. A batch whose answer was lost may be tried again: see AppendOnce.
func (w *Writer) attempt(ctx context.Context, b Batch, limit time.Duration) (Written, error) {
	if err := w.o.Guard(ctx); err != nil {
		return Written{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit,
		fmt.Errorf("no answer within %s: %w", limit, context.DeadlineExceeded))
	defer cancel()
	return w.ledger.AppendOnce(ctx, b)
}

// done takes the numbers of a written batch and tells those who wait for it.
func (w *Writer) done(b Batch, written Written, spooled bool) {
	if written.Stored > 0 {
		w.telling.Lock()
		w.o.Committed(written.Last)
		w.telling.Unlock()
	}
	if w.saved(len(b.Events), written, spooled) {
		w.o.Logger.Info("ledger can be written again", "last", written.Last)
		w.alarm(nil)
	}
	w.reportLoss()
}

// complain counts a failed attempt and tells of it.
func (w *Writer) complain(err error, pause time.Duration) {
	w.failed()
	w.alarm(fmt.Errorf("ledger: %w", err))
	s := w.Stats()
	w.o.Logger.Error("ledger cannot be written", "error", err, "waiting", s.Depth, "spooled", s.Spooled,
		"next_try_in", pause)
}

// alarm tells a fault, or nil for its end.
func (w *Writer) alarm(cause error) {
	w.telling.Lock()
	defer w.telling.Unlock()
	w.o.Alarm(cause)
}

// sleep waits for d and tells whether ctx still goes on.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
