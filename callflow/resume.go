package callflow

import (
	"context"
	"time"

	"hotline/acd"
	"hotline/call"
)

// Resumption is where a call stood when an earlier run of the controller lost sight of it.
// Its past stands in the ledger and is not told again.
type Resumption struct {
	Began   time.Time // arrival, as in the ledger
	Bridged bool      // the caller is in his bridge

	// One of these, or none for a caller who has not entered a queue yet.
	Queue  *Place       // he waits and no phone rings for him
	Leg    *Held        // an agent's phone rings or is up; the engine has adopted it with him
	Ending *call.Ending // his call is to be ended: what comes after it happened unseen
}

// Place is a place in a queue.
type Place struct {
	Entered time.Time // queue entry
	Place   time.Time // queue entry of the call whose place he took, see acd.Enter; zero = his own
	Offers  int       // offers so far
}

// Held is an agent's leg that Asterisk held meanwhile.
type Held struct {
	Leg    call.LegID
	Agent  call.AgentID
	Up     bool // picked up
	Joined bool // in the caller's bridge
	Below  bool // the agent is below the level that the caller wants
}

// Resume takes up a call that an earlier run began. A call that is known is left alone.
func (m *Manager) Resume(a Arrival, r Resumption) { m.start(a, &r) }

// resume is begin for a call with a past.
func (f *flow) resume(ctx context.Context, r Resumption) {
	f.began, f.queue = r.Began, f.line.Queue
	f.m.opt.Recording.Begin(f.a.Call, f.a.Begin)
	if !r.Bridged {
		if err := f.m.opt.Phone.OpenBridge(ctx, f.bridge, f.a.Leg); err != nil {
			f.log.Error("bridge for the caller failed", "error", err)
			f.leave(ctx, call.Ending{Class: call.ClassFailed, Reason: call.SwitchFailure}, "")
			return
		}
	}
	switch {
	case r.Ending != nil:
		f.leave(ctx, *r.Ending, "")
	case f.line.Number == "":
		f.leave(ctx, call.Ending{Class: call.ClassRefused, Reason: call.UnknownLine}, f.m.opt.UnknownNumber)
	case r.Leg != nil:
		f.resumeLeg(ctx, *r.Leg)
	case r.Queue != nil:
		f.to(Waiting)
		f.entered, f.offers = true, r.Queue.Offers
		f.submit(f.enter(acd.Enter{
			Call: f.a.Call, Queue: f.line.Queue, Since: r.Queue.Entered, Place: r.Queue.Place,
			Offers: r.Queue.Offers, Resumed: true,
		}))
		f.wait(ctx)
	default:
		f.enqueue(ctx)
	}
}

func (f *flow) resumeLeg(ctx context.Context, h Held) {
	f.entered = true
	f.offers++ // at least; the engine counts on from what it adopted
	f.legs[h.Leg] = &leg{agent: h.Agent, of: f.a.Call, dialled: true, up: h.Up, joined: h.Joined, since: time.Now()}
	f.flag(h.Below)
	switch {
	case !h.Up:
		f.to(Waiting)
		f.wait(ctx)
	case h.Joined:
		f.talked = true
		f.to(Talking)
		f.serve(h.Leg)
	default:
		// The agent picked up and the run before this one died before it joined him.
		f.connect(ctx, acd.Connect{Offer: call.OfferID(h.Leg), Call: f.a.Call, Agent: h.Agent, Below: h.Below})
	}
}
