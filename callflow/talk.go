package callflow

import (
	"context"
	"slices"
	"time"

	"hotline/acd"
	"hotline/call"
)

// legUp is somebody who picked up. The engine judges whether the offer is still current: of
// two answers it connects one and drops the other (complaint P1).
func (f *flow) legUp(ctx context.Context, id call.LegID) {
	l, ok := f.legs[id]
	switch {
	case !ok || l.up:
	case l.number != "":
		f.outsideUp(ctx, id)
	default:
		l.up = true
		f.submit(acd.Answered{Offer: call.OfferID(id)})
	}
}

// connect joins the agent. Music or prompt is stopped beside the join, not before it: one
// command stands between the agent's answer and the first word (complaint P12).
func (f *flow) connect(ctx context.Context, a acd.Connect) {
	id := call.LegID(a.Offer)
	l, ok := f.legs[id]
	switch {
	case !ok || f.gone:
		return // legGone or callerGone has told the engine already
	case a.Call != f.a.Call:
		f.consultConnected(ctx, id)
		return
	case f.calling():
		f.callNumber(ctx, id)
		return
	}
	playing := f.playing
	f.playing, f.onKey = "", nil
	f.deadline.Stop()
	f.quietBeside(ctx, playing)
	if err := f.m.opt.Phone.Join(ctx, f.bridge, id); err != nil {
		// The leg's end, when it comes, tells the engine; here nobody is left alone.
		f.log.Error("agent cannot join the caller", "agent", a.Agent, "error", err)
		f.hangUpLeg(ctx, id, CauseNormal)
	} else {
		l.joined = true
		f.record(call.Event{
			Kind: call.Connected, At: time.Now(), Queue: f.queue, Agent: a.Agent, Offer: a.Offer, Leg: id,
		})
	}
	f.talked = true
	f.to(Talking)
	f.serve(id)
	f.flag(a.Below)
}

// serve makes an agent the one who answers for the call.
func (f *flow) serve(id call.LegID) {
	f.serving = id
	f.setAgent(f.legs[id].agent)
}

// legGone is the end of a leg: of a talk, or of an offer.
func (f *flow) legGone(ctx context.Context, s LegGone) {
	if l, goesOn := f.legOver(s); goesOn && !f.gone {
		f.goOn(ctx, s.Leg, l)
	}
}

// legOver takes a leg out and tells the engine of its end; goesOn is false for an offer that
// nobody took, which changes nothing for the caller.
func (f *flow) legOver(s LegGone) (l *leg, goesOn bool) {
	l, ok := f.legs[s.Leg]
	if !ok {
		return nil, false
	}
	delete(f.legs, s.Leg)
	offer := call.OfferID(s.Leg)
	switch {
	case l.number != "":
		f.outsideGone(s.Leg, l, s.Outcome)
	case !l.up || l.dropped:
		f.submit(acd.OfferFailed{Offer: offer, Outcome: s.Outcome})
		return l, false
	default:
		f.submit(acd.LegEnded{Offer: offer, By: f.endedBy(l)})
	}
	return l, true
}

// switchDied ends the call: neither side has hung up. Talks end before the caller leaves, or
// he would have ended them; offers after it, or his place would be offered to the next agent.
func (f *flow) switchDied(ctx context.Context, at time.Time) {
	for id, l := range f.legs {
		if l.up && !l.dropped {
			l.by = call.BySystem
			f.legOver(LegGone{Leg: id, Outcome: call.Canceled})
		}
	}
	if f.ending == (call.Ending{}) && f.stage != Speaking { // a message that was left is one
		f.ending, f.by = call.Ending{Class: call.ClassFailed, Reason: call.SwitchFailure}, call.BySystem
		if f.talked {
			f.ending.Class = call.ClassAnswered
		}
	}
	f.callerGone(ctx, CallerGone{At: at})
	for id := range f.legs {
		f.legOver(LegGone{Leg: id, Outcome: call.Canceled})
	}
}

