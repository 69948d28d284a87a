package callflow

import (
	"cmp"
	"context"
	"slices"
	"time"

	"hotline/acd"
	"hotline/call"
)

// hangUpAgain is the pause before a hang-up that failed is tried again: short enough that
// the phone is silent before the engine rings it for the next caller (acd.Config.RingGrace).
const hangUpAgain = time.Second

// enqueue puts the caller into his line's queue. The wait starts here, after the last
// prompt he had to hear.
func (f *flow) enqueue(ctx context.Context) {
	f.to(Waiting)
	f.entered, f.onKey = true, f.wish
	f.submit(f.enterFirst(acd.Enter{Call: f.a.Call, Queue: f.queue}))
	f.music(ctx)
	f.first()
}

// quiet ends what the caller hears from us.
func (f *flow) quiet(ctx context.Context, playing PlaybackID) {
	if playing == "" {
		f.stopMusic(ctx)
	} else {
		f.stopPlay(ctx, playing)
	}
}

// quietBeside does it beside the flow.
func (f *flow) quietBeside(ctx context.Context, playing PlaybackID) {
	if playing == "" {
		f.stopMusicBeside(ctx, f.a.Leg)
	} else {
		f.side.Go(func() { f.stopPlay(ctx, playing) })
	}
}

func (f *flow) stopPlay(ctx context.Context, playing PlaybackID) {
	if err := f.m.opt.Phone.StopPlay(ctx, playing); err != nil {
		f.log.Warn("prompt not stopped", "error", err)
	}
}

// obey does what the engine decided.
func (f *flow) obey(ctx context.Context, a acd.Action) {
	switch a := a.(type) {
	case acd.Ring:
		f.ring(ctx, a)
	case acd.Drop:
		f.drop(ctx, a)
	case acd.Connect:
		f.connect(ctx, a)
	case acd.HangUp:
		if l, ok := f.legs[call.LegID(a.Offer)]; ok {
			l.by = a.By
			f.hangUpLeg(ctx, call.LegID(a.Offer), CauseNormal)
		}
	case acd.Expire:
		f.expired(ctx, a)
	}
}

// wants tells whether somebody is still to be rung: for the caller who waits, or for the
// consultation that goes on.
func (f *flow) wants(id call.ID) bool {
	if f.gone {
		return false
	}
	if id == f.a.Call {
		return f.stage == Waiting
	}
	return f.consult != nil && f.consult.id == id && !f.consult.up
}

// expired is the engine's word that nobody is rung any more.
func (f *flow) expired(ctx context.Context, a acd.Expire) {
	switch {
	case a.Call != f.a.Call:
		if f.consult != nil && f.consult.id == a.Call {
			f.consultOver(ctx)
		}
	case f.calling():
		f.entered = false
		f.giveUp(ctx, call.Ending{Class: call.ClassUnreached, Reason: call.AgentNotReached}, call.BySystem)
	case f.stage == Waiting:
		f.quiet(ctx, f.playing)
		f.turnAway(ctx, f.talkedOr(call.RefusedFrom(a.Outcome)), f.line.Goodbye)
	}
}

// ring makes the agent's leg; it is dialled when the switch has it ready. The leg's id is
// the offer's id, so that its events find their offer and a second leg of the same offer is
// refused by the switch.
func (f *flow) ring(ctx context.Context, a acd.Ring) {
	id := call.LegID(a.Offer)
	if !f.wants(a.Call) {
		f.submit(acd.OfferFailed{Offer: a.Offer, Outcome: call.Canceled})
		return
	}
	f.legs[id] = &leg{agent: a.Agent, of: a.Call, since: time.Now(), until: a.Until}
	if a.Call == f.a.Call {
		f.offers++
		f.flag(a.Below)
	}
	if err := f.m.opt.Phone.CreateLeg(ctx, id, a.Agent, f.a); err != nil {
		f.unreachable(ctx, id, err)
	}
}

// dial rings the leg that is ready. One that this call does not know, or no longer, was
// made after the order for it had been given up: it is ended, or it would stay for ever.
func (f *flow) dial(ctx context.Context, id call.LegID) {
	l, ok := f.legs[id]
	if !ok {
		f.hangUpLeg(ctx, id, CauseNormal)
		return
	}
	if l.dialled || l.dropped {
		return
	}
	l.dialled = true
	caller := f.a.Leg
	if f.calling() {
		caller = ""
	}
	if err := f.m.opt.Phone.DialLeg(ctx, id, caller, l.ringLimit()); err != nil {
		f.unreachable(ctx, id, err)
	}
}

// ringSlack is how much longer than the engine the switch lets a phone ring: long enough for
// a controller that is paused or started again to end it himself.
const ringSlack = 5 * time.Second

// ringLimit is when the switch itself stops ringing. Without it the phone of an agent would
// ring for minutes for a controller that has died, and Asterisk's own queue could not have it.
func (l *leg) ringLimit() time.Duration {
	if l.until.IsZero() {
		return 0
	}
	return max(0, time.Until(l.until)) + ringSlack
}

