package reports

import (
	"slices"
	"testing"
	"time"
)

// TestSumsAreCutAtEveryLine: a sum over a quarter of an hour through which an hour of the clock, a
// day or the grid goes would be counted on one side of it.
func TestSumsAreCutAtEveryLine(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("local mean time", 8*3600+5*60+43)
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, zone)
	within := start.Add(2*time.Hour + 7*time.Minute)
	spec := Spec{
		Period: Interval{Start: within, End: within.Add(36 * time.Hour)}, Rules: DefaultRules(),
		Grid: Grid{Step: Whole, Zone: zone, DayStart: 7 * time.Minute},
	}
	long := spec
	long.Period.End = within.AddDate(0, 0, 28)
	const late = 7 * time.Minute
	hour, ofGrid, day := start.Add(3*time.Hour), start.Add(3*time.Hour+late), start.AddDate(0, 0, 1).Add(late)
	for name, c := range map[string]struct {
		spec Spec
		by   Dimension
		line time.Time
		want bool
	}{
		"begin":                   {spec, ByQueue, within, true},
		"end":                     {spec, ByQueue, spec.Period.End, true},
		"hour of the clock":       {spec, ByHour, hour, true},
		"no hour of the clock":    {spec, ByWeekday, hour, false},
		"day":                     {spec, ByWeekday, day, true},
		"no day":                  {spec, ByQueue, day, false},
		"hour of the correlation": {long, ByQueue, ofGrid, true},
	} {
		c.spec.By = []Dimension{c.by}
		counter, err := NewCounter(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		lines := counter.Lines()
		if got := slices.ContainsFunc(lines, c.line.Equal); got != c.want {
			t.Errorf("%s: %s is a line: %t, want %t", name, c.line, got, c.want)
		}
		if !slices.IsSortedFunc(lines, time.Time.Compare) {
			t.Errorf("%s: the lines are not in order", name)
		}
	}
}
