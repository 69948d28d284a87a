package reports

import (
	"strings"
	"time"
)

// PeriodError says what is wrong with one end of a period as people write it. It wraps
// ErrInvalid.
type PeriodError struct {
	End  string // "from", "to", or what else a day is called
	Rule string
}

// Error is the end and the rule that it breaks.
func (e *PeriodError) Error() string { return e.End + ": " + e.Rule }

// Unwrap is ErrInvalid.
func (*PeriodError) Unwrap() error { return ErrInvalid }

// Period reads a period as people write it: two days, 2006-01-02, of which the last belongs to
// it, or two times, 2006-01-02T15:04, of which the last is its end. Without to it is one day,
// without both the day of now. The error is a *PeriodError.
func (g Grid) Period(from, to string, now time.Time) (Interval, error) {
	if from == "" && to != "" {
		return Interval{}, &PeriodError{"to", "must come with from"}
	}
	if from == "" {
		return g.DayOf(now), nil
	}
	first, err := g.moment("from", from)
	if err != nil {
		return Interval{}, err
	}
	last := first
	if to != "" {
		if last, err = g.moment("to", to); err != nil {
			return Interval{}, err
		}
	}
	if !last.End.After(first.Start) {
		return Interval{}, &PeriodError{"to", "must be after from"}
	}
	return Interval{Start: first.Start, End: last.End}, nil
}

// moment reads a day, or a time, which is an interval without length.
func (g Grid) moment(end, text string) (Interval, error) {
	if !strings.Contains(text, "T") {
		return g.Day(end, text)
	}
	at, err := time.ParseInLocation("2006-01-02T15:04", text, g.Zone)
	if err != nil || farOff(at) {
		return Interval{}, &PeriodError{end, "must be a time such as 2026-01-31T09:15"}
	}
	return Interval{Start: at, End: at}, nil
}

// Day is the day that bears a date, 2006-01-02. The error is a *PeriodError of what it is asked
// for.
func (g Grid) Day(end, text string) (Interval, error) {
	at, err := time.ParseInLocation(time.DateOnly, text, g.Zone)
	if err != nil || farOff(at) {
		return Interval{}, &PeriodError{end, "must be a date such as 2026-01-31"}
	}
	// Noon lies in the day that bears the date, whenever the day begins.
	const noon = 12 * time.Hour
	return g.DayOf(at.Add(noon + g.DayStart)), nil
}

// farOff tells of years that nobody means and that stores do not hold.
func farOff(t time.Time) bool { return t.Year() < 2000 || t.Year() > 2999 }

// StepFor is the step of a report where none is chosen: hours follow each other, but where
// hours or weekdays are laid over each other the period is one.
func StepFor(by []Dimension) Step {
	for _, d := range by {
		if d == ByWeekday || d == ByHour {
			return Whole
		}
	}
	return Hour
}