// endedBy is the side that ended an agent's leg.
func (f *flow) endedBy(l *leg) call.Party {
	switch {
	case l.by != "":
		return l.by
	case f.gone:
		return call.ByCaller
	default:
		return call.ByAgent
	}
}

// goOn finds out what becomes of the caller when somebody who was up has gone.
func (f *flow) goOn(ctx context.Context, id call.LegID, l *leg) {
	k := f.consult
	others := f.others(id)
	switch {
	case f.then != nil && id == f.then.After:
		f.send(ctx, f.then.To)
	case k != nil && id == k.leg:
		f.consultOver(ctx)
	case k != nil && id == k.by:
		f.askerGone(ctx, l)
	case f.stage == Waiting && l.of != "":
		// An outside number that was asked, until the caller was sent elsewhere.
	case f.stage == Dialling:
		f.giveUp(ctx, call.Ending{Class: call.ClassUnreached, Reason: call.AgentGaveUp}, call.ByAgent)
	case f.stage == Waiting:
		f.requeue(ctx) // the outside number he was sent to
	case f.stage != Talking:
	case len(others) > 0:
		f.talkOn(ctx, id, l, others)
	default:
		f.ending, f.by = endingWithout(l), f.endedBy(l)
		if !f.rate(ctx, l.agent) {
			f.to(Leaving)
			f.hangUpCaller(ctx)
		}
	}
}

// endingWithout is the ending of a call that nobody but the caller is left in.
func endingWithout(l *leg) call.Ending {
	if l.number != "" {
		return call.Ending{Class: call.ClassAnswered, Reason: call.OutsideHungUp}
	}
	return call.Ending{Class: call.ClassAnswered, Reason: call.AgentHungUp}
}

// talkOn is a conference that one party has left. Two who are left hear each other without a
// mixer between them, so the recording must be made ready for the other's voice.
func (f *flow) talkOn(ctx context.Context, id call.LegID, l *leg, others []call.LegID) {
	if id == f.serving {
		slices.Sort(others)
		f.transferred(l.agent, id, f.targetOf(others[0]), call.Attended)
		f.serve(others[0])
	}
	if len(others) == 1 {
		f.refresh(ctx)
	}
}

// targetOf is a leg as a target.
func (f *flow) targetOf(id call.LegID) Target {
	l := f.legs[id]
	return Target{Agent: l.agent, Number: l.number}
}

func (f *flow) setAgent(a call.AgentID) {
	f.seenMu.Lock()
	defer f.seenMu.Unlock()
	f.seen.Agent = a
}

// compare takes up what the switch did while we did not hear it. What the look misses may
// have ended in the moment before it, with the word of it still on its way, and that word
// tells more: so it counts as lost only when it is missed once more. It reports false when the
// same look comes again for that.
func (f *flow) compare(ctx context.Context, s look) (done bool) {
	missing := false
	if since, dialled := f.callerSince(); dialled && !f.gone && since.Add(settle).Before(s.taken) {
		if _, there := s.legs[f.a.Leg]; !there {
			missing = true
			if s.again {
				f.callerGone(ctx, CallerGone{At: s.taken, Lost: true})
			}
		}
	}
	for _, id := range s.yours {
		if f.legs[id] == nil && id != f.a.Leg {
			f.hangUpLeg(ctx, id, CauseNormal)
		}
	}
	for id, l := range f.legs {
		st, there := s.legs[id]
		switch {
		case there && st.Up:
			f.legUp(ctx, id)
		case !there && l.since.Add(settle).Before(s.taken):
			missing = true
			if s.again {
				f.legGone(ctx, LegGone{Leg: id, Outcome: call.Unreachable})
			}
		}
	}
	if !missing || s.again {
		return true
	}
	s.again = true
	f.side.Go(func() { f.lookAgain(ctx, s) })
	return false
}

// lookAgain comes back to a look when the word of what it misses has had time to arrive.
func (f *flow) lookAgain(ctx context.Context, s look) {
	timer := time.NewTimer(wordMax)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		s.done()
	case <-timer.C:
		if !f.m.post(f, s) {
			s.done()
		}
	}
}
