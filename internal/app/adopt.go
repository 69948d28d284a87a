package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline/acd"
	"hotline/ari"
	"hotline/call"
	"hotline/callflow"
)

// lookBack is how far the ledger is searched for what an earlier run left behind. No call
// lasts longer than the engine's limit of a talk.
const lookBack = 24 * time.Hour

// adopt takes up what an earlier run of the controller left behind, once, at the first look
// at Asterisk. Asterisk says who is there, the ledger says who they are (ari.md 1.6): talks
// go on, callers keep their place, what ended unseen is written down with the end that its
// recording tells.
func (a *App) adopt(ctx context.Context, snap ari.Snapshot) error {
	ids := make([]call.AgentID, 0, len(a.cfg.Agents))
	for _, g := range a.cfg.Agents {
		ids = append(ids, g.ID)
	}
	bound, cancel := context.WithTimeout(ctx, commandMax)
	defer cancel()
	left, err := a.ledger.Left(bound, time.Now().Add(-lookBack), ids)
	if err != nil {
		return fmt.Errorf("adopt: %w", err)
	}
	h := newHolding(snap)
	var taken []resumed
	for id, events := range left.Calls {
		s := storyOf(id, events)
		if s.ended.Kind != "" {
			a.complete(&s, s.ended.At)
			if !s.recorded {
				a.recorder.End(id, s.arrived.At, s.ended.At)
			}
			continue
		}
		if caller, alive := h.channels[string(id)]; alive {
			taken = append(taken, a.takeUp(ctx, s, caller, h))
		} else {
			a.writeOff(ctx, s, h)
		}
	}
	for _, c := range a.unheard(snap, left.Calls) {
		taken = append(taken, a.takeUp(ctx, a.foundStory(ctx, c), c, h))
	}
	// Agents and callers come after all legs: what the engine does not know yet it would
	// ring a second time.
	a.restoreAgents(left.Agents)
	for _, r := range taken {
		a.calls.Resume(r.who, r.past)
	}
	return nil
}

// resumed is a call that is about to go on.
type resumed struct {
	who  callflow.Arrival
	past callflow.Resumption
}

// unheard are the callers of whom the ledger knows nothing: the run before this one was
// killed between its first order for them and the ledger's next batch. Their legs must be
// judged here, before anybody is rung: a phone that rings already would be one of two.
func (a *App) unheard(snap ari.Snapshot, told map[call.ID][]call.Event) []ari.Channel {
	var out []ari.Channel
	for _, c := range snap.Channels {
		_, known := a.cfg.LineOf(c.Dialled)
		if known && a.fromTrunk(c) && slices.Contains(snap.App.Channels, c.ID) && told[call.ID(c.ID)] == nil {
			out = append(out, c)
		}
	}
	return out
}

// foundStory begins the story of a caller of whom the ledger knows nothing.
func (a *App) foundStory(ctx context.Context, c ari.Channel) story {
	a.log.Warn("caller found in Asterisk", "call", c.ID)
	if w, late := a.waitedOf(&c, argsOf(c)); late {
		a.tell(ctx, w)
		return storyOf(w.who.Call, w.events)
	}
	arrived := arrivedEvent(a.arrival(&c, c.Dialled), c.Created)
	a.Record(arrived)
	return story{id: arrived.Call, arrived: arrived}
}

// holding is what Asterisk holds, by our names.
type holding struct {
	channels map[string]ari.Channel
	bridged  map[string]bool           // channels that are in their call's bridge
	legs     map[call.ID][]ari.Channel // agents' legs of each call
}

func newHolding(snap ari.Snapshot) holding {
	h := holding{channels: map[string]ari.Channel{}, bridged: map[string]bool{}, legs: map[call.ID][]ari.Channel{}}
	for _, c := range snap.Channels {
		h.channels[c.ID] = c
		if owner, isLeg := callOfLeg(c.ID); isLeg {
			h.legs[owner] = append(h.legs[owner], c)
		}
	}
	for _, b := range snap.Bridges {
		for _, member := range b.Channels {
			if owner, _ := callOfLeg(member); b.ID == bridgePrefix+string(owner) {
				h.bridged[member] = true
			}
		}
	}
	return h
}

