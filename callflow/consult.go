package callflow

import (
	"context"
	"fmt"
	"time"

	"hotline/acd"
	"hotline/call"
)

// consult is an agent's question to somebody else while the caller is on hold. The two meet
// in a bridge of their own, and for the engine it is a caller of its own, so that the same
// rules find and ring the one who is asked.
type consult struct {
	id     call.ID // in the engine
	by     call.LegID
	to     Target
	bridge BridgeID
	leg    call.LegID // of the one who is asked, "" while nobody is rung
	up     bool       // they hear each other
}

// ask puts the caller on hold and rings the one who is asked.
func (f *flow) ask(ctx context.Context, id call.LegID, to Target) error {
	if err := f.checkTarget(id, to); err != nil {
		return err
	}
	if f.consult != nil {
		return fmt.Errorf("%w: one consultation at a time", ErrNotNow)
	}
	if f.legs[id].joined {
		if err := f.hold(ctx, id); err != nil {
			return err
		}
	}
	k := &consult{id: f.consultID(), by: id, to: to}
	k.bridge = BridgeID(BridgePrefix + string(k.id))
	if err := f.m.opt.Phone.OpenBridge(ctx, k.bridge, id); err != nil {
		return err
	}
	f.consult = k
	f.intend(ctx, id, to)
	if err := f.startMusicOf(ctx, id); err != nil {
		f.log.Warn("no music for the agent who waits", "error", err)
	}
	if to.Number != "" {
		f.dialOutside(ctx, to, f.legs[id].agent)
		return nil
	}
	f.submit(acd.Enter{
		Call: k.id, Journey: f.a.Call, Direction: call.Consult, Queue: f.queueOf(to), Level: to.Level,
		Only: to.Agent, PreferFor: f.m.opt.TransferWait,
	})
	return nil
}

// queueOf is the queue whose rules hold for a target; an agent is rung by those of the
// caller's present queue.
func (f *flow) queueOf(to Target) call.QueueID {
	if to.Queue != "" {
		return to.Queue
	}
	return f.queue
}

// consultConnected joins the one who is asked with the agent.
func (f *flow) consultConnected(ctx context.Context, id call.LegID) {
	k := f.consult
	if k == nil || k.up || f.legs[id].of != k.id {
		f.hangUpLeg(ctx, id, CauseNormal) // nobody asks any more
		return
	}
	if err := f.m.opt.Phone.Join(ctx, k.bridge, id); err != nil {
		f.log.Error("consultation cannot be joined", "leg", id, "error", err)
		f.hangUpLeg(ctx, id, CauseNormal)
		return
	}
	k.leg, k.up = id, true
	if l := f.legs[id]; l.agent != "" {
		f.record(call.Event{
			Kind: call.Connected, At: time.Now(), Direction: call.Consult, Queue: f.queueOf(k.to), Agent: l.agent,
			Offer: call.OfferID(id), Leg: id,
		})
	}
	f.stopMusicBeside(ctx, k.by)
}

// endConsult ends a consultation from the asking side; its end brings the agent back.
func (f *flow) endConsult(ctx context.Context) {
	k := f.consult
	if k.to.Number == "" && !k.up {
		f.submit(acd.Leave{Call: k.id})
		f.consultOver(ctx)
		return
	}
	f.legs[k.leg].by = call.ByAgent
	f.hangUpLeg(ctx, k.leg, CauseNormal)
}

// consultOver closes the consultation. The agent who asked goes back to the caller by
// himself: a phone without a desktop has no button for it.
func (f *flow) consultOver(ctx context.Context) {
	k := f.consult
	f.consult = nil
	f.intendNothing(ctx)
	f.stopMusicOf(ctx, k.by)
	l := f.legs[k.by]
	if l != nil && !f.gone && f.then == nil {
		if err := f.back(ctx, k.by); err != nil {
			f.log.Error("agent cannot go back to the caller", "agent", l.agent, "error", err)
			f.hangUpLeg(ctx, k.by, CauseNormal)
		}
	}
	f.closeSide(ctx, k.bridge)
}

func (f *flow) closeSide(ctx context.Context, b BridgeID) {
	if err := f.m.opt.Phone.CloseBridge(ctx, b); err != nil {
		f.log.Warn("bridge of a consultation not closed", "bridge", b, "error", err)
	}
}

// conference joins caller, agent and the one who is asked.
func (f *flow) conference(ctx context.Context, id call.LegID) error {
	k := f.consult
	if k == nil || k.by != id || !k.up {
		return fmt.Errorf("%w: a conference needs a consultation that is answered", ErrNotNow)
	}
	if err := f.m.opt.Phone.Join(ctx, f.bridge, k.leg); err != nil {
		return err
	}
	f.legs[k.leg].joined = true
	f.consult = nil
	f.intendNothing(ctx)
	if err := f.back(ctx, id); err != nil {
		return err
	}
	f.record(call.Event{
		Kind: call.Conferenced, At: time.Now(), Agent: f.legs[id].agent, Offer: call.OfferID(id), Leg: k.leg,
		Target: k.to.String(),
	})
	f.closeSide(ctx, k.bridge)
	return nil
}

// dropOther ends the leg of the other party: of the one who is asked, or of the third in a
// conference.
func (f *flow) dropOther(ctx context.Context, id call.LegID) error {
	if f.consult != nil && f.consult.by == id {
		f.endConsult(ctx)
		return nil
	}
	others := f.others(id)
	if len(others) == 0 {
		return fmt.Errorf("%w: nobody else is in the call", ErrNotNow)
	}
	for _, o := range others {
		f.legs[o].by = call.ByAgent
		f.hangUpLeg(ctx, o, CauseNormal)
	}
	return nil
}
