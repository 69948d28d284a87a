package acd

import (
	"time"

	"pgregory.net/rapid"

	"hotline/call"
)

// checkRules looks into the engine after a command.
func (p *play) checkRules(c Command, out Output) {
	p.checkOffers()
	p.checkAgents()
	p.checkDeadlines()
	p.checkStands()
	p.checkNobodyWaitsInVain()
	p.checkOrder(c, out)
	p.checkSnapshot()
}

// No phone has two legs, no caller two offers, and every leg has an end in sight.
func (p *play) checkOffers() {
	perAgent := map[*agent]map[phase]int{}
	perCaller := map[*caller]int{}
	for _, o := range p.e.offers {
		if perAgent[o.agent] == nil {
			perAgent[o.agent] = map[phase]int{}
		}
		legs := perAgent[o.agent]
		legs[o.phase]++
		limit := p.e.cfg.RingGrace
		if o.phase != closing {
			perCaller[o.caller]++
			limit = max(o.caller.queue.RingFor, limit)
		}
		if o.phase == talking && o.by == "" {
			limit = p.e.cfg.TalkMax
		}
		p.checkLimit(string(o.id), &o.timer, limit)
		// Only a talk that was adopted may have an old leg beside it.
		if legs[ringing]+legs[closing] > 1 || legs[ringing]+legs[talking] > 1 || perCaller[o.caller] > 1 {
			p.Fatalf("%s: %s has legs %v, %s has %d offers",
				o.id, o.agent.id, legs, o.caller.id, perCaller[o.caller])
		}
	}
}

func (p *play) checkLimit(what string, d *deadline, limit time.Duration) {
	if !d.running() || !p.jumps && d.at.Sub(p.now) > limit {
		p.Fatalf("%s: deadline running %t in %v, limit %v", what, d.running(), d.at.Sub(p.now), limit)
	}
}

// Every state that is not at rest has a limit.
func (p *play) checkAgents() {
	for _, a := range p.e.agents {
		switch a.state {
		case call.Ringing, call.Talking:
			if a.offer == nil || p.e.offers[a.offer.id] != a.offer {
				p.Fatalf("%s is %s without a leg", a.id, a.state)
			}
		case call.WrapUp:
			p.checkLimit(string(a.id), &a.timer, a.offer.caller.queue.WrapUp)
		case call.Ready:
			if !a.free() && a.closing == nil {
				p.checkLimit(string(a.id), &a.timer, p.e.cfg.MissPause)
			}
			fallthrough
		default:
			if a.offer != nil || a.next != "" {
				p.Fatalf("%s is %s and still has a call or a wish", a.id, a.state)
			}
		}
		if a.seated != a.free() {
			p.Fatalf("%s: seated %t, free %t", a.id, a.seated, a.free())
		}
	}
}

// No deadline runs for an offer or a caller that is gone.
func (p *play) checkDeadlines() {
	for _, item := range p.e.deadlines.items {
		d := item.member
		known := true
		switch h := d.holder.(type) {
		case *offer:
			known = p.e.offers[h.id] == h
		case *caller:
			known = p.e.callers[h.id] == h && h.waits
		case *queue:
			known = h.EmptyAfter > 0 && h.staff == 0 && !h.deserted
		}
		if !known {
			p.Fatalf("a deadline is left behind by %+v", d.holder)
		}
	}
}

// Who waits stands in all his lines, or in that of the agent he is kept for, and who does
// not in none.
func (p *play) checkStands() {
	for _, c := range p.e.callers {
		if c.waits != (c.offer == nil) {
			p.Fatalf("%s waits: %t, has an offer: %t", c.id, c.waits, c.offer != nil)
		}
		for i := range c.stands {
			s := &c.stands[i]
			stands := c.waits && (c.prefer == nil || i == 0)
			if stands != (s.in != nil) || stands && s.in.items[s.index].member != s {
				p.Fatalf("%s stands %d in line %d of %d: %+v", c.id, s.index, i, len(c.stands), s)
			}
		}
	}
}

// No caller waits while an agent is free who serves his queue.
func (p *play) checkNobodyWaitsInVain() {
	for _, a := range p.e.agents {
		if n := a.kept.len(); n > 0 && (a.free() || a.away()) {
			p.Fatalf("%s is %s and %d wait for him alone", a.id, a.state, n)
		}
		for _, s := range a.seats {
			for i := range s.tier + 1 {
				if n := s.queue.lines[i].len(); a.free() && n > 0 {
					p.Fatalf("%s is free and %d wait in %s", a.id, n, s.queue.ID)
				}
			}
		}
	}
}

// Who is rung for was first in his queue among those who could have been: who still wait there
// for no higher level and were never offered. A caller who enters with a past of his own
// comes after the deadlines. Where waiting changes the level or an agent is preferred, the
// model alone knows.
func (p *play) checkOrder(cmd Command, out Output) {
	enter, _ := cmd.(Enter)
	for _, action := range out.Actions {
		r, ok := action.(Ring)
		if !ok || p.e.callers[r.Call] == nil {
			continue
		}
		c := p.e.callers[r.Call]
		if len(c.queue.stages) > 0 {
			continue
		}
		for _, other := range p.e.callers {
			fresh := other.offers == 0 && other.offer == nil && !p.sticky[other.id]
			if other.id != enter.Call && other.queue == c.queue && other.need <= c.need && fresh && other.compare(c.rank) < 0 {
				p.Fatalf("%s is rung for before %s, who entered earlier", c.id, other.id)
			}
		}
	}
}

