package configs

import (
	"testing"
	"time"
)

func TestPatternMatches(t *testing.T) {
	for _, c := range []struct {
		pattern Pattern
		number  string
		want    bool
	}{
		{"110", "110", true},
		{"110", "1101", false},
		{"110", "11", false},
		{"1XXXXXXXXXX", "13800000001", true},
		{"1XXXXXXXXXX", "1380000000", false},
		{"00*", "00", true},
		{"00*", "0044", true},
		{"00*", "010", false},
		{"X1*", "215", true},
	} {
		if got := c.pattern.Matches(c.number); got != c.want {
			t.Errorf("%s matches %s: %t", c.pattern, c.number, got)
		}
	}
}

func TestPeriodContains(t *testing.T) {
	at := func(hour, minute int) time.Time { return time.Date(2026, 3, 1, hour, minute, 0, 0, time.UTC) }
	night, day, none := Period{22 * 60, 6 * 60}, Period{8 * 60, 18 * 60}, Period{}
	for _, c := range []struct {
		p    Period
		at   time.Time
		want bool
	}{
		{night, at(22, 0), true},
		{night, at(5, 59), true},
		{night, at(6, 0), false},
		{night, at(21, 59), false},
		{day, at(8, 0), true},
		{day, at(18, 0), false},
		{none, at(0, 0), false},
		{none, at(12, 0), false},
	} {
		if got := c.p.Contains(c.at); got != c.want {
			t.Errorf("%v contains %v: %t", c.p, c.at, got)
		}
	}
}
