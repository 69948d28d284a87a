package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// Series is a report that is issued for one period after the other.
type Series string

// The series.
const (
	Daily   Series = "daily"   // 日报
	Weekly  Series = "weekly"  // 周报, from Monday
	Monthly Series = "monthly" // 月报
)

// AllSeries lists them.
func AllSeries() []Series { return []Series{Daily, Weekly, Monthly} }

// Validate refuses a word that is no series. The error wraps ErrInvalid.
func (s Series) Validate() error {
	if !slices.Contains(AllSeries(), s) {
		return fmt.Errorf("%w: series %q is none of %v", ErrInvalid, s, AllSeries())
	}
	return nil
}

// PeriodOf is the period that holds t: a day, week or month of the grid.
func (s Series) PeriodOf(g Grid, t time.Time) Interval {
	switch s {
	case Weekly:
		return g.weekOf(t)
	case Monthly:
		return g.monthOf(t)
	case Daily:
	}
	return g.DayOf(t)
}

// dueDay is the day of the month up to whose end the report of the month before is due
// (每月21日以前).
const dueDay = 21

// Due is when the report of a period must be there: a day after its end, that of a month by
// the end of the 21st.
func (s Series) Due(g Grid, p Interval) time.Time {
	if s != Monthly {
		return g.DayOf(p.End).End
	}
	y, m, _ := g.date(p.End)
	return g.dayStart(y, m, dueDay+1)
}

// Issue is a report that was issued, as it was issued.
type Issue struct {
	Series  Series
	Period  Interval
	Version int // from 1 on; each later one corrects those before
	Author  string
	Made    time.Time // in whole milliseconds
	Text    string    // for people, in Chinese
	Figures json.RawMessage
}

// OnTime tells whether the first version of an issue was there when it was due.
func (i Issue) OnTime(g Grid) bool { return !i.Made.After(i.Series.Due(g, i.Period)) }

// IssueSpecs are the reports that an issue is made of: everything as one group, which alone has
// the metrics of agents' time, and the queues.
func (s Series) IssueSpecs(spec Spec) (whole, queues Spec) {
	whole, queues = spec, spec
	whole.By, whole.Grid.Step = []Dimension{ByNothing}, Whole
	queues.By, queues.Grid.Step = []Dimension{ByQueue}, Day
	if s == Daily {
		queues.Grid.Step = Hour
	}
	return whole, queues
}

// WriteIssue makes the text and the figures of an issue of the two reports. The same reports
// give the same issue, whenever it is made.
func WriteIssue(whole, queues *Report) (text string, figures json.RawMessage, err error) {
	var people, programs bytes.Buffer
	write := func(w io.Writer, r *Report, v View) {
		if err == nil {
			err = r.Write(w, v)
		}
	}
	parts := []Part{MetricsPart, LinesPart, SurveysPart, BreaksPart, DeviationsPart}
	write(&people, whole, View{Parts: parts})
	people.WriteString("\n")
	write(&people, queues, View{Parts: []Part{FiguresPart}})
	programs.WriteString(`{"whole":`)
	write(&programs, whole, View{Format: JSONFormat, Parts: append(parts, FiguresPart), Columns: Columns()})
	programs.WriteString(`,"queues":`)
	write(&programs, queues, View{Format: JSONFormat, Parts: []Part{FiguresPart}, Columns: Columns()})
	programs.WriteString("}")
	if err != nil {
		return "", nil, err
	}
	return people.String(), programs.Bytes(), nil
}
