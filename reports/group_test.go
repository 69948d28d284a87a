package reports_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/call"
	"hotline/reports"
)

// pass is a call with a ring in vain, two holds and a transfer to another queue, after the
// offers of a real ledger; the phones ring for 12 s and 7.5 s.
func pass(t testing.TB) []call.Event {
	d := &desk{start: time.Date(2026, 3, 2, 9, 0, 0, 0, zone(t, "Asia/Shanghai"))}
	d.arrived("c1", 0, "10000")
	g := d.queued("c1", "complaints", 10, false)
	ring := func(g guest, k call.Kind, after float64, a call.AgentID, id call.OfferID, long float64, how call.Outcome) {
		e := g.event(k, after)
		e.Agent, e.Offer, e.Ring, e.Outcome = a, id, call.Millis(long*1000+0.5), how
		if k == call.Answered {
			d.write(e)
			e.Answer = e.At
			e.At, e.Kind, e.Talk, e.Hold = e.At.Add(100*time.Second), call.TalkEnded, 100_000, 30_000
		}
		d.write(e)
	}
	did := func(k call.Kind, after float64, reason call.TransferKind) {
		e := g.event(k, after)
		e.Agent, e.Wait, e.Reason, e.Held = "ann", 0, string(reason), 10_000
		d.write(e)
	}
	ring(g, call.Offered, 0, "bob", "o1", 0, "")
	ring(g, call.OfferEnded, 12, "bob", "o1", 12, call.NoAnswer)
	ring(g, call.Offered, 12, "ann", "o2", 0, "")
	did(call.HoldEnded, 40, "")
	did(call.HoldEnded, 70, "")
	did(call.Transferred, 118, call.Blind)
	ring(g, call.Answered, 19.5, "ann", "o2", 7.5, "")
	ring(d.queued("c1", "senior", 130, true), call.Offered, 1, "sue", "o3", 0, "")
	d.ended("c1", 400, call.ClassAbandoned, call.HungUpWhileRinged)
	return d.events
}

func TestS16HoldsAndTransfersAreCounted(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	spec.By = []reports.Dimension{reports.ByNothing}
	f := compute(t, pass(t), spec).Total.Figures
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ got, want any }{
		"M5 hold time":         {f.HoldTime(), reports.Mean{Sum: 30_000, Count: 1}},
		"M5 share held":        {f.HeldShare(), reports.Ratio{Part: 1, Whole: 1}},
		"M6 rings":             {f.MeanRings(), reports.Ratio{Part: 2, Whole: 1}},
		"M9 conversation":      {f.ConversationTime(), reports.Mean{Sum: 70_000, Count: 1}},
		"M18 transfer rate":    {f.TransferRate(), reports.Ratio{Part: 1, Whole: 1}},
		"blind transfers":      {f.BlindTransfers, int64(1)},
		"attended transfers":   {f.AttendedTransfers, int64(0)},
		"rings of phones":      {f.Rung, reports.Offers{Made: 3, Answered: 1, NoAnswer: 1, Open: 1}},
		"miss rate":            {f.MissRate(), reports.Ratio{Part: 1, Whole: 2}},
		"arrived":              {f.Calls.Arrived, int64(1)},
		"M19 of a transferred": {f.Calls.AnsweredShare(), reports.Ratio{Part: 1, Whole: 1}},
	} {
		if c.got != c.want {
			t.Errorf("%s is %+v, want %+v", name, c.got, c.want)
		}
	}
	spec.By = []reports.Dimension{reports.ByAgent}
	var agents []call.AgentID
	for _, g := range compute(t, pass(t), spec).Groups {
		agents = append(agents, g.Agent)
		if want := map[call.AgentID]int64{"ann": 1, "bob": 1, "sue": 1}[g.Agent]; g.Figures.Rung.Made != want {
			t.Errorf("%q was rung %d times, want %d", g.Agent, g.Figures.Rung.Made, want)
		}
	}
	if want := []call.AgentID{"", "ann", "bob", "sue"}; !slices.Equal(agents, want) {
		t.Errorf("agents %q, want %q: the stay that nobody answered has a group of its own", agents, want)
	}
	for j, err := range reports.Journeys(each(sorted(pass(t)), nil)) {
		if err != nil || len(j.Legs) != 1 || j.Legs[0].Holds != 2 {
			t.Errorf("legs %+v, %v, want one with two holds", j.Legs, err)
		}
	}
	spec.Rules.Ring = 2_000
	if got := compute(t, pass(t), spec).Total.Figures.Rings; got != 4 {
		t.Errorf("%d rings of 2 s in 7.5 s, want 4", got)
	}
}

