package callflow

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"hotline/acd"
	"hotline/call"
)

// ringTone is what an agent hears while a number is called for him.
const ringTone = "tone:ring"

// outbound is a call that an agent makes. The customer is the caller of the flow: hold,
// transfer and conference work as on a call that came in.
type outbound struct {
	agent   call.AgentID
	tone    PlaybackID // that the agent hears while the number rings, "" for none
	dialled time.Time  // when the number was called, zero before
	answer  time.Time  // when it answered, zero before
}

// direction is what the events of such a call say.
func (*outbound) direction(a Arrival) call.Direction {
	if a.Back {
		return call.CallBack
	}
	return call.Outbound
}

// DialOut rings an agent for a number outside and then calls it. The arrival says which: a
// call id of our own, the id of the customer's leg to be, the number, and the line in whose
// name it is called. The number was checked by whoever asks. Whether the agent may be rung
// the engine decides: see acd.Enter.Own.
func (m *Manager) DialOut(a Arrival, agent call.AgentID, queue call.QueueID) {
	a.Outbound = true
	m.start(a, func(_ context.Context, f *flow) { f.beginOutbound(agent, queue) })
}

// beginOutbound asks the engine for the agent.
func (f *flow) beginOutbound(agent call.AgentID, queue call.QueueID) {
	f.began = time.Now()
	f.out.agent = agent
	f.use(queue)
	f.record(call.Event{Kind: call.Arrived, At: f.began, Number: f.a.Number, Line: f.a.Line, Grade: f.a.Grade.ID})
	f.to(Waiting)
	f.entered = true
	f.submit(acd.Enter{
		Call: f.a.Call, Direction: call.Outbound, Queue: queue, Only: agent, Own: true,
	})
}

// callNumber calls the customer when the agent has picked up.
func (f *flow) callNumber(ctx context.Context, id call.LegID) {
	f.to(Dialling)
	if err := f.m.opt.Phone.OpenBridge(ctx, f.bridge, id); err != nil {
		f.log.Error("bridge for the agent failed", "error", err)
		f.giveUp(ctx, call.Ending{Class: call.ClassFailed, Reason: call.SwitchFailure}, call.BySystem)
		return
	}
	f.legs[id].joined = true
	f.out.agent = f.legs[id].agent
	f.serve(id)
	f.ringBack(ctx, id)
	f.out.dialled = time.Now()
	to := Target{Number: f.a.Number}
	f.record(call.Event{
		Kind: call.Dialled, At: f.out.dialled, Agent: f.out.agent, Leg: f.a.Leg, Target: to.String(),
	})
	if err := f.m.opt.Phone.CallNumber(ctx, f.a); err != nil {
		f.log.Error("number cannot be called", "error", err)
		// A command that failed may have been carried out: leave no leg behind.
		f.hangUpLeg(ctx, f.a.Leg, CauseNormal)
		f.callerGone(ctx, CallerGone{At: time.Now(), Outcome: call.Unreachable})
	}
}

// ringBack lets the agent hear that the number rings. The tone ends with callerUp, or with his
// leg.
func (f *flow) ringBack(ctx context.Context, id call.LegID) {
	f.prompts++
	tone := PlaybackID(fmt.Sprintf("%s-p%d", f.bridge, f.prompts))
	if err := f.m.opt.Phone.Play(ctx, id, tone, ringTone); err != nil {
		f.log.Warn("agent hears no ring tone", "error", err)
		return
	}
	f.out.tone = tone
}

// unreached are the endings of a customer who did not answer.
func unreached(outcome call.Outcome) call.Ending {
	reasons := map[call.Outcome]call.Reason{
		call.Busy: call.NumberBusy, call.NoAnswer: call.NumberNoAnswer, call.Rejected: call.NumberRejected,
	}
	return call.Ending{Class: call.ClassUnreached, Reason: cmp.Or(reasons[outcome], call.NumberUnreachable)}
}

// giveUp ends a call whose customer has not answered.
func (f *flow) giveUp(ctx context.Context, why call.Ending, by call.Party) {
	f.ending, f.by = why, by
	if f.out.dialled.IsZero() {
		f.callerGone(ctx, CallerGone{At: time.Now()})
		return
	}
	f.to(Leaving)
	f.hangUpCaller(ctx)
}

// calling tells whether the agent's phone rings, or nobody's: there is no customer's leg yet.
func (f *flow) calling() bool { return f.out != nil && f.out.dialled.IsZero() }

// callerSince is when the caller's leg began to be, false when it has not.
func (f *flow) callerSince() (time.Time, bool) {
	if f.out == nil {
		return f.began, true
	}
	return f.out.dialled, !f.out.dialled.IsZero()
}

// recorded tells whether there is a recording: of who never answered there is none.
func (f *flow) recorded() bool { return f.out == nil || !f.out.answer.IsZero() }

// recordFrom tells the recorder when the customer answered.
func (f *flow) recordFrom(at time.Time) {
	f.a.Begin = at
	f.seenMu.Lock()
	f.seen.Begin = at
	f.seenMu.Unlock()
	f.m.opt.Recording.Begin(f.a.Call, at)
}

// dialEnded tells the ledger how the leg to the customer went.
func (f *flow) dialEnded(outcome call.Outcome) {
	f.dialOver(call.Event{
		Leg: f.a.Leg, Target: Target{Number: f.a.Number}.String(), Agent: f.out.agent,
		Outcome: cmp.Or(outcome, call.Canceled), By: f.by,
	}, f.out.dialled, f.out.answer)
}

// callerUp is the customer who answered; his recording runs.
func (f *flow) callerUp(ctx context.Context, s CallerUp) {
	if f.stage != Dialling || f.gone {
		return
	}
	f.out.answer = time.Now()
	f.recordFrom(s.At)
	if tone := f.out.tone; tone != "" {
		f.quietBeside(ctx, tone)
	}
	if err := f.m.opt.Phone.Join(ctx, f.bridge, f.a.Leg); err != nil {
		f.log.Error("customer cannot join the agent", "error", err)
		f.leave(ctx, call.Ending{Class: call.ClassFailed, Reason: call.SwitchFailure}, "")
		return
	}
	f.record(call.Event{
		Kind: call.Connected, At: time.Now(), Queue: f.queue, Agent: f.out.agent, Offer: call.OfferID(f.serving),
		Leg: f.a.Leg,
	})
	f.talked = true
	f.to(Talking)
}
