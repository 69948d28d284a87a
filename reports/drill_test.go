package reports_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/call"
	"hotline/reports"
)

// TestS38EveryNumberHasItsCalls draws logs and looks behind every number of every cell: the
// list is as long as the number says, whatever the report is grouped by.
func TestS38EveryNumberHasItsCalls(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, zone(t, "Asia/Shanghai"))
	rapid.Check(t, func(rt *rapid.T) {
		events := anyLog(rt, start)
		spec := daySpec(t)
		spec.Period = reports.Interval{Start: start, End: start.Add(100 * time.Minute)}
		spec.Grid.Step = rapid.SampledFrom([]reports.Step{reports.HalfHour, reports.Whole}).Draw(rt, "step")
		spec.By = rapid.SampledFrom([][]reports.Dimension{
			{reports.ByQueue}, {reports.ByAgent}, {reports.ByLine}, {reports.ByNothing}, {reports.ByHour, reports.ByTeam},
		}).Draw(rt, "by")
		spec.Teams = map[call.AgentID]string{"ann": "day", "sue": "night"}
		r := compute(t, events, spec)
		for _, d := range reports.Definitions() {
			if !d.Calls {
				continue
			}
			for _, row := range r.Rows {
				pick := reports.Pick{Column: d.Column, Group: &row.Group, Interval: row.Interval}
				if got, want := listed(rt, events, spec, pick), d.Count(row.Figures); got != want {
					rt.Fatalf("%s of %+v at %v is %d, and %d calls stand behind it", d.Column, row.Group,
						row.Interval.Start, want, got)
				}
			}
			if got, want := listed(rt, events, spec, reports.Pick{Column: d.Column}), d.Count(r.Total.Figures); got != want {
				rt.Fatalf("%s in all is %d, and %d calls stand behind it", d.Column, want, got)
			}
		}
	})
}

// listed counts the calls behind a number and looks at each.
func listed(rt *rapid.T, events []call.Event, spec reports.Spec, pick reports.Pick) int64 {
	n := int64(0)
	for e, err := range reports.Calls(each(sorted(events), nil), spec, pick) {
		if err != nil {
			rt.Fatal(err)
		}
		if e.Call == "" || !e.Interval.Contains(e.At) || pick.Group != nil && e.Group != *pick.Group {
			rt.Fatalf("%+v does not belong to %+v", e, pick)
		}
		n++
	}
	return n
}

// TestCallsBehindANumber writes the late and the held calls of fixed logs.
func TestCallsBehindANumber(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	var late, held bytes.Buffer
	view := reports.View{Format: reports.CSVFormat}
	err := reports.WriteCalls(&late, each(sorted(fixedLog(t)), nil), spec, reports.Pick{Column: "answered_late"}, view)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "calls.late.csv", late.String())
	view = reports.View{Lang: reports.English, ClearNumbers: true}
	if err := reports.WriteCalls(&held, each(sorted(pass(t)), nil), spec, reports.Pick{Column: "held"}, view); err != nil {
		t.Fatal(err)
	}
	golden(t, "calls.held.txt", held.String())
	if strings.Contains(late.String(), "13800138000") || !strings.Contains(held.String(), "+8613800138000") {
		t.Error("numbers are not masked unless asked for")
	}
}

func TestPickIsValidated(t *testing.T) {
	t.Parallel()
	for want, pick := range map[string]reports.Pick{
		"is none of":             {Column: "happiness"},
		"is no number of calls,": {Column: "asa_ms"},
	} {
		var b bytes.Buffer
		err := reports.WriteCalls(&b, each(nil, nil), daySpec(t), pick, reports.View{Format: reports.CSVFormat})
		if !errors.Is(err, reports.ErrInvalid) || !strings.Contains(err.Error(), want) || b.Len() > 0 {
			t.Errorf("error %v after %d bytes, want ErrInvalid with %q", err, b.Len(), want)
		}
	}
	broken := errors.New("ledger is away")
	for _, err := range reports.Calls(each(nil, broken), daySpec(t), reports.Pick{Column: "offered"}) {
		if !errors.Is(err, broken) {
			t.Errorf("error %v, want that of the ledger", err)
		}
	}
}

// TestGroupsAreReadAsTablesNameThem: the group of a row leads back to the row.
func TestGroupsAreReadAsTablesNameThem(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	spec.By = []reports.Dimension{reports.ByTeam, reports.ByWeekday, reports.ByHour}
	values := map[reports.Dimension]string{reports.ByTeam: "", reports.ByWeekday: "7", reports.ByHour: "9:00"}
	g, err := spec.GroupOf(values)
	if want := (reports.Group{Weekday: time.Sunday, Hour: 9}); err != nil || g != want {
		t.Errorf("%v is %+v, %v, want %+v", values, g, err, want)
	}
	spec.By = nil
	g, err = spec.GroupOf(map[reports.Dimension]string{reports.ByQueue: "senior"})
	if want := (reports.Group{Queue: "senior"}); err != nil || g != want {
		t.Errorf("%+v, %v, want %+v", g, err, want)
	}
	for name, c := range map[string]struct {
		by     []reports.Dimension
		values map[reports.Dimension]string
	}{
		"another one": {nil, map[reports.Dimension]string{reports.ByAgent: "ann"}},
		"too few":     {nil, nil},
		"too many":    {[]reports.Dimension{reports.ByNothing}, map[reports.Dimension]string{reports.ByAgent: "ann"}},
		"no weekday":  {[]reports.Dimension{reports.ByWeekday}, map[reports.Dimension]string{reports.ByWeekday: "0"}},
		"no hour":     {[]reports.Dimension{reports.ByHour}, map[reports.Dimension]string{reports.ByHour: "24:00"}},
		"no number":   {[]reports.Dimension{reports.ByHour}, map[reports.Dimension]string{reports.ByHour: "noon"}},
	} {
		spec.By = c.by
		if got, err := spec.GroupOf(c.values); !errors.Is(err, reports.ErrInvalid) {
			t.Errorf("%s: %+v, %v, want ErrInvalid", name, got, err)
		}
	}
}

// TestEmptyIntervalsAreBounded: groups times intervals are not made up without end.
func TestEmptyIntervalsAreBounded(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	spec.Grid.Step = reports.Quarter
	spec.Period.End = spec.Period.Start.AddDate(30, 0, 0)
	d := &desk{start: spec.Period.Start}
	d.queued("c1", "complaints", 0, false).answered(1, "ann", 10, 5)
	if r := compute(t, d.events, spec); len(r.Rows) != 1 {
		t.Errorf("%d rows, want one", len(r.Rows))
	}
	spec.Empty = true
	if _, err := reports.Recompute(d.events, spec); !errors.Is(err, reports.ErrInvalid) {
		t.Errorf("error %v, want ErrInvalid", err)
	}
}

// TestReportsOfAgentsHaveNoLines: calls that come in belong to no agent.
func TestReportsOfAgentsHaveNoLines(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	if r := compute(t, fixedLog(t), spec); len(r.Lines) == 0 {
		t.Fatal("the log has no lines")
	}
	spec.Agents = []call.AgentID{"ann"}
	if r := compute(t, fixedLog(t), spec); len(r.Lines) != 0 || r.Total.Figures.Answered == 0 {
		t.Errorf("lines of an agent: %+v", r.Lines)
	}
}