// takeUp tells the engine of a caller who is still there and of the phone he has.
func (a *App) takeUp(ctx context.Context, s story, caller ari.Channel, h holding) resumed {
	a.log.Info("call taken up", "call", s.id, "queue", s.queued.Queue, "talking", s.talking())
	r := resumed{
		who: callflow.Arrival{
			Call: s.id, Leg: call.LegID(s.id), Number: s.arrived.Number, Line: s.arrived.Line,
			Grade: a.grades.of(s.arrived.Number).Grade, Begin: caller.Created,
		},
		past: callflow.Resumption{Began: s.arrived.At, Bridged: h.bridged[caller.ID]},
	}
	held := a.settleLegs(ctx, &s, h)
	switch {
	case s.left.Kind != "":
		ending := call.RefusedFrom(s.left.Outcome)
		r.past.Ending = &ending
	case held != nil:
		r.past.Leg = held
		standing := a.standing(r.who, s.queued.Queue)
		a.submit(acd.Adopt{
			Caller: acd.Enter{
				Call: s.id, Queue: s.queued.Queue, Since: s.queued.Entered, Place: s.queued.Place, Offers: s.offers,
				Level: standing.Level, Priority: standing.Priority,
			},
			Agent: held.Agent, Offer: call.OfferID(held.Leg), Offered: s.offered.At, Answer: s.answered.At,
		})
	case s.answered.Kind != "":
		if s.talking() {
			a.endTalk(&s, time.Now(), call.ByAgent)
		} else if !s.wrapped {
			a.workUp(s.talked)
		}
		r.past.Ending = &call.Ending{Class: call.ClassAnswered, Reason: call.AgentHungUp}
	case s.queued.Kind != "":
		r.past.Queue = &callflow.Place{Entered: s.queued.Entered, Place: s.queued.Place, Offers: s.offers}
	}
	return r
}

// settleLegs brings the legs of a call into line with its story and returns the one that
// counts: the agent who talks, or the phone that rings. One that was picked up unseen is an
// answer. A leg that was made and not dialled yet, or that belongs to an older offer, is
// hung up.
func (a *App) settleLegs(ctx context.Context, s *story, h holding) (held *callflow.Held) {
	for _, leg := range h.legs[s.id] {
		offer := call.OfferID(leg.ID)
		if numberOf(leg.ID) > s.offers {
			a.recall(s, leg)
		}
		current := s.offered.Offer == offer && s.answered.Kind == ""
		switch {
		case leg.State == ari.ChannelUp && current:
			s.answer(time.Now())
			a.Record(s.answered)
			held = s.held(leg.ID, true, h.bridged[leg.ID])
		case leg.State == ari.ChannelUp && s.talking() && s.answered.Offer == offer:
			held = s.held(leg.ID, true, h.bridged[leg.ID])
		case leg.State == ari.ChannelRinging && current:
			held = s.held(leg.ID, false, false)
		default:
			a.hangUp(ctx, leg.ID) // before the next phone rings for him
		}
	}
	if s.offered.Kind != "" && s.answered.Kind == "" && held == nil {
		a.endOffer(s, time.Now())
	}
	return held
}

// recall writes down an offer that the run before this one made and did not live to write:
// Asterisk's leg tells when, and whose phone it is.
func (a *App) recall(s *story, leg ari.Channel) {
	s.offers = numberOf(leg.ID)
	line, known := a.cfg.LineOf(s.arrived.Line)
	if !known {
		return
	}
	at := call.Stamp(leg.Created)
	if s.queued.Kind == "" {
		s.queued = call.Event{Kind: call.Queued, At: at, Call: s.id, Queue: line.Queue, Entered: at}
		a.Record(s.queued)
	}
	for _, g := range a.cfg.Agents {
		if strings.HasPrefix(leg.Name, g.Endpoint+"-") {
			s.offered = call.Event{
				Kind: call.Offered, At: at, Call: s.id, Queue: s.queued.Queue, Entered: s.queued.Entered,
				Agent: g.ID, Offer: call.OfferID(leg.ID),
			}
			a.Record(s.offered)
		}
	}
}

