package reports

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"
)

// ErrInvalid is the cause of every refusal of a report's settings.
var ErrInvalid = errors.New("invalid report")

// Interval is the time from Start up to but not including End.
type Interval struct {
	Start time.Time `json:"from"`
	End   time.Time `json:"to"`
}

// Contains tells whether t lies in the interval.
func (i Interval) Contains(t time.Time) bool { return !t.Before(i.Start) && t.Before(i.End) }

// and is what two intervals have in common; it ends before it starts when that is nothing.
func (i Interval) and(j Interval) Interval {
	if j.Start.After(i.Start) {
		i.Start = j.Start
	}
	i.End = earlier(i.End, j.End)
	return i
}

// earlier is the first of two times.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Step is the length of the intervals of a report.
type Step string

// The steps of a report.
const (
	Quarter  Step = "15m"
	HalfHour Step = "30m"
	Hour     Step = "1h"
	Day      Step = "1d" // 23, 24 or 25 hours long, as the zone has it
	Week     Step = "1w" // from Monday
	Month    Step = "1mo"
	Whole    Step = "all" // the period in one
)

// Steps lists them in ascending order.
func Steps() []Step { return []Step{Quarter, HalfHour, Hour, Day, Week, Month, Whole} }

// Grid cuts time into intervals by the clock on the wall of one place.
type Grid struct {
	Step Step
	// Zone is the place. Nil is refused: a day means nothing without one.
	Zone *time.Location
	// DayStart is the time of day at which a day begins, from 0 to below 24 h; 0 is
	// midnight. With 6 h a night shift stands on one day.
	DayStart time.Duration
}

// validate refuses a grid without a meaning.
func (g Grid) validate() error {
	if !slices.Contains(Steps(), g.Step) {
		return fmt.Errorf("%w: step %q is none of %v", ErrInvalid, g.Step, Steps())
	}
	if g.Zone == nil {
		return fmt.Errorf("%w: the time zone is missing", ErrInvalid)
	}
	if g.DayStart < 0 || g.DayStart >= 24*time.Hour || g.DayStart%time.Minute != 0 {
		return fmt.Errorf("%w: day start %s is not a time of day in whole minutes", ErrInvalid, g.DayStart)
	}
	return nil
}

// length is the length of a step below a day.
func (s Step) length() (time.Duration, bool) {
	switch s {
	case Quarter:
		return 15 * time.Minute, true
	case HalfHour:
		return 30 * time.Minute, true
	case Hour:
		return time.Hour, true
	case Day, Week, Month, Whole:
	}
	return 0, false
}

// DayOf is the day that holds t.
func (g Grid) DayOf(t time.Time) Interval {
	y, m, d := t.In(g.Zone).Date()
	start := g.dayStart(y, m, d)
	if t.Before(start) {
		return Interval{Start: g.dayStart(y, m, d-1), End: start}
	}
	return Interval{Start: start, End: g.dayStart(y, m, d+1)}
}

// WeekdayOf is the weekday of the day that holds t. A night shift after midnight belongs to
// the day on which it began where the day starts later.
func (g Grid) WeekdayOf(t time.Time) time.Weekday { return g.DayOf(t).Start.In(g.Zone).Weekday() }

// weekOf is the week, from Monday, that holds t.
func (g Grid) weekOf(t time.Time) Interval {
	y, m, d := g.DayOf(t).Start.In(g.Zone).Date()
	d -= int(g.WeekdayOf(t)+6) % 7
	return Interval{Start: g.dayStart(y, m, d), End: g.dayStart(y, m, d+7)}
}

// monthOf is the month that holds t.
func (g Grid) monthOf(t time.Time) Interval {
	y, m, _ := g.DayOf(t).Start.In(g.Zone).Date()
	return Interval{Start: g.dayStart(y, m, 1), End: g.dayStart(y, m+1, 1)}
}

// dayStart is the first instant of a date's day. Where the clock is put forward over that
// time, the day begins at the change; where it shows that time twice, at the first.
func (g Grid) dayStart(y int, m time.Month, d int) time.Time {
	hour, minute := int(g.DayStart/time.Hour), int(g.DayStart%time.Hour/time.Minute)
	t := time.Date(y, m, d, hour, minute, 0, 0, g.Zone)
	start, end := t.ZoneBounds()
	if t.Hour() != hour || t.Minute() != minute {
		// time.Date went past the gap on one of its sides.
		if wall(t) < wall(time.Date(y, m, d, hour, minute, 0, 0, time.UTC)) {
			return end
		}
		return start
	}
	if !start.IsZero() {
		_, now := t.Zone()
		_, before := start.Add(-time.Nanosecond).Zone()
		if first := t.Add(time.Duration(now-before) * time.Second); first.Before(start) && first.Before(t) {
			return first
		}
	}
	return t
}

// wall is what clock and calendar show at t, as a number that orders it.
func wall(t time.Time) int64 {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC).Unix()
}

// Of is the interval that holds t. Intervals below a day are counted from the start of the
// day in elapsed time, so that an hour that the clock shows twice is two intervals; only
// the last of a day may be shorter, where a zone shifts by less than the step.
//
// The Whole has no lines of its own: it is a year from t on.
func (g Grid) Of(t time.Time) Interval {
	switch g.Step {
	case Week:
		return g.weekOf(t)
	case Month:
		return g.monthOf(t)
	case Whole:
		return Interval{Start: t, End: t.AddDate(1, 0, 0)}
	case Quarter, HalfHour, Hour, Day:
	}
	day := g.DayOf(t)
	length, ok := g.Step.length()
	if !ok {
		return day
	}
	start := day.Start.Add(t.Sub(day.Start).Truncate(length))
	end := start.Add(length)
	if end.After(day.End) {
		end = day.End
	}
	return Interval{Start: start, End: end}
}

// Cut returns the intervals of the grid in [from, to) in their order. The first and the
// last are cut off where from and to lie between the lines of the grid, so that the parts
// make up the whole.
func (g Grid) Cut(from, to time.Time) []Interval {
	if g.Step == Whole && from.Before(to) {
		return []Interval{{Start: from.In(g.Zone), End: to.In(g.Zone)}}
	}
	var cut []Interval
	for from.Before(to) {
		i := Interval{Start: from, End: g.Of(from).End}
		if i.End.After(to) {
			i.End = to
		}
		i.Start, i.End = i.Start.In(g.Zone), i.End.In(g.Zone)
		cut = append(cut, i)
		from = i.End
	}
	return cut
}

// place is the index of the interval that holds t in a sequence without holes, -1 for none.
func place(cut []Interval, t time.Time) int {
	i := sort.Search(len(cut), func(i int) bool { return t.Before(cut[i].End) })
	if i == len(cut) || t.Before(cut[i].Start) {
		return -1
	}
	return i
}
