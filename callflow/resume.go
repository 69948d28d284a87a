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

	// How many ids of each kind were given, so that the next ones are new.
	Offers, Consults, Outsides int

	Place  *Place       // he stands or stood in a queue; nil for a caller who has not entered one yet
	Talked bool         // an agent talked with him before
	Legs   []Held       // everybody else's legs that are there; the engine has adopted the agents'
	Asks   *Asking      // a consultation that was answered
	Then   *Target      // an agent gave him away and he has not been sent yet
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
	Queue   call.QueueID
	Entered time.Time // queue entry
	Place   time.Time // queue entry of the call whose place he took, see acd.Enter; zero = his own
}

// Held is a leg that Asterisk held meanwhile.
type Held struct {
	Leg    call.LegID
	Agent  call.AgentID // "" for an outside number
	Number string       // outside
	Of     call.ID      // in whose name the engine knows it
	Up     bool         // picked up
	Joined bool         // in the caller's bridge
	OnHold bool         // the engine has the caller on hold for it
	Back   bool         // of OnHold: what the hold was for is over
	Below  bool         // the agent is below the level that the caller wants
	Since  time.Time    // when an outside number answered
}

// Asking is a consultation that was answered.
type Asking struct {
	Of   call.ID    // in the engine
	By   call.LegID // of the agent who asked; he may have hung up unseen
	From call.AgentID
	Leg  call.LegID // of the one who was asked
	To   Target
}

// Resume takes up a call that an earlier run began. A call that is known is left alone.
func (m *Manager) Resume(a Arrival, r Resumption) {
	m.start(a, func(ctx context.Context, f *flow) { f.resume(ctx, r) })
}

// resume is begin for a call with a past.
func (f *flow) resume(ctx context.Context, r Resumption) {
	f.began = r.Began
	if f.out != nil {
		f.out.dialled, f.out.answer = r.Began, f.a.Begin
		if len(r.Legs) > 0 {
			f.out.agent = r.Legs[0].Agent
		}
	}
	f.use(f.line.Queue)
	f.offers, f.consults, f.outsides, f.talked = r.Offers, r.Consults, r.Outsides, r.Talked
	f.m.opt.Recording.Begin(f.a.Call, f.a.Begin)
	if !r.Bridged && !f.bridged(ctx) {
		return
	}
	if r.Place != nil {
		f.entered = true
		f.use(r.Place.Queue) // the hours may name another one by now
	}
	switch {
	case r.Spoken != nil:
		f.resumeMessage(ctx, *r.Spoken)
	case r.Ending != nil && r.Ending.Class == call.ClassRefused:
		f.turnAway(ctx, *r.Ending, "") // he may not have heard yet that he can leave a message
	case r.Ending != nil:
		f.leave(ctx, *r.Ending, "")
	case r.Then != nil:
		f.send(ctx, *r.Then)
	case len(r.Legs) > 0:
		f.resumeLegs(ctx, r)
	case r.Place != nil:
		f.to(Waiting)
		f.onKey = f.wish
		f.submit(f.enter(acd.Enter{
			Call: f.a.Call, Queue: f.queue, Since: r.Place.Entered, Place: r.Place.Place, Offers: r.Offers, Resumed: true,
		}))
		f.again()
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
	f.message = message{why: s.Why, begun: s.Since}
	f.to(Speaking)
	f.hearMessage(max(0, f.line.Message.limit()-time.Since(s.Since)))
}

// resumeLegs goes on with whoever is there.
func (f *flow) resumeLegs(ctx context.Context, r Resumption) {
	for _, h := range r.Legs {
		f.legs[h.Leg] = &leg{
			agent: h.Agent, number: h.Number, of: h.Of, dialled: true, up: h.Up, joined: h.Joined,
			since: time.Now(), answer: h.Since,
		}
	}
	first := r.Legs[0]
	defer f.bringBack(ctx, r)
	switch {
	case r.Asks != nil:
		f.resumeAsking(ctx, *r.Asks)
	case first.Joined:
		f.talkWith(first)
		f.stopMusicBeside(ctx, f.a.Leg) // the run before this one may have died before it did
	case !first.Up:
		f.flag(first.Below)
		f.to(Waiting)
		f.onKey = f.wish
		f.again()
		f.wait(ctx)
	case first.Number != "":
		f.outsideUp(ctx, first.Leg)
	case first.OnHold:
		f.resumeHold(ctx, first)
	default:
		// The agent picked up and the run before this one died before it joined him.
		f.connect(ctx, acd.Connect{
			Offer: call.OfferID(first.Leg), Call: f.a.Call, Agent: first.Agent, Below: first.Below,
		})
	}
}

func (f *flow) talkWith(h Held) {
	f.talked = true
	f.to(Talking)
	f.serve(h.Leg)
	f.flag(h.Below)
}

// resumeHold keeps the caller on hold.
func (f *flow) resumeHold(ctx context.Context, h Held) {
	f.talkWith(h)
	f.held = true
	if !h.Back {
		f.music(ctx)
	}
}

// bringBack joins the agent whose reason to be away from the caller is over.
func (f *flow) bringBack(ctx context.Context, r Resumption) {
	for _, h := range r.Legs {
		if !h.Back {
			continue
		}
		f.held = true
		if err := f.back(ctx, h.Leg); err != nil {
			f.log.Error("agent cannot go back to the caller", "agent", h.Agent, "error", err)
			f.hangUpLeg(ctx, h.Leg, CauseNormal)
		}
	}
}

// resumeAsking goes on with a consultation that was answered. An agent who hung up unseen has
// given the caller away.
func (f *flow) resumeAsking(ctx context.Context, a Asking) {
	f.consult = &consult{
		id: a.Of, by: a.By, to: a.To, bridge: BridgeID(BridgePrefix + string(a.Of)), leg: a.Leg, up: true,
	}
	f.held, f.talked = true, true
	f.to(Talking)
	if f.legs[a.By] == nil {
		f.askerGone(ctx, &leg{agent: a.From})
		return
	}
	f.serve(a.By)
	f.music(ctx)
	for _, id := range []call.LegID{a.By, a.Leg} {
		if err := f.m.opt.Phone.OpenBridge(ctx, f.consult.bridge, id); err != nil {
			f.log.Error("consultation cannot be joined", "leg", id, "error", err)
			f.hangUpLeg(ctx, a.Leg, CauseNormal)
			return
		}
	}
}
