package sqlstore

import (
	"flag"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"hotline/call"
	"hotline/reports"
)

var (
	crowdCalls = flag.Int("calls", 2_000, "how many calls TestS38EveryFigureEqualsARecount makes")
	million    = flag.Int("million", 1_000_000, "how many calls BenchmarkMillionCalls makes")
)

// figures are cells by the name of a queue, an agent or a line and by the begin of the interval.
type figures map[string]map[int64]reports.Figures

// TestS38EveryFigureEqualsARecount makes calls of every kind over three days, one of which has
// 25 hours, and holds every figure of each day by queue, agent and line, and each hour of each
// queue, as the database counts them and as the events are folded, against a recount that
// shares nothing with both. Run it with -calls 1000000 -timeout 1h for a million.
func TestS38EveryFigureEqualsARecount(t *testing.T) {
	t.Parallel()
	EachPlace(t, func(t *testing.T, place Place) {
		s, zone := storeAt(t, place), crowdZone(t)
		all := reports.Interval{Start: crowdStart(zone), End: crowdStart(zone).AddDate(0, 0, crowdDays)}
		hours := newRecount(reports.DefaultRules(), hoursOf(all))
		days := newRecount(reports.DefaultRules(), daysOf(all.Start))
		events := fill(t, s, zone, *crowdCalls, func(story []call.Event) { hours.take(story); days.take(story) })
		t.Logf("%d calls, %d events", *crowdCalls, events)

		spec := reports.Spec{
			Period: all, Rules: reports.DefaultRules(), Grid: reports.Grid{Step: reports.Hour, Zone: zone},
		}
		database(t, s, spec, reports.ByQueue, hours.queues)
		spec.Grid.Step = reports.Day
		database(t, s, spec, reports.ByQueue, days.queues)
		for _, day := range daysOf(all.Start) {
			spec.Period = day
			database(t, s, spec, reports.ByQueue, days.queues)
			database(t, s, spec, reports.ByAgent, days.agents)
			database(t, s, spec, reports.ByLine, days.lines)
			folds(t, s, spec, reports.ByQueue, days.queues)
			folds(t, s, spec, reports.ByAgent, days.agents)
			folds(t, s, spec, reports.ByLine, days.lines)
		}
	})
}

// hoursOf are the hours of a time, one after the other.
func hoursOf(all reports.Interval) []reports.Interval {
	var hours []reports.Interval
	for at := all.Start; at.Before(all.End); at = at.Add(time.Hour) {
		hours = append(hours, reports.Interval{Start: at, End: at.Add(time.Hour)})
	}
	return hours
}

// daysOf are the days of the crowd.
func daysOf(start time.Time) []reports.Interval {
	var days []reports.Interval
	for i := range crowdDays {
		days = append(days, reports.Interval{Start: start.AddDate(0, 0, i), End: start.AddDate(0, 0, i+1)})
	}
	return days
}

// fill lets a crowd call. Each call, and the states of each agent, are given to one.
func fill(t testing.TB, s *Store, zone *time.Location, calls int, one func([]call.Event)) (events int) {
	t.Helper()
	var batch []call.Event
	write := func() {
		if _, err := s.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		events += len(batch)
		batch = batch[:0]
	}
	newCrowd(zone, 1).tell(calls, one, func(e call.Event) {
		e.Seq = 0
		if batch = append(batch, e); len(batch) == 4000 {
			write()
		}
	})
	write()
	return events
}

// database holds the figures that are counted in the database against a recount.
func database(t *testing.T, s *Store, spec reports.Spec, by reports.Dimension, want figures) {
	t.Helper()
	spec.By, spec.Only = []reports.Dimension{by}, counts
	began := time.Now()
	r, err := s.Report(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s from %s by %s, step %s: counted in %s", spec.Period.End.Sub(spec.Period.Start),
		spec.Period.Start.Format("01-02"), by, spec.Grid.Step, time.Since(began))
	inTables := figures{}
	for name, cells := range want {
		inTables[name] = map[int64]reports.Figures{}
		for at, f := range cells {
			f.Rung, f.Out, f.Spent = reports.Offers{}, reports.Dials{}, reports.AgentTime{}
			if f != (reports.Figures{}) {
				inTables[name][at] = f
			}
		}
	}
	equal(t, spec, inTables, r.Rows)
}

