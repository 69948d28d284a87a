// Package reports makes figures of the ledger. It is pure: events go in, numbers come out,
// and the same events give the same numbers whoever asks and however the period is cut.
//
// Counts and the service level belong to the interval in which the caller entered the
// queue, so that the answered calls of an interval are some of its offered ones and the
// intervals add up to the day. Talk and handle time belong to the interval of the answer.
// Every time is in whole milliseconds.
package reports

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"hotline/call"
)

// Rules are the limits by which calls are counted.
type Rules struct {
	// T is the wait up to which an answer is in time, T itself included.
	T call.Millis
	// Short is the wait below which an abandoned call is short: it is shown apart and
	// counts neither as offered nor as abandoned in rates. 0 knows no short calls. It is
	// always below T, else every early abandon would vanish from the service level.
	Short call.Millis
	// Ring is the cycle of a phone's ring, by which rings are counted. 0 is the Chinese one
	// of 5 s: one second of sound and four of silence.
	Ring call.Millis
}

// RingCycle is Ring or its default.
func (r Rules) RingCycle() call.Millis { return cmp.Or(r.Ring, chineseRing) }

// chineseRing is the cycle of a ring in China.
const chineseRing call.Millis = 5_000

// rings is how often a phone rang in so much time; it rings at once.
func (r Rules) rings(d call.Millis) int64 {
	return 1 + int64(max(0, d)/r.RingCycle())
}

// DefaultRules are answered within 15 s and short below 5 s.
func DefaultRules() Rules { return Rules{T: 15_000, Short: 5_000} }

// Validate refuses rules that contradict each other.
func (r Rules) Validate() error {
	switch {
	case r.T <= 0:
		return fmt.Errorf("%w: answer limit %d ms is not positive", ErrInvalid, r.T)
	case r.Short < 0:
		return fmt.Errorf("%w: short-call limit %d ms is negative", ErrInvalid, r.Short)
	case r.Ring < 0:
		return fmt.Errorf("%w: ring cycle %d ms is negative", ErrInvalid, r.Ring)
	case r.Short >= r.T:
		return fmt.Errorf("%w: short-call limit %d ms is not below the answer limit %d ms", ErrInvalid, r.Short, r.T)
	}
	return nil
}

// Spec says what a report is about.
type Spec struct {
	Period  Interval
	Grid    Grid
	Rules   Rules
	Formula Formula // "" is DefaultFormula
	// By is what calls are told apart by, in the order of the rows; queues when empty. What
	// belongs to none of its groups is left out: arrivals and the time of agents belong to no
	// queue, and no arrival belongs to an agent.
	By []Dimension
	// Queues, Agents, OfTeams and OfLines are those to show, all when empty. What is known
	// of a fact must fit all of them.
	Queues  []call.QueueID
	Agents  []call.AgentID // who answered, was rung or dialled
	OfTeams []string
	OfLines []string
	// Teams are the teams of agents.
	Teams map[call.AgentID]string
	// Roster are the times for which agents are rostered, from another system; without it
	// the figures of attendance have no value.
	Roster []Shift
	// Elsewhere holds the numbers of other systems.
	Elsewhere Elsewhere
	// Now is when the report is made: a state of an agent that has not ended lasts to then,
	// or to the end of the period. Zero = such a state is not counted.
	Now time.Time
	// Deviance says which agents deviate from their team.
	Deviance Deviance
	// Empty shows intervals without a call as well.
	Empty bool
	// Only are the rules of the figures that are counted, all when empty. A row is shown where
	// something is counted.
	Only []Rule
}

// complete fills in defaults.
func (s Spec) complete() Spec {
	if s.Formula == "" {
		s.Formula = DefaultFormula
	}
	if len(s.By) == 0 {
		s.By = []Dimension{ByQueue}
	}
	return s
}

// TellsOfAgents tells whether the time of agents has a place in the report: it belongs to no
// queue and no line.
func (s Spec) TellsOfAgents() bool {
	return s.counts(Prorated) && s.complete().needs()&^knowsAgent == 0
}

