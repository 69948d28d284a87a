package redisstore

import (
	"errors"
	"fmt"
	"time"

	"hotline/call"
)

// ErrUnmapped says that an event has no place in the counters because its kind, outcome or
// class is unknown or a field it needs is empty. Such an event is counted in
// Status.Unmapped and logged, never skipped in silence.
var ErrUnmapped = errors.New("event not counted")

// subject is whom a counter is about.
type subject byte

const (
	ofQueue subject = iota
	ofAgent
	ofLine
	ofBreaks // of an agent, by reason and day
)

// increment is what one event adds to one counter.
type increment struct {
	of subject
	id string    // queue, agent or line
	at time.Time // the moment that decides the interval and the day
	by counts    // the numbers to add
}

// increments says what an event adds. It depends on the event and the rules alone, so a
// replay of the ledger gives the same counters.
func (r Rules) increments(ev call.Event) ([]increment, error) {
	if !counted(ev) {
		return nil, nil
	}
	switch ev.Kind {
	case call.Arrived:
		return lineIncrements(ev.Line, ev.At, LineCounter{Arrived: 1}), nil
	case call.Ended:
		return endedIncrements(ev)
	case call.Queued:
		return queuedIncrements(ev)
	case call.Offered:
		return agentIncrements(ev, ev.At, AgentCounter{Offers: 1})
	case call.OfferEnded:
		return offerEndedIncrements(ev)
	case call.Answered:
		return r.answeredIncrements(ev)
	case call.LeftQueue:
		return r.leftIncrements(ev)
	case call.HoldEnded:
		return holdIncrements(ev)
	case call.Transferred:
		return transferIncrements(ev)
	case call.AgentChanged:
		return stateIncrements(ev)
	case call.TalkEnded:
		talk, hold, held := int64(ev.Talk), int64(ev.Hold), int64(0)
		if hold > 0 {
			held = 1
		}
		return talkIncrements(ev, Counter{Talks: 1, Talk: talk, Held: held, Hold: hold},
			AgentCounter{Talks: 1, Talk: talk, Held: held, Hold: hold})
	case call.WrapUpEnded:
		wrap := int64(ev.Wrap)
		return talkIncrements(ev, Counter{Wraps: 1, Wrap: wrap}, AgentCounter{Wraps: 1, Wrap: wrap})
	case call.Connected, call.Conferenced, call.Dialled, call.DialEnded,
		call.Estimated, call.CallbackAsked, call.CallbackEnded,
		call.MessageBegun, call.Messaged, call.SurveyBegun, call.Surveyed,
		call.Recorded, call.RecordingFault, call.StreamGap:
		return nil, nil
	default:
		return nil, fmt.Errorf("%w: unknown kind %q", ErrUnmapped, ev.Kind)
	}
}

// counted says whether an event counts at all. Nobody waited for an agent whom another one
// asked for advice, who is called back has waited in another call, and what an agent dials
// himself is no work of a queue (call.Direction).
func counted(ev call.Event) bool {
	switch ev.Direction {
	case call.Outbound:
		return false
	case call.Consult, call.CallBack:
		return ev.Kind == call.TalkEnded || ev.Kind == call.WrapUpEnded
	default:
		return true
	}
}

// lineIncrements counts for the line and, under the empty name, for all lines together.
func lineIncrements(line string, at time.Time, by LineCounter) []increment {
	all := increment{of: ofLine, at: at, by: &by}
	if line == "" {
		return []increment{all}
	}
	return []increment{all, {of: ofLine, id: line, at: at, by: &by}}
}

// endedIncrements counts the end on the day of the arrival, so that the ended calls of a
// day are part of the arrived ones, also across midnight.
func endedIncrements(ev call.Event) ([]increment, error) {
	var by LineCounter
	switch ev.Ending.Class {
	case call.ClassAnswered:
		by.Answered = 1
	case call.ClassAbandoned:
		by.Abandoned = 1
	case call.ClassRefused:
		by.Refused = 1
	case call.ClassFailed:
		by.Failed = 1
	case call.ClassCallback:
		by.Callbacks = 1
	case call.ClassMessage:
		by.Messages = 1
	default:
		return nil, fmt.Errorf("%w: unknown class of ending %q", ErrUnmapped, ev.Ending.Class)
	}
	return lineIncrements(ev.Line, ev.At.Add(-ev.Total.Duration()), by), nil
}

