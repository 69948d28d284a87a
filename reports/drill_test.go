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
	for number, want := range map[string]string{"13800138000": "138******00", "": "", "110": "***", "100861": "100*61"} {
		if got := reports.MaskNumber(number); got != want {
			t.Errorf("%q is %q, want %q", number, got, want)
		}
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
