package configs

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/call"
)

// days reads a set of days.
func days(t testing.TB, text string) Days {
	t.Helper()
	var d Days
	if err := d.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return d
}

func hhmm(h, m int) ClockTime { return ClockTime(h*60 + m) }

// asks compares answers at moments of the site's clock on the wall.
func asks(t *testing.T, c *Config, l Line, want map[string]string) {
	t.Helper()
	service := c.ServiceAt(l)
	for text, answer := range want {
		at, err := time.ParseInLocation("2006-01-02 15:04:05", text, c.Zone())
		if err != nil {
			t.Fatal(err)
		}
		s := service(at.UTC())
		got := "closed"
		if s.Open {
			got = string(s.Queue)
		}
		if got != answer {
			t.Errorf("%s: %s, want %s", text, got, answer)
		}
	}
}

// TestS12HoursOfALine: to the minute, over midnight, by the day of the week, on holidays and
// on a day that is worked in the place of one (调休).
func TestS12HoursOfALine(t *testing.T) {
	c := Default()
	c.Holidays = []Holiday{
		{Date: "2026-10-01", Until: "2026-10-07", Name: "国庆节"}, // a Thursday to a Wednesday
		{Date: "2026-10-10", Name: "调休", As: Thursday},         // a Saturday
	}
	l := Line{Queue: "care", Hours: []Opening{
		{Days: days(t, "mon-fri"), From: hhmm(8, 30), To: hhmm(18, 0)},
		{Days: days(t, "fri"), From: hhmm(22, 0), To: hhmm(2, 0)},
		{Days: days(t, "holiday"), From: hhmm(10, 0), To: hhmm(12, 0)},
	}}
	asks(t, c, l, map[string]string{
		"2026-09-28 08:29:59": "closed", // Monday
		"2026-09-28 08:30:00": "care",
		"2026-09-28 17:59:59": "care",
		"2026-09-28 18:00:00": "closed",
		"2026-09-26 12:00:00": "closed", // Saturday
		"2026-09-25 22:00:00": "care",   // Friday night
		"2026-09-26 01:59:59": "care",
		"2026-09-26 02:00:00": "closed",
		"2026-10-01 09:00:00": "closed", // Thursday, a holiday
		"2026-10-01 10:00:00": "care",
		"2026-10-02 23:00:00": "closed", // Friday, a holiday
		"2026-10-07 11:59:59": "care",
		"2026-10-08 11:59:59": "care", // an ordinary Thursday again
		"2026-10-10 17:00:00": "care", // Saturday, worked as a Thursday
		"2026-10-10 22:30:00": "closed",
		"2026-10-11 12:00:00": "closed",
	})
}

// TestS20AlwaysOpenWithAQueueForTheNight: no hours are all hours, on holidays too, and the
// queue differs by hour and day.
func TestS20AlwaysOpenWithAQueueForTheNight(t *testing.T) {
	c := Default()
	c.Holidays = []Holiday{{Date: "2026-10-01"}}
	l := Line{Queue: "day", Routes: []Route{
		{Days: days(t, "mon-fri"), From: hhmm(22, 0), To: hhmm(6, 0), Queue: "night"},
		{Days: days(t, "sat,sun,holiday"), From: 0, To: EndOfDay, Queue: "weekend"},
	}}
	asks(t, c, l, map[string]string{
		"2026-09-28 05:59:00": "day", // Monday morning: the night belongs to Sunday, which has none
		"2026-09-28 06:00:00": "day",
		"2026-09-28 22:00:00": "night",
		"2026-09-29 05:59:59": "night",
		"2026-09-29 06:00:00": "day",
		"2026-10-01 15:00:00": "weekend",
	})
}

