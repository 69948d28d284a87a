package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"hotline/acd"
	"hotline/ari"
	"hotline/call"
	"hotline/callflow"
)

// kept is a leg that goes on: the flow's view of it and, of an agent, his part in the story.
type kept struct {
	callflow.Held
	part *part // nil for an outside number
}

// takeUp tells the engine and the flow of a caller who is still there and of everybody who is
// with him.
func (a *App) takeUp(ctx context.Context, s story, caller ari.Channel, h holding) resumed {
	r := resumed{
		who: callflow.Arrival{
			Call: s.id, Leg: s.caller(), Outbound: s.outbound(), Back: s.back(), Number: s.arrived.Number, Line: s.arrived.Line,
			Grade: a.grades.of(s.arrived.Number).Grade, Begin: caller.Created,
		},
		past: callflow.Resumption{Began: s.arrived.At, Bridged: h.bridged[caller.ID], Talked: s.answered()},
	}
	if s.outbound() {
		r.who.Begin = s.reached
	}
	intent := a.intentOf(ctx, s)
	t, then := a.settleTalk(ctx, &s, a.settleLegs(ctx, &s, intent, h), intent, h)
	legs := t.legs()
	a.settleParts(&s, legs, h)
	if s.rating.Kind != "" {
		a.endAside(&s, time.Now())
	}
	a.log.Info("call taken up", "call", s.id, "queue", s.stay.Queue, "legs", len(legs), "then", then)
	r.past.Offers, r.past.Consults, r.past.Outsides, r.past.Then = s.offers, s.consults, s.outsides, then
	if s.stay.Kind != "" {
		r.past.Place = &callflow.Place{Queue: s.stay.Queue, Entered: s.stay.Entered, Place: s.stay.Place}
	}
	switch {
	case s.aside(&r.past):
	case s.left.Kind != "":
		ending := call.RefusedFrom(s.left.Outcome)
		r.past.Ending = &ending
	case len(legs) > 0:
		r.rings = a.adoptLegs(r.who, &s, legs)
		for _, k := range legs {
			r.past.Legs = append(r.past.Legs, k.Held)
		}
		r.past.Asks = t.asking(&s, intent, h)
	case then == nil && s.last() != nil:
		r.past.Ending = &call.Ending{Class: call.ClassAnswered, Reason: call.AgentHungUp}
	}
	return r
}

// intentOf is where an agent wants the caller to go, which stands on the caller's channel.
func (a *App) intentOf(ctx context.Context, s story) callflow.Intent {
	if s.last() == nil {
		return callflow.Intent{}
	}
	bound, cancel := context.WithTimeout(ctx, commandMax)
	defer cancel()
	text, err := a.ari.GetVariable(bound, string(s.caller()), intentVariable)
	if err != nil {
		return callflow.Intent{} // most often: no agent ever wanted anything
	}
	intent, _ := callflow.ParseIntent(text)
	return intent
}

// settleLegs brings the legs of a call into line with its story and returns those that go on.
// One that was picked up unseen is an answer. A leg that was made and not dialled yet, that
// rings for a consultation or belongs to an older offer is hung up.
func (a *App) settleLegs(ctx context.Context, s *story, intent callflow.Intent, h holding) (legs []kept) {
	for _, leg := range h.legs[s.id] {
		a.recallDial(s, leg, intent)
		k, goesOn := a.outsideLeg(s, leg), true
		if k == nil {
			k, goesOn = a.agentLeg(s, leg, h)
		}
		if !goesOn {
			a.hangUp(ctx, leg.ID) // before the next phone rings for him
			continue
		}
		k.Joined = h.bridged[leg.ID]
		legs = append(legs, *k)
	}
	return legs
}

// outsideLeg is a leg to an outside number that is known and was dialled, nil when it is not.
func (a *App) outsideLeg(s *story, leg ari.Channel) *kept {
	dialled, known := s.dials[call.LegID(leg.ID)]
	if !known || leg.State != ari.ChannelUp && leg.State != ari.ChannelRinging {
		return nil
	}
	to, _ := callflow.ParseTarget(dialled.Target)
	return &kept{Held: callflow.Held{
		Leg: call.LegID(leg.ID), Number: to.Number, Up: leg.State == ari.ChannelUp, Since: time.Now(),
	}}
}

