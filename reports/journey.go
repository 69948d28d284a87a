package reports

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"time"

	"hotline/call"
)

var (
	// ErrUnknownEvent is returned for a kind or an outcome that this program does not
	// know: a figure that skipped it would be wrong in silence.
	ErrUnknownEvent = errors.New("unknown event")
	// ErrOrder is returned when events do not come call by call.
	ErrOrder = errors.New("events are not in the order of calls and numbers")
)

// End says how a stay in a queue ended.
type End string

// The ends of a stay.
const (
	Waiting    End = "waiting"  // it has not ended
	Answered   End = "answered" // an agent picked up
	Abandoned  End = End(call.Abandoned)
	TimedOut   End = End(call.TimedOut)
	LeftEmpty  End = End(call.LeftEmpty)
	Overflowed End = End(call.Overflowed)
	Callback   End = End(call.Callback)
	ToMessage  End = End(call.ToMessage)
	Lost       End = "lost" // the call ended and nothing was said of the queue: a fault
)

// Stay is one caller's time in one queue.
type Stay struct {
	Queue    call.QueueID
	Entered  time.Time
	Queueing bool // no agent was idle at entry
	End      End
	Wait     call.Millis    // entry to End
	Agent    call.AgentID   // who answered
	Ring     call.Millis    // how long the phone that was picked up had rung
	Rung     bool           // an agent's phone rang
	Missed   []call.AgentID // who was rung in vain before, in order; not those the caller hung up on
	Told     []Told         // how long he was told that he would wait, in order
	// Transferred says that, after this answer, the caller was given away at least once.
	Transferred bool
}

// Leg is one agent's part in a call.
type Leg struct {
	Queue    call.QueueID
	Agent    call.AgentID
	Answer   time.Time
	Outbound bool              // the agent had dialled out: no part of a queue's work
	Hold     call.Millis       // of Talk, valid when TalkOver
	Holds    int64             // that ended
	Transfer call.TransferKind // how the agent gave the caller away, "" when he did not
	Talk     call.Millis       // valid when TalkOver
	Wrap     call.Millis       // valid when WrapOver
	TalkOver bool
	WrapOver bool
	offer    call.OfferID // that he answered, "" when it was not seen
}

// Journey is what the ledger tells of one call.
type Journey struct {
	Call    call.ID
	Number  string
	Line    string
	Arrived time.Time // the first event when the arrival was not seen
	// Outbound says that an agent dialled out, or a caller was called back: nobody called, so
	// no line counts it.
	Outbound bool
	Over     bool
	Ending   call.Ending // valid when Over
	Total    call.Millis // valid when Over
	end      time.Time   // when the call ended, valid when Over
	Stays    []Stay
	Legs     []Leg
	Offers   []Offer
	Dial     *Dial // of an outbound call, nil when no number was dialled
	// CalledBack says that he asked to be called back, was called and answered.
	CalledBack bool
	ratings    []rating
	gifts      []gift
	// Contradictions counts events that cannot be true together with earlier ones, such
	// as a second end of one stay. The first word stands.
	Contradictions int
}

// Journeys folds events that come call by call, in ascending order of call id and number,
// into one Journey a call. Events without a call are passed over. An error ends the
// sequence.
func Journeys(events iter.Seq2[call.Event, error]) iter.Seq2[Journey, error] {
	return func(yield func(Journey, error) bool) {
		var j Journey
		var last uint64
		for e, err := range events {
			if err == nil && e.Call == "" {
				continue
			}
			if err == nil && cmp.Or(cmp.Compare(j.Call, e.Call), cmp.Compare(last, e.Seq)) > 0 {
				err = fmt.Errorf("%w: event %d of call %s after %d of %s", ErrOrder, e.Seq, e.Call, last, j.Call)
			}
			if err == nil && e.Call != j.Call {
				if j.Call != "" && !yield(j.closed(), nil) {
					return
				}
				j = Journey{Call: e.Call, Arrived: e.At}
			}
			if err == nil {
				err = j.take(e)
			}
			if err != nil {
				yield(Journey{}, err)
				return
			}
			last = e.Seq
		}
		if j.Call != "" {
			yield(j.closed(), nil)
		}
	}
}

// take adds one event to the call.
func (j *Journey) take(e call.Event) error {
	if e.Direction != call.Inbound && waiting(e.Kind) {
		return nil // nobody waited: an agent asked for another one, or dialled out
	}
	switch e.Kind {
	case call.Arrived:
		j.Number, j.Line, j.Arrived, j.Outbound = e.Number, e.Line, e.At, e.Direction != call.Inbound
	case call.Queued:
		j.stay(e).Queueing = e.Queueing
	case call.Offered:
		j.stay(e).Rung = true
		j.offer(e)
	case call.OfferEnded:
		return j.offerEnded(e)
	case call.Answered:
		j.pickedUp(e)
	case call.LeftQueue:
		return j.leftQueue(e)
	case call.Estimated:
		s := j.stay(e)
		s.Told = append(s.Told, Told{At: e.At, P50: e.P50, P90: e.P90, Said: e.Said})
	case call.TalkEnded:
		l := j.leg(e)
		l.Talk, l.Hold, l.TalkOver, l.offer = e.Talk, max(0, e.Hold), true, e.Offer
	case call.WrapUpEnded:
		l := j.leg(e)
		l.Wrap, l.WrapOver = e.Wrap, true
	case call.HoldEnded:
		j.gifts = append(j.gifts, gift{agent: e.Agent, offer: e.Offer, at: e.At, hold: true})
	case call.Transferred:
		j.gifts = append(j.gifts, gift{agent: e.Agent, offer: e.Offer, at: e.At, kind: call.TransferKind(e.Reason)})
	case call.Dialled, call.DialEnded:
		j.dialled(e)
	case call.CallbackEnded:
		j.CalledBack = j.CalledBack || call.CallbackEnd(e.Reason) == call.CallbackReached
	case call.SurveyBegun, call.Surveyed:
		j.surveyed(e)
	case call.Ended:
		j.ended(e)
	case call.Connected, call.Conferenced, call.CallbackAsked, call.MessageBegun, call.Messaged,
		call.Recorded, call.RecordingFault, call.AgentChanged, call.StreamGap:
		// They say nothing that the figures count.
	default:
		return fmt.Errorf("%w: kind %q, event %d", ErrUnknownEvent, e.Kind, e.Seq)
	}
	return nil
}

