package configs

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestS10GreetingByTimeOfDay proves with a test clock that each period plays its own
// prompt, in the site's zone and to the minute.
func TestS10GreetingByTimeOfDay(t *testing.T) {
	cfg := loadSample(t)
	line, ok := cfg.LineOf("10000")
	if !ok {
		t.Fatal("no line 10000 in the sample")
	}
	greetingAt := cfg.GreetingAt(line)
	for clock, want := range map[string]string{
		"00:00:00": "greeting-night",
		"05:59:59": "greeting-night",
		"06:00:00": "greeting-morning",
		"11:59:59": "greeting-morning",
		"12:00:00": "greeting-afternoon",
		"17:59:59": "greeting-afternoon",
		"18:00:00": "greeting-evening",
		"21:59:59": "greeting-evening",
		"22:00:00": "greeting-night",
		"23:59:59": "greeting-night",
	} {
		at, err := time.ParseInLocation(time.DateTime, "2026-03-01 "+clock, cfg.Zone())
		if err != nil {
			t.Fatal(err)
		}
		if got := greetingAt(at.UTC()); got != want {
			t.Errorf("at %s: %s, want %s", clock, got, want)
		}
	}
}

func TestS10GreetingInAGapAndOverADayOfSummerTime(t *testing.T) {
	cfg := Default()
	cfg.Site.TimeZone = "Europe/London"
	greetingAt := cfg.GreetingAt(Line{
		Greeting:  "greeting",
		Greetings: []Greeting{{From: 9 * 60, To: 12 * 60, Prompt: "greeting-morning"}},
	})
	for utc, want := range map[string]string{
		"2026-01-10 08:59:59": "greeting",
		"2026-01-10 09:00:00": "greeting-morning",
		"2026-01-10 12:00:00": "greeting",
		"2026-07-10 08:00:00": "greeting-morning", // British Summer Time
		"2026-07-10 11:00:00": "greeting",
	} {
		at, err := time.Parse(time.DateTime, utc)
		if err != nil {
			t.Fatal(err)
		}
		if got := greetingAt(at); got != want {
			t.Errorf("at %s UTC: %s, want %s", utc, got, want)
		}
	}
}

// TestOverlapMeansASharedMinute holds overlaps against its meaning, minute by minute.
func TestOverlapMeansASharedMinute(t *testing.T) {
	period := rapid.Custom(func(t *rapid.T) Greeting {
		from := rapid.IntRange(0, 24*60-1).Draw(t, "from")
		to := rapid.IntRange(0, 24*60).Filter(func(to int) bool { return to != from }).Draw(t, "to")
		return Greeting{From: ClockTime(from), To: ClockTime(to)}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := period.Draw(t, "a"), period.Draw(t, "b")
		shared := false
		for now := range EndOfDay {
			shared = shared || a.covers(now) && b.covers(now)
		}
		if a.overlaps(b) != shared || b.overlaps(a) != shared {
			t.Fatalf("overlaps %v and %v, a minute is shared: %v", a.overlaps(b), b.overlaps(a), shared)
		}
	})
}

// TestS12LinesHaveTheirOwnQueueAndPrompts: one or more dedicated numbers, each with its
// own queue and prompts.
func TestS12LinesHaveTheirOwnQueueAndPrompts(t *testing.T) {
	cfg, err := Load("testdata/good/full.yaml", []string{"HOTLINE_ASTERISK_PASSWORD_FILE=" + secretFile(t, "x")})
	if err != nil {
		t.Fatal(err)
	}
	night := time.Date(2026, 3, 1, 23, 0, 0, 0, cfg.Zone())
	for number, want := range map[string][2]string{
		"+861012345678": {"day", "greeting-night"},
		"10001":         {"night", "greeting"},
	} {
		line, ok := cfg.LineOf(number)
		if got := [2]string{string(line.Queue), cfg.GreetingAt(line)(night)}; !ok || got != want {
			t.Errorf("line %s: %v, want %v", number, got, want)
		}
	}
	if _, ok := cfg.LineOf("10002"); ok {
		t.Error("a number that is not configured has a line")
	}
}
