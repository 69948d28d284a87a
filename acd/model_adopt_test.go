package acd

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"hotline/call"
)

// adopt and restore of the model.
func (m *model) adopt(cmd Adopt) {
	a := m.agent(cmd.Agent)
	known := slices.ContainsFunc(m.cfg.Queues, func(q Queue) bool { return q.ID == cmd.Caller.Queue })
	if a == nil || !known || m.leg(cmd.Offer).state != "" {
		return
	}
	closing := slices.ContainsFunc(m.legs, func(l *modelLeg) bool { return l.agent == a && l.state == "drops" })
	caller := slices.ContainsFunc(m.calls, func(c *modelCall) bool { return c.id == cmd.Caller.Call })
	l := &modelLeg{id: cmd.Offer, agent: a, call: &modelCall{id: cmd.Caller.Call}}
	switch {
	case cmd.Dropped != "":
		if !closing && a.state != call.Ringing {
			m.legs = append(m.legs, l)
			m.drop(l, cmd.Dropped)
		}
	case caller:
	case !cmd.Answer.IsZero():
		if a.state != call.Talking && a.state != call.WrapUp {
			m.adoptTalk(l, cmd)
		}
	case !closing && a.limit.order == 0 && (a.state == call.Offline || a.state == call.Ready):
		m.adoptRing(l, cmd)
	default:
		c := m.newCall(cmd.Caller)
		m.calls = append(m.calls, c)
		m.out = append(m.out, Drop{l.id, c.id, a.ID, call.Canceled})
		c.advance(m, m.now)
		c.keepOrNot(m)
		c.seeks = true
	}
}

func (m *model) adoptTalk(l *modelLeg, cmd Adopt) {
	if l.agent.state == call.Ringing {
		i := slices.IndexFunc(m.legs, func(x *modelLeg) bool { return x.agent == l.agent && x.state == "rings" })
		rings := m.legs[i]
		m.drop(rings, call.Canceled)
		m.missed(rings, call.Canceled, false)
	}
	m.bind(l, cmd)
	l.agent.seen = true
	l.state, l.agent.state, l.agent.misses = "talks", call.Talking, 0
	l.limit = m.in(max(0, m.cfg.TalkMax-m.ago(cmd.Answer)))
}

func (m *model) adoptRing(l *modelLeg, cmd Adopt) {
	if l.agent.state == call.Offline {
		l.agent.idle, l.agent.order, l.agent.misses = m.past(cmd.Offered), m.tick(), cmd.Misses
	}
	m.bind(l, cmd)
	l.agent.seen = true
	l.state, l.agent.state = "rings", call.Ringing
	l.limit = m.in(max(0, l.call.queue.RingFor-m.ago(cmd.Offered)))
	l.below = m.below(l.call, l.agent)
}

func (m *model) bind(l *modelLeg, cmd Adopt) {
	l.call = m.newCall(cmd.Caller)
	begun := m.past(cmd.Offered)
	if cmd.Offered.IsZero() {
		begun = m.past(cmd.Answer)
	}
	l.call.advance(m, m.now.Add(begun.Sub(call.Stamp(m.now))))
	l.call.prefer, l.call.leg = nil, l
	l.agent.wishFor(cmd.Next)
	m.calls = append(m.calls, l.call)
	m.legs = append(m.legs, l)
}

func (m *model) restore(cmd Restore) {
	a := m.agent(cmd.Agent)
	if a == nil || a.state != call.Offline {
		return
	}
	switch cmd.State {
	case call.Ready:
		a.idle, a.order = m.past(cmd.Since), m.tick()
	case call.WrapUp:
		if !slices.ContainsFunc(m.cfg.Queues, func(q Queue) bool { return q.ID == cmd.Queue }) {
			return
		}
		a.limit = m.in(max(0, m.queue(cmd.Queue).WrapUp-m.ago(cmd.Since)))
		a.wishFor(cmd.Next)
	case call.Break:
	case call.Offline:
		if a.seen {
			return
		}
	default:
		return
	}
	a.seen = true
	if cmd.State == call.Offline {
		cmd.Misses = 0
	}
	a.state, a.misses = cmd.State, cmd.Misses
	left := m.cfg.MissPause - m.ago(cmd.Missed)
	if cmd.State != call.WrapUp && !cmd.Missed.IsZero() && left > 0 {
		a.limit = m.in(left)
	}
}

