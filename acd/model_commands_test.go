package acd

import (
	"slices"
	"time"

	"hotline/call"
)

// handle gives a command to the model.
func (m *model) handle(c Command) {
	switch c := c.(type) {
	case SignIn:
		m.wish(c.Agent, call.Ready, true)
	case SignOut:
		m.wish(c.Agent, call.Offline, false)
	case GoReady:
		m.wish(c.Agent, call.Ready, false)
	case TakeBreak:
		m.wish(c.Agent, call.Break, false)
	case WrapUpDone:
		for _, a := range m.agents {
			if a.ID == c.Agent && a.state == call.WrapUp {
				m.finish(a, false)
			}
		}
	case Enter:
		m.enter(c)
	case Leave:
		m.leave(c.Call)
	case Answered:
		m.answered(m.leg(c.Offer))
	case OfferFailed:
		m.failed(m.leg(c.Offer), c.Outcome)
	case LegEnded:
		m.ended(m.leg(c.Offer))
	case Adopt:
		m.adopt(c)
	case Restore:
		m.restore(c)
	}
}

func (m *model) wish(id call.AgentID, state call.AgentState, signIn bool) {
	i := slices.IndexFunc(m.agents, func(a *modelAgent) bool { return a.ID == id })
	if i < 0 {
		return
	}
	a := m.agents[i]
	if a.state == call.Offline {
		if signIn {
			a.seen = true
			m.finish(a, false)
		}
		return
	}
	switch a.state {
	case call.Ready, call.Break:
		if state == call.Ready && (signIn || a.state == call.Ready) {
			return
		}
		a.next = state
		m.finish(a, state != call.Ready)
	default:
		m.wishWhileBusy(a, state, signIn)
	}
}

func (m *model) wishWhileBusy(a *modelAgent, state call.AgentState, signIn bool) {
	switch {
	case state == call.Ready:
		if !signIn || a.next == call.Offline {
			a.next = ""
		}
	case state == call.Break || a.state == call.Talking:
		a.next = state
	case a.state == call.WrapUp:
		a.next = state
		m.finish(a, false)
	default:
		a.next = state
		i := slices.IndexFunc(m.legs, func(l *modelLeg) bool { return l.agent == a })
		l := m.legs[i]
		m.drop(l, call.Rejected)
		m.missed(l, call.Rejected, true)
	}
}

func (m *model) enter(cmd Enter) {
	q := slices.IndexFunc(m.cfg.Queues, func(q Queue) bool { return q.ID == cmd.Queue })
	known := slices.ContainsFunc(m.calls, func(c *modelCall) bool { return c.id == cmd.Call })
	if q < 0 || known {
		return
	}
	c := m.newCall(cmd)
	waiting := 0
	for _, x := range m.calls {
		if x.queue.ID == c.queue.ID && x.leg == nil {
			waiting++
		}
	}
	m.calls = append(m.calls, c)
	c.advance(m, m.now)
	c.keepOrNot(m)
	if full := c.queue.MaxWaiting; full > 0 && waiting >= full && m.idleFor(c) == nil && !cmd.Resumed {
		m.sendAway(c, call.Overflowed)
		return
	}
	c.seeks = true
}

func (m *model) newCall(cmd Enter) *modelCall {
	since := m.past(cmd.Since)
	c := &modelCall{id: cmd.Call, queue: m.queue(cmd.Queue), since: since, order: m.tick(), offers: cmd.Offers}
	// The play keeps to MaxPriority.
	from := since
	if at := call.Stamp(cmd.Place); !cmd.Place.IsZero() && at.Before(since) {
		from = at
	}
	c.place = from.Add(-time.Duration(cmd.Priority)*m.cfg.PriorityWorth - c.queue.Worth)
	c.begun = m.now.Add(since.Sub(call.Stamp(m.now)))
	c.want = max(cmd.Level, c.queue.MinLevel)
	c.need = c.want
	c.prefer, c.until = m.agent(cmd.Prefer), m.now.Add(cmd.PreferFor)
	return c
}

func (m *model) leave(id call.ID) {
	i := slices.IndexFunc(m.calls, func(c *modelCall) bool { return c.id == id })
	if i < 0 {
		return
	}
	c := m.calls[i]
	switch {
	case c.leg == nil:
		m.removeCall(c)
	case c.leg.state == "talks":
		if c.leg.by == "" {
			c.leg.by = call.ByCaller
			c.leg.limit = m.in(m.cfg.RingGrace)
			m.out = append(m.out, HangUp{c.leg.id, c.id, c.leg.agent.ID, call.ByCaller})
		}
	default:
		l := c.leg
		m.drop(l, call.Canceled)
		m.removeCall(c)
		m.missed(l, call.Canceled, false)
	}
}

// leg finds an offer; a leg without state stands for one that nobody knows.
func (m *model) leg(id call.OfferID) *modelLeg {
	for _, l := range m.legs {
		if l.id == id {
			return l
		}
	}
	return &modelLeg{}
}

func (m *model) answered(l *modelLeg) {
	switch {
	case l.state == "rings":
		l.state = "talks"
		l.agent.state = call.Talking
		l.agent.misses = 0
		l.limit = m.in(m.cfg.TalkMax)
		m.out = append(m.out, Connect{l.id, l.call.id, l.agent.ID, l.below})
	case l.state == "drops" && !l.late:
		l.late = true
		m.drop(l, l.why)
	}
}

func (m *model) failed(l *modelLeg, why call.Outcome) {
	switch l.state {
	case "rings":
		m.removeLeg(l)
		m.missed(l, why, true)
	case "drops":
		m.removeLeg(l)
	}
}

func (m *model) ended(l *modelLeg) {
	switch l.state {
	case "talks":
		m.talkOver(l)
	case "drops":
		m.removeLeg(l)
	}
}
