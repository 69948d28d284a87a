package redisstore

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

// TestParts holds the stored counters of each kind of row, on days of summer time as well.
func TestParts(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	kathmandu, err := time.LoadLocation("Asia/Kathmandu") // 5:45 from UTC
	if err != nil {
		t.Fatal(err)
	}
	late := Rules{Zone: berlin, DayStart: 150 * time.Minute}
	for _, c := range []struct {
		name     string
		rules    Rules
		by       Step
		from, to string
		rows     string // how many parts each row has
	}{
		{"nothing", Rules{Zone: berlin}, Quarter, "2026-03-29T00:10:00Z", "2026-03-29T00:10:00Z", "[]"},
		{"two quarters", Rules{Zone: berlin}, Quarter, "2026-03-29T00:14:59Z", "2026-03-29T00:15:01Z", "[1 1]"},
		{"to the border", Rules{Zone: berlin}, Quarter, "2026-03-29T00:00:00Z", "2026-03-29T00:15:00Z", "[1]"},
		{"hours where one is left out", Rules{Zone: berlin}, Hour, "2026-03-29T00:30:00Z", "2026-03-29T02:30:00Z", "[4 4 4]"},
		{"hours of another zone", Rules{Zone: kathmandu}, Hour, "2026-03-29T00:14:00Z", "2026-03-29T00:15:01Z", "[4 4]"},
		{"day of 23 hours", Rules{Zone: berlin}, Day, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "[1]"},
		{"days round it", Rules{Zone: berlin}, Day, "2026-03-28T22:59:59Z", "2026-03-29T22:00:01Z", "[1 1 1]"},
		{"day of 25 hours", Rules{Zone: berlin}, Day, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "[1]"},
		{"day that begins in the hour left out", late, Day, "2026-03-27T12:00:00Z", "2026-03-30T12:00:00Z", "[1 1 1 1]"},
		{"months", Rules{Zone: berlin}, Month, "2026-02-28T22:59:59Z", "2026-03-31T22:00:00Z", "[28 31]"},
		{"late begin of the month", late, Month, "2026-03-01T01:00:00Z", "2026-03-01T02:00:00Z", "[28 31]"},
	} {
		rules, err := c.rules.normal()
		if err != nil {
			t.Fatal(err)
		}
		parts, err := rules.parts(c.by, moment(t, c.from), moment(t, c.to))
		if err != nil {
			t.Fatal(err)
		}
		counts, last := []int{}, time.Time{}
		for _, p := range parts {
			if !p.row.Equal(last) {
				counts, last = append(counts, 0), p.row
			}
			counts[len(counts)-1]++
		}
		if got := fmt.Sprint(counts); got != c.rows {
			t.Errorf("%s: rows of %s parts, want %s: %v", c.name, got, c.rows, parts)
		}
	}
	rules := defaultRules(t)
	for name, span := range map[string][2]time.Time{
		"reversed": {entered, entered.Add(-time.Hour)}, "too long": {entered, entered.Add(3 * maxRange)},
	} {
		if _, err := rules.parts(Day, span[0], span[1]); !errors.Is(err, ErrRange) {
			t.Errorf("%s: error is %v, want ErrRange", name, err)
		}
	}
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// rowsAddUp holds the rows of each width to a recount of the events in that very span.
func rowsAddUp(t *testing.T, s *Store) {
	ctx := t.Context()
	events := sample(1, 1000, 7)
	run(t, s, &memLedger{events: events}).awaitLevel(t, 1000)
	from, to := horizon, horizon.Add(breadth)
	zone := s.rules.Zone
	days := func(month time.Month, day, length int) window {
		begin := time.Date(2025, month, day, 0, 0, 0, 0, zone)
		return window{begin, begin.AddDate(0, 0, length)}
	}
	hours := []window{}
	for at := horizon.Truncate(time.Hour); at.Before(to); at = at.Add(time.Hour) {
		hours = append(hours, window{at, at.Add(time.Hour)})
	}
	for by, windows := range map[Step][]window{
		Hour: hours, Day: {days(12, 31, 1), days(13, 1, 1)}, Month: {days(12, 1, 31), days(13, 1, 31)},
	} {
		got, want := make(picture), make(picture)
		for _, w := range windows {
			recountSpan(want, events, w.from.UTC().Format(time.DateTime), w)
		}
		for _, q := range someQueues {
			rows, err := s.Series(ctx, by, q, from, to)
			gather(t, got, "queue "+string(q), rows, err, func(c *Counter) *time.Time { return &c.Start })
		}
		for _, a := range someAgents {
			rows, err := s.AgentSeries(ctx, by, a, from, to)
			gather(t, got, "agent "+string(a), rows, err, func(c *AgentCounter) *time.Time { return &c.Start })
		}
		for _, line := range append([]string{""}, someLines...) {
			rows, err := s.LineSeries(ctx, by, line, from, to)
			gather(t, got, "line "+line, rows, err, func(c *LineCounter) *time.Time { return &c.Start })
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("rows of step %d (-recount +redis):\n%s", by, diff)
		}
	}
	breaks, err := s.Breaks(ctx, Month, someAgents[0], from, to)
	want := []BreakCounter{}
	for _, w := range []window{days(12, 1, 31), days(13, 1, 31)} {
		if reasons := recountBreaks(events, someAgents[0], w); len(reasons) > 0 {
			want = append(want, BreakCounter{Start: w.from, Reasons: reasons})
		}
	}
	if diff := cmp.Diff(want, breaks); diff != "" || err != nil || len(want) == 0 {
		t.Errorf("breaks by month: %v (-recount +redis):\n%s", err, diff)
	}
	if _, err := s.Breaks(ctx, Hour, someAgents[0], from, to); !errors.Is(err, ErrRange) {
		t.Errorf("breaks by hour: error is %v, want ErrRange", err)
	}
}

func gather[C any](t *testing.T, into picture, who string, rows []C, err error, start func(*C) *time.Time) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range rows {
		name := who + " " + start(&c).UTC().Format(time.DateTime)
		*start(&c) = time.Time{}
		into[name] = c
	}
}

