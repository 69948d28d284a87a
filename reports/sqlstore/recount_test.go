package sqlstore

import (
	"time"

	"hotline/call"
	"hotline/reports"
)

// recount computes figures a second time: from the events of one call at a time, by what they
// say of moments and not of lengths, without a word of the folds that it is held against.
type recount struct {
	rules                 reports.Rules
	cut                   []reports.Interval
	queues, agents, lines figures
}

func newRecount(rules reports.Rules, cut []reports.Interval) *recount {
	return &recount{rules: rules, cut: cut, queues: figures{}, agents: figures{}, lines: figures{}}
}

// in adds to the cells of a queue, an agent and a line; a nil name has no cell.
func (r *recount) in(at time.Time, queue, agent, line *string, add func(*reports.Figures)) {
	for _, i := range r.cut {
		if at.Before(i.Start) || !at.Before(i.End) {
			continue
		}
		for _, c := range []struct {
			name *string
			of   figures
		}{{queue, r.queues}, {agent, r.agents}, {line, r.lines}} {
			if c.name != nil {
				f := c.of[*c.name][i.Start.UnixMilli()]
				add(&f)
				c.of.set(*c.name, i.Start.UnixMilli(), f)
			}
		}
	}
}

// find is the first event after the i-th that fits, nil for none.
func find(events []call.Event, i int, fits func(call.Event) bool) *call.Event {
	for ; i < len(events); i++ {
		if fits(events[i]) {
			return &events[i]
		}
	}
	return nil
}

// ms is the time between two moments.
func ms(from, to time.Time) call.Millis { return call.Millis(to.Sub(from).Milliseconds()) }

// take counts the events of one call, or of one agent's states.
func (r *recount) take(events []call.Event) {
	if events[0].Kind == call.AgentChanged {
		r.states(events)
		return
	}
	line := events[0].Line // of the arrival
	inbound := events[0].Direction == call.Inbound
	for i, e := range events {
		switch {
		case e.Kind == call.Queued:
			r.stay(events, i, line)
		case e.Kind == call.Offered && inbound:
			r.ring(events, i, line)
		case e.Kind == call.TalkEnded && e.Direction != call.Outbound:
			r.talk(events, i, line)
		case e.Kind == call.Dialled:
			r.dial(events, i)
		}
	}
	if inbound {
		r.arrival(events, line)
	}
}

// stay counts the stay that begins with the i-th event.
func (r *recount) stay(events []call.Event, i int, line string) {
	in := events[i]
	end := find(events, i, func(e call.Event) bool {
		return (e.Kind == call.Answered || e.Kind == call.LeftQueue) && e.Queue == in.Queue && e.Entered.Equal(in.At)
	})
	over := find(events, i, func(e call.Event) bool { return e.Kind == call.Ended })
	queue, agent := string(in.Queue), ""
	if end != nil && end.Kind == call.Answered {
		agent = string(end.Agent)
	}
	r.in(in.At, &queue, &agent, &line, func(f *reports.Figures) {
		f.Offered++
		if in.Queueing {
			f.Queued++
		}
		switch {
		case end == nil && over == nil:
			f.Waiting++
		case end == nil:
			r.lost(f, ms(in.At, over.At))
		case end.Kind == call.Answered:
			r.answered(f, ms(in.At, end.At))
			offered := find(events, i, func(e call.Event) bool { return e.Kind == call.Offered && e.Offer == end.Offer })
			f.Rings += 1 + int64(ms(offered.At, end.At)/5000)
			if givenAway(events, end) {
				f.Transferred++
			}
		default:
			r.left(f, ms(in.At, end.At), end.Outcome)
		}
	})
}

// givenAway tells whether a caller was transferred after an answer and before the next one.
func givenAway(events []call.Event, answer *call.Event) bool {
	for _, e := range events {
		if e.Kind == call.Answered && e.At.After(answer.At) {
			return false
		}
		if e.Kind == call.Transferred && !e.At.Before(answer.At) {
			return true
		}
	}
	return false
}

func (r *recount) inTime(wait call.Millis) int64 {
	if wait <= r.rules.T {
		return 1
	}
	return 0
}

func (r *recount) lost(f *reports.Figures, wait call.Millis) {
	f.Lost++
	f.Abandoned++
	f.AbandonedWait += wait
	f.AbandonedInT += r.inTime(wait)
	f.MaxWait = max(f.MaxWait, wait)
}

func (r *recount) answered(f *reports.Figures, wait call.Millis) {
	f.Answered++
	f.AnsweredWait += wait
	f.AnsweredInT += r.inTime(wait)
	f.MaxWait = max(f.MaxWait, wait)
}

func (r *recount) left(f *reports.Figures, wait call.Millis, how call.Outcome) {
	f.MaxWait = max(f.MaxWait, wait)
	if how == call.Abandoned {
		if wait < r.rules.Short {
			f.Short++
			f.ShortWait += wait
			return
		}
		f.Abandoned++
		f.AbandonedWait += wait
		f.AbandonedInT += r.inTime(wait)
		return
	}
	f.OtherWait += wait
	for outcome, counts := range map[call.Outcome][2]*int64{
		call.TimedOut: {&f.TimedOut, &f.SentAwayInT}, call.LeftEmpty: {&f.LeftEmpty, &f.SentAwayInT},
		call.Overflowed: {&f.Overflowed, &f.MovedInT}, call.ToMessage: {&f.ToMessage, &f.MovedInT},
		call.Callback: {&f.Callback, &f.CallbackInT},
	} {
		if outcome == how {
			*counts[0]++
			*counts[1] += r.inTime(wait)
		}
	}
}