// writeOff ends the story of a caller who left unseen.
func (a *App) writeOff(ctx context.Context, s story, h holding) {
	end := time.Now()
	begin := s.arrived.At
	length, err := a.recorder.Extent(s.id, begin)
	if err == nil && length > 0 {
		end = begin.Add(length)
	}
	a.log.Warn("call ended unseen", "call", s.id, "end", end)
	for _, leg := range h.legs[s.id] {
		a.hangUp(ctx, leg.ID)
	}
	class := call.ClassAbandoned
	if s.answered.Kind != "" {
		class = call.ClassAnswered
	}
	a.complete(&s, end)
	a.Record(call.Event{
		Kind: call.Ended, At: call.Stamp(end), Call: s.id, Number: s.arrived.Number, Line: s.arrived.Line,
		Queue: s.queued.Queue, Ending: call.Ending{Class: class, Reason: call.Lost}, By: call.ByCaller,
		Total: call.Between(begin, call.Stamp(end)),
	})
	a.recorder.End(s.id, begin, time.Time{})
}

// complete writes what is missing in the story of a caller who left at end: an offer, a talk
// or a stay in the queue that nobody ended. What is there is not written again.
func (a *App) complete(s *story, end time.Time) {
	if s.offered.Kind != "" && s.answered.Kind == "" {
		a.endOffer(s, end)
	}
	switch {
	case s.talking():
		a.endTalk(s, end, call.ByCaller)
	case s.talked.Kind != "" && !s.wrapped:
		a.workUp(s.talked)
	case s.queued.Kind != "" && s.answered.Kind == "" && s.left.Kind == "":
		a.Record(call.Event{
			Kind: call.LeftQueue, At: call.Stamp(end), Call: s.id, Queue: s.queued.Queue, Entered: s.queued.Entered,
			Outcome: call.Abandoned, Wait: call.Between(s.queued.Entered, call.Stamp(end)),
		})
	}
}

func (a *App) endOffer(s *story, at time.Time) {
	a.Record(call.Event{
		Kind: call.OfferEnded, At: call.Stamp(at), Call: s.id, Queue: s.offered.Queue, Entered: s.offered.Entered,
		Agent: s.offered.Agent, Offer: s.offered.Offer, Outcome: call.Canceled,
		Ring: call.Between(s.offered.At, call.Stamp(at)),
	})
}

func (a *App) endTalk(s *story, at time.Time, by call.Party) {
	s.talked = s.answered
	s.talked.Kind, s.talked.At, s.talked.Seq = call.TalkEnded, call.Stamp(at), 0
	s.talked.Answer, s.talked.By = s.answered.At, by
	s.talked.Talk = call.Between(s.answered.At, s.talked.At)
	a.Record(s.talked)
	a.workUp(s.talked)
}

// restoreAgents puts agents back on their breaks and gives the idle ones their turn. Who
// talked or was at his after-call work is taken up with his call.
func (a *App) restoreAgents(states map[call.AgentID]call.Event) {
	for id, e := range states {
		if e.To == call.Break || e.To == call.Ready {
			back := acd.Restore{Agent: id, State: e.To, Since: e.At, Reason: e.Reason}
			if !a.roster.keep(back) {
				a.submit(back)
			}
		}
	}
}

// workUp lets an agent go on with his work after a talk. It is over when he has had another
// call since that no controller saw.
func (a *App) workUp(talk call.Event) {
	if a.roster.held(talk.Agent) {
		a.Record(wrapped(talk, 0))
		return
	}
	a.submit(wrapUp(talk))
}

// wrapUp puts an agent to his work after a talk, whose limit counts from the talk's end.
func wrapUp(talk call.Event) acd.Restore {
	return acd.Restore{
		Agent: talk.Agent, State: call.WrapUp, Since: talk.At, Call: talk.Call, Queue: talk.Queue,
		Entered: talk.Entered, Answer: talk.Answer,
	}
}

func (a *App) submit(c acd.Command) {
	if err := a.acd.Submit(c); err != nil {
		a.log.Error("command refused by the ACD", "command", fmt.Sprintf("%T", c), "error", err)
	}
}
