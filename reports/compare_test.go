package reports_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/reports"
)

func TestPeriodsBefore(t *testing.T) {
	t.Parallel()
	g := reports.Grid{Step: reports.Day, Zone: zone(t, "Europe/Berlin"), DayStart: 6 * time.Hour}
	at := func(text string) time.Time {
		d, err := time.ParseInLocation("2006-01-02 15:04", text, g.Zone)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		from, to   string
		back       reports.Back
		from2, to2 string
	}{
		{"2026-03-02 06:00", "2026-03-03 06:00", reports.BackPeriod, "2026-03-01 06:00", "2026-03-02 06:00"},
		{"2026-03-30 06:00", "2026-04-06 06:00", reports.BackPeriod, "2026-03-23 06:00", "2026-03-30 06:00"},
		{"2026-03-01 06:00", "2026-04-01 06:00", reports.BackPeriod, "2026-02-01 06:00", "2026-03-01 06:00"},
		{"2026-01-01 06:00", "2026-04-01 06:00", reports.BackPeriod, "2025-10-01 06:00", "2026-01-01 06:00"},
		{"2026-03-02 09:00", "2026-03-02 09:15", reports.BackPeriod, "2026-03-02 08:45", "2026-03-02 09:00"},
		{"2026-03-30 09:00", "2026-03-30 09:15", reports.BackWeek, "2026-03-23 09:00", "2026-03-23 09:15"},
		{"2026-03-30 04:00", "2026-03-30 05:00", reports.BackWeek, "2026-03-23 04:00", "2026-03-23 05:00"},
		{"2026-03-31 06:00", "2026-04-01 06:00", reports.BackMonth, "2026-02-28 06:00", "2026-03-01 06:00"},
		{"2026-02-01 06:00", "2026-03-01 06:00", reports.BackMonth, "2026-01-01 06:00", "2026-02-01 06:00"},
		{"2026-03-28 06:00", "2026-03-29 06:00", reports.BackMonth, "2026-02-28 06:00", "2026-03-01 06:00"},
		{"2024-02-29 06:00", "2024-03-01 06:00", reports.BackYear, "2023-02-28 06:00", "2023-03-01 06:00"},
	} {
		got, err := g.Before(reports.Interval{Start: at(c.from), End: at(c.to)}, c.back)
		if err != nil || !got.Start.Equal(at(c.from2)) || !got.End.Equal(at(c.to2)) {
			t.Errorf("%s to %s, one %s back: %v to %v, %v, want %s to %s", c.from, c.to, c.back, got.Start, got.End,
				err, c.from2, c.to2)
		}
	}
	if _, err := g.Before(reports.Interval{}, "age"); !errors.Is(err, reports.ErrInvalid) {
		t.Errorf("error %v", err)
	}
}

// TestPeriodsBeforeBeginWithTheDay draws days over years with changes of clocks: a period of
// whole days is compared with one of whole days, and it lies before.
func TestPeriodsBeforeBeginWithTheDay(t *testing.T) {
	t.Parallel()
	zones := []*time.Location{zone(t, "Asia/Shanghai"), zone(t, "Europe/Berlin"), zone(t, "America/Sao_Paulo")}
	rapid.Check(t, func(rt *rapid.T) {
		g := reports.Grid{
			Step: reports.Day, Zone: rapid.SampledFrom(zones).Draw(rt, "zone"),
			DayStart: time.Duration(rapid.IntRange(0, 23).Draw(rt, "day start")) * time.Hour,
		}
		noon := time.Date(2016, 1, 1, 12, 0, 0, 0, g.Zone).AddDate(0, 0, rapid.IntRange(0, 5000).Draw(rt, "day"))
		last := noon.AddDate(0, 0, rapid.IntRange(0, 40).Draw(rt, "days"))
		p := reports.Interval{Start: g.DayOf(noon).Start, End: g.DayOf(last).End}
		b, err := g.Before(p, rapid.SampledFrom(reports.Backs()).Draw(rt, "back"))
		if err != nil {
			rt.Fatal(err)
		}
		if !g.DayOf(b.Start).Start.Equal(b.Start) || !g.DayOf(b.End).Start.Equal(b.End) {
			rt.Fatalf("before %v is %v, which is not of whole days", p, b)
		}
		if !b.Start.Before(p.Start) || !b.End.Before(p.End) || !b.End.After(b.Start) {
			rt.Fatalf("before %v is %v", p, b)
		}
	})
}

// TestComparison sets the fixed log beside a day before with two calls.
func TestComparison(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	spec.Grid.Step = reports.Day
	before := spec
	var err error
	if before.Period, err = spec.Grid.Before(spec.Period, reports.BackPeriod); err != nil {
		t.Fatal(err)
	}
	d := &desk{start: before.Period.Start.Add(9 * time.Hour)}
	d.queued("b1", "complaints", 0, false).answered(4, "ann", 140, 10)
	d.queued("b2", "old", 0, false).answered(20, "ann", 140, 10)
	c, err := reports.Compare(compute(t, fixedLog(t), spec), compute(t, d.events, before))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]reports.View{
		"comparison.csv":    {Format: reports.CSVFormat},
		"comparison.en.txt": {Lang: reports.English, Columns: []reports.Column{"offered", "att_ms", "service_level_pct"}},
	} {
		var b bytes.Buffer
		if err := c.Write(&b, v); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.String())
	}
	before.Rules.T = 20_000
	if _, err := reports.Compare(compute(t, nil, spec), compute(t, nil, before)); !errors.Is(err, reports.ErrInvalid) {
		t.Errorf("error %v: reports by different limits do not compare", err)
	}
}