// TestS49OutboundTalksByAgentAndDay counts numbers that agents called, the work of a day each.
func TestS49OutboundTalksByAgentAndDay(t *testing.T) {
	t.Parallel()
	d := &desk{start: time.Date(2026, 3, 2, 9, 0, 0, 0, zone(t, "Asia/Shanghai"))}
	dial := func(id call.ID, at, talk float64, direction call.Direction) {
		d.write(call.Event{Kind: call.Arrived, At: d.at(at), Call: id, Number: "139", Direction: direction})
		e := call.Event{
			Kind: call.Dialled, At: d.at(at + 5), Call: id, Agent: "ann", Leg: call.LegID(id), Direction: direction,
		}
		d.write(e)
		e.Kind, e.At, e.Outcome = call.DialEnded, d.at(at+25), call.NoAnswer
		if talk > 0 {
			e.Answer, e.At, e.Outcome, e.Talk = d.at(at+20), d.at(at+20+talk), "", call.Millis(talk*1000+0.5)
		}
		d.write(e)
		e.Leg, e.Talk = "department", 999_000 // joined to the talk later
		d.write(e)
	}
	dial("d1", 0, 60, call.Outbound)
	dial("d2", 300, 0, call.Outbound)
	dial("d3", 600, 30, call.CallBack)
	dial("d4", 24*3600, 10, call.Outbound)
	spec := daySpec(t)
	spec.Grid.Step = reports.Day
	spec.Period.End = spec.Period.End.Add(24 * time.Hour)
	spec.By = []reports.Dimension{reports.ByAgent}
	r := compute(t, d.events, spec)
	want := []reports.Dials{{Made: 3, Reached: 2, Talk: 90_000}, {Made: 1, Reached: 1, Talk: 10_000}}
	if len(r.Rows) != 2 || r.Rows[0].Figures.Out != want[0] || r.Rows[1].Figures.Out != want[1] {
		t.Errorf("outbound %+v, want %+v", r.Rows, want)
	}
	if got := r.Total.Figures; got.Offered+got.Talks+got.Calls.Arrived != 0 {
		t.Errorf("outbound calls count as inbound: %+v", got)
	}
}

// TestS38_19CalledBack: of two callers who asked to be called back one answered.
func TestS38_19CalledBack(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	d := &desk{start: spec.Period.Start}
	for i, how := range []call.CallbackEnd{call.CallbackReached, call.CallbackFailed} {
		id := call.ID([]string{"c1", "c2"}[i])
		d.arrived(id, 1, "10000")
		d.queued(id, "complaints", 2, true).left(50, call.Callback)
		d.ended(id, 60, call.ClassCallback, call.OnWish)
		d.write(call.Event{Kind: call.CallbackEnded, At: d.at(500), Call: id, Number: "1", Reason: string(how)})
	}
	a := compute(t, d.events, spec).Arrivals()
	if got, want := a.CalledBackShare(), (reports.Ratio{Part: 1, Whole: 2}); got != want || a.Voiced != 2 {
		t.Errorf("called back %+v of %+v, want %+v", got, a, want)
	}
	d.ended("c3", 70, call.ClassFailed, call.SwitchFailure)
	a = compute(t, d.events, spec).Arrivals()
	if got, want := a.BusyRate(), (reports.Ratio{Part: 1, Whole: 3}); got != want {
		t.Errorf("M15 busy rate %+v, want %+v", got, want)
	}
}

