package redisstore

import (
	"errors"
	"fmt"
	"time"
)

// mappingVersion is raised with every change of what increments makes of an event, so that
// counters made by an older program are rebuilt rather than continued.
const mappingVersion = 2

// The rules that hold where Rules leaves a field empty.
const (
	DefaultWithin = 15 * time.Second
	DefaultShort  = 5 * time.Second
	DefaultKeep   = 400 * 24 * time.Hour
	DefaultCells  = 40 * 24 * time.Hour
)

// NoShort as Rules.Short says that no abandon is too short to count.
const NoShort time.Duration = -1

// ErrRules says that the rules contradict themselves.
var ErrRules = errors.New("rules of the counters")

// Rules are the settings that the meaning of a counter depends on. They are stored beside
// the counters: other rules at the next start mean that the counters are rebuilt.
type Rules struct {
	Within time.Duration  // an answer within it is in time, inclusive; 0 = DefaultWithin
	Short  time.Duration  // an abandon sooner than it is short; 0 = DefaultShort, or NoShort
	Zone   *time.Location // the site's zone, for days; nil = UTC
	// DayStart is the time of day at which the site's day begins, from 0 to below 24 h. Like
	// the grid of the counters it is in whole quarters of an hour.
	DayStart time.Duration

	// Keep is how long the counters of a day live after it, 0 = DefaultKeep, and Cells how
	// long those of an interval do, 0 = DefaultCells or Keep if that is less. They do not
	// change what a counter means, so a new value holds from the next counter on.
	Keep, Cells time.Duration
}

// normal fills in the defaults and checks the rules against each other.
func (r Rules) normal() (Rules, error) {
	if r.Within == 0 {
		r.Within = DefaultWithin
	}
	switch {
	case r.Short == 0:
		r.Short = DefaultShort
	case r.Short == NoShort:
		r.Short = 0
	}
	if r.Zone == nil {
		r.Zone = time.UTC
	}
	if r.Keep == 0 {
		r.Keep = DefaultKeep
	}
	if r.Cells == 0 {
		r.Cells = min(DefaultCells, r.Keep)
	}
	switch {
	case r.Within < 0:
		return r, fmt.Errorf("%w: within is negative: %s", ErrRules, r.Within)
	case r.Short < 0 || r.Short >= r.Within:
		// A short abandon is taken out of the service level. Above the limit of an answer
		// in time it would hide callers who were not served.
		return r, fmt.Errorf("%w: short %s must be below within %s", ErrRules, r.Short, r.Within)
	case r.DayStart < 0 || r.DayStart >= 24*time.Hour || r.DayStart%Interval != 0:
		return r, fmt.Errorf("%w: day start %s must be a quarter of an hour of the day", ErrRules, r.DayStart)
	case r.Cells < 48*time.Hour:
		return r, fmt.Errorf("%w: keep %s or cells %s is below 48h", ErrRules, r.Keep, r.Cells)
	case r.Cells > r.Keep:
		// Whoever looks for a day goes from the day to its intervals.
		return r, fmt.Errorf("%w: cells %s must not outlive keep %s", ErrRules, r.Cells, r.Keep)
	case r.Zone == time.Local:
		// "Local" names another zone on another machine, and the stored rules could not
		// tell them apart.
		return r, fmt.Errorf("%w: the zone must be named, as in Asia/Shanghai", ErrRules)
	}
	return r, nil
}

// fingerprint is the form in which the rules are stored.
func (r Rules) fingerprint() string {
	return fmt.Sprintf("mapping=%d within_ms=%d short_ms=%d zone=%s day_start=%s",
		mappingVersion, r.Within.Milliseconds(), r.Short.Milliseconds(), r.Zone, r.DayStart)
}

// interval is the start of the interval that holds t.
func interval(t time.Time) time.Time { return t.UTC().Truncate(Interval) }

// day is the site's day that holds t: its name and the moment it begins.
func (r Rules) day(t time.Time) (name string, start time.Time) {
	t = t.In(r.Zone)
	date := t.Day()
	if clock := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute; clock < r.DayStart {
		date-- // the small hours belong to the day before
	}
	start = time.Date(t.Year(), t.Month(), date, 0, int(r.DayStart/time.Minute), 0, 0, r.Zone)
	return start.Format(time.DateOnly), start
}
