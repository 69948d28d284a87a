package sqlstore

import (
	"context"
	"fmt"
	"time"

	"hotline/call"
)

// pen writes batches for Run. Its fields belong to that goroutine alone.
type pen struct {
	w     *Writer
	ready bool   // last is known
	last  uint64 // number of the last event of our last batch
}

// write brings one batch into the ledger, however many attempts it takes, and gives up only
// when ctx ends. Then the batch goes back to the head of the queue.
func (p *pen) write(ctx context.Context, batch []call.Event) error {
	pause := p.w.o.MinBackoff
	for attempt := 0; ; attempt++ {
		stored, err := p.attempt(ctx, batch, attempt > 0)
		if err == nil {
			p.done(batch, stored)
			return nil
		}
		p.w.failed()
		p.w.o.Alarm(fmt.Errorf("ledger: %w", err))
		p.w.o.Logger.Error("ledger cannot be written", "error", err, "attempt", attempt+1,
			"waiting", p.w.Stats().Depth, "next_try_in", pause)
		if !sleep(ctx, pause) {
			p.w.putBack(batch)
			return context.Cause(ctx)
		}
		p.w.reportLoss()
		pause = min(2*pause, p.w.o.MaxBackoff)
	}
}

// attempt tries once. After a failure the outcome of the attempt before may be unknown, for
// the answer to a commit can be lost: then it looks first whether the batch is there.
func (p *pen) attempt(ctx context.Context, batch []call.Event, again bool) ([]call.Event, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.w.o.Attempt,
		fmt.Errorf("no answer within %s: %w", p.w.o.Attempt, context.DeadlineExceeded))
	defer cancel()
	if !p.ready {
		last, err := p.w.ledger.LastSeq(ctx)
		if err != nil {
			return nil, err
		}
		p.last, p.ready = last, true
	} else if again {
		stored, err := p.stored(ctx, batch)
		if err != nil || len(stored) > 0 {
			return stored, err
		}
	}
	return p.w.ledger.Append(ctx, batch)
}

// stored finds the batch among the events that came after our last one. A batch is one
// transaction, so one event of it proves all; only repeated announcements of recordings
// are left out by the ledger.
func (p *pen) stored(ctx context.Context, batch []call.Event) ([]call.Event, error) {
	var found []call.Event
	for after := p.last; ; {
		page, err := p.w.ledger.After(ctx, after, p.w.o.MaxBatch)
		if err != nil || len(page) == 0 {
			return found, err
		}
		for _, e := range page {
			if len(found) < len(batch) && contains(batch, e) {
				found = append(found, e)
			}
		}
		after = page[len(page)-1].Seq
	}
}

// done takes the numbers of a written batch and tells those who wait for it.
func (p *pen) done(batch, stored []call.Event) {
	if len(stored) > 0 {
		p.last = stored[len(stored)-1].Seq
		p.w.o.Committed(p.last)
	}
	if p.w.saved(len(batch), len(stored), p.last) {
		p.w.o.Logger.Info("ledger can be written again", "last", p.last)
		p.w.o.Alarm(nil)
	}
	p.w.reportLoss()
}

// contains tells whether a stored event is one of a batch.
func contains(batch []call.Event, stored call.Event) bool {
	stored.Seq = 0
	if stored.Kind == call.RecordingFault && stored.Reason == ReasonRecordedAgain {
		stored.Kind, stored.Reason = call.Recorded, ""
	}
	for _, e := range batch {
		if same(e, stored) {
			return true
		}
	}
	return false
}

// same compares two events member by member.
func same(a, b call.Event) bool {
	if (a.Recording == nil) != (b.Recording == nil) {
		return false
	}
	if a.Recording != nil && *a.Recording != *b.Recording {
		return false
	}
	a.Recording, b.Recording = nil, nil
	return a == b
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
