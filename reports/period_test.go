package reports_test

import (
	"errors"
	"testing"
	"time"

	"hotline/reports"
)

func TestPeriodsAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	g := reports.Grid{Zone: zone(t, "Asia/Shanghai"), DayStart: 6 * time.Hour}
	now := time.Date(2026, 3, 3, 5, 0, 0, 0, g.Zone) // in the night of the second
	const layout = "2006-01-02 15:04"
	for _, c := range []struct{ from, to, start, end string }{
		{"", "", "2026-03-02 06:00", "2026-03-03 06:00"},
		{"2026-03-02", "", "2026-03-02 06:00", "2026-03-03 06:00"},
		{"2026-02-28", "2026-03-01", "2026-02-28 06:00", "2026-03-02 06:00"},
		{"2026-03-02T09:00", "2026-03-02T09:15", "2026-03-02 09:00", "2026-03-02 09:15"},
		{"2026-03-02", "2026-03-02T12:00", "2026-03-02 06:00", "2026-03-02 12:00"},
	} {
		p, err := g.Period(c.from, c.to, now)
		if err != nil || p.Start.Format(layout) != c.start || p.End.Format(layout) != c.end {
			t.Errorf("%q to %q is %v, %v, want %s to %s", c.from, c.to, p, err, c.start, c.end)
		}
	}
	for _, c := range []struct{ from, to, end string }{
		{"", "2026-03-02", "to"},
		{"2026-02-30", "", "from"},
		{"02.03.2026", "", "from"},
		{"2026-03-02T9", "", "from"},
		{"2026-03-02T09:00", "", "to"}, // it ends when it begins
		{"2026-03-02", "soon", "to"},
		{"2026-03-02", "2026-03-01", "to"},
		{"0001-01-01", "", "from"},
		{"9999-12-31", "", "from"},
	} {
		_, err := g.Period(c.from, c.to, now)
		var wrong *reports.PeriodError
		if !errors.As(err, &wrong) || wrong.End != c.end || wrong.Rule == "" || !errors.Is(err, reports.ErrInvalid) {
			t.Errorf("%q to %q: error %v, want one of %s", c.from, c.to, err, c.end)
		}
	}
	for want, by := range map[reports.Step][]reports.Dimension{
		reports.Hour: {reports.ByQueue, reports.ByAgent}, reports.Whole: {reports.ByQueue, reports.ByHour},
	} {
		if got := reports.StepFor(by); got != want {
			t.Errorf("the step by %v is %s, want %s", by, got, want)
		}
	}
}
