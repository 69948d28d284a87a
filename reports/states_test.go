package reports_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/call"
	"hotline/reports"
)

// change writes a change of an agent's state; the state before it had lasted so many seconds.
func (d *desk) change(at float64, a call.AgentID, from, to call.AgentState, reason string, held float64) {
	d.write(call.Event{
		Kind: call.AgentChanged, At: d.at(at), Agent: a, From: from, To: to, Reason: reason,
		Held: call.Millis(held*1000 + 0.5),
	})
}

// shift is an hour at the desk from 09:00 on. Ann is in every state; bob signs in at 09:30
// and is ready until after the end.
func shift(t testing.TB) ([]call.Event, reports.Spec) {
	d := &desk{start: time.Date(2026, 3, 2, 9, 0, 0, 0, zone(t, "Asia/Shanghai"))}
	d.change(-600, "ann", call.Offline, call.Ready, "", 0)
	d.change(300, "ann", call.Ready, call.Ringing, "", 900)
	d.change(310, "ann", call.Ringing, call.Talking, "", 10)
	d.change(610, "ann", call.Talking, call.Hold, "", 300)
	d.change(670, "ann", call.Hold, call.Talking, "", 60)
	d.queued("c1", "complaints", 295, false).answered(15, "ann", 900, 60)
	d.change(1210, "ann", call.Talking, call.WrapUp, "", 540)
	d.change(1270, "ann", call.WrapUp, call.Break, "lunch", 60)
	d.change(1800, "bob", call.Offline, call.Ready, "", 0)
	d.change(3070, "ann", call.Break, call.Ready, "", 1800)
	spec := daySpec(t)
	spec.Period = reports.Interval{Start: d.start, End: d.start.Add(time.Hour)}
	spec.By = []reports.Dimension{reports.ByAgent}
	spec.Now = d.start.Add(90 * time.Minute)
	spec.Teams = map[call.AgentID]string{"ann": "早班", "bob": "早班"}
	return d.events, spec
}

func TestS38_12StatesAreCutAtTheBorders(t *testing.T) {
	t.Parallel()
	events, spec := shift(t)
	r := compute(t, events, spec)
	want := []reports.AgentTime{
		{Ready: 300_000, Ringing: 10_000, Talking: 530_000, Hold: 60_000},
		{Talking: 310_000, WrapUp: 60_000, Break: 530_000},
		{Break: 900_000},
		{Break: 370_000, Ready: 530_000},
		{Ready: 900_000},
		{Ready: 900_000}, // bob
	}
	if len(r.Rows) != len(want) {
		t.Fatalf("%d rows, want %d: %+v", len(r.Rows), len(want), r.Rows)
	}
	for i, row := range r.Rows {
		if row.Figures.Spent != want[i] {
			t.Errorf("row %d of %s: %+v, want %+v", i, row.Agent, row.Figures.Spent, want[i])
		}
	}
	breaks := []reports.BreakTime{{Agent: "ann", Reason: "lunch", Breaks: 1, Time: 1_800_000}}
	if !slices.Equal(r.Breaks, breaks) {
		t.Errorf("breaks %+v, want %+v", r.Breaks, breaks)
	}
	spec.Now = time.Time{}
	if got := compute(t, events, spec).Groups; len(got) != 1 || got[0].Figures.Spent.Ready != 300_000 {
		t.Errorf("states that have not ended count without a time of asking: %+v", got)
	}
}

