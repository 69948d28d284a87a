package reports

import (
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"hotline/call"
)

// callsPart is the list of the calls behind a number.
const callsPart Part = "calls"

// Pick says which number of a report is asked for.
type Pick struct {
	// Column is a number of calls, as abandoned; see Definition.Calls.
	Column Column
	// Group is the group of the row, nil for all.
	Group *Group
	// Interval is a part of the period, the interval of the row. Zero is the whole period.
	Interval Interval
}

// Entry is one call behind a number. A call that was in two queues, or that rang two phones,
// can stand there twice: it was counted twice.
type Entry struct {
	Group    Group    // of the cell that counts it
	Interval Interval // of that cell

	Call     call.ID
	Number   string
	Line     string
	Queue    call.QueueID
	Agent    call.AgentID
	At       time.Time // by which it belongs to the interval
	Wait     call.Millis
	Talk     call.Millis
	Hold     call.Millis
	Wrap     call.Millis
	Outcome  string // of the stay, the ring or the call, "" when it is open
	Answered bool   // an agent or the number answered, so that Talk has a meaning
}

// Calls yields the calls behind a number of the report that Build makes of the same events
// and the same spec: as many as the number says. They come in the order of call ids. An
// error ends the sequence; a wrong pick is one that wraps ErrInvalid.
func Calls(events iter.Seq2[call.Event, error], spec Spec, pick Pick) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		d, err := newDrill(spec, pick)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for j, err := range Journeys(events) {
			if err != nil {
				yield(Entry{}, fmt.Errorf("calls: %w", err))
				return
			}
			more := true
			d.tally.facts(&j, func(f fact) {
				if e, ok := d.entry(&j, f); ok && more {
					more = yield(e, nil)
				}
			})
			if !more {
				return
			}
		}
	}
}

// drill looks for the calls behind a number.
type drill struct {
	tally  *tally
	pick   Pick
	column column
}

func newDrill(spec Spec, pick Pick) (*drill, error) {
	spec = spec.complete()
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	c, err := choose([]Column{pick.Column})
	if err != nil {
		return nil, err
	}
	if c[0].count == nil {
		return nil, fmt.Errorf("%w: column %q is no number of calls, as %v are", ErrInvalid, pick.Column, CallColumns())
	}
	if pick.Interval == (Interval{}) {
		pick.Interval = spec.Period
	}
	return &drill{tally: newTally(spec), pick: pick, column: c[0]}, nil
}

// CallColumns lists the columns whose calls can be listed.
func CallColumns() []Column {
	var names []Column
	for _, d := range Definitions() {
		if d.Calls {
			names = append(names, d.Column)
		}
	}
	return names
}

// entry is the call of a fact, if the number counts it.
func (d *drill) entry(j *Journey, f fact) (Entry, bool) {
	t := d.tally
	if !t.shows(f) || !d.pick.Interval.Contains(f.at) {
		return Entry{}, false
	}
	g := t.group(f)
	if d.pick.Group != nil && g != *d.pick.Group {
		return Entry{}, false
	}
	var alone Figures
	f.into(&alone, t.spec.Rules)
	if d.column.count(alone) == 0 {
		return Entry{}, false
	}
	e := Entry{
		Group: g, Interval: t.cut[place(t.cut, f.at)], Call: j.Call, Number: j.Number, Line: j.Line,
		Queue: f.group.Queue, Agent: f.group.Agent, At: f.at,
	}
	e.describe(j, f)
	return e, true
}

