package reports

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"hotline/call"
)

// tally adds journeys up.
type tally struct {
	spec           Spec
	cut            []Interval
	needs          knowledge // without which a fact has no place
	cyclic         bool      // grouped by weekday or hour
	rows           map[Group]map[int]*Figures
	roster         map[call.AgentID][]Interval
	lines          map[string]*Line
	breaks         map[BreakTime]*BreakTime
	talks          map[call.AgentID]Mean
	hours          map[time.Time]*Figures // nil when the period is too short for the correlation
	late           []Late
	surveys        []Survey // by queue, then by agent
	told           Calibration
	contradictions int
}

func newTally(spec Spec) *tally {
	t := &tally{
		spec:   spec,
		needs:  spec.needs(),
		cyclic: slices.Contains(spec.By, ByWeekday) || slices.Contains(spec.By, ByHour),
		cut:    spec.Grid.Cut(spec.Period.Start, spec.Period.End),
		rows:   map[Group]map[int]*Figures{},
		roster: map[call.AgentID][]Interval{},
		lines:  map[string]*Line{},
		breaks: map[BreakTime]*BreakTime{},
		talks:  map[call.AgentID]Mean{},
	}
	if spec.Period.End.Sub(spec.Period.Start) >= correlateOver {
		t.hours = map[time.Time]*Figures{}
	}
	if slices.Equal(spec.By, []Dimension{ByQueue}) {
		for _, q := range spec.Queues {
			t.rows[Group{Queue: q}] = map[int]*Figures{}
		}
	}
	return t
}

// add counts one call.
func (t *tally) add(j *Journey) {
	t.contradictions += j.Contradictions
	t.facts(j, func(f fact) {
		if cell := t.figures(f); cell != nil {
			f.into(cell, t.spec.Rules)
		}
		switch {
		case f.stay != nil && t.shows(f):
			t.addToLists(j, f)
		case f.leg != nil && t.shows(f):
			m := t.talks[f.leg.Agent]
			t.talks[f.leg.Agent] = Mean{m.Sum + f.leg.Talk, m.Count + 1}
		case f.call != nil && t.spec.Period.Contains(j.Arrived) && t.showsLine(j.Line):
			t.line(j.Line).count(j)
		}
	})
	t.addSurveys(j)
}

// addToLists counts a stay in what is not told by group.
func (t *tally) addToLists(j *Journey, f fact) {
	t.told.add(*f.stay)
	if f.stay.late(t.spec.Rules) {
		t.late = append(t.late, lateOf(*j, *f.stay))
	}
	if hour := t.hour(f.at); hour != nil {
		f.into(hour, t.spec.Rules)
	}
}

// hour is what the correlation counts of the hour that holds at, nil when it counts nothing.
func (t *tally) hour(at time.Time) *Figures {
	if t.hours == nil {
		return nil
	}
	hour := t.hourGrid().Of(at).Start.UTC()
	if t.hours[hour] == nil {
		t.hours[hour] = &Figures{}
	}
	return t.hours[hour]
}

func (t *tally) hourGrid() Grid {
	return Grid{Step: Hour, Zone: t.spec.Grid.Zone, DayStart: t.spec.Grid.DayStart}
}

// shows tells whether a fact belongs to the report, in a cell or in a list.
func (t *tally) shows(f fact) bool { return place(t.cut, f.at) >= 0 && t.takes(f) }

// showsLine tells whether a line is asked for. Calls are counted by line whatever the report
// is grouped by, because whoever never entered a queue stands nowhere else. A report of some
// agents or teams has no lines: what comes in belongs to none of them.
func (t *tally) showsLine(number string) bool {
	return len(t.spec.Agents)+len(t.spec.OfTeams) == 0 &&
		(len(t.spec.OfLines) == 0 || slices.Contains(t.spec.OfLines, number))
}

// figures are those of the cell of a fact, nil when they are not asked for.
func (t *tally) figures(f fact) *Figures {
	i := place(t.cut, f.at)
	if i < 0 || !t.takes(f) || !t.spec.counts(f.rule) {
		return nil
	}
	g := t.group(f)
	series := t.rows[g]
	if series == nil {
		series = map[int]*Figures{}
		t.rows[g] = series
	}
	if series[i] == nil {
		series[i] = &Figures{}
	}
	return series[i]
}

// line is the count of one hotline number.
func (t *tally) line(number string) *Line {
	if t.lines[number] == nil {
		t.lines[number] = &Line{Line: number}
	}
	return t.lines[number]
}

// maxEmptyRows bounds a report that shows intervals without a call: groups and intervals
// multiply.
const maxEmptyRows = 1_000_000

// report puts the sums in order. The error wraps ErrInvalid.
func (t *tally) report() (*Report, error) {
	if t.spec.Empty && len(t.rows)*len(t.cut) > maxEmptyRows {
		return nil, fmt.Errorf("%w: %d groups in %d intervals are too many to show empty ones as well", ErrInvalid,
			len(t.rows), len(t.cut))
	}
	r := &Report{
		Spec: t.spec, Total: Row{Interval: t.spec.Period}, Contradictions: t.contradictions,
		Late: t.late, Surveys: t.surveys, Told: t.told, Deviations: deviations(t.talks, t.spec.Teams, t.spec.Deviance),
	}
	for _, g := range slices.SortedFunc(maps.Keys(t.rows), func(a, b Group) int { return a.compare(b, t.spec.By) }) {
		total := Row{Group: g, Interval: t.spec.Period}
		for _, row := range t.series(g) {
			total.Figures.Add(row.Figures)
			r.Rows = append(r.Rows, row)
		}
		r.Groups = append(r.Groups, total)
		r.Total.Figures.Add(total.Figures)
	}
	for _, number := range slices.Sorted(maps.Keys(t.lines)) {
		r.Lines = append(r.Lines, *t.lines[number])
	}
	r.Correlation = t.correlation()
	for _, b := range t.breaks {
		r.Breaks = append(r.Breaks, *b)
	}
	slices.SortFunc(r.Breaks, func(a, b BreakTime) int {
		return cmp.Or(cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.Reason, b.Reason))
	})
	slices.SortFunc(r.Late, func(a, b Late) int {
		return cmp.Or(cmp.Compare(a.Agent, b.Agent), a.Entered.Compare(b.Entered), cmp.Compare(a.Call, b.Call))
	})
	return r, nil
}

// series are the rows of one group by time, the empty ones where they are asked for.
func (t *tally) series(g Group) []Row {
	places := slices.Sorted(maps.Keys(t.rows[g]))
	if t.spec.Empty {
		places = places[:0]
		for i := range t.cut {
			places = append(places, i)
		}
	}
	rows := make([]Row, 0, len(places))
	for _, i := range places {
		row := Row{Group: g, Interval: t.cut[i]}
		if f := t.rows[g][i]; f != nil {
			row.Figures = *f
		}
		if t.spec.Empty || row.Figures != (Figures{}) {
			rows = append(rows, row)
		}
	}
	return rows
}

// correlation judges the hours of the period, nil when it is too short.
func (t *tally) correlation() *Correlation {
	if t.hours == nil {
		return nil
	}
	hours := make([]Figures, 0, len(t.hours))
	for _, f := range t.hours {
		hours = append(hours, *f)
	}
	return correlate(hours, t.spec.Formula)
}
