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
	"maps"
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
	// Queues are the queues to show, all when empty.
	Queues []call.QueueID
	// Empty shows intervals without a call as well.
	Empty bool
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
	_, err := s.Formula.lookup()
	return err
}

// Row holds the figures of one queue in one interval.
type Row struct {
	Queue    call.QueueID
	Interval Interval
	Figures  Figures
}

// Report is a table of figures with its totals.
type Report struct {
	Spec   Spec
	Rows   []Row // by queue, then by time
	Queues []Row // one total for each queue, over the whole period
	Total  Row   // over all queues; a call that overflowed counts in each queue it was in
	Lines  []Line
	Late   []Late
	// Surveys are by queue, then by agent.
	Surveys []Survey
	// Told is how well callers were told how long they would wait.
	Told Calibration
	// Contradictions counts events that cannot be true together with earlier ones of
	// their call. It is 0 unless the ledger holds a fault, and then belongs on the screen.
	Contradictions int
}

// Build folds the events of whole calls, as the ledger yields them: call by call in the
// order of the calls' ids, each in the order of event numbers. Calls outside the period
// may be among them and are not counted. An error of the sequence, an unknown kind of
// event and a broken order end the work.
func Build(events iter.Seq2[call.Event, error], spec Spec) (*Report, error) {
	if spec.Formula == "" {
		spec.Formula = DefaultFormula
	}
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	t := newTally(spec)
	for j, err := range Journeys(events) {
		if err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
		t.add(j)
	}
	return t.report(), nil
}

// Recompute is Build for events in any order of calls, for instance a piece of the ledger
// in memory: the figures that live counters must show.
func Recompute(events []call.Event, spec Spec) (*Report, error) {
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b call.Event) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.Seq, b.Seq))
	})
	return Build(func(yield func(call.Event, error) bool) {
		for _, e := range sorted {
			if !yield(e, nil) {
				return
			}
		}
	}, spec)
}

// tally adds journeys up.
type tally struct {
	spec           Spec
	cut            []Interval
	only           map[call.QueueID]bool // nil for all
	rows           map[call.QueueID][]Figures
	lines          map[string]*Line
	late           []Late
	surveys        []Survey // by queue, then by agent
	told           Calibration
	contradictions int
}

func newTally(spec Spec) *tally {
	t := &tally{
		spec:  spec,
		cut:   spec.Grid.Cut(spec.Period.Start, spec.Period.End),
		rows:  map[call.QueueID][]Figures{},
		lines: map[string]*Line{},
	}
	if len(spec.Queues) > 0 {
		t.only = map[call.QueueID]bool{}
	}
	for _, q := range spec.Queues {
		t.only[q] = true
		t.rows[q] = make([]Figures, len(t.cut))
	}
	return t
}

// add counts one call.
func (t *tally) add(j Journey) {
	t.contradictions += j.Contradictions
	for _, s := range j.Stays {
		f := t.figures(s.Queue, s.Entered)
		if f == nil {
			continue
		}
		f.addStay(s, t.spec.Rules)
		t.told.add(s)
		if s.late(t.spec.Rules) {
			t.late = append(t.late, lateOf(j, s))
		}
	}
	for _, l := range j.Legs {
		if f := t.figures(l.Queue, l.Answer); f != nil && !l.Outbound {
			f.addLeg(l)
		}
	}
	t.addSurveys(j)
	if t.spec.Period.Contains(j.Arrived) && !j.Outbound {
		t.line(j.Line).add(j)
	}
}

// figures are those of a queue in the interval of at, nil when they are not asked for.
func (t *tally) figures(q call.QueueID, at time.Time) *Figures {
	i := place(t.cut, at)
	if i < 0 || t.only != nil && !t.only[q] {
		return nil
	}
	if t.rows[q] == nil {
		t.rows[q] = make([]Figures, len(t.cut))
	}
	return &t.rows[q][i]
}

// line is the count of one hotline number.
func (t *tally) line(number string) *Line {
	if t.lines[number] == nil {
		t.lines[number] = &Line{Line: number}
	}
	return t.lines[number]
}

// report puts the sums in order.
func (t *tally) report() *Report {
	r := &Report{Spec: t.spec, Total: Row{Interval: t.spec.Period}, Contradictions: t.contradictions}
	for _, q := range slices.Sorted(maps.Keys(t.rows)) {
		total := Row{Queue: q, Interval: t.spec.Period}
		for i, f := range t.rows[q] {
			total.Figures.Add(f)
			if t.spec.Empty || f != (Figures{}) {
				r.Rows = append(r.Rows, Row{Queue: q, Interval: t.cut[i], Figures: f})
			}
		}
		r.Queues = append(r.Queues, total)
		r.Total.Figures.Add(total.Figures)
	}
	for _, number := range slices.Sorted(maps.Keys(t.lines)) {
		r.Lines = append(r.Lines, *t.lines[number])
	}
	r.Late, r.Surveys = t.late, t.surveys
	r.Late, r.Told = t.late, t.told
	slices.SortFunc(r.Late, func(a, b Late) int {
		return cmp.Or(cmp.Compare(a.Agent, b.Agent), a.Entered.Compare(b.Entered), cmp.Compare(a.Call, b.Call))
	})
	return r
}
