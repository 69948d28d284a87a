package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Store keeps the entries.
type Store interface {
	// Append stores a deed as the entry after the last one, for good, and returns it. Several
	// goroutines and processes may do so at the same time.
	Append(ctx context.Context, d Deed, at time.Time) (Entry, error)
	// After returns at most limit entries in their order, from the one after seq on.
	After(ctx context.Context, seq uint64, limit int) ([]Entry, error)
	// Find returns the entries that fit, the newest first.
	Find(ctx context.Context, f Filter) ([]Entry, error)
}

// Filter says which entries are wanted; what is zero says nothing.
type Filter struct {
	From, To time.Time // To exclusive
	Actor    string    // name
	Action   string    // such as "user.add", or "user." for all that begin with it
	Object   string
	Outcome  Outcome
	Before   uint64 // only entries with a smaller number, for the next page
	Limit    int    // at most so many; must be above 0
}

// Log writes the log.
type Log struct {
	store   Store
	witness *Witness
	alarm   func(error)
	log     *slog.Logger
}

// Options are what a Log needs.
type Options struct {
	Store   Store
	Witness *Witness    // nil = none: then an end that is cut off is not found
	Alarm   func(error) // told after each entry whether all went well; nil = nobody
	Log     *slog.Logger
}

// New returns a Log.
func New(o Options) (*Log, error) {
	if o.Store == nil {
		return nil, errors.New("audit: Store is missing")
	}
	if o.Alarm == nil {
		o.Alarm = func(error) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Log{store: o.Store, witness: o.Witness, alarm: o.Alarm, log: o.Log}, nil
}

// writeMax bounds how long a deed waits for its entry.
const writeMax = 10 * time.Second

// Write stores a deed. On an error it is not stored, and whoever asked must not do it.
func (l *Log) Write(ctx context.Context, d Deed) error {
	bound, cancel := context.WithTimeout(ctx, writeMax)
	defer cancel()
	e, err := l.store.Append(bound, d, time.Now())
	if err != nil {
		if ctx.Err() == nil { // Somebody who went away is no fault of the log.
			l.alarm(err)
		}
		return fmt.Errorf("audit: %w", err)
	}
	l.alarm(l.note(Head{Seq: e.Seq, Hash: e.Hash}))
	return nil
}

// note tells the witness. The entry stands whatever becomes of it, so a full disk of the
// witness is an alarm and keeps nobody from his work.
func (l *Log) note(h Head) error {
	if l.witness == nil {
		return nil
	}
	if err := l.witness.Note(h); err != nil {
		l.log.Error("audit witness cannot be written", "error", err)
		return err
	}
	return nil
}

// batch is how many entries are read at a time.
const batch = 1000

// Verify reads the whole log and holds it against the heads noted elsewhere. It returns the
// last entry, which is worth being noted, and what is wrong.
func Verify(ctx context.Context, store Store, noted []Head) (Head, []Fault, error) {
	chain := NewChain(noted)
	for last := uint64(0); ; {
		entries, err := store.After(ctx, last, batch)
		if err != nil {
			return Head{}, nil, fmt.Errorf("audit: %w", err)
		}
		for _, e := range entries {
			chain.Next(e)
			last = e.Seq
		}
		if len(entries) < batch {
			head, faults := chain.End()
			return head, faults, nil
		}
	}
}