// counts tells whether figures of a rule are asked for.
func (s Spec) counts(r Rule) bool { return len(s.Only) == 0 || slices.Contains(s.Only, r) }

// needs is what must be known of a fact to give it a place in the report.
func (s Spec) needs() knowledge {
	var all knowledge
	for _, d := range s.By {
		all |= d.needs()
	}
	if len(s.Queues) > 0 {
		all |= knowsQueue
	}
	if len(s.Agents)+len(s.OfTeams) > 0 {
		all |= knowsAgent
	}
	if len(s.OfLines) > 0 {
		all |= knowsLine
	}
	return all
}

// Validate refuses a report that cannot be made. The error wraps ErrInvalid.
func (s Spec) Validate() error {
	if !s.Period.End.After(s.Period.Start) {
		return fmt.Errorf("%w: its end %s is not after its start %s", ErrInvalid,
			s.Period.End.Format(time.RFC3339), s.Period.Start.Format(time.RFC3339))
	}
	if err := s.Grid.validate(); err != nil {
		return err
	}
	if err := s.Rules.Validate(); err != nil {
		return err
	}
	if err := validateBy(s.By); err != nil {
		return err
	}
	_, err := s.Formula.lookup()
	return err
}

// Row holds the figures of one group in one interval.
type Row struct {
	Group
	Interval Interval
	Figures  Figures
}

// Report is a table of figures with its totals.
type Report struct {
	Spec   Spec
	Rows   []Row // by group, then by time
	Groups []Row // one total for each group, over the whole period
	Total  Row   // over all groups; a call that overflowed counts in each queue it was in
	Lines  []Line
	Late   []Late
	Breaks []BreakTime // by agent, then by reason
	// Surveys are by queue, then by agent.
	Surveys []Survey
	// Told is how well callers were told how long they would wait.
	Told Calibration
	// Deviations are agents whose talk time differs from their team's.
	Deviations []Deviation
	// Correlation of service level and abandon rate, nil for a period below four weeks.
	Correlation *Correlation
	// Contradictions counts events that cannot be true together with earlier ones of
	// their call. It is 0 unless the ledger holds a fault, and then belongs on the screen.
	Contradictions int

	list bool // holds a list of calls and no figures: Total says nothing
}

// Build folds the events of whole calls, as the ledger yields them: call by call in the
// order of the calls' ids, each in the order of event numbers. Calls outside the period
// may be among them and are not counted. An error of the sequence, an unknown kind of
// event and a broken order end the work.
func Build(events iter.Seq2[call.Event, error], spec Spec) (*Report, error) {
	return BuildWithStates(events, nil, spec)
}

// BuildWithStates is Build with the changes of agents' states, in the order of event
// numbers: those of the period, the first after it and the last before it of each agent.
// Without them, nil, the figures of agents' time have no value.
func BuildWithStates(events, changes iter.Seq2[call.Event, error], spec Spec) (*Report, error) {
	spec = spec.complete()
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	t := newTally(spec)
	if err := t.addRoster(spec.Roster); err != nil {
		return nil, err
	}
	for j, err := range Journeys(events) {
		if err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
		t.add(&j)
	}
	if changes == nil {
		return t.report()
	}
	for s, err := range Spans(changes, earlier(spec.Now, spec.Period.End)) {
		if err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
		t.addSpan(s)
	}
	return t.report()
}

// Recompute is BuildWithStates for events in any order, for instance a piece of the ledger
// in memory: the figures that live counters must show.
func Recompute(events []call.Event, spec Spec) (*Report, error) {
	calls, changes := slices.Clone(events), slices.Clone(events)
	slices.SortStableFunc(calls, func(a, b call.Event) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.Seq, b.Seq))
	})
	slices.SortStableFunc(changes, func(a, b call.Event) int { return cmp.Compare(a.Seq, b.Seq) })
	return BuildWithStates(sequence(calls), sequence(changes), spec)
}

// sequence yields events one by one.
func sequence(events []call.Event) iter.Seq2[call.Event, error] {
	return func(yield func(call.Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
}
