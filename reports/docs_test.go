package reports_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hotline/reports"
)

// TestS38EveryMetricIsDefined holds the table of docs/figures.md against the definitions, and
// the metrics of the trade against the definitions and the seams: each has its place.
func TestS38EveryMetricIsDefined(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	table.WriteString("| column | 指标 | figure | metric | formula | interval | calls |\n|---|---|---|---|---|---|---|\n")
	defined := map[string]bool{}
	for _, d := range reports.Definitions() {
		defined[d.Metric] = true
		calls := ""
		if d.Calls {
			calls = "calls"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s | %s | %s | %s |\n",
			d.Column, d.Chinese, d.English, d.Metric, d.Formula, d.Rule, calls)
	}
	path := filepath.Join("..", "docs", "figures.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "written by the test of package reports, -update -->\n", "<!-- end of figures -->"
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", path)
	}
	want := head + begin + table.String() + end + tail
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if string(text) != want {
		t.Errorf("%s is not in step with the definitions: run the test with -update", path)
	}
	elsewhere := map[string]bool{"M3": true, "M11": true, "M16": true, "M22": true}
	for n := 1; n <= 23; n++ {
		m := fmt.Sprintf("M%d", n)
		if defined[m] == elsewhere[m] {
			t.Errorf("%s is defined: %v, needs another system: %v", m, defined[m], elsewhere[m])
		}
	}
}

// TestS38WhatOtherSystemsKnow gives the seams their data, and before that none.
func TestS38WhatOtherSystemsKnow(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	r := compute(t, fixedLog(t), spec)
	for name, got := range map[string]reports.Ratio{
		"M3": r.CostPerCall(), "M11": r.MonitoringScore(), "M16": r.FirstCallResolution(), "M22": r.Turnover(),
	} {
		if v, ok := got.Value(); ok {
			t.Errorf("%s is %v without data", name, v)
		}
	}
	spec.Elsewhere = reports.Elsewhere{
		Cost: &reports.Cost{Total: 2500}, Checks: &reports.Checks{Scores: 270, Checks: 3},
		Solved: &reports.FirstCall{Solved: 3, Judged: 4}, Staff: &reports.Staff{Leavers: 1, Headcount: 20},
	}
	r = compute(t, fixedLog(t), spec)
	for name, c := range map[string]struct{ got, want reports.Ratio }{
		"M3 cost per call":          {r.CostPerCall(), reports.Ratio{Part: 2500, Whole: 5}},
		"M11 monitoring score":      {r.MonitoringScore(), reports.Ratio{Part: 270, Whole: 3}},
		"M16 first-call resolution": {r.FirstCallResolution(), reports.Ratio{Part: 3, Whole: 4}},
		"M22 turnover":              {r.Turnover(), reports.Ratio{Part: 1, Whole: 20}},
	} {
		if c.got != c.want {
			t.Errorf("%s is %+v, want %+v", name, c.got, c.want)
		}
	}
	golden(t, "metrics.txt", show(t, r, reports.View{Parts: []reports.Part{reports.MetricsPart}}))
}
