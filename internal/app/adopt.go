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
	"hotline/reports/sqlstore"
)

// lookBack is how far the ledger is searched for what an earlier run left behind. No call
// lasts longer than the engine's limit of a talk.
const lookBack = 24 * time.Hour

// adopt takes up what an earlier run of the controller left behind, once, at the first look
// at Asterisk. Asterisk says who is there, the ledger says who they are: talks
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
	h := newHolding(snap, a.agentOf)
	h.seen = lastWord(left)
	taken := a.judge(ctx, left, snap, h)
	// The engine may drop a ring at once that has lasted too long meanwhile, so the flow that is
	// to end the leg must be there.
	for _, r := range taken {
		if r.rings != nil {
			a.calls.Resume(r.who, r.past)
			a.submit(*r.rings)
		}
	}
	// Agents and callers come after all legs: what the engine does not know yet it would
	// ring a second time.
	a.restoreAgents(left.Agents)
	for _, r := range taken {
		if r.rings == nil {
			a.calls.Resume(r.who, r.past)
		}
	}
	return nil
}

// judge goes through the calls that were left behind: those that are over are written down,
// those of callers who are still there are returned.
func (a *App) judge(ctx context.Context, left sqlstore.Left, snap ari.Snapshot, h holding) (taken []resumed) {
	for id, events := range left.Calls {
		s := storyOf(id, events)
		if s.ended.Kind != "" {
			a.complete(&s, s.ended.At, h)
			if begin := s.recording(); !s.recorded && !begin.IsZero() {
				a.recorder.End(id, begin, s.ended.At)
			}
			continue
		}
		// A number that did not answer before an earlier run ended is let go: nobody here rang
		// the agent, and a call that nobody waits for is no loss.
		caller, alive := h.channels[string(s.caller())]
		if alive && (!s.outbound() || !s.reached.IsZero()) {
			taken = append(taken, a.takeUp(ctx, s, caller, h))
		} else {
			a.writeOff(ctx, s, h)
		}
	}
	for _, c := range a.unheard(snap, left.Calls) {
		taken = append(taken, a.takeUp(ctx, a.foundStory(ctx, c), c, h))
	}
	return taken
}

// resumed is a call that is about to go on.
type resumed struct {
	who   callflow.Arrival
	past  callflow.Resumption
	rings *acd.Adopt // of a phone that rings for him and that the engine does not know of yet
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
	return storyOf(arrived.Call, []call.Event{arrived})
}

// holding is what Asterisk holds, by our names.
type holding struct {
	channels map[string]ari.Channel
	bridged  map[string]bool            // channels that are in their call's bridge
	sides    map[string]call.ID         // channels that are in the bridge of a consultation, and which
	legs     map[call.ID][]ari.Channel  // everybody's legs of each call but the caller's
	rung     map[call.AgentID]time.Time // when the last leg of ours to an agent was made
	seen     time.Time                  // of the last event that the run before this one wrote
}

// lastWord is when the run before this one wrote its last event of those calls.
func lastWord(left sqlstore.Left) (last time.Time) {
	for _, events := range left.Calls {
		for _, e := range events {
			if e.At.After(last) {
				last = e.At
			}
		}
	}
	return last
}

// pickedUp is when an agent's leg that is up was picked up, of which nobody wrote: before the
// run that joined it to the caller died, and after that run's last words. Who was not joined
// may have picked up at any time until now.
func (h holding) pickedUp(leg ari.Channel, offered, now time.Time) time.Time {
	if !h.bridged[leg.ID] {
		return now
	}
	if h.seen.After(offered) {
		offered = h.seen
	}
	if offered.After(now) {
		return now
	}
	return offered
}

func newHolding(snap ari.Snapshot, agentOf cast) holding {
	h := holding{
		channels: map[string]ari.Channel{}, bridged: map[string]bool{}, sides: map[string]call.ID{},
		legs: map[call.ID][]ari.Channel{}, rung: map[call.AgentID]time.Time{},
	}
	for _, c := range snap.Channels {
		h.channels[c.ID] = c
		if owner, isLeg := callOfLeg(c.ID); isLeg && !customerLeg(c.ID) {
			h.legs[owner] = append(h.legs[owner], c)
			if agent := agentOf(c.Name); c.Created.After(h.rung[agent]) {
				h.rung[agent] = c.Created
			}
		}
	}
	for _, legs := range h.legs {
		slices.SortFunc(legs, func(a, b ari.Channel) int { return a.Created.Compare(b.Created) })
	}
	for _, b := range snap.Bridges {
		id, ours := strings.CutPrefix(b.ID, bridgePrefix)
		for _, member := range b.Channels {
			switch owner, _ := callOfLeg(member); {
			case !ours:
			case id == string(owner):
				h.bridged[member] = true
			default:
				h.sides[member] = call.ID(id)
			}
		}
	}
	return h
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
// call since: one that no controller saw, or one for which the run before this one rang him
// and did not live to write it.
func (a *App) workUp(talk call.Event, h holding) {
	switch next, rung := h.rung[talk.Agent]; {
	case a.roster.held(talk.Agent):
		a.Record(wrapped(talk, 0))
		return
	case rung && next.After(talk.At):
		a.Record(wrapped(talk, next.Sub(talk.At)))
		return
	}
	a.submit(wrapUp(talk))
}

// wrapUp puts an agent to his work after a talk, whose limit counts from the talk's end.
func wrapUp(talk call.Event) acd.Restore {
	return acd.Restore{
		Agent: talk.Agent, State: call.WrapUp, Since: talk.At, Call: talk.Call, Queue: talk.Queue,
		Entered: talk.Entered, Answer: talk.Answer, Direction: talk.Direction,
	}
}

func (a *App) submit(c acd.Command) {
	if err := a.acd.Submit(c); err != nil {
		a.log.Error("command refused by the ACD", "command", fmt.Sprintf("%T", c), "error", err)
	}
}