// TestS38OfAgents holds the metrics of agents' time against those computed by hand.
func TestS38OfAgents(t *testing.T) {
	t.Parallel()
	events, spec := shift(t)
	minutes := func(from, to int) reports.Interval {
		return reports.Interval{
			Start: spec.Period.Start.Add(time.Duration(from) * time.Minute),
			End:   spec.Period.Start.Add(time.Duration(to) * time.Minute),
		}
	}
	spec.Roster = []reports.Shift{
		{Agent: "ann", Interval: minutes(0, 30)},
		{Agent: "ann", Interval: minutes(50, 70)},
		{Agent: "bob", Interval: minutes(-60, 60)},
	}
	r := compute(t, events, spec)
	ann, bob := r.Groups[0].Figures, r.Groups[1].Figures
	for name, c := range map[string]struct{ got, want reports.Ratio }{
		"M1 work rate of ann":     {ann.Spent.WorkRate(), reports.Ratio{Part: 1_800_000, Whole: 2_400_000}},
		"M14 attendance of ann":   {ann.Spent.Attendance(), reports.Ratio{Part: 2_400_000, Whole: 2_400_000}},
		"M14 attendance of bob":   {bob.Spent.Attendance(), reports.Ratio{Part: 1_800_000, Whole: 3_600_000}},
		"M10 calls per hour":      {ann.CallsPerHour(), reports.Ratio{Part: 3_600_000, Whole: 1_800_000}},
		"M12 occupancy":           {ann.Spent.Occupancy(), reports.Ratio{Part: 900_000, Whole: 1_730_000}},
		"M12 occupancy with work": {ann.Spent.OccupancyWithWork(), reports.Ratio{Part: 960_000, Whole: 1_790_000}},
		"utilisation":             {ann.Spent.Utilisation(), reports.Ratio{Part: 960_000, Whole: 3_600_000}},
		"M12 of bob, who waited":  {bob.Spent.Occupancy(), reports.Ratio{Whole: 1_800_000}},
	} {
		if c.got != c.want {
			t.Errorf("%s is %+v, want %+v", name, c.got, c.want)
		}
	}
	spec.By = []reports.Dimension{reports.ByTeam}
	team := compute(t, events, spec)
	if got := team.Groups[0]; got.Team != "早班" || got.Figures.Spent.SignedIn() != 5_400_000 || got.Figures.Talks != 1 {
		t.Errorf("team %+v", got)
	}
	spec.By = nil
	if got := compute(t, events, spec).Total.Figures; got.Spent != (reports.AgentTime{}) || got.Talks != 1 {
		t.Errorf("by queue: %+v, want no time of agents", got)
	}
	spec.Roster = append(spec.Roster, reports.Shift{Agent: "ann", Interval: minutes(10, 20)})
	if _, err := reports.Recompute(events, spec); err == nil {
		t.Error("an agent who is rostered twice at one time was taken")
	}
}

// TestStatesGoOnThroughARestart: a controller that starts anew tells of the state again, and no
// time is lost or counted twice, whether the state has ended since or not.
func TestStatesGoOnThroughARestart(t *testing.T) {
	t.Parallel()
	_, spec := shift(t)
	d := &desk{start: spec.Period.Start}
	d.change(0, "ann", call.Offline, call.Ready, "", 0)
	d.change(600, "ann", call.Offline, call.Ready, "", 0) // the restart
	ready := func() call.Millis { return compute(t, d.events, spec).Total.Figures.Spent.Ready }
	if got := ready(); got != 3_600_000 {
		t.Errorf("ready for %d ms so far, want an hour", got)
	}
	d.change(1800, "ann", call.Ready, call.Offline, "", 1800)
	if got := ready(); got != 1_800_000 {
		t.Errorf("ready for %d ms, want half an hour", got)
	}
}