// describe fills in times and outcome.
func (e *Entry) describe(j *Journey, f fact) {
	switch {
	case f.stay != nil:
		e.Wait, e.Outcome = f.stay.Wait, string(f.stay.End)
		if l := talkAfter(j, f.stay); l != nil {
			e.talk(l)
		}
	case f.leg != nil:
		e.Outcome = string(Answered)
		e.talk(f.leg)
	case f.offer != nil && f.offer.Taken:
		e.Outcome = string(Answered)
	case f.offer != nil:
		e.Outcome = string(f.offer.Outcome)
	case f.dial != nil:
		e.Talk, e.Answered = f.dial.Talk, !f.dial.Answer.IsZero()
		if j.Over {
			e.Outcome = string(j.Ending.Reason)
		}
	case f.call != nil && j.Over:
		e.Outcome = string(j.Ending.Reason)
	}
}

func (e *Entry) talk(l *Leg) {
	e.Talk, e.Hold, e.Wrap, e.Answered = l.Talk, l.Hold, l.Wrap, true
}

// talkAfter is the talk that ended a stay, nil when there is none or it goes on.
func talkAfter(j *Journey, s *Stay) *Leg {
	if s.End != Answered {
		return nil
	}
	answer := s.Entered.Add(s.Wait.Duration())
	for i := range j.Legs {
		if l := &j.Legs[i]; l.Agent == s.Agent && l.Answer.Equal(answer) && l.TalkOver {
			return l
		}
	}
	return nil
}

// WriteCalls writes the calls behind a number as a table, row by row as they come: also of
// millions none is kept, but in the text format. The parts and columns of the view are not
// used.
func WriteCalls(w io.Writer, events iter.Seq2[call.Event, error], spec Spec, pick Pick, v View) error {
	v.Parts, v.Columns = []Part{callsPart}, nil
	if err := v.complete(); err != nil {
		return err
	}
	d, err := newDrill(spec, pick)
	if err != nil {
		return err
	}
	r := &Report{Spec: d.tally.spec, list: true}
	return r.write(w, v, []table{r.callsTable(Calls(events, spec, pick), v)})
}

func (r *Report) callsTable(entries iter.Seq2[Entry, error], v View) table {
	l := v.Lang
	t := table{part: callsPart}
	r.addGroupColumns(&t, l)
	t.keys = append(t.keys, "call", "number", "line", "of_queue", "of_agent", "at", "wait_ms", "talk_ms", "hold_ms",
		"wrap_ms", "outcome")
	t.heads = append(t.heads, l.pick("呼叫", "call"), l.pick("主叫", "number"), l.pick("热线号码", "line"),
		l.pick("队列", "queue"), l.pick("座席", "agent"), l.pick("时间", "time"), l.pick("等待(秒)", "wait s"),
		l.pick("通话(秒)", "talk s"), l.pick("持线(秒)", "hold s"), l.pick("事后(秒)", "ACW s"), l.pick("结果", "outcome"))
	t.rows = func(yield func([]cell, error) bool) {
		for e, err := range entries {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(r.entryCells(e, v), nil) {
				return
			}
		}
	}
	return t
}

func (r *Report) entryCells(e Entry, v View) []cell {
	if !v.ClearNumbers {
		e.Number = call.Masked(e.Number)
	}
	talked := func(m call.Millis) cell {
		c := length(m)
		c.ok = e.Answered
		return c
	}
	return append(r.groupCells(scopeInterval, e.Group, v.Lang),
		r.when(e.Interval.Start), r.when(e.Interval.End), text(string(e.Call)), text(e.Number), text(e.Line),
		text(string(e.Queue)), text(string(e.Agent)), r.moment(e.At), length(e.Wait), talked(e.Talk), talked(e.Hold),
		talked(e.Wrap), word(e.Outcome, outcomeName(e.Outcome, v.Lang)))
}

// outcomeName is an outcome for people, where it has another name.
func outcomeName(o string, l Lang) string {
	switch call.Outcome(o) {
	case call.Rejected:
		return l.pick("拒接", "rejected")
	case call.NoAnswer:
		return l.pick("无应答", "no answer")
	case call.Unreachable:
		return l.pick("不可达", "unreachable")
	default:
	}
	return strings.ReplaceAll(endName(End(o), l), "_", " ")
}
