package acd

import (
	"strconv"
	"time"

	"hotline/call"
)

// phase is how far an offer has come.
type phase int

const (
	ringing phase = iota // current: the phone rings
	talking              // current: answered
	closing              // dropped: the leg may still be there
)

// offer is one attempt to bring one caller to one agent. It is kept after it was dropped
// until its leg is gone, so that a late answer is recognised. The timer is the limit of
// the phase.
type offer struct {
	id      call.OfferID
	caller  *caller
	agent   *agent
	phase   phase
	begun   time.Time
	below   bool // the agent's level is below the one that the caller wants
	timer   deadline
	dropped call.Outcome // why, in the phase closing
	late    bool         // answered in the phase closing

	wait, ring call.Millis // at the answer
	answer     time.Time
	talkEnd    time.Time
	by         call.Party  // who ends the talk, once we ordered HangUp
	held       time.Time   // since when the caller is on hold; zero when he is not
	hold       call.Millis // on hold so far
}

// ring reserves the agent for the caller and has his phone dialled.
func (e *Engine) ring(a *agent, c *caller) {
	e.unwait(c)
	c.prefer, c.rung = nil, true
	a.took(c)
	o := &offer{id: e.offerID(c), caller: c, agent: a, phase: ringing, begun: e.at, below: c.below(a)}
	o.timer = newDeadline(o)
	e.offers[o.id] = o
	a.offer, c.offer = o, o
	e.startIn(&o.timer, c.queue.RingFor)
	e.record(o.event(call.Offered))
	e.setState(a, call.Ringing, "", c.journey)
	e.act(Ring{Offer: o.id, Call: c.id, Queue: c.queue.ID, Agent: a.id, Until: o.timer.at, Below: o.below})
}

// offerID numbers the offers of a call. A number is passed over when a dropped offer of an
// earlier stay still holds it.
func (e *Engine) offerID(c *caller) call.OfferID {
	for {
		c.offers++
		id := call.OfferID(string(c.id) + "-a" + strconv.Itoa(c.offers))
		if _, taken := e.offers[id]; !taken {
			return id
		}
	}
}

// event is an event about the offer with the fields that all of them share.
func (o *offer) event(kind call.Kind) call.Event {
	return call.Event{
		Kind: kind, Call: o.caller.journey, Direction: o.caller.direction, Queue: o.caller.queue.ID,
		Entered: o.caller.entered, Agent: o.agent.id, Offer: o.id,
	}
}

func (e *Engine) answered(o *offer) {
	switch {
	case o.phase == ringing:
		e.connect(o)
	case o.phase == closing && !o.late:
		o.late = true
		e.stats.LateAnswers++
		e.drop(o, o.dropped)
	default:
		e.refuse()
	}
}

func (e *Engine) connect(o *offer) {
	a, c := o.agent, o.caller
	o.phase, o.answer = talking, e.at
	o.wait, o.ring = call.Between(c.entered, e.at), call.Between(o.begun, e.at)
	a.misses = 0
	e.startIn(&o.timer, e.cfg.TalkMax)
	ev := o.event(call.Answered)
	ev.Wait, ev.Ring, ev.Below = o.wait, o.ring, o.below
	e.record(ev)
	e.setState(a, call.Talking, "", c.journey)
	e.act(Connect{Offer: o.id, Call: c.id, Agent: a.id, Below: o.below})
}

func (e *Engine) offerFailed(o *offer, outcome call.Outcome) {
	switch o.phase {
	case closing:
		e.closed(o)
	case ringing:
		e.stop(&o.timer)
		delete(e.offers, o.id)
		e.unanswered(o, failure(outcome))
		e.again(o.caller, e.now)
	case talking:
		e.refuse()
	}
}

// failure is the outcome of an offer as reported, Unreachable when it makes no sense.
func failure(outcome call.Outcome) call.Outcome {
	switch outcome {
	case call.NoAnswer, call.Rejected, call.Busy, call.Unreachable, call.Canceled:
		return outcome
	default:
		return call.Unreachable
	}
}

// drop orders the leg of an offer away and holds the agent back until that is confirmed or
// the grace has passed: a second call must not reach a phone that may still ring.
func (e *Engine) drop(o *offer, why call.Outcome) {
	o.phase, o.dropped = closing, why
	o.agent.closing = o
	e.startIn(&o.timer, e.cfg.RingGrace)
	e.act(Drop{Offer: o.id, Call: o.caller.id, Agent: o.agent.id, Why: why})
}

// unanswered ends the reservation of a ringing offer. The caller is left without an offer:
// the one who calls this lets him seek again or leave. An agent who missed the call goes
// to the end of the idle ones and pauses; one who did not keeps his place.
func (e *Engine) unanswered(o *offer, outcome call.Outcome) {
	a := o.agent
	a.offer, o.caller.offer = nil, nil
	ev := o.event(call.OfferEnded)
	ev.Outcome, ev.Ring = outcome, call.Between(o.begun, e.at)
	e.record(ev)
	// A failure that we did not order pauses the agent whoever is to blame: otherwise a
	// phone that refuses at once would be dialled again at the speed of the network.
	if outcome != call.Canceled || o.phase == ringing {
		e.startIn(&a.timer, e.cfg.MissPause)
	}
	if outcome == call.NoAnswer {
		e.missed(a)
	}
	place := a.idle
	e.release(a, o.caller.journey)
	if outcome == call.Canceled {
		a.idle = place
	}
}

// closed ends the hold that a dropped offer had on its agent.
func (e *Engine) closed(o *offer) {
	e.stop(&o.timer)
	delete(e.offers, o.id)
	o.agent.closing = nil
	e.settle(o.agent)
}

func (e *Engine) legEnded(o *offer, by call.Party) {
	switch o.phase {
	case closing:
		e.closed(o)
	case talking:
		e.endTalk(o, by)
	case ringing:
		e.refuse()
	}
}

// hangUp orders the end of a talk and waits for it no longer than the grace.
func (e *Engine) hangUp(o *offer, by call.Party) {
	if o.by != "" {
		e.refuse()
		return
	}
	o.by = by
	e.startIn(&o.timer, e.cfg.RingGrace)
	e.act(HangUp{Offer: o.id, Call: o.caller.id, Agent: o.agent.id, By: by})
}

// endTalk takes the agent's leg as over. Whoever made us order the end has ended the talk,
// not the party that the phone reports afterwards.
func (e *Engine) endTalk(o *offer, by call.Party) {
	switch {
	case o.by != "":
		by = o.by
	case by != call.ByCaller && by != call.ByAgent:
		by = call.BySystem
	}
	e.stop(&o.timer)
	delete(e.offers, o.id)
	e.forget(o.caller)
	e.endHold(o)
	ev := o.event(call.TalkEnded)
	ev.Wait, ev.Ring = o.wait, o.ring
	ev.Answer, ev.Talk, ev.Hold, ev.By = o.answer, call.Between(o.answer, e.at), o.hold, by
	e.record(ev)
	e.beginWrapUp(o.agent)
}

// expired ends the phase that lasted to its limit.
func (o *offer) expired(e *Engine) {
	switch {
	case o.phase == ringing && e.halted:
		e.startIn(&o.timer, haltedRing)
	case o.phase == ringing:
		e.drop(o, call.NoAnswer)
		e.unanswered(o, call.NoAnswer)
		e.again(o.caller, e.now)
	case o.phase == closing:
		e.stats.ForcedLegs++
		e.closed(o)
	case o.by == "":
		e.hangUp(o, call.BySystem)
	default:
		e.stats.ForcedTalks++
		e.endTalk(o, o.by)
	}
}