// TestS38AgentTimeAddsUp draws states over the night on which the clocks change and holds
// the cells against the times themselves: by any step, hour or weekday the parts make the
// whole.
func TestS38AgentTimeAddsUp(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	rapid.Check(t, func(rt *rapid.T) {
		start := rapid.SampledFrom([]time.Time{
			time.Date(2026, 10, 24, 22, 7, 0, 0, berlin), time.Date(2026, 3, 28, 22, 7, 0, 0, berlin),
		}).Draw(rt, "night")
		d := &desk{start: start}
		var want reports.AgentTime
		spec := reports.Spec{
			Grid: reports.Grid{
				Step: rapid.SampledFrom(reports.Steps()).Draw(rt, "step"), Zone: berlin,
				DayStart: rapid.SampledFrom([]time.Duration{0, 6 * time.Hour}).Draw(rt, "day start"),
			},
			Rules: reports.DefaultRules(),
			By: rapid.SampledFrom([][]reports.Dimension{
				{reports.ByAgent}, {reports.ByTeam}, {reports.ByHour}, {reports.ByWeekday, reports.ByHour}, {reports.ByNothing},
			}).Draw(rt, "by"),
			Period: reports.Interval{Start: start.Add(time.Hour), End: start.Add(30 * time.Hour)},
		}
		at := 0.0
		for range rapid.IntRange(1, 20).Draw(rt, "spans") {
			held := float64(rapid.IntRange(1, 10_000_000).Draw(rt, "held")) / 1000
			state := rapid.SampledFrom([]call.AgentState{call.Ready, call.Talking, call.Break}).Draw(rt, "state")
			from, to := d.at(at), d.at(at+held)
			at += held
			d.change(at, "ann", state, call.Offline, "", held)
			if from.Before(spec.Period.Start) {
				from = spec.Period.Start
			}
			if to.After(spec.Period.End) {
				to = spec.Period.End
			}
			switch ms := call.Between(from, to); state {
			case call.Ready:
				want.Ready += ms
			case call.Talking:
				want.Talking += ms
			default:
				want.Break += ms
			}
		}
		r := compute(t, d.events, spec)
		var sum reports.AgentTime
		for _, row := range r.Rows {
			s := row.Figures.Spent
			sum.Ready, sum.Talking, sum.Break = sum.Ready+s.Ready, sum.Talking+s.Talking, sum.Break+s.Break
			if most := call.Between(row.Interval.Start, row.Interval.End); s.SignedIn() > most {
				rt.Fatalf("%d ms of one agent in an interval of %d: %+v", s.SignedIn(), most, row)
			}
		}
		if sum != want || r.Total.Figures.Spent != want {
			rt.Fatalf("cells have %+v, the total %+v, the times are %+v", sum, r.Total.Figures.Spent, want)
		}
	})
}

// TestSpansAreOnceInTime: whatever the ledger says of how long a state lasted, as after a
// restart that saw it begin again, no time of an agent counts twice.
func TestSpansAreOnceInTime(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	states := []call.AgentState{call.Offline, call.Ready, call.Ringing, call.Talking, call.Hold, call.WrapUp, call.Break}
	rapid.Check(t, func(rt *rapid.T) {
		d := &desk{start: start}
		at := 0.0
		for range rapid.IntRange(0, 40).Draw(rt, "changes") {
			at += float64(rapid.IntRange(0, 500_000).Draw(rt, "after")) / 1000
			d.change(at, rapid.SampledFrom([]call.AgentID{"ann", "bob"}).Draw(rt, "agent"),
				rapid.SampledFrom(states).Draw(rt, "from"), rapid.SampledFrom(states).Draw(rt, "to"), "",
				float64(rapid.IntRange(0, 900_000).Draw(rt, "held"))/1000)
		}
		end := map[call.AgentID]time.Time{}
		for s, err := range reports.Spans(each(d.events, nil), d.at(at+60)) {
			if err != nil || !s.End.After(s.Start) || s.State == call.Offline {
				rt.Fatalf("%+v, %v", s, err)
			}
			if s.Start.Before(end[s.Agent]) {
				rt.Fatalf("%+v begins before the end of the last at %v", s, end[s.Agent])
			}
			end[s.Agent] = s.End
		}
	})
}

// TestS38TimeByHour lays a time that goes over three hours of the clock on each of them.
func TestS38TimeByHour(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	spec.Grid.Step, spec.By = reports.Whole, []reports.Dimension{reports.ByHour}
	d := &desk{start: spec.Period.Start}
	d.change(11.25*3600, "ann", call.Ready, call.Offline, "", 1.75*3600)
	got := map[int]call.Millis{}
	for _, g := range compute(t, d.events, spec).Groups {
		got[g.Hour] = g.Figures.Spent.Ready
	}
	if want := map[int]call.Millis{9: 1_800_000, 10: 3_600_000, 11: 900_000}; !maps.Equal(got, want) {
		t.Errorf("ready by hour %v, want %v", got, want)
	}
}
