package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/call"
)

// Dimension is one way to tell calls apart.
type Dimension string

// The dimensions of a report.
const (
	ByQueue   Dimension = "queue"
	ByAgent   Dimension = "agent" // who answered or was rung; "" is the group of calls that nobody answered
	ByTeam    Dimension = "team"  // of the agent
	ByLine    Dimension = "line"  // the hotline number that was dialled
	ByWeekday Dimension = "weekday"
	ByHour    Dimension = "hour" // of the clock on the wall
	ByNothing Dimension = "none" // alone: all in one
)

// Dimensions lists them in the order of help texts.
func Dimensions() []Dimension {
	return []Dimension{ByQueue, ByAgent, ByTeam, ByLine, ByWeekday, ByHour, ByNothing}
}

// Group is what the calls of a row have in common. Of it only what the report is grouped by
// is filled in.
type Group struct {
	Queue   call.QueueID
	Agent   call.AgentID
	Team    string
	Line    string
	Weekday time.Weekday
	Hour    int // 0 to 23
}

// compare orders groups by the dimensions in their order; weeks begin on Monday.
func (g Group) compare(h Group, by []Dimension) int {
	for _, d := range by {
		order := 0
		switch d {
		case ByQueue:
			order = cmp.Compare(g.Queue, h.Queue)
		case ByAgent:
			order = cmp.Compare(g.Agent, h.Agent)
		case ByTeam:
			order = cmp.Compare(g.Team, h.Team)
		case ByLine:
			order = cmp.Compare(g.Line, h.Line)
		case ByWeekday:
			order = cmp.Compare((g.Weekday+6)%7, (h.Weekday+6)%7)
		case ByHour:
			order = cmp.Compare(g.Hour, h.Hour)
		case ByNothing:
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

// knowledge says which dimensions a fact has a place in.
type knowledge uint8

const (
	knowsQueue knowledge = 1 << iota
	knowsAgent
	knowsLine
	knowsAll = knowsQueue | knowsAgent | knowsLine
)

// needs is what must be known of a fact to place it in a dimension. Whoever knows the agent
// knows his team, and the time of every fact is known.
func (d Dimension) needs() knowledge {
	switch d {
	case ByQueue:
		return knowsQueue
	case ByAgent, ByTeam:
		return knowsAgent
	case ByLine:
		return knowsLine
	case ByWeekday, ByHour, ByNothing:
	}
	return 0
}

// fact is one thing that is counted, and where. One of the pointers is set.
type fact struct {
	knows knowledge
	rule  Rule
	group Group
	at    time.Time // decides the interval
	stay  *Stay
	leg   *Leg
	offer *Offer
	dial  *Dial
	call  *Journey // the arrival
}

// into counts the fact.
func (f fact) into(g *Figures, r Rules) {
	switch {
	case f.stay != nil:
		g.addStay(*f.stay, r)
	case f.leg != nil:
		g.addLeg(*f.leg)
	case f.offer != nil:
		g.Rung.count(*f.offer)
	case f.dial != nil:
		g.Out.count(*f.dial)
	case f.call != nil:
		g.Calls.count(f.call)
	}
}

// facts gives everything about a call that is counted. Times of agents are no part of it.
func (t *tally) facts(j *Journey, take func(fact)) {
	for i := range j.Stays {
		f := t.placed(j, j.Stays[i].Queue, j.Stays[i].Agent, j.Stays[i].Entered)
		f.rule, f.stay = AtEntry, &j.Stays[i]
		take(f)
	}
	for i := range j.Legs {
		l := &j.Legs[i]
		if l.Outbound || !l.TalkOver {
			continue
		}
		f := t.placed(j, l.Queue, l.Agent, l.Answer)
		f.rule, f.leg = AtAnswer, l
		take(f)
	}
	for i := range j.Offers {
		f := t.placed(j, j.Offers[i].Queue, j.Offers[i].Agent, j.Offers[i].Begin)
		f.rule, f.offer = AtRing, &j.Offers[i]
		take(f)
	}
	if j.Dial != nil {
		f := t.agentFact(j.Dial.Agent)
		f.rule, f.at, f.dial = AtDial, j.Dial.At, j.Dial
		take(f)
	}
	if !j.Outbound {
		take(fact{knows: knowsLine, rule: AtArrival, at: j.Arrived, group: Group{Line: j.Line}, call: j})
	}
}

// placed is a fact of which queue, agent and line are known.
func (t *tally) placed(j *Journey, q call.QueueID, a call.AgentID, at time.Time) fact {
	return fact{
		knows: knowsAll, at: at, group: Group{Queue: q, Agent: a, Team: t.spec.Teams[a], Line: j.Line},
	}
}

// takes tells whether a fact has a place in the groups and passes the filters.
func (t *tally) takes(f fact) bool {
	s := t.spec
	switch {
	case t.needs&^f.knows != 0:
		return false
	case len(s.Queues) > 0 && !slices.Contains(s.Queues, f.group.Queue):
		return false
	case len(s.Agents) > 0 && !slices.Contains(s.Agents, f.group.Agent):
		return false
	case len(s.OfTeams) > 0 && !slices.Contains(s.OfTeams, f.group.Team):
		return false
	}
	return len(s.OfLines) == 0 || slices.Contains(s.OfLines, f.group.Line)
}

// group is the group of a fact: what the report is not grouped by is left out.
func (t *tally) group(f fact) Group {
	var g Group
	for _, d := range t.spec.By {
		switch d {
		case ByQueue:
			g.Queue = f.group.Queue
		case ByAgent:
			g.Agent = f.group.Agent
		case ByTeam:
			g.Team = f.group.Team
		case ByLine:
			g.Line = f.group.Line
		case ByWeekday:
			g.Weekday = t.spec.Grid.WeekdayOf(f.at)
		case ByHour:
			g.Hour = f.at.In(t.spec.Grid.Zone).Hour()
		case ByNothing:
		}
	}
	return g
}

// GroupOf reads the group of a row as tables name it: a text for each dimension of By, the
// day of the week from 1 for Monday, the hour as 9:00. The error wraps ErrInvalid.
func (s Spec) GroupOf(values map[Dimension]string) (Group, error) {
	by := slices.DeleteFunc(slices.Clone(s.complete().By), func(d Dimension) bool { return d == ByNothing })
	wrong := fmt.Errorf("%w: the group must name each of %v and nothing else", ErrInvalid, by)
	if len(values) != len(by) {
		return Group{}, wrong
	}
	var g Group
	for _, d := range by {
		text, ok := values[d]
		if !ok {
			return Group{}, wrong
		}
		if err := g.set(d, text); err != nil {
			return Group{}, fmt.Errorf("%w: %q is no %s", ErrInvalid, text, d)
		}
	}
	return g, nil
}

// set reads one dimension.
func (g *Group) set(d Dimension, text string) (err error) {
	number := func(text string, least, most int) int {
		n, parsed := strconv.Atoi(text)
		if err = parsed; err == nil && (n < least || n > most) {
			err = strconv.ErrRange
		}
		return n
	}
	switch d {
	case ByQueue:
		g.Queue = call.QueueID(text)
	case ByAgent:
		g.Agent = call.AgentID(text)
	case ByTeam:
		g.Team = text
	case ByLine:
		g.Line = text
	case ByWeekday:
		g.Weekday = time.Weekday(number(text, 1, 7) % 7)
	case ByHour:
		g.Hour = number(strings.TrimSuffix(text, ":00"), 0, 23)
	case ByNothing:
	}
	return err
}

// validateBy refuses groupings without a meaning.
func validateBy(by []Dimension) error {
	for i, d := range by {
		switch {
		case !slices.Contains(Dimensions(), d):
			return fmt.Errorf("%w: grouping %q is none of %v", ErrInvalid, d, Dimensions())
		case slices.Contains(by[:i], d):
			return fmt.Errorf("%w: grouping %q stands twice", ErrInvalid, d)
		case d == ByNothing && len(by) > 1:
			return fmt.Errorf("%w: grouping %q stands beside others", ErrInvalid, d)
		}
	}
	return nil
}