// TestHoursOnDaysWhenTheClocksChange: the clock on the wall decides. In Berlin the hour from
// 2 to 3 is skipped on 29 March 2026 and comes twice on 25 October.
func TestHoursOnDaysWhenTheClocksChange(t *testing.T) {
	c := Default()
	c.Site.TimeZone = "Europe/Berlin"
	service := c.ServiceAt(Line{Queue: "q", Hours: []Opening{{From: hhmm(2, 30), To: hhmm(9, 0)}}})
	for utc, want := range map[string]bool{
		"2026-03-29T00:59:59Z": false, // 01:59:59, then 03:00:00
		"2026-03-29T01:00:00Z": true,
		"2026-03-29T06:59:59Z": true,
		"2026-03-29T07:00:00Z": false,
		"2026-10-25T00:29:59Z": false, // 02:29:59 for the first time
		"2026-10-25T00:30:00Z": true,
		"2026-10-25T01:00:00Z": false, // 02:00 for the second time
		"2026-10-25T01:30:00Z": true,
		"2026-10-25T08:00:00Z": false,
	} {
		at, err := time.Parse(time.RFC3339, utc)
		if err != nil {
			t.Fatal(err)
		}
		if got := service(at).Open; got != want {
			t.Errorf("%s (%s): open %t, want %t", utc, at.In(c.Zone()).Format("15:04:05"), got, want)
		}
	}
	next, ok := NextChange(service, time.Date(2026, 10, 24, 23, 0, 10, 0, time.UTC))
	if want := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC); !ok || !next.Equal(want) {
		t.Errorf("next change %v, want %v", next, want)
	}
}

// drawPeriod draws a period that begins and ends on quarters of an hour.
func drawPeriod(t *rapid.T) Opening {
	p := Opening{
		Days: Days(rapid.IntRange(0, 255).Draw(t, "days")),
		From: ClockTime(15 * rapid.IntRange(0, 95).Draw(t, "from")),
		To:   ClockTime(15 * rapid.IntRange(0, 96).Draw(t, "to")),
	}
	if p.From == p.To {
		p.To = (p.From + 15) % EndOfDay
	}
	return p
}

// TestS20EveryMinuteHasOneAnswer draws timetables that the rules accept and walks through
// the weeks around both changes of the clocks: no minute has two queues, what is said of
// overlaps is true, and NextChange names the first minute that differs.
func TestS20EveryMinuteHasOneAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Default()
		c.Site.TimeZone = "Europe/Berlin"
		start := rapid.SampledFrom([]time.Time{
			time.Date(2026, 3, 27, 22, 0, 0, 0, time.UTC), time.Date(2026, 10, 23, 22, 0, 0, 0, time.UTC),
		}).Draw(t, "start")
		c.Holidays = []Holiday{{
			Date: Date(start.AddDate(0, 0, 2).Format(time.DateOnly)), As: Day(rapid.IntRange(0, 7).Draw(t, "as")),
		}}
		l := Line{Queue: "day"}
		for i := range rapid.IntRange(0, 3).Draw(t, "routes") {
			p := drawPeriod(t)
			l.Routes = append(l.Routes, Route{Days: p.Days, From: p.From, To: p.To, Queue: call.QueueID(rune('a' + i))})
		}
		for range rapid.IntRange(0, 3).Draw(t, "hours") {
			l.Hours = append(l.Hours, drawPeriod(t))
		}
		var r rules
		l.Greeting, l.MessageKey, l.MessageMax = "", "2", time.Minute
		l.checkDoors(&r, "line", map[call.QueueID]bool{"a": true, "b": true, "c": true})
		service, only := c.ServiceAt(l), make([]func(time.Time) Service, len(l.Routes))
		for i, route := range l.Routes {
			only[i] = c.ServiceAt(Line{Queue: "day", Routes: []Route{route}})
		}
		last, changes := service(start), 0
		expected, foretold := NextChange(service, start)
		for minute := range 6 * 24 * 60 {
			at := start.Add(time.Duration(minute) * time.Minute)
			claims := 0
			for _, f := range only {
				if f(at).Queue != "day" {
					claims++
				}
			}
			if claims > 1 && len(r) == 0 {
				t.Fatalf("%s: %d routes at once, and the rules accept it", at, claims)
			}
			if s := service(at); s != last {
				if changes++; changes == 1 && (!foretold || !expected.Equal(at)) {
					t.Fatalf("first change at %s, foretold %v (%t)", at, expected, foretold)
				}
				last = s
			}
		}
	})
}

func TestDaysAreReadAndRefused(t *testing.T) {
	for text, want := range map[string]Days{
		"mon": 1 << Monday, "sat-mon": 1<<Saturday | 1<<Sunday | 1<<Monday, "holiday": 1 << HolidayDay,
		"mon-sun": 0xfe, "mon, wed": 1<<Monday | 1<<Wednesday,
	} {
		if got := days(t, text); got != want {
			t.Errorf("%s is %b, want %b", text, got, want)
		}
	}
	for _, text := range []string{"", "monday", "mon-", "mon-holiday", "holiday-mon", "mon;tue", "mon,"} {
		var d Days
		if err := d.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}
