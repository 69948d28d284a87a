package reports

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"hotline/call"
)

// Span is a time that an agent spent in one state.
type Span struct {
	Agent  call.AgentID
	State  call.AgentState
	Reason string // of a break, "" when it was not seen
	Interval
}

// Spans makes times of the changes of agents' states, which come in the order of event
// numbers; other events are passed over. A change tells how long the state before it had
// lasted, so a time is known from its end alone. A state that has not ended lasts to until.
// The times of one agent never overlap, whatever the ledger holds, and being offline is no
// time. An error ends the sequence.
func Spans(changes iter.Seq2[call.Event, error], until time.Time) iter.Seq2[Span, error] {
	return func(yield func(Span, error) bool) {
		seen := map[call.AgentID]*lastChange{}
		for e, err := range changes {
			if err != nil {
				yield(Span{}, err)
				return
			}
			if e.Kind != call.AgentChanged {
				continue
			}
			l := seen[e.Agent]
			if l == nil {
				l = &lastChange{}
				seen[e.Agent] = l
			}
			if s, ok := l.next(e); ok && !yield(s, nil) {
				return
			}
		}
		for _, a := range slices.Sorted(maps.Keys(seen)) {
			if s, ok := seen[a].open(a, until); ok && !yield(s, nil) {
				return
			}
		}
	}
}

// lastChange is what is known of one agent.
type lastChange struct {
	state  call.AgentState
	reason string
	since  time.Time // of the state
	end    time.Time // of the last time that was told
}

// next is the time that ends with an event.
func (l *lastChange) next(e call.Event) (Span, bool) {
	s := Span{Agent: e.Agent, State: e.From, Interval: Interval{Start: e.At.Add(-e.Held.Duration()), End: e.At}}
	if l.state == e.From {
		s.Reason = l.reason
	}
	if s.Start.Before(l.end) {
		s.Start = l.end
	}
	// A controller that starts anew tells of a state that goes on as if the agent had come from
	// offline: the state began before.
	if goesOn := e.From == call.Offline && e.Held == 0 && e.To == l.state; !goesOn {
		l.since = e.At
	}
	l.state, l.reason = e.To, e.Reason
	if !s.End.After(s.Start) {
		return s, false
	}
	l.end = s.End
	return s, s.State != call.Offline
}

// open is the time of a state that has not ended.
func (l *lastChange) open(a call.AgentID, until time.Time) (Span, bool) {
	s := Span{Agent: a, State: l.state, Reason: l.reason, Interval: Interval{Start: l.since, End: until}}
	if s.Start.Before(l.end) {
		s.Start = l.end
	}
	return s, s.State != call.Offline && s.End.After(s.Start)
}

// Shift is a time for which an agent is rostered. Rosters come from another system.
type Shift struct {
	Agent call.AgentID
	Interval
}

// AgentTime is how agents spent their time. A state that reaches over the border of an
// interval counts in both, each with its part.
type AgentTime struct {
	Ready, Ringing, Talking, Hold, WrapUp, Break call.Millis

	Rostered call.Millis // of the roster
	Present  call.Millis // of Rostered: signed in
	Serving  call.Millis // of Present: not on a break
}

// SignedIn is the time in any state but offline.
func (a AgentTime) SignedIn() call.Millis { return a.Able() + a.Break }

// Able is the time signed in and not on a break.
func (a AgentTime) Able() call.Millis { return a.Ready + a.Ringing + a.Talking + a.Hold + a.WrapUp }

func (a *AgentTime) add(b AgentTime) {
	a.Ready += b.Ready
	a.Ringing += b.Ringing
	a.Talking += b.Talking
	a.Hold += b.Hold
	a.WrapUp += b.WrapUp
	a.Break += b.Break
	a.Rostered += b.Rostered
	a.Present += b.Present
	a.Serving += b.Serving
}

// count counts so much time in a state.
func (a *AgentTime) count(s call.AgentState, d call.Millis) {
	switch s {
	case call.Ready:
		a.Ready += d
	case call.Ringing:
		a.Ringing += d
	case call.Talking:
		a.Talking += d
	case call.Hold:
		a.Hold += d
	case call.WrapUp:
		a.WrapUp += d
	case call.Break:
		a.Break += d
	case call.Offline:
	}
}

// BreakTime is how long an agent was on breaks for one reason, over the whole period.
type BreakTime struct {
	Agent  call.AgentID
	Reason string
	Breaks int64 // that touch the period
	Time   call.Millis
}

// addSpan counts a time that an agent spent in one state.
func (t *tally) addSpan(s Span) {
	t.prorate(s.Agent, s.Interval, func(f *Figures, d call.Millis) { f.Spent.count(s.State, d) })
	for _, shift := range t.roster[s.Agent] {
		t.prorate(s.Agent, shift.and(s.Interval), func(f *Figures, d call.Millis) {
			f.Spent.Present += d
			if s.State != call.Break {
				f.Spent.Serving += d
			}
		})
	}
	within := s.and(t.spec.Period)
	if s.State == call.Break && within.End.After(within.Start) && t.takes(t.agentFact(s.Agent)) {
		t.addBreak(s.Agent, s.Reason, call.Between(within.Start, within.End))
	}
}

func (t *tally) addBreak(a call.AgentID, reason string, d call.Millis) {
	key := BreakTime{Agent: a, Reason: reason}
	if t.breaks[key] == nil {
		b := key
		t.breaks[key] = &b
	}
	t.breaks[key].Breaks++
	t.breaks[key].Time += d
}

// addRoster counts the times for which agents are rostered.
func (t *tally) addRoster(shifts []Shift) error {
	for _, s := range shifts {
		for _, other := range t.roster[s.Agent] {
			if o := other.and(s.Interval); o.End.After(o.Start) {
				return fmt.Errorf("%w: agent %s is rostered twice at %s", ErrInvalid, s.Agent,
					o.Start.Format(time.RFC3339))
			}
		}
		t.roster[s.Agent] = append(t.roster[s.Agent], s.Interval)
		t.prorate(s.Agent, s.Interval, func(f *Figures, d call.Millis) { f.Spent.Rostered += d })
	}
	return nil
}

// agentFact is a fact, such as his time, of which nothing is known but the agent.
func (t *tally) agentFact(a call.AgentID) fact {
	return fact{knows: knowsAgent, rule: Prorated, group: Group{Agent: a, Team: t.spec.Teams[a]}}
}

// prorate cuts a time of an agent at the borders of the cells and gives each its part.
func (t *tally) prorate(a call.AgentID, i Interval, count func(*Figures, call.Millis)) {
	f := t.agentFact(a)
	i = i.and(t.spec.Period)
	quarters := Grid{Step: Quarter, Zone: t.spec.Grid.Zone, DayStart: t.spec.Grid.DayStart}
	for f.at = i.Start; f.at.Before(i.End); {
		end := earlier(t.cut[place(t.cut, f.at)].End, i.End)
		if t.cyclic {
			// A quarter of an hour lies in one hour of the clock and in one day.
			end = earlier(end, quarters.Of(f.at).End)
		}
		if cell := t.figures(f); cell != nil {
			count(cell, call.Between(f.at, end))
		}
		f.at = end
	}
}