// ring counts the ring that begins with the i-th event.
func (r *recount) ring(events []call.Event, i int, line string) {
	begin := events[i]
	end := find(events, i, func(e call.Event) bool {
		return (e.Kind == call.Answered || e.Kind == call.OfferEnded) && e.Offer == begin.Offer
	})
	queue, agent := string(begin.Queue), string(begin.Agent)
	r.in(begin.At, &queue, &agent, &line, func(f *reports.Figures) {
		f.Rung.Made++
		switch {
		case end == nil:
			f.Rung.Open++
		case end.Kind == call.Answered:
			f.Rung.Answered++
		default:
			*map[call.Outcome]*int64{
				call.NoAnswer: &f.Rung.NoAnswer, call.Rejected: &f.Rung.Rejected, call.Busy: &f.Rung.Busy,
				call.Unreachable: &f.Rung.Unreachable, call.Canceled: &f.Rung.Canceled,
			}[end.Outcome]++
		}
	})
}

// talk counts the talk that ends with the i-th event.
func (r *recount) talk(events []call.Event, i int, line string) {
	end := events[i]
	begin := find(events, 0, func(e call.Event) bool { return e.Kind == call.Answered && e.Offer == end.Offer })
	work := find(events, i, func(e call.Event) bool {
		return e.Kind == call.WrapUpEnded && e.Agent == end.Agent && e.Answer.Equal(begin.At)
	})
	hold, holds := call.Millis(0), 0
	var given *call.Event
	for _, e := range events {
		if e.Kind == call.HoldEnded && e.Offer == end.Offer {
			hold, holds = hold+e.Held, holds+1
		}
		if e.Kind == call.Transferred && e.Offer == end.Offer {
			given = &e
		}
	}
	queue, agent := string(end.Queue), string(end.Agent)
	r.in(begin.At, &queue, &agent, &line, func(f *reports.Figures) {
		f.Talks++
		f.Talk += ms(begin.At, end.At)
		if holds > 0 {
			f.Held++
			f.Hold += hold
		}
		if given != nil && given.Reason == string(call.Blind) {
			f.BlindTransfers++
		} else if given != nil {
			f.AttendedTransfers++
		}
		if work != nil {
			f.Handled++
			f.HandledTalk += ms(begin.At, end.At)
			f.Wrap += ms(end.At, work.At)
		}
	})
}

// dial counts the number that is dialled by the i-th event. It belongs to no queue and no line.
func (r *recount) dial(events []call.Event, i int) {
	end := find(events, i, func(e call.Event) bool { return e.Kind == call.DialEnded })
	agent := string(events[i].Agent)
	r.in(events[i].At, nil, &agent, nil, func(f *reports.Figures) {
		f.Out.Made++
		if !end.Answer.IsZero() {
			f.Out.Reached++
			f.Out.Talk += ms(end.Answer, end.At)
		}
	})
}

// arrival counts how far a call came. It belongs to no queue and no agent.
func (r *recount) arrival(events []call.Event, line string) {
	has := func(fits func(call.Event) bool) bool { return find(events, 0, fits) != nil }
	kind := func(k call.Kind) bool { return has(func(e call.Event) bool { return e.Kind == k }) }
	over := find(events, 0, func(e call.Event) bool { return e.Kind == call.Ended })
	end := call.Ending{}
	if over != nil {
		end = over.Ending
	}
	r.in(events[0].At, nil, nil, &line, func(f *reports.Figures) {
		a := &f.Calls
		a.Arrived++
		count := func(n *int64, when bool) {
			if when {
				*n++
			}
		}
		count(&a.Messages, end.Class == call.ClassMessage)
		count(&a.Busy, end.Reason == call.QueueFull)
		count(&a.Dropped, end.Class == call.ClassFailed)
		count(&a.CalledBack, !kind(call.Answered) && has(func(e call.Event) bool {
			return e.Kind == call.CallbackEnded && e.Reason == string(call.CallbackReached)
		}))
		if !kind(call.Queued) {
			way, known := map[call.Reason]*int64{
				call.HungUpInGreeting: &a.HungUpInGreeting, call.Closed: &a.Closed, call.UnknownLine: &a.UnknownLine,
				call.SwitchFailure: &a.Failed, call.ShutDown: &a.Other, "": &a.Open,
			}[end.Reason]
			if known {
				*way++
			}
			return
		}
		a.Entered++
		switch {
		case kind(call.Answered):
			a.Answered++
		case over == nil:
			a.Unfinished++
		case end.Class == call.ClassMessage || end.Class == call.ClassCallback:
			a.Voiced++
		case end.Class == call.ClassAbandoned || end.Class == call.ClassFailed:
			a.Abandoned++
		default:
			a.TurnedAway++
		}
	})
}

// states counts the states of one agent, from one change to the next.
func (r *recount) states(changes []call.Event) {
	for i, from := range changes {
		if i+1 == len(changes) || from.To == call.Offline {
			continue
		}
		agent := string(from.Agent)
		for _, cell := range r.cut {
			begin, end := cell.Start, cell.End
			if from.At.After(begin) {
				begin = from.At
			}
			if changes[i+1].At.Before(end) {
				end = changes[i+1].At
			}
			if !end.After(begin) {
				continue
			}
			r.in(begin, nil, &agent, nil, func(f *reports.Figures) {
				*map[call.AgentState]*call.Millis{
					call.Ready: &f.Spent.Ready, call.Ringing: &f.Spent.Ringing, call.Talking: &f.Spent.Talking,
					call.Hold: &f.Spent.Hold, call.WrapUp: &f.Spent.WrapUp, call.Break: &f.Spent.Break,
				}[from.To] += ms(begin, end)
			})
		}
	}
}
