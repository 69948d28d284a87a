package callflow

import (
	"cmp"
	"context"
	"time"

	"hotline/call"
)

// dialOutside makes the leg to an outside number, for the caller or for a consultation. It is
// no business of the engine: nobody is reserved for it.
func (f *flow) dialOutside(ctx context.Context, to Target, agent call.AgentID) {
	id := f.outsideID()
	l := &leg{number: to.Number, since: time.Now()}
	f.legs[id] = l
	if k := f.consult; k != nil {
		k.leg, l.of = id, k.id
	}
	f.show() // before the event: who counts legs sees this one no later than the event
	f.record(call.Event{Kind: call.Dialled, At: l.since, Agent: agent, Leg: id, Target: to.String()})
	if err := f.m.opt.Phone.CreateOutside(ctx, id, to.Number, f.a); err != nil {
		f.unreachable(ctx, id, err)
	}
}

// outsideUp is an outside number that answered.
func (f *flow) outsideUp(ctx context.Context, id call.LegID) {
	if f.gone {
		return // its end was ordered when the caller left; the two have crossed
	}
	l := f.legs[id]
	l.up, l.answer = true, time.Now()
	if k := f.consult; k != nil && k.leg == id {
		f.consultConnected(ctx, id)
		return
	}
	if l.of != "" {
		f.hangUpLeg(ctx, id, CauseNormal) // nobody asks any more
		return
	}
	if err := f.m.opt.Phone.Join(ctx, f.bridge, id); err != nil {
		f.log.Error("outside party cannot join the caller", "leg", id, "error", err)
		f.hangUpLeg(ctx, id, CauseNormal)
		return
	}
	l.joined = true
	f.stopMusic(ctx)
	f.deadline.Stop()
	f.to(Talking)
	f.intendNothing(ctx) // he is there: a controller that takes the call up must not send him again
}

// outsideGone tells the ledger how a leg to an outside number went.
func (f *flow) outsideGone(id call.LegID, l *leg, outcome call.Outcome) {
	f.dialOver(call.Event{
		Leg: id, Target: Target{Number: l.number}.String(), Outcome: outcome, By: cmp.Or(l.by, call.ByOutside),
	}, l.since, l.answer)
}

// dialOver writes down the end of a leg to a number outside that was dialled and perhaps
// answered at those times. Of ev it keeps what fits: how an unanswered one ended, or who ended
// the talk.
func (f *flow) dialOver(ev call.Event, dialled, answer time.Time) {
	ev.Kind, ev.At = call.DialEnded, time.Now()
	if answer.IsZero() {
		ev.By, ev.Ring = "", call.Between(dialled, ev.At)
	} else {
		ev.Outcome, ev.Answer = "", call.Stamp(answer)
		ev.Talk = call.Between(ev.Answer, call.Stamp(ev.At))
	}
	f.record(ev)
}
