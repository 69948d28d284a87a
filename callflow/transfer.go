package callflow

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hotline/acd"
	"hotline/call"
)

// transfer gives the caller away without a word. He hears music from the first moment; the
// target is rung when the agent's leg is confirmed gone, because only then the engine knows
// that he is free of the call.
func (f *flow) transfer(ctx context.Context, id call.LegID, to Target) error {
	if err := f.checkTarget(id, to); err != nil {
		return err
	}
	if len(f.others(id)) > 0 {
		return fmt.Errorf("%w: in a conference hang up instead", ErrNotNow)
	}
	if f.consult != nil {
		return fmt.Errorf("%w: end the consultation first, or complete it", ErrNotNow)
	}
	if f.legs[id].joined {
		if err := f.part(ctx, id); err != nil {
			return err
		}
	}
	f.giveAway(ctx, id, to)
	return nil
}

// giveAway ends the agent's leg and sends the caller, who hears music, to the target.
func (f *flow) giveAway(ctx context.Context, id call.LegID, to Target) {
	l := f.legs[id]
	f.transferred(l.agent, id, to, call.Blind)
	f.intend(ctx, id, to)
	l.by = call.ByAgent
	f.then = &Intent{After: id, To: to}
	f.hangUpLeg(ctx, id, CauseNormal)
	f.deadline.Reset(f.m.opt.LeaveMax)
}

func (f *flow) transferred(agent call.AgentID, id call.LegID, to Target, kind call.TransferKind) {
	f.record(call.Event{
		Kind: call.Transferred, At: time.Now(), Queue: f.queue, Agent: agent, Offer: call.OfferID(id), Target: to.String(),
		Reason: string(kind),
	})
}

// intend leaves word in the switch of where the caller shall go when that leg is gone: this
// process may be killed between the leg's end and the caller's next queue, and the word must
// not wait for the ledger.
func (f *flow) intend(ctx context.Context, id call.LegID, to Target) {
	if err := f.m.opt.Phone.Note(ctx, f.a.Leg, Intent{After: id, To: to}.String()); err != nil {
		f.log.Warn("no word left of where the caller goes", "error", err)
	}
}

// intendNothing takes the word back.
func (f *flow) intendNothing(ctx context.Context) {
	if err := f.m.opt.Phone.Note(ctx, f.a.Leg, ""); err != nil {
		f.log.Info("word of where the caller goes not taken back", "error", err)
	}
}

// Intent is where a caller shall go when a leg is gone.
type Intent struct {
	After call.LegID
	To    Target
}

// String is the form in which an Intent is left in the switch.
func (i Intent) String() string { return string(i.After) + " " + i.To.String() }

// ParseIntent reads what String wrote; false when it is something else.
func ParseIntent(text string) (Intent, bool) {
	after, to, ok := strings.Cut(text, " ")
	target, known := ParseTarget(to)
	return Intent{After: call.LegID(after), To: target}, ok && known
}

// send brings a caller who was given away to where he shall go.
func (f *flow) send(ctx context.Context, to Target) {
	f.then, f.held = nil, false
	f.deadline.Stop()
	f.setAgent("")
	f.to(Waiting)
	if to.Number != "" {
		f.dialOutside(ctx, to, "")
		return
	}
	f.use(f.queueOf(to))
	f.submit(f.enter(acd.Enter{
		Call: f.a.Call, Queue: f.queue, Level: to.Level, Only: to.Agent, OrQueue: true,
		PreferFor: f.m.opt.TransferWait, Offers: f.offers,
	}))
	f.first()
}

// requeue is the way back of a caller whose target did not answer: nobody is lost.
func (f *flow) requeue(ctx context.Context) { f.send(ctx, Target{Queue: f.queue}) }

// complete gives the caller to the one who is asked.
func (f *flow) complete(ctx context.Context, id call.LegID) error {
	k := f.consult
	if k == nil || k.by != id {
		return fmt.Errorf("%w: there is no consultation to complete", ErrNotNow)
	}
	if !k.up {
		f.leaveBeforeAnswer(ctx)
		return nil
	}
	if err := f.handOver(ctx); err != nil {
		return err
	}
	l := f.legs[id]
	f.transferred(l.agent, id, k.to, call.Attended)
	l.by = call.ByAgent
	f.hangUpLeg(ctx, id, CauseNormal)
	return nil
}

// handOver joins the one who was asked with the caller in place of the agent who asked.
func (f *flow) handOver(ctx context.Context) error {
	k := f.consult
	if err := f.m.opt.Phone.Join(ctx, f.bridge, k.leg); err != nil {
		return err
	}
	f.consult, f.held = nil, false
	f.legs[k.leg].joined = true
	f.stopMusic(ctx)
	f.serve(k.leg)
	f.intendNothing(ctx)
	f.closeSide(ctx, k.bridge)
	return nil
}

// leaveBeforeAnswer turns a consultation that nobody has answered yet into a transfer
// without a word.
func (f *flow) leaveBeforeAnswer(ctx context.Context) {
	k := f.consult
	f.consult = nil
	f.forgetConsult(ctx, k)
	f.giveAway(ctx, k.by, k.to)
}

// forgetConsult silences the phone that rings for a consultation.
func (f *flow) forgetConsult(ctx context.Context, k *consult) {
	if k.to.Number != "" {
		f.hangUpLeg(ctx, k.leg, CauseNormal)
	} else {
		f.submit(acd.Leave{Call: k.id})
	}
	f.closeSide(ctx, k.bridge)
}

// askerGone is an agent who hung up while he consulted: he gives the caller away, for a phone
// without a desktop has no plainer way to do it.
func (f *flow) askerGone(ctx context.Context, l *leg) {
	k := f.consult
	if k.up {
		f.transferred(l.agent, k.by, k.to, call.Attended)
		if err := f.handOver(ctx); err == nil {
			return
		}
		f.log.Error("the one who was asked cannot be joined with the caller", "leg", k.leg)
		f.hangUpLeg(ctx, k.leg, CauseNormal)
		f.consult = nil
		f.requeue(ctx)
		return
	}
	f.consult = nil
	f.forgetConsult(ctx, k)
	f.transferred(l.agent, k.by, k.to, call.Blind)
	f.send(ctx, k.to)
}
