package acd

import (
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

	empty    map[call.QueueID]*modelLimit // since when nobody is signed in
	deserted map[call.QueueID]bool
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
	help   []Queue
	prefer *modelAgent
	until  time.Time // prefer
	seeks  bool      // must be looked at before he can be rung for
	order  int
	offers int
	leg    *modelLeg
}

type modelAgent struct {
	Agent
	state  call.AgentState
	next   call.AgentState
	misses int
	seen   bool // has been signed in
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
	m := &model{cfg: cfg, empty: map[call.QueueID]*modelLimit{}, deserted: map[call.QueueID]bool{}}
	for _, a := range cfg.Agents {
		m.agents = append(m.agents, &modelAgent{Agent: a, state: call.Offline})
	}
	return m
}

func (m *model) apply(now time.Time, c Command) []Action {
	m.now, m.out = now, nil
	m.watch()
	for m.expireOne() {
		m.serve()
	}
	m.handle(c)
	m.serve()
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
			look(&modelLimit{next, c.order}, func() { c.advance(m, next); c.seeks = true })
		}
	}
	for _, q := range m.cfg.Queues {
		if limit := m.empty[q.ID]; limit != nil {
			look(limit, func() { m.queueLimit(q) })
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
	for _, s := range c.stages()[c.passed:] {
		all = append(all, c.begun.Add(s.after))
	}
	if c.prefer != nil {
		all = append(all, c.until)
	}
	if len(all) == 0 {
		return time.Time{}, false
	}
	return slices.MinFunc(all, time.Time.Compare), true
}

// modelStage is what happens to a caller after a while.
type modelStage struct {
	after time.Duration
	do    func(m *model, c *modelCall)
}

func (c *modelCall) stages() []modelStage {
	var all []modelStage
	for _, w := range c.queue.Widen {
		all = append(all, modelStage{w.After, func(_ *model, c *modelCall) { c.need = min(c.need, w.Level) }})
	}
	for _, h := range c.queue.Help {
		all = append(all, modelStage{h.After, func(m *model, c *modelCall) { c.help = append(c.help, m.queue(h.Queue)) }})
	}
	slices.SortStableFunc(all, func(a, b modelStage) int { return int(a.after - b.after) })
	return all
}

func (m *model) queue(id call.QueueID) Queue {
	return m.cfg.Queues[slices.IndexFunc(m.cfg.Queues, func(q Queue) bool { return q.ID == id })]
}

// again is what happens when nobody rings for a caller any more: the agent he is kept for
// may be gone, and he goes when he has waited to the limit.
func (m *model) again(c *modelCall) {
	c.keepOrNot(m)
	switch {
	case c.queue.MaxWait > 0 && !c.begun.Add(c.queue.MaxWait).After(m.now):
		m.sendAway(c, call.TimedOut)
	case m.deserted[c.queue.ID]:
		m.sendAway(c, call.LeftEmpty)
	}
}

func (c *modelCall) advance(m *model, now time.Time) {
	for _, s := range c.stages()[c.passed:] {
		if c.begun.Add(s.after).After(now) {
			break
		}
		c.passed++
		s.do(m, c)
	}
}

func (c *modelCall) keepOrNot(m *model) {
	if p := c.prefer; p != nil {
		away := p.state == call.Offline || p.state == call.Break
		if away || m.via(c, p) < 0 || !c.until.After(m.now) && !m.idle(p) {
			c.prefer = nil
		}
	}
}

func (m *model) sendAway(c *modelCall, why call.Outcome) {
	m.removeCall(c)
	m.out = append(m.out, Expire{c.id, c.queue.ID, why})
}

// staff counts who is signed in and may ever serve the callers of a queue.
func (m *model) staff(q Queue) int {
	n := 0
	for _, a := range m.agents {
		serves := a.serves(q)
		for _, h := range q.Help {
			serves = serves || a.serves(m.queue(h.Queue))
		}
		if serves && a.state != call.Offline {
			n++
		}
	}
	return n
}

// watch looks which queues have lost their last agent, or got their first.
func (m *model) watch() {
	for _, q := range m.cfg.Queues {
		limit := m.empty[q.ID]
		switch {
		case m.staff(q) > 0:
			delete(m.empty, q.ID)
			delete(m.deserted, q.ID)
		case q.EmptyAfter > 0 && limit == nil:
			l := m.in(q.EmptyAfter)
			m.empty[q.ID] = &l
		}
	}
}

func (m *model) queueLimit(q Queue) {
	m.deserted[q.ID] = true
	calls := slices.Clone(m.calls)
	slices.SortFunc(calls, byLine)
	for _, c := range calls {
		if c.queue.ID == q.ID && c.leg == nil {
			m.sendAway(c, call.LeftEmpty)
		}
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
		if m.cfg.SuspendAfter > 0 && l.agent.misses >= m.cfg.SuspendAfter {
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
	l.call.advance(m, m.now)
	l.call.seeks = true
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
	if a.state == call.Offline {
		a.misses = 0
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
