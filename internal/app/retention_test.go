package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/audit"
	"hotline/call"
	"hotline/configs"
	"hotline/reports"
	"hotline/reports/sqlstore"
)

// TestRetention: each night the calls that are too old go, the deed written down and the files
// of their recordings deleted before; a night in which a file cannot be deleted keeps what
// tells of it. Reports of days that are not whole any more are refused.
func TestRetention(t *testing.T) {
	ledger, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ledger.Close() })
	a := &App{cfg: configs.Default(), ledger: ledger}
	a.cfg.Recordings.Dir = t.TempDir()
	now := time.Date(2026, 6, 1, 3, 30, 0, 0, time.UTC)
	recorded(t, ledger, a.cfg.Recordings.Dir, "old", now.AddDate(0, 0, -101))
	recorded(t, ledger, a.cfg.Recordings.Dir, "young", now.AddDate(0, 0, -98))

	var steps []string
	full := errors.New("the log is full")
	r := &retention{
		days: 100, grid: reports.Grid{Zone: time.UTC}, ledger: ledger, log: slog.New(slog.DiscardHandler),
		note: func(_ context.Context, d audit.Deed) error {
			steps = append(steps, d.Action+" "+d.Object)
			return full
		},
		remove: func(path string) error {
			steps = append(steps, path)
			return a.removeRecording(path)
		},
	}
	stands := func(id string, want bool) {
		t.Helper()
		story, err := ledger.Story(t.Context(), call.ID(id))
		_, missing := os.Stat(filepath.Join(a.cfg.Recordings.Dir, id, "x.wav"))
		if err != nil || (len(story) > 0) != want || errors.Is(missing, fs.ErrNotExist) == want {
			t.Errorf("call %s has %d events, %v; file: %v; want it kept: %t", id, len(story), err, missing, want)
		}
	}
	r.forget(t.Context(), now)
	stands("old", true) // not written down, not deleted
	full = nil
	r.forget(t.Context(), now)
	stands("old", false)
	stands("young", true)
	if got := strings.Join(steps[1:], "; "); got != "ledger.forget calls before 2026-02-21T00:00:00Z; old/x.wav" {
		t.Errorf("steps %q", got)
	}
	if _, err := os.Stat(filepath.Join(a.cfg.Recordings.Dir, "old")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the empty day stays: %v", err)
	}

	spec := ReportSpec(a.cfg, now)
	spec.Grid = reports.Grid{Zone: time.UTC, Step: reports.Day}
	spec.Period = reports.Interval{Start: now.AddDate(0, 0, -100), End: now}
	if _, err := buildReport(t.Context(), ledger, spec); !errors.Is(err, reports.ErrInvalid) ||
		!strings.Contains(err.Error(), "2026-02-22T00:00:00Z") {
		t.Errorf("a report of days that are forgotten: %v", err)
	}
	spec.Period.Start = now.AddDate(0, 0, -99)
	if _, err := buildReport(t.Context(), ledger, spec); err != nil {
		t.Errorf("a report of days that are kept: %v", err)
	}
}

// recorded writes a call with its recording.
func recorded(t *testing.T, ledger *sqlstore.Store, dir, id string, at time.Time) {
	t.Helper()
	_, err := ledger.Append(t.Context(), []call.Event{
		{Kind: call.Arrived, At: at, Call: call.ID(id)},
		{Kind: call.Ended, At: at, Call: call.ID(id)},
		{
			Kind: call.Recorded, At: at, Call: call.ID(id),
			Recording: &call.Recording{Path: id + "/x.wav", SHA256: "x", Begin: at},
		},
		{Kind: call.AgentChanged, At: at, Agent: "ann", From: call.Offline, To: call.Ready},
	})
	if err == nil {
		err = os.Mkdir(filepath.Join(dir, id), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, id, "x.wav"), nil, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