// teamsAddUp puts both agents into one team and holds its rows to the sum of theirs.
func teamsAddUp(t *testing.T, s *Store) {
	ctx := t.Context()
	s.teams = members(map[call.AgentID]string{someAgents[0]: "day", someAgents[1]: "day", "idle": "night", "loner": ""})
	events := sample(1, 1000, 9)
	run(t, s, &memLedger{events: events}).awaitLevel(t, 1000)
	both := func(w window) (sum AgentCounter) {
		for _, a := range someAgents {
			sum.Add(recountAgent(events, a, w))
		}
		return sum
	}
	rows, err := s.TeamSeries(ctx, Quarter, "day", horizon, horizon.Add(breadth))
	if err != nil || !slices.IsSortedFunc(rows, func(a, b AgentCounter) int { return a.Start.Compare(b.Start) }) {
		t.Fatalf("rows %v, %v", rows, err)
	}
	got := make(map[int64]AgentCounter)
	for _, c := range rows {
		at := c.Start.UnixMilli()
		c.Start = time.Time{}
		got[at] = c
	}
	for at := horizon; at.Before(horizon.Add(breadth)); at = at.Add(Interval) {
		if want := both(window{at, at.Add(Interval)}); got[at.UnixMilli()] != want {
			t.Errorf("team at %s: %+v, want %+v", at, got[at.UnixMilli()], want)
		}
	}
	today, err := s.TeamsToday(ctx, entered, "night", "day", "nobody")
	if err != nil || len(today) != 3 {
		t.Fatal(today, err)
	}
	begin := time.Date(2025, 12, 31, 0, 0, 0, 0, s.rules.Zone)
	want := both(window{begin, begin.AddDate(0, 0, 1)})
	want.Start = begin
	if today[0].SignedIn() != 0 || today[2].SignedIn() != 0 || !today[1].Start.Equal(begin) {
		t.Errorf("teams today: %+v", today)
	}
	today[1].Start = want.Start
	if today[1] != want {
		t.Errorf("team today: %+v, want %+v", today[1], want)
	}
}