func queuedIncrements(ev call.Event) ([]increment, error) {
	by := Counter{Offered: 1}
	if ev.Queueing {
		by.Queued = 1
	}
	return cohortIncrements(ev, by)
}

// offerEndedIncrements counts the outcome in the interval in which the phone began to ring,
// so that the outcomes of an interval are part of its offers.
func offerEndedIncrements(ev call.Event) ([]increment, error) {
	var by AgentCounter
	switch ev.Outcome {
	case call.NoAnswer:
		by.NoAnswer = 1
	case call.Rejected:
		by.Rejected = 1
	case call.Busy:
		by.Busy = 1
	case call.Unreachable:
		by.Unreachable = 1
	case call.Canceled:
		by.Canceled = 1
	default:
		return nil, fmt.Errorf("%w: unknown outcome of an offer %q", ErrUnmapped, ev.Outcome)
	}
	return agentIncrements(ev, ev.At.Add(-ev.Ring.Duration()), by)
}

func (r Rules) answeredIncrements(ev call.Event) ([]increment, error) {
	wait := int64(ev.Wait)
	by := Counter{Answered: 1, WaitAnswered: wait, MaxWait: wait}
	if ev.Wait.Duration() <= r.Within {
		by.AnsweredIn = 1
	}
	queue, err := cohortIncrements(ev, by)
	if err != nil {
		return nil, err
	}
	agent, err := agentIncrements(ev, ev.At, AgentCounter{Answered: 1})
	return append(queue, agent...), err
}

func (r Rules) leftIncrements(ev call.Event) ([]increment, error) {
	wait := int64(ev.Wait)
	by := Counter{MaxWait: wait}
	switch ev.Outcome {
	case call.Abandoned:
		by.Abandoned, by.WaitAbandoned = 1, wait
		if ev.Wait.Duration() < r.Short {
			by.Short, by.WaitShort = 1, wait
		}
	case call.TimedOut:
		by.TimedOut = 1
	case call.LeftEmpty:
		by.LeftEmpty = 1
	case call.Overflowed:
		by.Overflowed = 1
	case call.Callback:
		by.Callback = 1
	case call.ToMessage:
		by.ToMessage = 1
	default:
		return nil, fmt.Errorf("%w: unknown outcome of a stay in the queue %q", ErrUnmapped, ev.Outcome)
	}
	return cohortIncrements(ev, by)
}

// cohortIncrements counts for the queue in the interval of queue entry.
func cohortIncrements(ev call.Event, by Counter) ([]increment, error) {
	return queueIncrements(ev, ev.Entered, by)
}

func queueIncrements(ev call.Event, at time.Time, by Counter) ([]increment, error) {
	if ev.Queue == "" || at.IsZero() {
		return nil, fmt.Errorf("%w: %s without its queue or time", ErrUnmapped, ev.Kind)
	}
	return []increment{{of: ofQueue, id: string(ev.Queue), at: at, by: &by}}, nil
}

func agentIncrements(ev call.Event, at time.Time, by AgentCounter) ([]increment, error) {
	if ev.Agent == "" || at.IsZero() {
		return nil, fmt.Errorf("%w: %s without its agent or time", ErrUnmapped, ev.Kind)
	}
	return []increment{{of: ofAgent, id: string(ev.Agent), at: at, by: &by}}, nil
}

// talkIncrements counts for the queue and the agent in the interval of the answer.
func talkIncrements(ev call.Event, queue Counter, agent AgentCounter) ([]increment, error) {
	q, err := queueIncrements(ev, ev.Answer, queue)
	if err != nil {
		return nil, err
	}
	a, err := agentIncrements(ev, ev.Answer, agent)
	return append(q, a...), err
}
