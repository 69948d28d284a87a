package reports_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/reports"
)

// TestS39AgentsWhoDeviate lists agents who talk longer or shorter than their team, but neither
// one with few talks nor one of another team whose talks are as long as all others there.
func TestS39AgentsWhoDeviate(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	spec.Teams = map[call.AgentID]string{"ann": "day", "bob": "day", "sue": "day", "new": "day", "tom": "night"}
	spec.Deviance = reports.Deviance{Percent: 40, Talks: 3}
	d := &desk{start: spec.Period.Start}
	talks := func(a call.AgentID, n int, length float64) {
		for i := range n {
			d.queued(call.ID(fmt.Sprintf("%s%d", a, i)), "complaints", float64(i)*1000, false).answered(1, a, length, 5)
		}
	}
	talks("ann", 4, 100)
	talks("bob", 4, 100)
	talks("sue", 3, 200)
	talks("new", 1, 500)
	talks("tom", 9, 200)
	if r := compute(t, d.events, spec); len(r.Deviations) != 0 {
		t.Fatalf("deviations %+v, want none of more than 40 %%", r.Deviations)
	}
	// The team talks (8*100 + 3*200 + 500) / 12 = 158.3 s; 200 is 26.3 % more, 100 36.8 % less.
	spec.Deviance.Percent = 26
	r := compute(t, d.events, spec)
	if len(r.Deviations) != 3 {
		t.Fatalf("deviations %+v, want sue, ann and bob", r.Deviations)
	}
	got := r.Deviations[2]
	team := reports.Mean{Sum: 1_900_000, Count: 12}
	if got.Agent != "sue" || got.TeamATT != team || math.Abs(got.Percent-26.3158) > 0.001 {
		t.Errorf("deviation %+v", got)
	}
	golden(t, "deviations.txt", show(t, r, reports.View{
		Lang: reports.English, Parts: []reports.Part{reports.DeviationsPart},
	}))
}

func TestSpearman(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b []float64
		want float64
		ok   bool
	}{
		{[]float64{1, 2, 3, 4}, []float64{10, 20, 30, 40}, 1, true},
		{[]float64{1, 2, 3, 4}, []float64{9, 7, 5, 0}, -1, true},
		{[]float64{1, 1, 2, 3}, []float64{1, 2, 2, 3}, 5.0 / 6, true}, // ranks 1.5 1.5 3 4 and 1 2.5 2.5 4
		{[]float64{1, 1, 1}, []float64{1, 2, 3}, 0, false},
		{nil, nil, 0, false},
		{[]float64{1}, []float64{1, 2}, 0, false},
	} {
		got, ok := reports.Spearman(c.a, c.b)
		if ok != c.ok || math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v against %v is %v, %v, want %v, %v", c.a, c.b, got, ok, c.want, c.ok)
		}
	}
}

// TestS41LevelAgainstAbandons: in four weeks whose bad hours lose callers there is nothing to
// warn of; when the hours with many abandons are said to be answered at once there is; and
// what is too little to judge is not judged.
func TestS41LevelAgainstAbandons(t *testing.T) {
	t.Parallel()
	weeks := func(hours int, wait func(bad int) float64) *reports.Report {
		spec := daySpec(t)
		spec.Period.End = spec.Period.Start.AddDate(0, 0, 28)
		d := &desk{start: spec.Period.Start}
		for h := range hours {
			bad := h % 5
			for i := range 12 {
				g := d.queued(call.ID(fmt.Sprintf("%03d-%02d", h, i)), "complaints", float64(h*3600+i*60), true)
				if i < bad {
					g.left(30, call.Abandoned)
				} else {
					g.answered(wait(bad)*float64(i)/6, "ann", 60, 5)
				}
			}
		}
		return compute(t, d.events, spec)
	}
	honest := func(bad int) float64 { return float64(5 + 5*bad) }
	upside := func(bad int) float64 { return float64(30 - 5*bad) }
	if c := weeks(60, honest).Correlation; c == nil || !c.Known || c.Warn || c.Hours != 60 || c.Rho > -0.9 {
		t.Errorf("honest weeks: %+v", c)
	}
	r := weeks(60, upside)
	if c := r.Correlation; c == nil || !c.Known || !c.Warn {
		t.Errorf("weeks upside down: %+v", c)
	}
	if out := show(t, r, reports.View{Lang: reports.English}); !strings.Contains(out, "warning: service level and") {
		t.Error("no warning in the text")
	}
	if out := show(t, r, reports.View{Format: reports.JSONFormat}); !strings.Contains(out, `"warn":true`) {
		t.Error("no warning in JSON")
	}
	if c := weeks(49, upside).Correlation; c == nil || c.Known || c.Warn {
		t.Errorf("49 hours were judged: %+v", c)
	}
	day := daySpec(t)
	day.Period.End = day.Period.Start.Add(27 * 24 * time.Hour)
	if c := compute(t, nil, day).Correlation; c != nil {
		t.Errorf("less than four weeks were judged: %+v", c)
	}
}
