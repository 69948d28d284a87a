package callflow

import (
	"context"
	"time"

	"hotline/acd"
	"hotline/call"
)

// legUp is an agent who picked up. The engine judges whether the offer is still current:
// of two answers it connects one and drops the other (peers.md 3.1).
func (f *flow) legUp(id call.LegID) {
	l, ok := f.legs[id]
	if !ok || l.up {
		return
	}
	l.up = true
	f.submit(acd.Answered{Offer: call.OfferID(id)})
}

// connect joins the agent. Music or prompt is stopped beside the join, not before it: one
// command stands between the agent's answer and the first word (peers.md 3.12).
func (f *flow) connect(ctx context.Context, a acd.Connect) {
	id := call.LegID(a.Offer)
	l, ok := f.legs[id]
	if !ok || f.gone {
		return // legGone or callerGone has told the engine already
	}
	playing := f.playing
	f.playing = ""
	f.deadline.Stop()
	f.side.Go(func() { f.quiet(ctx, playing) })
	if err := f.m.opt.Phone.Join(ctx, f.bridge, id); err != nil {
		// The leg's end, when it comes, tells the engine; here nobody is left alone.
		f.log.Error("agent cannot join the caller", "agent", a.Agent, "error", err)
		f.hangUpLeg(ctx, id, CauseNormal)
	} else {
		l.joined = true
		f.record(call.Event{
			Kind: call.Connected, At: time.Now(), Queue: f.line.Queue, Agent: a.Agent, Offer: a.Offer, Leg: id,
		})
	}
	f.talked = true
	f.to(Talking)
	f.setAgent(a.Agent)
	f.flag(a.Below)
}

// legGone is the end of an agent's leg: of a talk, or of an offer.
func (f *flow) legGone(ctx context.Context, s LegGone) {
	l, ok := f.legs[s.Leg]
	if !ok {
		return
	}
	delete(f.legs, s.Leg)
	offer := call.OfferID(s.Leg)
	if !l.up || l.dropped {
		f.submit(acd.OfferFailed{Offer: offer, Outcome: s.Outcome})
		return
	}
	by := call.ByAgent
	switch {
	case l.by != "":
		by = l.by
	case f.gone:
		by = call.ByCaller
	}
	f.submit(acd.LegEnded{Offer: offer, By: by})
	if f.stage == Talking && !f.gone {
		f.ending = call.Ending{Class: call.ClassAnswered, Reason: call.AgentHungUp}
		f.by = by
		f.to(Leaving)
		f.hangUpCaller(ctx)
	}
}

func (f *flow) setAgent(a call.AgentID) {
	f.seenMu.Lock()
	defer f.seenMu.Unlock()
	f.seen.Agent = a
}

// compare takes up what the switch did while we did not hear it.
func (f *flow) compare(ctx context.Context, s look) {
	if !f.gone && f.began.Add(settle).Before(s.taken) {
		if _, there := s.legs[f.a.Leg]; !there {
			f.callerGone(CallerGone{At: s.taken, Lost: true})
		}
	}
	for id, l := range f.legs {
		st, there := s.legs[id]
		switch {
		case there && st.Up:
			f.legUp(id)
		case !there && l.since.Add(settle).Before(s.taken):
			f.legGone(ctx, LegGone{Leg: id, Outcome: call.Unreachable})
		}
	}
}
