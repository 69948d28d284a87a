package reports

import (
	"slices"
	"time"

	"hotline/call"
)

// Sum is what was counted elsewhere: of facts of one rule that agree in queue, agent and line, as
// far as Counter.Apart asks for them, and in time up to the lines of Counter.Lines.
type Sum struct {
	Rule    Rule // AtEntry, AtAnswer or AtArrival
	Queue   call.QueueID
	Agent   call.AgentID
	Line    string
	At      time.Time // of any of them
	Figures Figures
	Told    Calibration // with AtEntry
}

// Counter makes a report of sums: figures and lines as Build makes them of the events, with what
// the head of a report says. It tells of no single calls, so the other parts are empty.
type Counter struct{ t *tally }

// NewCounter begins a report. The error wraps ErrInvalid.
func NewCounter(spec Spec) (*Counter, error) {
	spec = spec.complete()
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	return &Counter{newTally(spec)}, nil
}

// Apart tells whether sums must be told apart by agent and by line.
func (c *Counter) Apart() (agent, line bool) {
	s := c.t.spec
	has := func(d Dimension) bool { return slices.Contains(s.By, d) }
	return has(ByAgent) || has(ByTeam) || len(s.Agents)+len(s.OfTeams) > 0, has(ByLine) || len(s.OfLines) > 0
}

// Lines are the times at which one sum must end and another begin, in order.
func (c *Counter) Lines() []time.Time {
	s := c.t.spec
	lines := []time.Time{s.Period.Start}
	cut := func(g Grid) {
		for _, i := range g.Cut(s.Period.Start, s.Period.End) {
			lines = append(lines, i.End)
		}
	}
	cut(s.Grid)
	if slices.Contains(s.By, ByHour) {
		cut(Grid{Step: Hour, Zone: s.Grid.Zone})
	}
	if slices.Contains(s.By, ByWeekday) {
		cut(Grid{Step: Day, Zone: s.Grid.Zone, DayStart: s.Grid.DayStart})
	}
	if c.t.hours != nil {
		cut(c.t.hourGrid())
	}
	slices.SortFunc(lines, time.Time.Compare)
	return slices.CompactFunc(lines, time.Time.Equal)
}

// Add counts a sum; one that does not belong to the report is passed over.
func (c *Counter) Add(s Sum) {
	f := fact{
		knows: knowsAll, rule: s.Rule, at: s.At,
		group: Group{Queue: s.Queue, Agent: s.Agent, Team: c.t.spec.Teams[s.Agent], Line: s.Line},
	}
	if s.Rule == AtArrival {
		f.knows, f.group = knowsLine, Group{Line: s.Line}
	}
	if cell := c.t.figures(f); cell != nil {
		cell.Add(s.Figures)
	}
	switch {
	case s.Rule == AtEntry && c.t.shows(f):
		c.t.told.sum(s.Told)
		if hour := c.t.hour(s.At); hour != nil {
			hour.Add(s.Figures)
		}
	case s.Rule == AtArrival && c.t.spec.Period.Contains(s.At) && c.t.showsLine(s.Line):
		c.t.line(s.Line).sum(s.Figures.Calls)
	}
}

// Report is the report of all sums. The error wraps ErrInvalid.
func (c *Counter) Report() (*Report, error) { return c.t.report() }
