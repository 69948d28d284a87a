package app

import (
	"slices"
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
	reached  time.Time  // when the number that an agent called answered; zero on other calls
	stay     call.Event // his last entry into a queue
	left     call.Event // left that queue without an answer
	parts    []*part    // of the agents who were rung, in order
	dials    map[call.LegID]call.Event
	given    call.Event // the last transfer
	offers   int        // of the call itself
	consults int        // consultations so far
	outsides int        // legs to outside numbers so far
	recorded bool       // the recording is stored, or its fault is
	ended    call.Event
	speaking call.Event // a message that is not over
	messaged call.Event
	rating   call.Event // a survey that is not over
}

// part is one agent's part in a call: from the ring to the work after it.
type part struct {
	offered  call.Event
	over     bool       // ended without an answer
	answered call.Event // when he picked up
	joined   bool       // he and the caller, or who asked, heard each other
	held     time.Time  // since when the caller is on hold; zero when he is not
	resumed  time.Time  // end of the last hold
	hold     call.Millis
	talked   call.Event // the end of the talk
	wrapped  bool
}

func storyOf(id call.ID, events []call.Event) story {
	s := story{id: id, dials: map[call.LegID]call.Event{}}
	for _, e := range events {
		s.take(e)
	}
	return s
}

func (s *story) take(e call.Event) {
	switch e.Kind {
	case call.Arrived:
		s.arrived = e
	case call.Queued:
		if e.Direction == call.Inbound {
			s.stay, s.left = e, call.Event{}
		}
	case call.LeftQueue:
		if e.Direction == call.Inbound {
			s.left = e
		}
	case call.Offered:
		s.offer(e)
	case call.Transferred:
		s.given = e
	case call.Dialled:
		s.dials[e.Leg] = e
		s.outsides++
	case call.Connected:
		if s.outbound() && e.Leg == s.caller() {
			s.reached = e.At
		}
		s.partTakes(e)
	case call.DialEnded:
		delete(s.dials, e.Leg)
	case call.Ended:
		s.ended = e
	case call.Recorded, call.RecordingFault:
		s.recorded = true
	case call.MessageBegun, call.Messaged, call.SurveyBegun, call.Surveyed:
		s.note(e)
	default:
		s.partTakes(e)
	}
}

// offer begins an agent's part.
func (s *story) offer(e call.Event) {
	s.parts = append(s.parts, &part{offered: e})
	if of, n := splitOffer(e.Offer); of == s.id {
		s.offers = max(s.offers, n)
	} else {
		_, consult := splitOffer(call.OfferID(of))
		s.consults = max(s.consults, consult)
	}
}

// partTakes adds to an agent's part.
func (s *story) partTakes(e call.Event) {
	for _, p := range s.parts {
		if e.Offer == p.offered.Offer || e.Offer == "" && e.Agent == p.offered.Agent && p.talking() ||
			e.Kind == call.WrapUpEnded && e.Agent == p.offered.Agent && e.Answer.Equal(p.answered.At) {
			p.take(e)
		}
	}
}

func (p *part) take(e call.Event) {
	switch e.Kind {
	case call.OfferEnded:
		p.over = true
	case call.Answered:
		p.answered = e
	case call.Connected:
		p.joined = true
	case call.AgentChanged:
		// From Offline is an earlier restart: the hold began before it.
		if e.To == call.Hold && e.From != call.Offline {
			p.held = e.At
		}
	case call.HoldEnded:
		p.held, p.resumed = time.Time{}, e.At
		p.hold += e.Held
	case call.TalkEnded:
		p.talked = e
	case call.WrapUpEnded:
		p.wrapped = true
	default: // the others are told of the call
	}
}

func (p *part) ringing() bool { return p.answered.Kind == "" && !p.over }
func (p *part) talking() bool { return p.answered.Kind != "" && p.talked.Kind == "" }

// part is that of an offer, nil when nothing is told of it.
func (s *story) part(offer call.OfferID) *part {
	for _, p := range s.parts {
		if p.offered.Offer == offer {
			return p
		}
	}
	return nil
}

// last is the part of who answered last in the present stay, nil when nobody did.
func (s *story) last() *part {
	for _, p := range slices.Backward(s.parts) {
		if p.answered.Kind != "" && !p.answered.At.Before(s.stay.At) {
			return p
		}
	}
	return nil
}

// took tells whether the one who was asked has taken the caller over.
func (s *story) took(k *kept) bool {
	given := s.given.Kind != "" && s.given.Reason == string(call.Attended)
	return given && k.part != nil && !s.given.At.Before(k.part.answered.At)
}

// outbound tells whether an agent made the call, or was rung to call somebody back.
func (s *story) outbound() bool { return s.arrived.Direction == call.Outbound || s.back() }

func (s *story) back() bool { return s.arrived.Direction == call.CallBack }

// caller is the leg of the caller, or of the number that an agent called.
func (s *story) caller() call.LegID {
	if s.outbound() {
		return call.LegID(s.id + customerPart)
	}
	return call.LegID(s.id)
}

// recording is when the call's recording began.
func (s *story) recording() time.Time {
	if s.outbound() {
		return s.reached
	}
	return s.arrived.At
}

// answered tells whether anybody ever talked with the caller.
func (s *story) answered() bool {
	for _, p := range s.parts {
		if p.answered.Kind != "" && p.answered.Direction == call.Inbound {
			return true
		}
	}
	return false
}

// answer completes the part of an agent whose answer nobody saw.
func (p *part) answer(at time.Time) {
	p.answered = p.event(call.Answered, at)
	p.answered.Ring = call.Between(p.offered.At, p.answered.At)
	p.answered.Wait = call.Between(p.offered.Entered, p.answered.At)
}

// event is an event of the agent's part.
func (p *part) event(kind call.Kind, at time.Time) call.Event {
	ev := p.offered
	ev.Kind, ev.At, ev.Seq = kind, call.Stamp(at), 0
	return ev
}

// leg is the leg of a part as the flow takes it up.
func (p *part) leg(up bool) callflow.Held {
	of, _ := splitOffer(p.offered.Offer)
	return callflow.Held{
		Leg: call.LegID(p.offered.Offer), Agent: p.offered.Agent, Of: of, Up: up,
		Below: p.answered.Below,
	}
}

// splitOffer takes the number from the end of an offer's id: what is left is the call or the
// consultation it was made for.
func splitOffer(id call.OfferID) (of call.ID, number int) {
	i := strings.LastIndex(string(id), "-")
	if i < 0 || i+2 > len(id) {
		return call.ID(id), 0
	}
	n, err := strconv.Atoi(string(id[i+2:]))
	if err != nil {
		return call.ID(id), 0
	}
	return call.ID(id[:i]), n
}
