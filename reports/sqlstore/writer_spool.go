package sqlstore

import (
	"context"
	"errors"
	"fmt"
)

// drain brings the spool into the ledger, batch by batch, until it is empty or ctx ends.
func (w *Writer) drain(ctx context.Context) {
	pause := w.o.MinBackoff
	for {
		more, err := w.drainOne(ctx, w.spool, true)
		if err == nil {
			if !more {
				return
			}
			pause = w.o.MinBackoff
			continue
		}
		w.complain(err, pause)
		if !sleep(ctx, pause) {
			return
		}
		pause = min(2*pause, w.o.MaxBackoff)
	}
}

// drainOne brings the oldest batch of a spool into the ledger and tells whether there are more.
// A damaged line is left where a person finds it.
func (w *Writer) drainOne(ctx context.Context, s *spool, ours bool) (bool, error) {
	b, size, ok, err := s.head()
	switch {
	case errors.Is(err, errDamaged):
		w.o.Logger.Error("ALARM: events are lost", "file", s.name, "error", err)
	case err != nil || !ok:
		return false, err
	default:
		written, err := w.attempt(ctx, b, w.o.Attempt)
		if err != nil {
			return true, err
		}
		if ours {
			w.done(b, written, true)
		}
	}
	more, err := s.done(size)
	if err != nil {
		w.o.Logger.Error("spool of the ledger cannot be put away", "file", s.name, "error", err)
	}
	return more, nil
}

// Recover brings into the ledger what earlier runs left in the spool, before anything else is
// written. It is called before Run, by a program that acts, and tries until ctx ends. It tells
// how many batches there were.
func (w *Writer) Recover(ctx context.Context) (batches int, err error) {
	if w.o.Spool == "" {
		return 0, nil
	}
	left, err := leftSpools(w.o.Spool)
	if err != nil {
		return 0, err
	}
	for i, s := range left {
		n, err := w.recoverOne(ctx, s)
		batches += n
		if err != nil {
			for _, rest := range left[i:] {
				err = errors.Join(err, rest.close())
			}
			return batches, fmt.Errorf("spool %s: %w", s.name, err)
		}
	}
	return batches, nil
}

// recoverOne empties the file of one earlier run.
func (w *Writer) recoverOne(ctx context.Context, s *spool) (batches int, err error) {
	if !s.busy() {
		return 0, s.finish()
	}
	pause := w.o.MinBackoff
	for more := true; more; {
		left, err := w.drainOne(ctx, s, false)
		if err == nil {
			more = left
			batches++
			continue
		}
		w.complain(err, pause)
		if !sleep(ctx, pause) {
			return batches, errors.Join(err, context.Cause(ctx))
		}
		pause = min(2*pause, w.o.MaxBackoff)
	}
	return batches, nil
}
