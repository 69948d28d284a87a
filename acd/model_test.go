package acd

import (
	"fmt"
	"slices"
	"time"

	"hotline/call"
)

// model is the engine once more, as naive as can be: slices, full scans, no order kept
// anywhere. It makes actions only. The property test holds both side by side.
type model struct {
	cfg    Config
	now    time.Time
	count  int // orders equal times
	calls  []*modelCall
	agents []*modelAgent
	legs   []*modelLeg
	out    []Action
}

type modelCall struct {
	id     call.ID
	queue  Queue
	since  time.Time
	place  time.Time // since, less what his priority is worth
	end    time.Time // of waiting, zero = none
	order  int
	offers int
	leg    *modelLeg
	limit  modelLimit
}

type modelAgent struct {
	id     call.AgentID
	queues []call.QueueID
	state  call.AgentState
	next   call.AgentState
	misses int
	idle   time.Time
	order  int
	limit  modelLimit // wrap-up or pause
}

type modelLeg struct {
	id    call.OfferID
	call  *modelCall
	agent *modelAgent
	state string // rings, talks, drops
	why   call.Outcome
	late  bool
	by    call.Party
	limit modelLimit
}

// modelLimit is a deadline; order 0 = none.
type modelLimit struct {
	at    time.Time
	order int
}

func newModel(cfg Config) *model {
	m := &model{cfg: cfg}
	for _, a := range cfg.Agents {
		m.agents = append(m.agents, &modelAgent{id: a.ID, queues: a.Queues, state: call.Offline})
	}
	return m
}

func (m *model) apply(now time.Time, c Command) []Action {
	m.now, m.out = now, nil
	for m.expireOne() {
		m.match()
	}
	m.handle(c)
	m.match()
	return m.out
}

func (m *model) tick() int { m.count++; return m.count }

func (m *model) in(d time.Duration) modelLimit { return modelLimit{m.now.Add(d), m.tick()} }

// expireOne finds the earliest limit that has passed and lets it take effect.
func (m *model) expireOne() bool {
	var due modelLimit
	var effect func()
	look := func(l *modelLimit, f func()) {
		if l.order == 0 || l.at.After(m.now) {
			return
		}
		if effect == nil || l.at.Before(due.at) || l.at.Equal(due.at) && l.order < due.order {
			due = *l
			effect = func() { *l = modelLimit{}; f() }
		}
	}
	for _, c := range m.calls {
		look(&c.limit, func() { m.callLimit(c) })
	}
	for _, a := range m.agents {
		look(&a.limit, func() { m.agentLimit(a) })
	}
	for _, l := range m.legs {
		look(&l.limit, func() { m.legLimit(l) })
	}
	if effect != nil {
		effect()
	}
	return effect != nil
}

func (m *model) callLimit(c *modelCall) {
	if c.leg == nil {
		m.removeCall(c)
		m.out = append(m.out, Expire{c.id, c.queue.ID, call.TimedOut})
	}
}

func (m *model) agentLimit(a *modelAgent) {
	if a.state == call.WrapUp {
		m.finish(a, false)
	}
}

func (m *model) legLimit(l *modelLeg) {
	switch {
	case l.state == "rings":
		m.drop(l, call.NoAnswer)
		m.missed(l, call.NoAnswer, true)
	case l.state == "drops":
		m.removeLeg(l)
	case l.by == "":
		l.by = call.BySystem
		l.limit = m.in(m.cfg.RingGrace)
		m.out = append(m.out, HangUp{l.id, l.call.id, l.agent.id, l.by})
	default:
		m.talkOver(l)
	}
}

func (m *model) drop(l *modelLeg, why call.Outcome) {
	l.state, l.why = "drops", why
	l.limit = m.in(m.cfg.RingGrace)
	m.out = append(m.out, Drop{l.id, l.call.id, l.agent.id, why})
}

// missed frees caller and agent of a leg that rang in vain.
func (m *model) missed(l *modelLeg, why call.Outcome, pause bool) {
	l.call.leg = nil
	if why == call.NoAnswer {
		l.agent.misses++
		if l.agent.misses == m.cfg.SuspendAfter {
			l.agent.misses = 0
			if l.agent.next == "" {
				l.agent.next = call.Break
			}
		}
	}
	if pause {
		l.agent.limit = m.in(m.cfg.MissPause)
	}
	m.finish(l.agent, why == call.Canceled)
	m.overdue(l.call)
}

func (m *model) overdue(c *modelCall) {
	if !c.end.IsZero() && !c.end.After(m.now) && slices.Contains(m.calls, c) {
		m.callLimit(c)
	}
}

// finish ends what the agent did.
func (m *model) finish(a *modelAgent, keepPlace bool) {
	if a.state == call.WrapUp {
		a.limit = modelLimit{}
	}
	a.state = call.Ready
	if a.next != "" {
		a.state, a.next = a.next, ""
	}
	if !keepPlace {
		a.idle, a.order = call.Stamp(m.now), m.tick()
	}
}

func (m *model) talkOver(l *modelLeg) {
	m.removeLeg(l)
	m.removeCall(l.call)
	l.agent.state = call.WrapUp
	if l.call.queue.WrapUp == 0 {
		m.finish(l.agent, false)
		return
	}
	l.agent.limit = m.in(l.call.queue.WrapUp)
}

func (m *model) removeCall(c *modelCall) {
	m.calls = slices.DeleteFunc(m.calls, func(x *modelCall) bool { return x == c })
}

func (m *model) removeLeg(l *modelLeg) {
	m.legs = slices.DeleteFunc(m.legs, func(x *modelLeg) bool { return x == l })
}

// match rings the longest idle agent for the longest waiting caller until nobody fits.
func (m *model) match() {
	for {
		var c *modelCall
		var a *modelAgent
		for _, x := range m.calls {
			y := m.idleFor(x)
			if x.leg != nil || y == nil {
				continue
			}
			if c == nil || x.place.Before(c.place) || x.place.Equal(c.place) && x.order < c.order {
				c, a = x, y
			}
		}
		if c == nil {
			return
		}
		m.ring(c, a)
	}
}

func (m *model) idleFor(c *modelCall) *modelAgent {
	var best *modelAgent
	for _, a := range m.agents {
		busy := slices.ContainsFunc(m.legs, func(l *modelLeg) bool { return l.agent == a })
		if a.state != call.Ready || busy || a.limit.order != 0 || !slices.Contains(a.queues, c.queue.ID) {
			continue
		}
		if best == nil || a.idle.Before(best.idle) || a.idle.Equal(best.idle) && a.order < best.order {
			best = a
		}
	}
	return best
}

func (m *model) ring(c *modelCall, a *modelAgent) {
	l := &modelLeg{call: c, agent: a, state: "rings"}
	for taken := true; taken; {
		c.offers++
		l.id = call.OfferID(fmt.Sprint(c.id, "-a", c.offers))
		taken = slices.ContainsFunc(m.legs, func(x *modelLeg) bool { return x.id == l.id })
	}
	l.limit = m.in(c.queue.RingFor)
	m.legs = append(m.legs, l)
	c.leg, a.state = l, call.Ringing
	m.out = append(m.out, Ring{l.id, c.id, c.queue.ID, a.id, l.limit.at})
}
