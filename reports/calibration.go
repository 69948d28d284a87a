package reports

import (
	"time"

	"hotline/call"
)

// Told is one time that a caller was told how long he would probably wait.
type Told struct {
	At       time.Time
	P50, P90 call.Millis // from At
	Said     call.Millis // what he heard of it
}

// Calibration holds what callers were told of their wait against how long they waited. Of a
// good estimate half of the waits end within P50 and nine of ten within P90. It belongs to
// the period of the queue entry.
type Calibration struct {
	Told      int64       // times that anybody was told
	Answered  int64       // of Told: an agent answered in the end; the others cannot be judged
	WithinP50 int64       // of Answered: within P50
	WithinP90 int64       // of Answered: within P90
	Over      call.Millis // sum over Answered of what was said less the wait, where more was said
	Under     call.Millis // sum over Answered of the wait less what was said, where less was said
}

// add judges what the caller of one stay was told.
func (c *Calibration) add(s Stay) {
	for _, t := range s.Told {
		c.Told++
		if s.End != Answered {
			continue
		}
		c.Answered++
		waited := s.Wait - call.Between(s.Entered, t.At)
		if waited <= t.P50 {
			c.WithinP50++
		}
		if waited <= t.P90 {
			c.WithinP90++
		}
		if t.Said > waited {
			c.Over += t.Said - waited
		} else {
			c.Under += waited - t.Said
		}
	}
}

// Calibration judges what the caller was told.
func (s Stay) Calibration() Calibration {
	var c Calibration
	c.add(s)
	return c
}

func (c *Calibration) sum(d Calibration) {
	c.Told += d.Told
	c.Answered += d.Answered
	c.WithinP50 += d.WithinP50
	c.WithinP90 += d.WithinP90
	c.Over += d.Over
	c.Under += d.Under
}

// Error is the mean distance between what was said and the wait.
func (c Calibration) Error() Mean { return Mean{c.Over + c.Under, c.Answered} }

// calibration is Calibration in JSON.
type calibration struct {
	Told      int64 `json:"told"`
	Answered  int64 `json:"answered"`
	WithinP50 any   `json:"within_p50_pct"`
	WithinP90 any   `json:"within_p90_pct"`
	Error     any   `json:"mean_error_ms"`
	Over      any   `json:"mean_over_ms"`
	Under     any   `json:"mean_under_ms"`
}

func (c Calibration) cells() (p50, p90, off, over, under cell) {
	return percent(Ratio{c.WithinP50, c.Answered}), percent(Ratio{c.WithinP90, c.Answered}),
		mean(c.Error()), mean(Mean{c.Over, c.Answered}), mean(Mean{c.Under, c.Answered})
}

func (c Calibration) json() *calibration {
	p50, p90, off, over, under := c.cells()
	return &calibration{c.Told, c.Answered, p50.json(), p90.json(), off.json(), over.json(), under.json()}
}