func (m *model) agent(id call.AgentID) *modelAgent {
	i := slices.IndexFunc(m.agents, func(a *modelAgent) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return m.agents[i]
}

func (a *modelAgent) wishFor(next call.AgentState) {
	if next == call.Break || next == call.Offline {
		a.next = next
	}
}

func (m *model) past(t time.Time) time.Time { return past(t, m.now) }

func (m *model) ago(t time.Time) time.Duration { return call.Stamp(m.now).Sub(m.past(t)) }

// past is a time as the engine takes it: whole milliseconds, not yet to come.
func past(t, now time.Time) time.Time {
	if t, now = call.Stamp(t), call.Stamp(now); t.Before(now) && !t.IsZero() {
		return t
	}
	return call.Stamp(now)
}

// drawPast is a time before now, or now and then one to come.
func (p *play) drawPast(what string) time.Time {
	return p.now.Add(-time.Duration(rapid.IntRange(-1, 8).Draw(p.T, what)) * time.Second)
}

func (p *play) drawNext() call.AgentState {
	return rapid.SampledFrom([]call.AgentState{"", "", call.Break, call.Offline, call.Ready}).Draw(p.T, "next")
}

func (p *play) drawAdopt(agent call.AgentID, old call.ID) Command {
	enter, _ := p.drawEnter(old).(Enter)
	enter.Offers = rapid.IntRange(1, 3).Draw(p.T, "offers")
	c := Adopt{
		Caller: enter, Agent: agent, Offer: call.OfferID(fmt.Sprint(enter.Call, "-a", enter.Offers)),
		Offered: p.drawPast("offered"), Misses: rapid.IntRange(0, 2).Draw(p.T, "misses"),
		Next: p.drawNext(),
	}
	switch rapid.IntRange(0, 3).Draw(p.T, "phase") {
	case 0:
		c.Dropped = call.NoAnswer
	case 1, 2:
		c.Answer = p.drawPast("answer")
	}
	p.offers = append(p.offers, c.Offer)
	return c
}

func (p *play) drawRestore(agent call.AgentID, id call.ID) Command {
	states := []call.AgentState{call.Ready, call.Ready, call.Break, call.WrapUp, call.Talking, call.Offline}
	c := Restore{
		Agent: agent, State: rapid.SampledFrom(states).Draw(p.T, "state"), Since: p.drawPast("since"),
		Misses: rapid.IntRange(0, 2).Draw(p.T, "misses"), Call: id, Next: p.drawNext(),
		Queue: call.QueueID(fmt.Sprint("q", rapid.IntRange(0, len(p.e.queues)).Draw(p.T, "queue"))),
	}
	if rapid.Bool().Draw(p.T, "missed") {
		c.Missed = p.drawPast("missed at")
	}
	return c
}

// told tells the ledger what stood in it before, when the engine has taken the command.
func (p *play) told(c Command, offline bool) {
	switch c := c.(type) {
	case Enter:
		if c.Resumed {
			p.ledger.count(c.Queue).queued++
		}
	case Adopt:
		p.toldAdopt(c)
	case Restore:
		known := c.State != call.Talking && (c.State != call.WrapUp || p.e.queueByID[c.Queue] != nil)
		since := past(c.Since, p.now)
		switch _, seen := p.ledger.states[c.Agent]; {
		case !offline || !known || c.State == call.Offline && seen:
		case c.State == call.Offline:
			p.ledger.states[c.Agent] = call.Event{To: call.Offline, At: since}
		default:
			p.ledger.begun = call.Event{Agent: c.Agent, To: c.State, At: since}
			p.ledger.handled[c.Agent] = call.Event{Call: c.Call, At: since}
		}
	}
}

func (p *play) toldAdopt(c Adopt) {
	o, q := p.e.offers[c.Offer], p.ledger.count(c.Caller.Queue)
	begun := call.Event{Agent: c.Agent, To: o.agent.state, At: past(c.Offered, p.now)}
	switch o.phase {
	case closing:
		return
	case ringing:
		p.ledger.open[o.id] = true
	case talking:
		begun.At = past(c.Answer, p.now)
		q.answered++
		p.ledger.connected[c.Caller.Call] = o.id
		p.ledger.talks[o.id] = call.Event{At: begun.At, Wait: call.Between(o.caller.entered, begun.At)}
	}
	q.queued++
	p.ledger.begun = begun
}

// isNew says that the engine may take a command that tells of the past. Deadlines must have
// taken effect before.
func (p *play) isNew(c Command) (isNew, offline bool) {
	switch c := c.(type) {
	case Enter:
		return c.Resumed && p.e.callers[c.Call] == nil && p.e.queueByID[c.Queue] != nil, false
	case Adopt:
		return p.e.offers[c.Offer] == nil, false
	case Restore:
		a := p.e.agentByID[c.Agent]
		return true, a != nil && a.state == call.Offline
	}
	return false, false
}
