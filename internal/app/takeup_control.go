package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"hotline/call"
	"hotline/callflow"
)

// table is everybody who is with a caller, seated by what they were doing when the run before
// this one was killed, also between two steps. Whatever is in doubt is decided so that nobody
// is left alone.
type table struct {
	with   []kept // in the caller's bridge, agents first
	asker  *kept  // was with the caller and is not: has him on hold, or asks somebody
	asked  *kept  // whom an agent asks
	others []kept // rings for the caller, or picked up and was not joined yet
}

// seat sorts the legs of a call.
func (s *story) seat(legs []kept, h holding) table {
	var t table
	for i := range legs {
		k := &legs[i]
		switch {
		case k.Joined:
			t.with = append(t.with, *k)
		case k.Number == "" && k.Of != s.id, k.Number != "" && h.sides[string(k.Leg)] != "":
			t.asked = k
		case k.Up && k.part != nil && k.part.joined:
			t.asker = k
		default:
			t.others = append(t.others, *k)
		}
	}
	// An agent who was asked before and took the caller over asks in his turn.
	if t.asker == nil && t.asked != nil && len(t.with) == 0 && s.took(t.asked) {
		t.asker, t.asked = t.asked, nil
	}
	slices.SortStableFunc(t.with, func(x, y kept) int { return cmp.Compare(x.Number, y.Number) })
	return t
}

// settleTalk seats everybody and says who goes on and where the caller goes if he was given
// away.
func (a *App) settleTalk(
	ctx context.Context, s *story, legs []kept, intent callflow.Intent, h holding,
) (t table, then *callflow.Target) {
	t = s.seat(legs, h)
	drop := func(k *kept) { a.hangUp(ctx, string(k.Leg)) }
	switch {
	case t.asker != nil && s.given.Kind != "" && s.given.Offer == call.OfferID(t.asker.Leg):
		if s.given.Reason == string(call.Blind) && intent.After == t.asker.Leg {
			then = &intent.To
		}
		drop(t.asker) // he gave the caller away and was about to hang up
		t.asker = nil
	case t.asked != nil && len(t.with) > 0 && t.asker == nil:
		drop(t.asked) // the agent is back with the caller already
		t.asked = nil
	case t.asker != nil && len(t.others) > 0 && !t.others[0].Up:
		drop(&t.others[0]) // an outside number that rings for his consultation
		t.others = nil
	case t.empty():
		p := s.part(call.OfferID(intent.After))
		if p != nil && !p.answered.At.Before(s.stay.At) {
			then = &intent.To
		}
	}
	a.settleHolds(&t, intent)
	return t, then
}

// settleHolds brings what the story knows of holds into line with who hears whom.
func (a *App) settleHolds(t *table, intent callflow.Intent) {
	for _, k := range t.with {
		if p := k.part; p != nil && !p.held.IsZero() {
			a.endHold(p, time.Now())
		}
	}
	if t.asker == nil {
		return
	}
	if t.asker.part.held.IsZero() {
		t.asker.part.held = time.Now() // the word of it was lost with the run
	}
	t.asker.OnHold = true
	t.asker.Back = t.asked == nil && (len(t.with) > 0 || intent.After == t.asker.Leg)
}

func (t *table) empty() bool {
	return len(t.with)+len(t.others) == 0 && t.asker == nil && t.asked == nil
}

// legs are all who go on, those who are with the caller first.
func (t *table) legs() []kept {
	all := slices.Concat(t.with, t.others)
	for _, k := range []*kept{t.asker, t.asked} {
		if k != nil {
			all = append(all, *k)
		}
	}
	return all
}

// asking is the consultation that goes on, nil without one.
func (t *table) asking(s *story, intent callflow.Intent, h holding) *callflow.Asking {
	if t.asked == nil {
		return nil
	}
	k := &callflow.Asking{
		Of: t.asked.Of, By: intent.After, Leg: t.asked.Leg,
		To: callflow.Target{Agent: t.asked.Agent, Number: t.asked.Number},
	}
	if k.Of == "" {
		k.Of = cmp.Or(h.sides[string(k.Leg)], call.ID(fmt.Sprintf("%s-c%d", s.id, max(1, s.consults))))
	}
	if t.asker != nil {
		k.By = t.asker.Leg
	}
	if p := s.part(call.OfferID(k.By)); p != nil {
		k.From = p.offered.Agent
	}
	return k
}