// unreachable gives up a leg that could not be made or dialled, and ends it: a command that
// failed may have been carried out. One that was not dialled rings nowhere, so the engine is
// told before the order for its end, which hangs when the switch does: the agent would be
// charged with a call that never reached him.
func (f *flow) unreachable(ctx context.Context, id call.LegID, cause error) {
	l := f.legs[id]
	f.log.Warn("agent's phone cannot be rung", "agent", l.agent, "error", cause)
	gone := LegGone{Leg: id, Outcome: call.Unreachable}
	if !l.dialled {
		f.legGone(ctx, gone)
	}
	f.hangUpLeg(ctx, id, CauseNormal)
	f.legGone(ctx, gone)
}

// drop ends a leg that the engine does not want: rang out, caller gone, answered too late.
func (f *flow) drop(ctx context.Context, a acd.Drop) {
	id := call.LegID(a.Offer)
	l, ok := f.legs[id]
	if !ok {
		f.submit(acd.OfferFailed{Offer: a.Offer, Outcome: a.Why})
		return
	}
	l.dropped = true
	cause := CauseNormal
	if a.Why == call.NoAnswer {
		cause = CauseNoAnswer
	}
	f.hangUpLeg(ctx, id, cause)
}

// hangUpLeg ends an agent's leg. Where the switch does not do it the call asks again until
// it does, beside its other work, and is not over before: nobody else knows of the leg, and
// its phone would ring, or hold the agent, for nobody.
func (f *flow) hangUpLeg(ctx context.Context, id call.LegID, cause Cause) {
	if err := f.m.opt.Phone.HangUp(ctx, id, cause); err != nil {
		f.log.Warn("hang-up of an agent's leg failed", "leg", id, "error", err)
		f.side.Go(func() { f.insist(ctx, id, cause) })
	}
}

func (f *flow) insist(ctx context.Context, id call.LegID, cause Cause) {
	again := time.NewTicker(hangUpAgain)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
		if f.m.opt.Phone.HangUp(ctx, id, cause) == nil {
			return
		}
	}
}

// callerGone is the caller's hang-up in any stage.
func (f *flow) callerGone(ctx context.Context, s CallerGone) {
	if f.gone {
		return
	}
	f.gone, f.goneAt, f.lost = true, s.At, s.Lost
	f.playing, f.onKey = "", nil
	f.endMessage()
	f.endSurvey(0)
	if f.stage == Dialling && f.ending == (call.Ending{}) {
		f.ending, f.by = unreached(s.Outcome), call.ByCaller
	}
	if f.ending == (call.Ending{}) {
		f.ending, f.by = f.endingByCaller(), call.ByCaller
	}
	if f.out != nil && !f.calling() {
		f.dialEnded(s.Outcome)
	}
	f.letGo(ctx)
	f.to(Leaving)
	f.deadline.Reset(f.m.opt.LeaveMax)
	f.writeEnd()
}

func (f *flow) endingByCaller() call.Ending {
	switch {
	case f.lost:
		return call.Ending{Class: f.classSoFar(), Reason: call.Lost}
	case f.talked && f.stage == Talking:
		return call.Ending{Class: call.ClassAnswered, Reason: call.CallerHungUp}
	case f.stage == Speaking:
		return f.talkedOr(call.EndingWithout(f.message.why))
	case f.stage == Offering:
		return call.Ending{Class: call.ClassRefused, Reason: call.Closed}
	case f.stage == Greeting:
		return call.Ending{Class: call.ClassAbandoned, Reason: call.HungUpInGreeting}
	case len(f.legs) > 0:
		return call.Ending{Class: f.classSoFar(), Reason: call.HungUpWhileRinged}
	default:
		return call.Ending{Class: f.classSoFar(), Reason: call.HungUpInQueue}
	}
}

func (f *flow) classSoFar() call.Class {
	if f.talked {
		return call.ClassAnswered
	}
	return call.ClassAbandoned
}

// writeEnd tells the ledger and the recorder that the caller's leg is over.
func (f *flow) writeEnd() {
	now := time.Now()
	last := now
	if f.ending.Reason == call.SwitchFailure {
		last = f.goneAt // it is found out only when the switch is back
	}
	f.record(call.Event{
		Kind: call.Ended, At: now, Number: f.a.Number, Line: f.a.Line, Queue: cmp.Or(f.queue, f.line.Queue),
		Ending: f.ending, By: f.by, Total: call.Between(call.Stamp(f.began), call.Stamp(last)),
	})
	end := f.goneAt
	if f.lost {
		end = time.Time{}
	}
	if f.recorded() {
		f.m.opt.Recording.End(f.a.Call, f.a.Begin, end)
	}
}

// letGo tells the engine that the caller and everybody it offered for him may go, and ends
// what is no business of the engine. Its answer is the end of every leg it made; expire sees
// to the rest.
func (f *flow) letGo(ctx context.Context) {
	var told []call.ID
	tell := func(id call.ID) {
		if id != "" && !slices.Contains(told, id) {
			told = append(told, id)
			f.submit(acd.Leave{Call: id})
		}
	}
	if f.entered {
		// Told in any stage: one call too many that the engine does not know is nothing, one
		// that it keeps would be rung for until the end of time.
		tell(f.a.Call)
	}
	if f.consult != nil {
		tell(f.consult.id)
	}
	for id, l := range f.legs {
		tell(l.of)
		if l.number != "" {
			l.by = call.ByCaller
			f.hangUpLeg(ctx, id, CauseNormal)
		}
	}
}