// TestS38ByWeekdayAndHour lays the same hours of a week over each other, with a day that
// begins at six: what happens at five on Tuesday belongs to Monday.
func TestS38ByWeekdayAndHour(t *testing.T) {
	t.Parallel()
	shanghai := zone(t, "Asia/Shanghai")
	d := &desk{start: time.Date(2026, 3, 2, 0, 0, 0, 0, shanghai)} // a Monday
	for i, hours := range []float64{6.5, 29, 30, 7*24 + 6.6} {
		d.queued(call.ID([]string{"a", "b", "c", "d"}[i]), "complaints", hours*3600, false).left(60, call.Abandoned)
	}
	spec := reports.Spec{
		Grid:   reports.Grid{Step: reports.Whole, Zone: shanghai, DayStart: 6 * time.Hour},
		Rules:  reports.DefaultRules(),
		Period: reports.Interval{Start: d.start, End: d.start.AddDate(0, 0, 14)},
		By:     []reports.Dimension{reports.ByWeekday, reports.ByHour},
	}
	var got []reports.Group
	for _, g := range compute(t, d.events, spec).Groups {
		got = append(got, g.Group)
	}
	want := []reports.Group{
		{Weekday: time.Monday, Hour: 5}, {Weekday: time.Monday, Hour: 6}, {Weekday: time.Tuesday, Hour: 6},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("groups %+v, want %+v", got, want)
	}
}

// TestS38EveryGroupingAddsUp draws logs and groups them in every way. The offered calls, talks
// and rings are the same however they are told apart, each cell can be true, and a filter
// keeps what its group holds.
func TestS38EveryGroupingAddsUp(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	start := time.Date(2026, 10, 25, 1, 30, 0, 0, berlin)
	rapid.Check(t, func(rt *rapid.T) {
		events := anyLog(rt, start)
		spec := reports.Spec{
			Grid:   reports.Grid{Step: rapid.SampledFrom(reports.Steps()).Draw(rt, "step"), Zone: berlin},
			Rules:  reports.DefaultRules(),
			Period: reports.Interval{Start: start, End: start.Add(100 * time.Minute)},
			Teams:  map[call.AgentID]string{"ann": "day", "bob": "day", "sue": "night"},
			By:     []reports.Dimension{reports.ByNothing},
		}
		whole := compute(t, events, spec).Total.Figures
		for _, by := range [][]reports.Dimension{
			{reports.ByAgent},
			{reports.ByTeam, reports.ByQueue},
			{reports.ByLine},
			{reports.ByHour, reports.ByAgent},
			{reports.ByWeekday},
			{reports.ByQueue, reports.ByLine, reports.ByTeam},
		} {
			spec.By = by
			r := compute(t, events, spec)
			check(rt, r)
			want, got := whole, r.Total.Figures
			if !slices.Equal(by, []reports.Dimension{reports.ByLine}) && !slices.Contains(by, reports.ByWeekday) {
				want.Calls = reports.Arrivals{} // they belong to no agent and no queue
			}
			if got != want {
				rt.Fatalf("by %v: %+v, in all %+v", by, got, want)
			}
		}
		spec.By = []reports.Dimension{reports.ByTeam}
		for _, g := range compute(t, events, spec).Groups {
			only := spec
			only.OfTeams = []string{g.Team}
			if got := compute(t, events, only).Total.Figures; got != g.Figures {
				rt.Fatalf("team %q alone: %+v, as a group: %+v", g.Team, got, g.Figures)
			}
		}
	})
}

// TestWeeksAndMonths cuts a quarter of a year whose days begin at six.
func TestWeeksAndMonths(t *testing.T) {
	t.Parallel()
	g := reports.Grid{Step: reports.Week, Zone: zone(t, "Europe/Berlin"), DayStart: 6 * time.Hour}
	from := g.DayOf(time.Date(2026, 2, 1, 12, 0, 0, 0, g.Zone)).Start // a Sunday
	to := g.DayOf(time.Date(2026, 5, 1, 12, 0, 0, 0, g.Zone)).Start
	weeks := g.Cut(from, to)
	if len(weeks) != 14 || weeks[0].End.Weekday() != time.Monday || weeks[0].End.Hour() != 6 {
		t.Errorf("%d weeks, the first %v", len(weeks), weeks[0])
	}
	if summer := weeks[8]; summer.End.Sub(summer.Start) != 7*24*time.Hour-time.Hour {
		t.Errorf("the week of the change of clocks is %v", summer)
	}
	g.Step = reports.Month
	if months := g.Cut(from, to); len(months) != 3 || months[1].Start.Month() != time.March || months[1].Start.Day() != 1 {
		t.Errorf("months %v", months)
	}
	for _, by := range [][]reports.Dimension{
		{"colour"}, {reports.ByQueue, reports.ByQueue}, {reports.ByNothing, reports.ByQueue},
	} {
		spec := daySpec(t)
		spec.By = by
		if err := spec.Validate(); err == nil {
			t.Errorf("grouping %v was taken", by)
		}
	}
}
