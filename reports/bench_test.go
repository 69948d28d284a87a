package reports_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hotline/call"
	"hotline/reports"
	"hotline/reports/sqlstore"
)

// ledger opens a ledger that holds events.
func ledger(t testing.TB, events []call.Event) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for len(events) > 0 {
		n := min(len(events), 2000)
		if _, err := s.Append(context.WithoutCancel(t.Context()), events[:n]); err != nil {
			t.Fatal(err)
		}
		events = events[n:]
	}
	return s
}

// TestS2PastPeriodFromTheLedger makes the report of the fixed log out of SQLite and expects
// what memory gives, by whole day and by a piece of it.
func TestS2PastPeriodFromTheLedger(t *testing.T) {
	t.Parallel()
	events := fixedLog(t)
	s := ledger(t, events)
	spec := daySpec(t)
	piece := spec
	piece.Period.End = piece.Period.Start.Add(9*time.Hour + 2*time.Minute)
	for _, spec := range []reports.Spec{spec, piece} {
		got, err := reports.Build(s.Events(t.Context(), spec.Period.Start, spec.Period.End), spec)
		if err != nil {
			t.Fatal(err)
		}
		v := reports.View{Format: reports.JSONFormat, Parts: []reports.Part{
			reports.FiguresPart, reports.LinesPart, reports.LatePart,
		}}
		if got, want := show(t, got, v), show(t, compute(t, events, spec), v); got != want {
			t.Errorf("from the ledger\n%s\nfrom memory\n%s", got, want)
		}
	}
}

// BenchmarkReport folds a day of 100,000 calls, some 800,000 events, from SQLite.
func BenchmarkReport(b *testing.B) {
	const calls = 100_000
	spec := daySpec(b)
	d := &desk{start: spec.Period.Start}
	for i := range calls {
		id := call.ID(fmt.Sprintf("%d.%06d", d.start.Unix()+int64(i), i))
		at := float64(i) * 86_000 / calls
		d.arrived(id, at, "10000")
		g := d.queued(id, call.QueueID(fmt.Sprint("queue", i%5)), at+3, i%3 == 0)
		if i%10 == 0 {
			g.left(float64(i%70), call.Abandoned)
		} else {
			offered := g.event(call.Offered, 1)
			offered.Agent = "ann"
			d.write(offered)
			g.answered(float64(i%40), "ann", 120, 20)
			d.write(call.Event{Kind: call.Connected, At: d.at(at + 60), Call: id, Agent: "ann"})
		}
		d.ended(id, at+150, call.ClassAnswered, call.CallerHungUp)
	}
	s := ledger(b, d.events)
	b.ResetTimer()
	for b.Loop() {
		r, err := reports.Build(s.Events(b.Context(), spec.Period.Start, spec.Period.End), spec)
		if err != nil {
			b.Fatal(err)
		}
		if r.Total.Figures.Offered != calls {
			b.Fatalf("%d calls", r.Total.Figures.Offered)
		}
	}
	b.ReportMetric(float64(len(d.events)), "events")
	b.ReportMetric(float64(b.N)*calls/b.Elapsed().Seconds(), "calls/s")
}

// TestChangesFromTheLedger makes the figures of agents' time out of SQLite: what began before
// the period and ended after it is known, what lies days away is not read.
func TestChangesFromTheLedger(t *testing.T) {
	t.Parallel()
	events, spec := shift(t)
	d := &desk{start: spec.Period.Start}
	d.arrived("c0", -3*24*3600, "10000") // arrivals tell where in the ledger a time lies
	d.events = append(d.events, events...)
	d.arrived("c9", 3*24*3600, "10000")
	d.change(3*24*3600+60, "ann", call.Ready, call.Offline, "", 60)
	s := ledger(t, d.events)
	start, end := spec.Period.Start, spec.Period.End
	got, err := reports.BuildWithStates(s.Events(t.Context(), start, end), s.Changes(t.Context(), start, end), spec)
	if err != nil {
		t.Fatal(err)
	}
	if want := compute(t, events, spec); !slices.Equal(got.Groups, want.Groups) {
		t.Errorf("from the ledger\n%+v\nfrom memory\n%+v", got.Groups, want.Groups)
	}
	read := 0
	for e, err := range s.Changes(t.Context(), start, end) {
		if err != nil || e.Kind != call.AgentChanged {
			t.Fatalf("%+v, %v", e, err)
		}
		read++
	}
	if read != 9 {
		t.Errorf("%d changes read, want the 9 of the day", read)
	}
}
