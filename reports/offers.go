package reports

import (
	"fmt"
	"time"

	"hotline/call"
)

// Offer is one ring of one agent's phone for a caller who waited.
type Offer struct {
	ID      call.OfferID
	Queue   call.QueueID
	Agent   call.AgentID
	Begin   time.Time    // when the phone began to ring
	Outcome call.Outcome // how it ended without an answer, "" when it did not
	Taken   bool         // the agent picked up
}

// Offers counts rings of agents' phones by their outcome. Each outcome charges somebody
// else: one that the caller cancelled is not the agent's miss.
type Offers struct {
	Made        int64
	Answered    int64 // picked up
	NoAnswer    int64 // rang out 无应答
	Rejected    int64 // declined 拒接
	Busy        int64 // the phone was busy 占线
	Unreachable int64 // the phone was not registered or failed 不可达
	Canceled    int64 // the caller left while it rang 主叫放弃
	Open        int64 // no end is known
}

// Missed are the rings that the agent is charged with.
func (o Offers) Missed() int64 { return o.NoAnswer + o.Rejected + o.Busy + o.Unreachable }

// outcomes is the sum of all outcomes, which is Made.
func (o Offers) outcomes() int64 { return o.Answered + o.Missed() + o.Canceled + o.Open }

func (o *Offers) add(p Offers) {
	o.Made += p.Made
	o.Answered += p.Answered
	o.NoAnswer += p.NoAnswer
	o.Rejected += p.Rejected
	o.Busy += p.Busy
	o.Unreachable += p.Unreachable
	o.Canceled += p.Canceled
	o.Open += p.Open
}

// count counts one ring.
func (o *Offers) count(f Offer) {
	o.Made++
	switch {
	case f.Taken:
		o.Answered++
	case f.Outcome == call.NoAnswer:
		o.NoAnswer++
	case f.Outcome == call.Rejected:
		o.Rejected++
	case f.Outcome == call.Busy:
		o.Busy++
	case f.Outcome == call.Unreachable:
		o.Unreachable++
	case f.Outcome == call.Canceled:
		o.Canceled++
	default:
		o.Open++
	}
}

// offer is the ring that an event is about. The event tells by its own length when the ring
// began, so that a ring is known from whichever event comes first.
func (j *Journey) offer(e call.Event) *Offer {
	for i := range j.Offers {
		o := &j.Offers[i]
		if o.ID != e.Offer || o.Agent != e.Agent {
			continue
		}
		// Without an id the latest ring of the agent is meant, if it is still open.
		if o.ID != "" || i == len(j.Offers)-1 && o.Outcome == "" && !o.Taken {
			return o
		}
	}
	j.Offers = append(j.Offers, Offer{
		ID: e.Offer, Queue: e.Queue, Agent: e.Agent, Begin: e.At.Add(-e.Ring.Duration()),
	})
	return &j.Offers[len(j.Offers)-1]
}

// offerEnded remembers an agent who was rung in vain.
func (j *Journey) offerEnded(e call.Event) error {
	s, o := j.stay(e), j.offer(e)
	s.Rung = true
	switch e.Outcome {
	case call.NoAnswer, call.Rejected, call.Busy, call.Unreachable:
		s.Missed = append(s.Missed, e.Agent)
	case call.Canceled:
	default:
		return fmt.Errorf("%w: offer ended %q, event %d", ErrUnknownEvent, e.Outcome, e.Seq)
	}
	if o.Outcome != "" || o.Taken {
		j.Contradictions++
		return nil
	}
	o.Outcome = e.Outcome
	return nil
}
