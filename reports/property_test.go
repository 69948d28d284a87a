package reports_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/call"
	"hotline/reports"
)

// anyLog draws the events of up to 30 calls over some two hours, whole and broken off, in
// the order of the ledger.
func anyLog(t *rapid.T, start time.Time) []call.Event {
	d := &desk{start: start}
	ms := func(name string, most int) float64 { return float64(rapid.IntRange(0, most*1000).Draw(t, name)) / 1000 }
	agents := rapid.SampledFrom([]call.AgentID{"ann", "bob", "sue"})
	for i := range rapid.IntRange(0, 30).Draw(t, "calls") {
		id := call.ID(fmt.Sprintf("%02d", i))
		at := ms("arrival", 7200)
		d.arrived(id, at, "10000")
		for range rapid.IntRange(0, 2).Draw(t, "stays") {
			at += ms("greeting", 30)
			q := rapid.SampledFrom([]call.QueueID{"complaints", "senior"}).Draw(t, "queue")
			g := d.queued(id, q, at, rapid.Bool().Draw(t, "queueing"))
			for range rapid.IntRange(0, 2).Draw(t, "misses") {
				g.missed(ms("ring", 20), agents.Draw(t, "agent"), rapid.SampledFrom([]call.Outcome{
					call.NoAnswer, call.Rejected, call.Busy, call.Unreachable, call.Canceled,
				}).Draw(t, "outcome"))
			}
			wait := rapid.SampledFrom([]float64{0, 4.999, 5, 15, 15.001, ms("wait", 120)}).Draw(t, "wait")
			at += wait + 1
			switch how := rapid.IntRange(0, 7).Draw(t, "end"); how {
			case 0, 1, 2:
				g.answered(wait, agents.Draw(t, "agent"), ms("talk", 1200), ms("wrap", 60)-10)
			case 3, 4:
				g.left(wait, call.Abandoned)
			case 5:
				g.left(wait, rapid.SampledFrom([]call.Outcome{
					call.TimedOut, call.LeftEmpty, call.Overflowed, call.Callback, call.ToMessage,
				}).Draw(t, "outcome"))
			}
		}
		if rapid.IntRange(0, 9).Draw(t, "open") > 0 {
			d.ended(id, at+ms("rest", 60), call.ClassAnswered, call.CallerHungUp)
		}
	}
	return d.events
}

// recount counts what one event tells, without a memory of others, as live counters do.
func recount(events []call.Event, p reports.Interval, r reports.Rules) reports.Figures {
	var f reports.Figures
	for _, e := range events {
		if p.Contains(e.Entered) {
			switch {
			case e.Kind == call.Queued:
				f.Offered++
			case e.Kind == call.Answered:
				f.Answered++
				f.AnsweredWait += e.Wait
				if e.Wait <= r.T {
					f.AnsweredInT++
				}
			case e.Kind != call.LeftQueue:
			case e.Outcome == call.Abandoned && e.Wait < r.Short:
				f.Short++
			case e.Outcome == call.Abandoned:
				f.Abandoned++
				f.AbandonedWait += e.Wait
			}
		}
		if p.Contains(e.Answer) && e.Kind == call.TalkEnded {
			f.Talks++
			f.Talk += e.Talk
		}
		if p.Contains(e.Answer) && e.Kind == call.WrapUpEnded {
			f.Handled++
			f.Wrap += e.Wrap
		}
	}
	return f
}

// TestS38AnyLogAddsUp draws logs and periods. Whatever the log, every call has one end, the
// intervals add up to the whole, a period cut at any line adds up to the period, and the
// order in which the ledger mixed the calls does not matter.
func TestS38AnyLogAddsUp(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	start := time.Date(2026, 10, 25, 1, 30, 0, 0, berlin) // the clocks go back at 03:00
	rapid.Check(t, func(rt *rapid.T) {
		events := anyLog(rt, start)
		g := reports.Grid{
			Step: rapid.SampledFrom([]reports.Step{reports.Quarter, reports.HalfHour, reports.Hour}).Draw(rt, "step"),
			Zone: berlin,
		}
		spec := reports.Spec{Grid: g, Rules: reports.DefaultRules(), Period: reports.Interval{Start: start}}
		spec.Period.End = start.Add(time.Duration(rapid.IntRange(1, 180).Draw(rt, "minutes")) * time.Minute)
		whole := compute(t, events, spec)
		check(rt, whole)

		cut := g.Cut(spec.Period.Start, spec.Period.End)
		left, right := spec, spec
		left.Period.End = cut[rapid.IntRange(0, len(cut)-1).Draw(rt, "line")].End
		right.Period.Start = left.Period.End
		sum := compute(t, events, left).Total.Figures
		if right.Period.Start.Before(right.Period.End) {
			sum.Add(compute(t, events, right).Total.Figures)
		}
		if sum != whole.Total.Figures {
			rt.Fatalf("cut at %v: %+v, whole: %+v", left.Period.End, sum, whole.Total.Figures)
		}

		rand.New(rand.NewPCG(1, 2)).Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		if again := compute(t, events, spec).Total.Figures; again != whole.Total.Figures {
			rt.Fatalf("shuffled: %+v, in order: %+v", again, whole.Total.Figures)
		}
	})
}

// check looks at one report: the invariant of every row, the sums of the rows, and the
// count of single events.
func check(rt *rapid.T, r *reports.Report) {
	var all reports.Figures
	for _, q := range r.Groups {
		var sum reports.Figures
		for _, row := range r.Rows {
			if err := row.Figures.Check(); err != nil {
				rt.Fatalf("%s %v: %v", row.Queue, row.Interval.Start, err)
			}
			if row.Group == q.Group {
				sum.Add(row.Figures)
			}
		}
		if sum != q.Figures {
			rt.Fatalf("intervals of %+v add up to %+v, total %+v", q.Group, sum, q.Figures)
		}
		all.Add(sum)
	}
	if all != r.Total.Figures {
		rt.Fatalf("queues add up to %+v, total %+v", all, r.Total.Figures)
	}
	byQueue := slices.Equal(r.Spec.By, []reports.Dimension{reports.ByQueue})
	if byQueue && !slices.IsSortedFunc(r.Rows, func(a, b reports.Row) int {
		if a.Queue == b.Queue {
			return a.Interval.Start.Compare(b.Interval.Start)
		}
		if a.Queue < b.Queue {
			return -1
		}
		return 1
	}) {
		rt.Fatalf("rows are not in order: %+v", r.Rows)
	}
}

// TestFiguresAgreeWithLiveCounters counts the same log event by event.
func TestFiguresAgreeWithLiveCounters(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, zone(t, "Asia/Shanghai"))
	rapid.Check(t, func(rt *rapid.T) {
		events := anyLog(rt, start)
		spec := daySpec(t)
		spec.Period = reports.Interval{Start: start, End: start.Add(time.Hour)}
		f := compute(t, events, spec).Total.Figures
		want := recount(events, spec.Period, spec.Rules)
		got := reports.Figures{
			Offered: f.Offered, Answered: f.Answered, AnsweredInT: f.AnsweredInT, Short: f.Short,
			Abandoned: f.Abandoned - f.Lost, AnsweredWait: f.AnsweredWait, AbandonedWait: f.AbandonedWait,
			Talks: f.Talks, Talk: f.Talk, Handled: f.Handled, Wrap: f.Wrap,
		}
		if f.Lost > 0 { // the one thing that no single event tells
			got.AbandonedWait, want.AbandonedWait = 0, 0
		}
		if got != want {
			rt.Fatalf("figures %+v, counted one by one %+v", got, want)
		}
	})
}
