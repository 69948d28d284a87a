package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hotline/call"
	"hotline/callflow"
	"hotline/reports/sqlstore"
)

// What an earlier run wrote is known again soon after the start, and what comes meanwhile
// counts where it is later.
func TestBookIsReadFromTheLedger(t *testing.T) {
	store, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	begin := time.Since(at) - 10*time.Minute // ten minutes ago, on the clock of visit
	now := func(d time.Duration) time.Duration { return begin + d }
	_, err = store.Append(t.Context(), slices.Concat(
		visit("c1", "1", now(0), time.Time{}, talked(now(time.Minute), "sue")),
		visit("c2", "2", now(0), time.Time{}, talked(now(time.Minute), "sue")),
		visit("c3", "3", now(0), time.Time{}, talked(now(time.Minute), "sue"))))
	if err != nil {
		t.Fatal(err)
	}
	c := ruled()
	a := &App{cfg: c, log: slog.New(slog.DiscardHandler), grades: newGrades(c), ledger: store, book: bookOf(t, 10)}
	for _, e := range visit("c4", "2", now(2*time.Minute), time.Time{}, talked(now(3*time.Minute), "jo")) {
		a.book.note(e)
	}
	a.readBook(t.Context(), after(now(-time.Hour)))
	for number, want := range map[string]call.AgentID{"1": "sue", "2": "jo", "3": "sue", "4": ""} {
		got := a.standing(callflow.Arrival{Number: number, Begin: after(now(5 * time.Minute))}, "care")
		if got.Prefer != want {
			t.Errorf("%s is kept for %q, want %q", number, got.Prefer, want)
		}
	}
}

// Without a queue that asks for earlier calls there is no book, and with one its reading
// ends before the ledger is closed.
func TestBookIsStartedWhereItIsAskedFor(t *testing.T) {
	store, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for name, want := range map[string]bool{"sticky": true, "resume": true, "none": false} {
		c := ruled()
		q := &c.Queues[0]
		if name != "sticky" {
			q.StickyFor, q.StickyWait = 0, 0
		}
		if name != "resume" {
			q.ResumePlace = 0
		}
		a := &App{cfg: c, log: slog.New(slog.DiscardHandler), ledger: store}
		if err := a.startBook(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := a.book != nil; got != want {
			t.Errorf("%s: a book is there: %t, want %t", name, got, want)
		}
		if err := a.parts.Stop(context.WithoutCancel(t.Context()), stopEach); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func bookOf(t *testing.T, most int) *book {
	t.Helper()
	b, err := newBook(most)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