// waiting tells whether a kind of event is about a caller's stay in a queue.
func waiting(k call.Kind) bool {
	return k == call.Queued || k == call.Offered || k == call.OfferEnded || k == call.Answered || k == call.LeftQueue
}

// stay is the stay that an event is about. Every event names it by queue and entry, so a
// stay is known from whichever event comes first.
func (j *Journey) stay(e call.Event) *Stay {
	for i := range j.Stays {
		if s := &j.Stays[i]; s.Queue == e.Queue && s.Entered.Equal(e.Entered) {
			return s
		}
	}
	j.Stays = append(j.Stays, Stay{Queue: e.Queue, Entered: e.Entered, End: Waiting})
	return &j.Stays[len(j.Stays)-1]
}

// leave closes the stay of an event; nil when it was closed before.
func (j *Journey) leave(e call.Event, how End) *Stay {
	s := j.stay(e)
	if s.End != Waiting {
		j.Contradictions++
		return nil
	}
	s.End, s.Wait = how, max(0, e.Wait)
	return s
}

// pickedUp closes a stay with an answer.
func (j *Journey) pickedUp(e call.Event) {
	j.offer(e).Taken = true
	if s := j.leave(e, Answered); s != nil {
		s.Agent, s.Rung, s.Ring = e.Agent, true, max(0, e.Ring)
	}
}

// leftQueue closes a stay without an answer.
func (j *Journey) leftQueue(e call.Event) error {
	switch e.Outcome {
	case call.Abandoned, call.TimedOut, call.LeftEmpty, call.Overflowed, call.Callback, call.ToMessage:
		j.leave(e, End(e.Outcome))
	default:
		return fmt.Errorf("%w: left queue %q, event %d", ErrUnknownEvent, e.Outcome, e.Seq)
	}
	return nil
}

// leg is the agent's part that an event is about.
func (j *Journey) leg(e call.Event) *Leg {
	for i := range j.Legs {
		if l := &j.Legs[i]; l.Agent == e.Agent && l.Answer.Equal(e.Answer) {
			return l
		}
	}
	j.Legs = append(j.Legs, Leg{
		Queue: e.Queue, Agent: e.Agent, Answer: e.Answer, Outbound: e.Direction == call.Outbound,
	})
	return &j.Legs[len(j.Legs)-1]
}

// ended closes the call.
func (j *Journey) ended(e call.Event) {
	if j.Over {
		j.Contradictions++
		return
	}
	j.Over, j.Ending, j.Total, j.end = true, e.Ending, e.Total, e.At
}

// gift is what an agent did with the caller in a talk. The event names no answer, so the
// talk is found when all events are known.
type gift struct {
	agent call.AgentID
	offer call.OfferID
	at    time.Time
	hold  bool
	kind  call.TransferKind
}

// closed is the journey after its last event. When the call is over, a stay that nobody
// closed is closed with it: a caller who is gone does not wait, and one whom we lost must
// not brighten the service level.
func (j Journey) closed() Journey {
	for i := range j.Stays {
		if s := &j.Stays[i]; j.Over && s.End == Waiting {
			s.End, s.Wait = Lost, call.Between(s.Entered, j.end)
		}
	}
	for _, g := range j.gifts {
		if l := j.talkOf(g); l != nil && g.hold {
			l.Holds++
		} else if l != nil {
			l.Transfer = g.kind
		}
		if s := j.answerBefore(g.at); s != nil && !g.hold {
			s.Transferred = true
		}
	}
	return j
}

// talkOf is the talk in which an agent did something: that of the offer, or else the last that
// he began before.
func (j *Journey) talkOf(g gift) *Leg {
	var found *Leg
	for i := range j.Legs {
		l := &j.Legs[i]
		if l.offer != "" && g.offer != "" && l.offer != g.offer {
			continue
		}
		if l.Agent == g.agent && !l.Answer.After(g.at) && (found == nil || l.Answer.After(found.Answer)) {
			found = l
		}
	}
	return found
}

// answerBefore is the last stay that an agent had answered by then.
func (j *Journey) answerBefore(at time.Time) *Stay {
	var found *Stay
	for i := range j.Stays {
		s := &j.Stays[i]
		if s.End == Answered && !s.Entered.Add(s.Wait.Duration()).After(at) &&
			(found == nil || s.Entered.After(found.Entered)) {
			found = s
		}
	}
	return found
}
