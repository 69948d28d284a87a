package sqlstore

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"hotline/call"
	"hotline/reports"
)

// millionVariable sets another number of calls for BenchmarkMillionCalls.
const millionVariable = "HOTLINE_BENCH_CALLS"

// millionDays is over how many days the calls of the benchmark come, a change of the clocks
// among them.
const millionDays = 30

// BenchmarkMillionCalls prints how long reports over a million calls in six queues take, with
// limits chosen when they are asked for. Run it with -benchtime 1x: each run fills a ledger.
func BenchmarkMillionCalls(b *testing.B) {
	calls := 1_000_000
	if text := os.Getenv(millionVariable); text != "" {
		var err error
		if calls, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
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
			events := generate(b, s, calls)
			took := time.Since(began)
			b.Logf("%d calls, %d events appended in %s: %.0f events/s", calls, events, took, float64(events)/took.Seconds())
			if f.name == postgresFlavor.name { // as its housekeeping does by itself
				if _, err := s.write.ExecContext(b.Context(), "VACUUM ANALYZE"); err != nil {
					b.Fatal(err)
				}
			}
			askMillion(b, s, calls)
		})
	}
}

// askMillion measures reports of different steps and limits over all calls.
func askMillion(b *testing.B, s *Store, calls int) {
	b.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	period := reports.Interval{Start: millionStart(zone), End: millionStart(zone).AddDate(0, 0, millionDays)}
	for b.Loop() {
		for _, step := range []reports.Step{reports.Quarter, reports.Hour, reports.Day} {
			for _, rules := range []reports.Rules{{T: 15_000, Short: 5_000}, {T: 20_345, Short: 1_234}} {
				began := time.Now()
				rows, err := s.Figures(b.Context(), reports.Spec{
					Period: period, Grid: reports.Grid{Step: step, Zone: zone}, Rules: rules,
				})
				took := time.Since(began)
				if err != nil {
					b.Fatal(err)
				}
				var all reports.Figures
				for _, r := range rows {
					all.Add(r.Figures)
				}
				if int(all.Offered) < calls || all.Check() != nil {
					b.Fatalf("figures %+v of %d calls, %v", all, calls, all.Check())
				}
				b.Logf("step %s, T %d ms, short %d ms: %d rows in %s", step, rules.T, rules.Short, len(rows), took)
				b.ReportMetric(took.Seconds(), fmt.Sprintf("s/%s/T%d", step, rules.T))
			}
		}
	}
}

func millionStart(zone *time.Location) time.Time { return time.Date(2026, 10, 10, 0, 0, 0, 0, zone) }

// generate appends the events of so many calls: one of ten is abandoned, one of twenty goes
// through two queues.
func generate(b *testing.B, s *Store, calls int) (events int) {
	b.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	gap := (millionDays*24*time.Hour - 2*time.Hour) / time.Duration(calls)
	var batch []call.Event
	for i := range calls {
		batch = append(batch, millionth(i, millionStart(zone).Add(time.Hour+time.Duration(i)*gap))...)
		if len(batch) >= 4000 || i == calls-1 {
			if _, err := s.Append(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			events += len(batch)
			batch = batch[:0]
		}
	}
	return events
}

// millionth is the i-th call of the benchmark.
func millionth(i int, at time.Time) []call.Event {
	wait := call.Millis((i * 7919) % 40_000)
	in := call.Event{
		Kind: call.Queued, At: at, Call: call.ID(fmt.Sprintf("%d.%d", at.Unix(), i)),
		Queue: call.QueueID(fmt.Sprint("queue", i%5)), Entered: at, Queueing: i%3 == 0,
	}
	events := []call.Event{in}
	next := func(k call.Kind, after call.Millis) call.Event {
		e := in
		e.Kind, e.At = k, at.Add(after.Duration())
		return e
	}
	if i%10 == 0 {
		e := next(call.LeftQueue, wait)
		e.Outcome, e.Wait = call.Abandoned, wait
		return append(events, e, next(call.Ended, wait))
	}
	if i%20 == 1 {
		e := next(call.LeftQueue, 1000)
		e.Outcome, e.Wait = call.Overflowed, 1000
		in.At, in.Entered, in.Queue = e.At, e.At, "senior"
		events = append(events, e, in)
	}
	e := next(call.Answered, 1000+wait)
	e.Wait, e.Agent, e.Offer = wait, call.AgentID(fmt.Sprint("agent", i%200)), "o"
	events = append(events, e)
	e.Kind, e.Answer, e.Talk, e.At = call.TalkEnded, e.At, 120_000, e.At.Add(2*time.Minute)
	events = append(events, e)
	e.Kind, e.Wrap = call.WrapUpEnded, 20_000
	return append(events, e, next(call.Ended, 1000+wait+120_000))
}
