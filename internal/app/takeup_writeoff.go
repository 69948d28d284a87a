package app

import (
	"context"
	"time"

	"hotline/ari"
	"hotline/call"
)

// writeOff ends the story of a caller who left unseen.
func (a *App) writeOff(ctx context.Context, s story, h holding) {
	end := time.Now()
	begin, recording := s.arrived.At, s.recording()
	length, err := a.recorder.Extent(s.id, recording)
	if err == nil && length > 0 && !recording.IsZero() {
		end = recording.Add(length)
	}
	a.log.Warn("call ended unseen", "call", s.id, "end", end)
	for _, leg := range h.legs[s.id] {
		a.recall(&s, leg)
		a.heard(&s, leg, end, h)
		a.hangUp(ctx, leg.ID)
	}
	if caller := string(s.caller()); h.channels[caller].ID != "" {
		a.hangUp(ctx, caller) // it rings for nobody
	}
	a.complete(&s, end, h)
	a.Record(call.Event{
		Kind: call.Ended, At: call.Stamp(end), Call: s.id, Number: s.arrived.Number, Line: s.arrived.Line,
		Queue: s.stay.Queue, Ending: s.ending(), By: call.ByCaller, Direction: s.arrived.Direction,
		Total: call.Between(begin, call.Stamp(end)),
	})
	if !recording.IsZero() {
		a.recorder.End(s.id, recording, time.Time{})
	}
}

// heard writes down that an agent talked with a caller who left at end, when his leg in the
// caller's bridge is all that tells of it: the call was answered, not abandoned.
func (a *App) heard(s *story, leg ari.Channel, end time.Time, h holding) {
	if p := s.part(call.OfferID(leg.ID)); p != nil && p.ringing() && leg.State == ari.ChannelUp && h.bridged[leg.ID] {
		p.answer(h.pickedUp(leg, p.offered.At, end))
		a.Record(p.answered)
	}
}

// complete writes what is missing in the story of a caller who left at end: an offer, a talk
// or a stay in the queue that nobody ended. What is there is not written again.
func (a *App) complete(s *story, end time.Time, h holding) {
	for _, p := range s.parts {
		switch {
		case p.ringing():
			a.endOffer(p, end)
		case p.talking():
			a.endTalk(p, end, call.ByCaller, h)
		case p.talked.Kind != "" && !p.wrapped:
			a.workUp(p.talked, h)
		}
	}
	for _, dialled := range s.dials {
		a.endDial(s, dialled, end)
	}
	a.endAside(s, end)
	if s.stay.Kind != "" && s.left.Kind == "" && s.last() == nil {
		a.Record(call.Event{
			Kind: call.LeftQueue, At: call.Stamp(end), Call: s.id, Queue: s.stay.Queue, Entered: s.stay.Entered,
			Outcome: call.Abandoned, Wait: call.Between(s.stay.Entered, call.Stamp(end)),
		})
	}
}

// endDial ends a leg to a number outside. Whether it was answered the ledger knows of the one
// that an agent called alone.
func (a *App) endDial(s *story, dialled call.Event, at time.Time) {
	ev := dialled
	ev.Kind, ev.At, ev.Seq = call.DialEnded, call.Stamp(at), 0
	if dialled.Leg == s.caller() && !s.reached.IsZero() {
		ev.Answer, ev.Talk, ev.By = s.reached, call.Between(s.reached, ev.At), call.ByCaller
	} else {
		ev.Outcome, ev.Ring = call.Canceled, call.Between(dialled.At, ev.At)
	}
	delete(s.dials, dialled.Leg)
	a.Record(ev)
}

func (a *App) endOffer(p *part, at time.Time) {
	ev := p.event(call.OfferEnded, at)
	ev.Outcome, ev.Ring = call.Canceled, call.Between(p.offered.At, ev.At)
	p.over = true
	a.Record(ev)
}

func (a *App) endTalk(p *part, at time.Time, by call.Party, h holding) {
	if !p.held.IsZero() {
		a.endHold(p, at)
	}
	ev := p.event(call.TalkEnded, at)
	ev.Wait, ev.Ring = p.answered.Wait, p.answered.Ring
	ev.Answer, ev.By, ev.Hold = p.answered.At, by, p.hold
	ev.Talk = call.Between(p.answered.At, ev.At)
	p.talked = ev
	a.Record(ev)
	a.workUp(ev, h)
}

func (a *App) endHold(p *part, at time.Time) {
	ev := p.event(call.HoldEnded, at)
	ev.Held = call.Between(p.held, ev.At)
	p.take(ev)
	a.Record(ev)
}
