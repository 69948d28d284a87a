package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"hotline/audit"
	"hotline/reports"
	"hotline/reports/sqlstore"
)

// oldCalls is a ledger that can forget.
type oldCalls interface {
	Old(ctx context.Context, before time.Time) (sqlstore.Old, error)
	Forget(ctx context.Context, old sqlstore.Old) error
}

// retention deletes calls that the site keeps no longer, files of recordings first: a file of
// which no ledger tells would stay for ever. It is part of the night's work, see nightly.
type retention struct {
	days   int // calls are kept
	grid   reports.Grid
	ledger oldCalls
	remove func(path string) error                       // a recording; one that is gone is no error
	note   func(ctx context.Context, d audit.Deed) error // in the audit log, before anything is deleted
	log    *slog.Logger
}

// retention is nil when everything is kept.
func (a *App) retention(grid reports.Grid) *retention {
	if a.cfg.Ledger.KeepDays == 0 {
		return nil
	}
	return &retention{
		days: a.cfg.Ledger.KeepDays, grid: grid, ledger: a.ledger, remove: a.removeRecording,
		note: a.people.Log.log.Write, log: a.log.With("part", "retention"),
	}
}

// forget deletes all that was before the first day kept. What could not be deleted is tried
// again the next night.
func (r *retention) forget(ctx context.Context, now time.Time) {
	if r == nil {
		return
	}
	before := r.grid.DayOf(r.grid.DayOf(now).Start.AddDate(0, 0, -r.days)).Start
	began, events, files := time.Now(), uint64(0), 0
	for {
		old, err := r.piece(ctx, before, events == 0)
		switch {
		case err != nil:
			r.log.Error("ALARM: old calls are not deleted", "before", before, "error", err)
			return
		case old.UpTo > 0:
			events, files = events+old.UpTo-old.First+1, files+len(old.Recordings)
			continue
		case events > 0:
			r.log.Info("old calls deleted", "before", before, "events", events, "recordings", files,
				"took", time.Since(began).Round(time.Millisecond))
		}
		return
	}
}

// piece deletes the oldest piece, if there is one; the first one of a night is written down.
func (r *retention) piece(ctx context.Context, before time.Time, first bool) (sqlstore.Old, error) {
	old, err := r.ledger.Old(ctx, before)
	if err != nil || old.UpTo == 0 {
		return old, err
	}
	if first {
		err := r.note(ctx, audit.Deed{
			Actor: "retention", Action: "ledger.forget", Object: "calls before " + before.UTC().Format(time.RFC3339),
			Outcome: audit.Allowed, Details: map[string]string{"keep_days": strconv.Itoa(r.days)},
		})
		if err != nil {
			return old, fmt.Errorf("audit log: %w", err)
		}
	}
	for _, path := range old.Recordings {
		if err := r.remove(path); err != nil {
			return old, err
		}
	}
	return old, r.ledger.Forget(ctx, old)
}

// removeRecording deletes a recording and the day that is empty without it. The root keeps a
// path of the ledger, whatever it says, within the store.
func (a *App) removeRecording(path string) (err error) {
	root, err := os.OpenRoot(a.cfg.Recordings.Dir)
	if err != nil {
		return fmt.Errorf("store of recordings: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	name := filepath.FromSlash(path)
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("recording: %w", err)
	}
	for day := filepath.Dir(name); day != "."; day = filepath.Dir(day) {
		if root.Remove(day) != nil {
			break // there are others
		}
	}
	return nil
}

// errForgotten says that a report asks for calls that are not kept.
func errForgotten(kept time.Time) error {
	return fmt.Errorf("%w: calls before %s are not kept any more (ledger.keep_days)", reports.ErrInvalid,
		kept.Format(time.RFC3339))
}

// whole refuses a report of days of which the ledger has forgotten calls: zeros would be taken
// for figures.
func whole(ctx context.Context, ledger *sqlstore.Store, spec reports.Spec) error {
	since, err := ledger.Kept(ctx)
	if err == nil && spec.Period.Start.Before(since) {
		err = errForgotten(since.In(spec.Grid.Zone))
	}
	return err
}
