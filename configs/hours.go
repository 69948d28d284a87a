package configs

import (
	"fmt"
	"strings"
	"time"

	"hotline/call"
)

// Day is what kind of day a date is. The zero value is a holiday.
type Day uint8

// The kinds of days. A date that is listed in holidays is Holiday, or the day of the week
// that it stands for.
const (
	HolidayDay Day = iota
	Monday
	Tuesday
	Wednesday
	Thursday
	Friday
	Saturday
	Sunday
)

// dayNames are the kinds of days as they are written, by number.
func dayNames() []string {
	return []string{"holiday", "mon", "tue", "wed", "thu", "fri", "sat", "sun"}
}

// UnmarshalText reads the name of a kind of day.
func (d *Day) UnmarshalText(text []byte) error {
	for i, name := range dayNames() {
		if string(text) == name {
			*d = Day(i)
			return nil
		}
	}
	return fmt.Errorf("must be one of %s, not %q", strings.Join(dayNames(), ", "), text)
}

// Days is a set of kinds of days, one bit each. The zero value is every day, holidays too.
type Days uint16

// UnmarshalText reads days and spans of days of the week, such as "mon-fri,sun,holiday".
func (d *Days) UnmarshalText(text []byte) error {
	var set Days
	for part := range strings.SplitSeq(string(text), ",") {
		first, last, spans := strings.Cut(strings.TrimSpace(part), "-")
		var from, to Day
		err := from.UnmarshalText([]byte(first))
		to = from
		if err == nil && spans {
			err = to.UnmarshalText([]byte(last))
		}
		if err != nil || spans && (from == HolidayDay || to == HolidayDay) {
			return fmt.Errorf("must be days such as mon-fri, sat or holiday, with commas between them, not %q", text)
		}
		for day := from; ; day = day%Sunday + 1 {
			set |= 1 << day
			if day == to {
				break
			}
		}
	}
	*d = set
	return nil
}

func (d Days) has(day Day) bool { return d == 0 || d&(1<<day) != 0 }

// Date is a day of the calendar, written 2006-01-02. Dates compare as texts.
type Date string

// UnmarshalText refuses what is no day of the calendar.
func (d *Date) UnmarshalText(text []byte) error {
	if _, err := time.Parse(time.DateOnly, string(text)); err != nil {
		return fmt.Errorf("must be a date such as 2026-10-01, not %q", text)
	}
	*d = Date(text)
	return nil
}

// Opening is a time of opening: on days of these kinds, From inclusive, To exclusive, in the
// site's zone. A period whose To is before its From goes on into the next day and belongs
// to the day on which it begins.
type Opening struct {
	Days Days      `yaml:"days"`
	From ClockTime `yaml:"from"`
	To   ClockTime `yaml:"to"`
}

// Route is the queue of a period of the week.
type Route struct {
	Days  Days         `yaml:"days"`
	From  ClockTime    `yaml:"from"`
	To    ClockTime    `yaml:"to"`
	Queue call.QueueID `yaml:"queue"`
}

func (r Route) opening() Opening { return Opening{Days: r.Days, From: r.From, To: r.To} }

// Holiday is a date, or a span of dates, that is no ordinary day of the week: a holiday, or
// a day that is worked in the place of another one (调休).
type Holiday struct {
	Date  Date   `yaml:"date"`
	Until Date   `yaml:"until"` // last date, "" = Date alone
	Name  string `yaml:"name"`
	As    Day    `yaml:"as"` // day of the week that it stands for
}

// covers reports whether a period holds at a time of day, 00:00 to 23:59.
func (p Opening) covers(today, yesterday Day, now ClockTime) bool {
	if p.From < p.To {
		return p.Days.has(today) && p.From <= now && now < p.To
	}
	return p.Days.has(today) && now >= p.From || p.Days.has(yesterday) && now < p.To
}

// sound reports whether the period begins and ends at times that make one.
func (p Opening) sound() bool { return p.From < EndOfDay && p.From != p.To }

// overlaps reports whether two periods share a minute on any two days in a row. They do
// exactly when both hold at the first minute of one of them, or at midnight.
func (p Opening) overlaps(other Opening) bool {
	for today := range Sunday + 1 {
		for yesterday := range Sunday + 1 {
			for _, now := range []ClockTime{p.From, other.From, 0} {
				if p.covers(today, yesterday, now) && other.covers(today, yesterday, now) {
					return true
				}
			}
		}
	}
	return false
}

// Service is what a line does with a caller who arrives at a moment.
type Service struct {
	Open  bool
	Queue call.QueueID // where he waits when it is open
}

// ServiceAt returns the function that tells what a line does at a moment (S12, S20). Like
// GreetingAt it is pure and keeps nothing of the Config. It goes by the clock on the wall, so
// on a day when the clocks change an hour that comes twice is open twice.
func (c *Config) ServiceAt(line Line) func(time.Time) Service {
	zone, special := c.Zone(), c.calendar()
	hours, routes := append([]Opening(nil), line.Hours...), append([]Route(nil), line.Routes...)
	return func(at time.Time) Service {
		local := at.In(zone)
		// Noon of the date alone: there is no zone in it whose clocks could change.
		noon := time.Date(local.Year(), local.Month(), local.Day(), 12, 0, 0, 0, time.UTC)
		today, yesterday := special.day(noon), special.day(noon.AddDate(0, 0, -1))
		now := ClockTime(local.Hour()*60 + local.Minute())
		s := Service{Open: len(hours) == 0, Queue: line.Queue}
		for _, p := range hours {
			s.Open = s.Open || p.covers(today, yesterday, now)
		}
		for _, r := range routes {
			if r.opening().covers(today, yesterday, now) {
				s.Queue = r.Queue
			}
		}
		return s
	}
}

// calendar holds the dates that are no ordinary days of the week.
type calendar map[Date]Day

func (c *Config) calendar() calendar {
	special := calendar{}
	for _, h := range c.Holidays {
		first, last, ok := h.span()
		for day := first; ok && !day.After(last); day = day.AddDate(0, 0, 1) {
			special[Date(day.Format(time.DateOnly))] = h.As
		}
	}
	return special
}

// holidayMax is the longest span of one holiday in days.
const holidayMax = 60

// span is a holiday's first and last date; false when it is none.
func (h Holiday) span() (first, last time.Time, ok bool) {
	first, err := time.Parse(time.DateOnly, string(h.Date))
	if err != nil {
		return first, last, false
	}
	last = first
	if h.Until != "" {
		last, err = time.Parse(time.DateOnly, string(h.Until))
	}
	ok = err == nil && !last.Before(first) && last.Sub(first) < holidayMax*24*time.Hour
	return first, last, ok
}

func (s calendar) day(date time.Time) Day {
	if day, ok := s[Date(date.Format(time.DateOnly))]; ok {
		return day
	}
	if date.Weekday() == time.Sunday {
		return Sunday
	}
	return Day(date.Weekday())
}

// changeWithin is how far NextChange looks ahead: longer than any holiday.
const changeWithin = 15 * 24 * time.Hour

// NextChange is the first minute after a moment at which a line does something else. It
// reports false when nothing changes within fifteen days.
func NextChange(service func(time.Time) Service, after time.Time) (time.Time, bool) {
	now, end := service(after), after.Add(changeWithin)
	for at := after.Truncate(time.Minute).Add(time.Minute); at.Before(end); at = at.Add(time.Minute) {
		if service(at) != now {
			return at, true
		}
	}
	return time.Time{}, false
}
