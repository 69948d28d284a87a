package reports

import (
	"fmt"
	"strings"
	"time"
)

// PeriodError says what is wrong with one end of a period as people write it. It wraps
// ErrInvalid.
type PeriodError struct {
	End  string // "from" or "to"
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
	layout, example := time.DateOnly, "date such as 2026-01-31"
	if strings.Contains(text, "T") {
		layout, example = "2006-01-02T15:04", "time such as 2026-01-31T09:15"
	}
	at, err := time.ParseInLocation(layout, text, g.Zone)
	// Years that nobody means overflow in stores.
	if err != nil || at.Year() < 2000 || at.Year() > 2999 {
		return Interval{}, &PeriodError{end, fmt.Sprintf("must be a %s", example)}
	}
	if layout != time.DateOnly {
		return Interval{Start: at, End: at}, nil
	}
	// Noon lies in the day that bears the date, whenever the day begins.
	const noon = 12 * time.Hour
	return g.DayOf(at.Add(noon + g.DayStart)), nil
}

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