// folds holds the figures that are folded of the events against a recount.
func folds(t *testing.T, s *Store, spec reports.Spec, by reports.Dimension, want figures) {
	t.Helper()
	spec.By = []reports.Dimension{by}
	from, to, began := spec.Period.Start, spec.Period.End, time.Now()
	r, err := reports.BuildWithStates(s.Events(t.Context(), from, to), s.Changes(t.Context(), from, to), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("day of %s by %s: folded in %s", from.Format("01-02"), by, time.Since(began))
	if r.Contradictions > 0 || r.Total.Figures.Check() != nil {
		t.Errorf("%d contradictions, %v", r.Contradictions, r.Total.Figures.Check())
	}
	equal(t, spec, want, r.Rows)
}

// equal compares the rows of a report with the cells of its period.
func equal(t *testing.T, spec reports.Spec, all figures, rows []reports.Row) {
	t.Helper()
	want, got, cells := figures{}, figures{}, 0
	for name, of := range all {
		for at, f := range of {
			if spec.Period.Contains(time.UnixMilli(at)) {
				want.set(name, at, f)
				cells++
			}
		}
	}
	for _, r := range rows {
		got.set(string(r.Queue)+string(r.Agent)+r.Line, r.Interval.Start.UnixMilli(), r.Figures)
	}
	if cells == 0 {
		t.Fatalf("nothing is counted in %+v", spec.Period)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("by %v, step %s, in %v (-recount +report):\n%.4000s", spec.By, spec.Grid.Step, spec.Period, diff)
	}
}

func (f figures) set(name string, at int64, to reports.Figures) {
	if f[name] == nil {
		f[name] = map[int64]reports.Figures{}
	}
	f[name][at] = to
}

// BenchmarkMillionCalls prints how long reports over a million calls in six queues take, with
// limits chosen when they are asked for. Run it with -benchtime 1x: each run fills a ledger.
func BenchmarkMillionCalls(b *testing.B) {
	for _, f := range []flavor{sqliteFlavor, postgresFlavor} {
		b.Run(f.name, func(b *testing.B) {
			place := Place{Path: filepath.Join(b.TempDir(), "ledger.db")}
			if f.name == postgresFlavor.name {
				place = newDatabase(b)
			}
			s, err := OpenAt(b.Context(), place)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			began := time.Now()
			events := fill(b, s, crowdZone(b), *million, func([]call.Event) {})
			took := time.Since(began)
			b.Logf("%d calls, %d events appended in %s: %.0f events/s", *million, events, took,
				float64(events)/took.Seconds())
			if f.name == postgresFlavor.name { // as its housekeeping does by itself
				if _, err := s.write.ExecContext(b.Context(), "VACUUM ANALYZE"); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				askMillion(b, s)
			}
		})
	}
}

// askMillion measures reports of different steps and limits over all calls.
func askMillion(b *testing.B, s *Store) {
	b.Helper()
	zone := crowdZone(b)
	start := crowdStart(zone)
	only, err := reports.View{}.Only()
	if err != nil {
		b.Fatal(err)
	}
	period := reports.Interval{Start: start.AddDate(0, 0, -1), End: start.AddDate(0, 0, crowdDays+1)}
	for _, step := range []reports.Step{reports.Quarter, reports.Hour, reports.Day} {
		for _, rules := range []reports.Rules{{T: 15_000, Short: 5_000}, {T: 20_345, Short: 1_234}} {
			began := time.Now()
			r, err := s.Report(b.Context(), reports.Spec{
				Period: period, Grid: reports.Grid{Step: step, Zone: zone}, Rules: rules, Only: only,
			})
			took := time.Since(began)
			if err != nil {
				b.Fatal(err)
			}
			all, arrived := r.Total.Figures, r.Arrivals().Arrived
			if int(all.Offered) < *million*8/10 || all.Check() != nil || int(arrived) < *million*8/10 {
				b.Fatalf("figures %+v of %d calls, %d of them arrived, %v", all, *million, arrived, all.Check())
			}
			b.Logf("step %s, T %d ms, short %d ms: %d rows in %s", step, rules.T, rules.Short, len(r.Rows), took)
			b.ReportMetric(took.Seconds(), fmt.Sprintf("s/%s/T%d", step, rules.T))
		}
	}
}
