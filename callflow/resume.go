package callflow

import (
	"cmp"
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

	// In is the queue that he was in last, "" before he entered one. The hours may name
	// another one by now.
	In call.QueueID

	// One of these, or none for a caller who has not entered a queue yet.
	Queue  *Place       // he waits and no phone rings for him
	Leg    *Held        // an agent's phone rings or is up; the engine has adopted it with him
	Ending *call.Ending // his call is to be ended: what comes after it happened unseen
	Spoken *Spoken      // he leaves a message
}

// Spoken is a message that goes on: the recording of the call has not stopped.
type Spoken struct {
	Since time.Time   // when he began, as in the ledger; zero = he has not been asked for it yet
	Why   call.Reason // occasion, see Message
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
	f.began = r.Began
	f.use(cmp.Or(r.In, f.line.Queue))
	f.m.opt.Recording.Begin(f.a.Call, f.a.Begin)
	if !r.Bridged {
		if err := f.m.opt.Phone.OpenBridge(ctx, f.bridge, f.a.Leg); err != nil {
			f.log.Error("bridge for the caller failed", "error", err)
			f.leave(ctx, call.Ending{Class: call.ClassFailed, Reason: call.SwitchFailure}, "")
			return
		}
	}
	switch {
	case r.Spoken != nil:
		f.resumeMessage(ctx, *r.Spoken)
	case r.Ending != nil && r.Ending.Class == call.ClassRefused:
		f.turnAway(ctx, *r.Ending, "") // he may not have heard yet that he can leave a message
	case r.Ending != nil:
		f.leave(ctx, *r.Ending, "")
	case r.Leg != nil:
		f.resumeLeg(ctx, *r.Leg)
	case r.Queue != nil:
		f.to(Waiting)
		f.entered, f.offers, f.onKey = true, r.Queue.Offers, f.wish
		f.submit(f.enter(acd.Enter{
			Call: f.a.Call, Queue: f.queue, Since: r.Queue.Entered, Place: r.Queue.Place,
			Offers: r.Queue.Offers, Resumed: true,
		}))
		f.wait(ctx)
	default:
		if f.route(ctx) {
			f.enqueue(ctx)
		}
	}
}

// resumeMessage goes on hearing a message as if nothing had been.
func (f *flow) resumeMessage(ctx context.Context, s Spoken) {
	if s.Since.IsZero() {
		f.takeMessage(ctx, s.Why)
		return
	}
	f.entered = s.Why != call.Closed
	f.message = message{why: s.Why, begun: s.Since}
	f.to(Speaking)
	f.hearMessage(max(0, f.line.Message.limit()-time.Since(s.Since)))
}

func (f *flow) resumeLeg(ctx context.Context, h Held) {
	f.entered = true
	f.offers++ // at least; the engine counts on from what it adopted
	f.legs[h.Leg] = &leg{agent: h.Agent, of: f.a.Call, dialled: true, up: h.Up, joined: h.Joined, since: time.Now()}
	f.flag(h.Below)
	switch {
	case !h.Up:
		f.to(Waiting)
		f.onKey = f.wish
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
