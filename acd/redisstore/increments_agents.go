package redisstore

import (
	"fmt"
	"time"

	"hotline/call"
)

// holdIncrements counts a hold where it began; its length is in the talk it is part of.
func holdIncrements(ev call.Event) ([]increment, error) {
	began := ev.At.Add(-ev.Held.Duration())
	queue, err := queueIncrements(ev, began, Counter{Holds: 1})
	if err != nil {
		return nil, err
	}
	agent, err := agentIncrements(ev, began, AgentCounter{Holds: 1})
	return append(queue, agent...), err
}

// transferIncrements counts who gave a caller away. Not every such caller came by a queue.
func transferIncrements(ev call.Event) ([]increment, error) {
	var attended int64
	switch call.TransferKind(ev.Reason) {
	case call.Blind:
	case call.Attended:
		attended = 1
	default:
		return nil, fmt.Errorf("%w: unknown kind of transfer %q", ErrUnmapped, ev.Reason)
	}
	out, err := agentIncrements(ev, ev.At, AgentCounter{Transfers: 1, Attended: attended})
	if err != nil || ev.Queue == "" {
		return out, err
	}
	queue, err := queueIncrements(ev, ev.At, Counter{Transfers: 1, Attended: attended})
	return append(out, queue...), err
}

// stateIncrements cuts the time in the state that ended at the borders of the intervals. The
// cells of a day then hold all of the day and nothing of another one, whenever it begins.
func stateIncrements(ev call.Event) ([]increment, error) {
	if ev.Agent == "" || ev.At.IsZero() {
		return nil, fmt.Errorf("%w: %s without its agent or time", ErrUnmapped, ev.Kind)
	}
	if _, known := stateTime(ev.From, 0); !known {
		return nil, fmt.Errorf("%w: unknown state of an agent %q", ErrUnmapped, ev.From)
	}
	if ev.From == call.Offline {
		return nil, nil
	}
	if ev.Held > call.MillisOf(maxRange) {
		return nil, fmt.Errorf("%w: %d ms in a state", ErrUnmapped, ev.Held)
	}
	var out []increment
	for at := ev.At.Add(-ev.Held.Duration()); at.Before(ev.At); {
		next := earlier(interval(at).Add(Interval), ev.At)
		length := next.Sub(at).Milliseconds()
		by, _ := stateTime(ev.From, length)
		out = append(out, increment{of: ofAgent, id: string(ev.Agent), at: at, by: by})
		if ev.From == call.Break {
			piece := &breakTime{reason: ev.Was, length: length}
			out = append(out, increment{of: ofBreaks, id: string(ev.Agent), at: at, by: piece})
		}
		at = next
	}
	return out, nil
}

// stateTime is a length of time in a state, false when there is no such state. Nobody is
// paid for being offline, so that time is not kept.
func stateTime(s call.AgentState, length int64) (*AgentCounter, bool) {
	switch s {
	case call.Offline:
		return &AgentCounter{}, true
	case call.Ready:
		return &AgentCounter{InReady: length}, true
	case call.Ringing:
		return &AgentCounter{InRinging: length}, true
	case call.Talking:
		return &AgentCounter{InTalking: length}, true
	case call.Hold:
		return &AgentCounter{InHold: length}, true
	case call.WrapUp:
		return &AgentCounter{InWrapUp: length}, true
	case call.Break:
		return &AgentCounter{InBreak: length}, true
	default:
		return nil, false
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
