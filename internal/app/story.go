package app

import (
	"strconv"
	"strings"
	"time"

	"hotline/call"
	"hotline/callflow"
)

// story is one call as the ledger tells it, up to where an earlier run stopped writing. An
// event that is not there has no Kind.
type story struct {
	id       call.ID
	arrived  call.Event
	queued   call.Event
	offered  call.Event // the last offer
	answered call.Event
	talked   call.Event // the end of the talk
	left     call.Event // left the queue without an answer
	offers   int
	wrapped  bool
	recorded bool // the recording is stored, or its fault is
	ended    call.Event
}

func storyOf(id call.ID, events []call.Event) story {
	s := story{id: id}
	for _, e := range events {
		switch e.Kind {
		case call.Arrived:
			s.arrived = e
		case call.Queued:
			s.queued = e
		case call.Offered:
			s.offered = e
			s.offers++
		case call.OfferEnded:
			if e.Offer == s.offered.Offer {
				s.offered = call.Event{}
			}
		case call.Answered:
			s.answered = e
		case call.TalkEnded:
			s.talked = e
		case call.LeftQueue:
			s.left = e
		case call.WrapUpEnded:
			s.wrapped = true
		case call.Ended:
			s.ended = e
		case call.Recorded, call.RecordingFault:
			s.recorded = true
		case call.MessageBegun, call.Messaged, call.SurveyBegun, call.Surveyed,
			call.Connected, call.HoldEnded, call.Conferenced, call.Transferred, call.Dialled, call.DialEnded,
			call.AgentChanged, call.StreamGap:
		}
	}
	return s
}

// talking tells whether an agent talked when the story stopped.
func (s *story) talking() bool { return s.answered.Kind != "" && s.talked.Kind == "" }

// answer completes the story of an offer whose answer nobody saw.
func (s *story) answer(at time.Time) {
	s.answered = s.offered
	s.answered.Kind, s.answered.At, s.answered.Seq = call.Answered, call.Stamp(at), 0
	s.answered.Ring = call.Between(s.offered.At, s.answered.At)
	s.answered.Wait = call.Between(s.offered.Entered, s.answered.At)
}

// held is the leg of the last offer as the flow takes it up.
func (s *story) held(leg string, up, joined bool) *callflow.Held {
	return &callflow.Held{Leg: call.LegID(leg), Agent: s.offered.Agent, Up: up, Joined: joined, Below: s.answered.Below}
}

// numberOf is the number of the offer at the end of a leg's id.
func numberOf(leg string) int {
	n, err := strconv.Atoi(leg[strings.LastIndex(leg, "-a")+2:])
	if err != nil {
		return 0 // callOfLeg took it for a number: it is too large to be one of ours
	}
	return n
}
