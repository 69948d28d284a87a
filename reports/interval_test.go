package reports_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/reports"
)

func TestDaysAroundClockChanges(t *testing.T) {
	t.Parallel()
	const layout = "2006-01-02T15:04Z"
	for _, c := range []struct {
		zone, date string
		dayStart   time.Duration
		start      string
		hours      float64
	}{
		{"Europe/Berlin", "2026-03-28", 0, "2026-03-27T23:00Z", 24},
		{"Europe/Berlin", "2026-03-29", 0, "2026-03-28T23:00Z", 23},
		{"Europe/Berlin", "2026-10-25", 0, "2026-10-24T22:00Z", 25},
		{"Europe/Berlin", "2026-03-29", 6 * time.Hour, "2026-03-29T04:00Z", 24},
		{"Europe/Berlin", "2026-03-28", 6 * time.Hour, "2026-03-28T05:00Z", 23},
		{"Europe/Berlin", "2026-10-24", 6 * time.Hour, "2026-10-24T04:00Z", 25},
		// 02:30 does not exist on one day and exists twice on the other.
		{"Europe/Berlin", "2026-03-29", 150 * time.Minute, "2026-03-29T01:00Z", 23.5},
		{"Europe/Berlin", "2026-10-25", 150 * time.Minute, "2026-10-25T00:30Z", 25},
		{"America/New_York", "2026-03-08", 0, "2026-03-08T05:00Z", 23},
		{"America/New_York", "2026-11-01", 0, "2026-11-01T04:00Z", 25},
		{"Asia/Shanghai", "2026-03-29", 0, "2026-03-28T16:00Z", 24},
		{"Asia/Shanghai", "2026-10-25", 8 * time.Hour, "2026-10-25T00:00Z", 24},
		{"Asia/Beirut", "2026-03-29", 0, "2026-03-28T22:00Z", 23},           // midnight is skipped
		{"America/Havana", "2026-03-08", 0, "2026-03-08T05:00Z", 23},        // midnight is skipped
		{"America/Havana", "2026-11-01", 0, "2026-11-01T04:00Z", 25},        // midnight comes twice
		{"Australia/Lord_Howe", "2026-10-04", 0, "2026-10-03T13:30Z", 23.5}, // half an hour
	} {
		z := zone(t, c.zone)
		noon, err := time.ParseInLocation("2006-01-02 15:04", c.date+" 12:00", z)
		if err != nil {
			t.Fatal(err)
		}
		g := reports.Grid{Step: reports.Hour, Zone: z, DayStart: c.dayStart}
		day := g.DayOf(noon)
		if got := day.Start.UTC().Format(layout); got != c.start || day.End.Sub(day.Start).Hours() != c.hours {
			t.Errorf("%s %s from %s: %s, %v h; want %s, %v h", c.zone, c.date, c.dayStart,
				got, day.End.Sub(day.Start).Hours(), c.start, c.hours)
		}
		if !day.Contains(day.Start) || day.Contains(day.End) || g.DayOf(day.Start) != day {
			t.Errorf("%s %s: the day does not begin at its start", c.zone, c.date)
		}
	}
}

func TestIntervalsOfDays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, date string
		step       reports.Step
		want       int
	}{
		{"Europe/Berlin", "2026-03-29", reports.Quarter, 92},
		{"Europe/Berlin", "2026-10-25", reports.Quarter, 100},
		{"America/New_York", "2026-03-08", reports.HalfHour, 46},
		{"America/New_York", "2026-11-01", reports.Hour, 25},
		{"Asia/Shanghai", "2026-10-25", reports.Quarter, 96},
		{"Asia/Kathmandu", "2026-10-25", reports.Hour, 24},
		{"Australia/Lord_Howe", "2026-10-04", reports.Hour, 24}, // the last is half an hour
		{"Europe/Berlin", "2026-10-25", reports.Day, 1},
	} {
		z := zone(t, c.zone)
		noon, err := time.ParseInLocation("2006-01-02 15:04", c.date+" 12:00", z)
		if err != nil {
			t.Fatal(err)
		}
		g := reports.Grid{Step: c.step, Zone: z}
		day := g.DayOf(noon)
		cut := g.Cut(day.Start, day.End)
		if len(cut) != c.want {
			t.Errorf("%s %s has %d intervals of %s, want %d", c.zone, c.date, len(cut), c.step, c.want)
		}
		if first := cut[0].Start; first.Minute() != 0 {
			t.Errorf("%s %s: the first interval begins at %s", c.zone, c.date, first)
		}
		if last := g.Of(day.End.Add(-1)); !last.End.Equal(day.End) {
			t.Errorf("%s %s: the last interval ends at %s", c.zone, c.date, last.End)
		}
	}
}

// TestCutCoversThePeriod draws zones, steps and periods.
func TestCutCoversThePeriod(t *testing.T) {
	t.Parallel()
	zones := []*time.Location{
		time.UTC, zone(t, "Europe/Berlin"), zone(t, "America/New_York"), zone(t, "Asia/Shanghai"),
		zone(t, "America/Havana"), zone(t, "Australia/Lord_Howe"), zone(t, "Asia/Kathmandu"),
	}
	steps := []reports.Step{reports.Quarter, reports.HalfHour, reports.Hour, reports.Day}
	rapid.Check(t, func(t *rapid.T) {
		g := reports.Grid{
			Step:     rapid.SampledFrom(steps).Draw(t, "step"),
			Zone:     rapid.SampledFrom(zones).Draw(t, "zone"),
			DayStart: time.Duration(rapid.IntRange(0, 24*60-1).Draw(t, "day start")) * time.Minute,
		}
		from := time.UnixMilli(rapid.Int64Range(1_700_000_000_000, 1_900_000_000_000).Draw(t, "from"))
		to := from.Add(time.Duration(rapid.Int64Range(1, 5*86_400_000).Draw(t, "ms")) * time.Millisecond)
		day := g.DayOf(from)
		if !day.Contains(from) || g.DayOf(day.End).Start != day.End || g.DayOf(day.End.Add(-1)) != day {
			t.Fatalf("%s is in day %v to %v, the next begins %v", from, day.Start, day.End, g.DayOf(day.End).Start)
		}
		if h := day.End.Sub(day.Start).Hours(); h < 22 || h > 26 {
			t.Fatalf("a day of %v hours", h)
		}
		at := from
		for _, i := range g.Cut(from, to) {
			if !i.Start.Equal(at) || !i.End.After(i.Start) {
				t.Fatalf("interval %v to %v after %v", i.Start, i.End, at)
			}
			if d := g.DayOf(i.Start); g.Of(i.Start).End.After(d.End) {
				t.Fatalf("the interval of %v ends at %v, after its day", i.Start, g.Of(i.Start).End)
			}
			if whole := g.Of(i.Start); i.End.After(whole.End) || !whole.Contains(i.Start) {
				t.Fatalf("interval %v to %v leaves the grid's %v to %v", i.Start, i.End, whole.Start, whole.End)
			}
			at = i.End
		}
		if !at.Equal(to) {
			t.Fatalf("the intervals end at %v, want %v", at, to)
		}
	})
}