// agentLeg is an agent's leg that goes on, false when it must be hung up.
func (a *App) agentLeg(s *story, leg ari.Channel, h holding) (*kept, bool) {
	offer := call.OfferID(leg.ID)
	of, _ := splitOffer(offer)
	a.recall(s, leg)
	p := s.part(offer)
	switch {
	case p == nil:
		return nil, false
	case leg.State == ari.ChannelUp && p.ringing():
		p.answer(h.pickedUp(leg, p.offered.At, time.Now()))
		a.Record(p.answered)
	case leg.State == ari.ChannelUp && p.talking():
	case leg.State == ari.ChannelRinging && p.ringing() && of == s.id:
	default:
		return nil, false
	}
	return &kept{Held: p.leg(leg.State == ari.ChannelUp), part: p}, true
}

// recall writes down an offer that the run before this one made and did not live to write:
// Asterisk's leg tells when, and whose phone it is.
func (a *App) recall(s *story, leg ari.Channel) {
	offer := call.OfferID(leg.ID)
	if of, number := splitOffer(offer); s.part(offer) != nil || of == s.id && number <= s.offers {
		return
	}
	line, known := a.cfg.LineOf(s.arrived.Line)
	if !known {
		return
	}
	at := call.Stamp(leg.Created)
	if s.stay.Kind == "" {
		queue := a.cfg.ServiceAt(line)(s.arrived.At).Queue
		s.stay = call.Event{Kind: call.Queued, At: at, Call: s.id, Queue: queue, Entered: at}
		a.Record(s.stay)
	}
	for _, g := range a.cfg.Agents {
		if endpointOf(leg.Name) == g.Endpoint {
			offered := call.Event{
				Kind: call.Offered, At: at, Call: s.id, Queue: s.stay.Queue, Entered: s.stay.Entered,
				Agent: g.ID, Offer: call.OfferID(leg.ID),
			}
			if of, _ := splitOffer(offered.Offer); of != s.id {
				offered.Direction, offered.Entered = call.Consult, at
			}
			s.offer(offered)
			a.Record(offered)
		}
	}
}

// recallDial is recall for a leg to a number outside. The number stands in what the agent
// wants; where it does not, the leg is hung up, and the next one must not have its name.
func (a *App) recallDial(s *story, leg ari.Channel, intent callflow.Intent) {
	id := call.LegID(leg.ID)
	_, part := callflow.CallOf(leg.ID)
	if _, number := splitOffer(call.OfferID(id)); strings.HasPrefix(part, "-o") && number > s.outsides {
		s.outsides = number
	} else {
		return
	}
	by := s.part(call.OfferID(intent.After))
	if intent.To.Number == "" || by == nil {
		return
	}
	dialled := call.Event{
		Kind: call.Dialled, At: call.Stamp(leg.Created), Call: s.id, Agent: by.offered.Agent, Leg: id,
		Target: intent.To.String(),
	}
	s.dials[id] = dialled
	a.Record(dialled)
}

// adoptLegs tells the engine of the agents' legs. Of a phone that rings it returns what the
// engine is to be told.
func (a *App) adoptLegs(who callflow.Arrival, s *story, legs []kept) (rings *acd.Adopt) {
	standing := a.standing(who, s.stay.Queue)
	for _, k := range legs {
		p := k.part
		if p == nil {
			continue
		}
		enter := acd.Enter{
			Call: k.Of, Journey: s.id, Direction: p.offered.Direction, Queue: p.offered.Queue,
			Since: p.offered.Entered, Offers: s.offers,
		}
		if k.Of == s.id {
			enter.Place, enter.Level, enter.Priority = s.stay.Place, standing.Level, standing.Priority
		}
		told := acd.Adopt{
			Caller: enter, Agent: k.Agent, Offer: call.OfferID(k.Leg), Offered: p.offered.At, Answer: p.answered.At,
			Held: p.held, Talking: p.resumed, Hold: p.hold,
		}
		if len(legs) == 1 && !k.Up {
			return &told
		}
		a.submit(told)
	}
	return nil
}

// settleParts ends what nobody is left of: a ring, a talk, a work after it that was not taken
// up yet.
func (a *App) settleParts(s *story, legs []kept, h holding) {
	now := time.Now()
	for _, p := range s.parts {
		switch goesOn := hasPart(legs, p); {
		case goesOn:
		case p.ringing():
			a.endOffer(p, now)
		case p.talking():
			a.endTalk(p, s.talkEnd(now), call.ByAgent, h)
		case p.talked.Kind != "" && !p.wrapped:
			a.workUp(p.talked, h)
		}
	}
	for leg, dialled := range s.dials {
		goesOn := slices.ContainsFunc(legs, func(k kept) bool { return k.Leg == leg })
		if !goesOn && leg != s.caller() {
			a.endDial(s, dialled, now)
		}
	}
}

func hasPart(legs []kept, p *part) bool {
	for _, k := range legs {
		if k.part == p {
			return true
		}
	}
	return false
}
