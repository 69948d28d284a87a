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
	begun  time.Time // since, by the engine's clock
	want   Level
	need   Level
	passed int // stages of the queue
	order  int
	offers int
	leg    *modelLeg
}

type modelAgent struct {
	Agent
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
	below bool
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
		m.agents = append(m.agents, &modelAgent{Agent: a, state: call.Offline})
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
		if next, ok := c.next(); ok && c.leg == nil {
			look(&modelLimit{next, c.order}, func() { m.again(c, next) })
		}
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

// next is when something changes for a caller who waits.
func (c *modelCall) next() (time.Time, bool) {
	var all []time.Time
	if c.queue.MaxWait > 0 {
		all = append(all, c.begun.Add(c.queue.MaxWait))
	}
	for _, w := range c.stages()[c.passed:] {
		all = append(all, c.begun.Add(w.After))
	}
	if len(all) == 0 {
		return time.Time{}, false
	}
	return slices.MinFunc(all, time.Time.Compare), true
}

func (c *modelCall) stages() []Widen {
	all := slices.Clone(c.queue.Widen)
	slices.SortStableFunc(all, func(a, b Widen) int { return int(a.After - b.After) })
	return all
}

// again is what happens when nobody rings for a caller any more: stages until then take
// effect, and he goes when he has waited to the limit.
func (m *model) again(c *modelCall, now time.Time) {
	for _, w := range c.stages()[c.passed:] {
		if c.begun.Add(w.After).After(now) {
			break
		}
		c.passed++
		c.need = min(c.need, w.Level)
	}
	if c.queue.MaxWait > 0 && !c.begun.Add(c.queue.MaxWait).After(m.now) {
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
		m.out = append(m.out, HangUp{l.id, l.call.id, l.agent.ID, l.by})
	default:
		m.talkOver(l)
	}
}

func (m *model) drop(l *modelLeg, why call.Outcome) {
	l.state, l.why = "drops", why
	l.limit = m.in(m.cfg.RingGrace)
	m.out = append(m.out, Drop{l.id, l.call.id, l.agent.ID, why})
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
	if slices.Contains(m.calls, l.call) {
		m.again(l.call, m.now)
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
		if a.state != call.Ready || busy || a.limit.order != 0 || !a.serves(c.queue) || a.level(c.queue) < c.need {
			continue
		}
		if best == nil || m.better(c, a, best) {
			best = a
		}
	}
	return best
}

func (a *modelAgent) serves(q Queue) bool {
	_, has := a.Skills[q.Skill]
	return has && q.Skill != "" || slices.Contains(a.Queues, q.ID)
}

func (a *modelAgent) level(q Queue) Level { return a.Skills[q.Skill] }

// better says which of two agents who both may serve a caller is rung.
func (m *model) better(c *modelCall, a, b *modelAgent) bool {
	rank := func(x *modelAgent) int {
		level := x.level(c.queue)
		if c.queue.HighestFirst || level < c.want {
			return 1000 - int(level)
		}
		return int(level)
	}
	switch {
	case rank(a) != rank(b):
		return rank(a) < rank(b)
	case a.idle.Equal(b.idle):
		return a.order < b.order
	default:
		return a.idle.Before(b.idle)
	}
}

func (m *model) ring(c *modelCall, a *modelAgent) {
	l := &modelLeg{call: c, agent: a, state: "rings", below: a.level(c.queue) < c.want}
	for taken := true; taken; {
		c.offers++
		l.id = call.OfferID(fmt.Sprint(c.id, "-a", c.offers))
		taken = slices.ContainsFunc(m.legs, func(x *modelLeg) bool { return x.id == l.id })
	}
	l.limit = m.in(c.queue.RingFor)
	m.legs = append(m.legs, l)
	c.leg, a.state = l, call.Ringing
	m.out = append(m.out, Ring{l.id, c.id, c.queue.ID, a.ID, l.limit.at, l.below})
}