// The live view counts as the ledger does.
func (p *play) checkSnapshot() {
	for _, q := range p.e.Snapshot(p.now).Queues {
		n := p.ledger.count(q.ID)
		if n.queued != n.answered+n.left+len(q.Callers) {
			p.Fatalf("%s: %d queued, but %d answered, %d left, %d wait", q.ID, n.queued, n.answered, n.left, len(q.Callers))
		}
		for i := 1; i < len(q.Callers); i++ {
			if p.place(q.Callers[i]).Before(p.place(q.Callers[i-1])) {
				p.Fatalf("%s: the view is not in order", q.ID)
			}
		}
	}
}

// place is where a caller stands in the line of the house.
func (p *play) place(v CallerView) time.Time {
	from := v.Entered
	if !v.Place.IsZero() {
		from = v.Place
	}
	return from.Add(-time.Duration(v.Priority) * p.e.cfg.PriorityWorth)
}

// ledger folds the events as a stranger would who knows the vocabulary only.
type ledger struct {
	queues    map[call.QueueID]*counts
	states    map[call.AgentID]call.Event // the last change
	open      map[call.OfferID]bool       // offered, not ended or answered
	talks     map[call.OfferID]call.Event // answered, not over
	handled   map[call.AgentID]call.Event // talk over, wrap-up not
	connected map[call.ID]call.OfferID    // by actions
	begun     call.Event                  // the next change of this agent to this state lies in the past
}

type counts struct{ queued, answered, left int }

func newLedger() ledger {
	return ledger{
		queues: map[call.QueueID]*counts{}, states: map[call.AgentID]call.Event{},
		open: map[call.OfferID]bool{}, talks: map[call.OfferID]call.Event{},
		handled: map[call.AgentID]call.Event{}, connected: map[call.ID]call.OfferID{},
	}
}

func (l *ledger) add(t *rapid.T, now time.Time, out Output) {
	for _, ev := range out.Events {
		if !ev.At.Equal(now) || ev.Seq != 0 {
			t.Fatalf("%+v: want At %v and no Seq", ev, now)
		}
		l.addEvent(t, ev)
	}
	for _, a := range out.Actions {
		if c, ok := a.(Connect); ok {
			if other, twice := l.connected[c.Call]; twice {
				t.Fatalf("%s is connected by %s and %s", c.Call, other, c.Offer)
			}
			l.connected[c.Call] = c.Offer
		}
	}
}

func (l *ledger) count(id call.QueueID) *counts {
	if l.queues[id] == nil {
		l.queues[id] = &counts{}
	}
	return l.queues[id]
}

func (l *ledger) addEvent(t *rapid.T, ev call.Event) {
	n := l.count(ev.Queue)
	switch ev.Kind {
	case call.Queued:
		n.queued++
	case call.Offered:
		l.open[ev.Offer] = true
	case call.OfferEnded:
		l.closeOffer(t, ev)
	case call.Answered:
		n.answered++
		l.closeOffer(t, ev)
		l.talks[ev.Offer] = ev
		if ev.Wait != call.Between(ev.Entered, ev.At) {
			t.Fatalf("%+v: Wait is not At - Entered", ev)
		}
	case call.LeftQueue:
		n.left++
		if ev.Wait != call.Between(ev.Entered, ev.At) {
			t.Fatalf("%+v: Wait is not At - Entered", ev)
		}
	case call.TalkEnded:
		l.endTalk(t, ev)
	case call.WrapUpEnded:
		if end := l.handled[ev.Agent]; ev.Wrap != call.Between(end.At, ev.At) || ev.Call != end.Call {
			t.Fatalf("%+v does not follow %+v", ev, end)
		}
		delete(l.handled, ev.Agent)
	case call.AgentChanged:
		l.change(t, ev)
	default:
		t.Fatalf("the engine cannot know of %+v", ev)
	}
}

func (l *ledger) closeOffer(t *rapid.T, ev call.Event) {
	if !l.open[ev.Offer] {
		t.Fatalf("%+v: the offer is not open", ev)
	}
	delete(l.open, ev.Offer)
}

func (l *ledger) endTalk(t *rapid.T, ev call.Event) {
	answer, ok := l.talks[ev.Offer]
	if !ok || ev.Talk != call.Between(answer.At, ev.At) || !ev.Answer.Equal(answer.At) || ev.Wait != answer.Wait {
		t.Fatalf("%+v does not follow %+v", ev, answer)
	}
	delete(l.talks, ev.Offer)
	delete(l.connected, ev.Call)
	l.handled[ev.Agent] = ev
}

func (l *ledger) change(t *rapid.T, ev call.Event) {
	last, ok := l.states[ev.Agent]
	if !ok {
		last = call.Event{To: call.Offline, At: ev.At}
	}
	if ev.From != last.To || ev.Held != call.Between(last.At, ev.At) {
		t.Fatalf("%+v does not follow %+v", ev, last)
	}
	if ev.Agent == l.begun.Agent && ev.To == l.begun.To {
		ev.At, l.begun = l.begun.At, call.Event{}
	}
	l.states[ev.Agent] = ev
}
