package acd

import (
	"slices"
	"time"

	"hotline/call"
)

// key is the order of agents of a queue who have the same level: longest idle first.
func (s *seat) key() rank { return s.agent.idle }

// key is the order of callers in every line: that of the house, see Config.PriorityWorth.
func (s *stand) key() rank { return s.caller.rank }

// pick is the agent to ring for a caller, or nil. One who is still preferred then is the
// agent he is kept for.
func (e *Engine) pick(c *caller) *agent {
	if e.halted {
		return nil
	}
	if c.only != nil {
		if c.only.free() {
			return c.only
		}
		return nil
	}
	if a := c.prefer; a != nil {
		switch {
		case !c.mayHave(a) || a.away():
		case a.free():
			return a
		case c.preferEnd.After(e.now):
			return nil
		}
		c.prefer = nil
	}
	return agentFor(c)
}

// agentFor is the agent to ring for a caller, or nil: one of his queue, or else one of the
// first queue that helps.
func agentFor(c *caller) *agent {
	for _, s := range c.stands {
		if a := s.queue.agentFor(c.need, c.want); a != nil {
			return a
		}
	}
	return nil
}

// agentFor is the longest idle agent of the best level that has anybody idle, or nil: of
// the levels that the caller wants the lowest first, so that seniors stay free for those
// who need one, or the highest where the queue says so; then the levels that are enough,
// the nearest first.
func (q *queue) agentFor(need, want Level) *agent {
	enough, wanted := q.tier(need), q.tier(want)
	if q.HighestFirst {
		wanted = len(q.idle)
	}
	for i := wanted; i < len(q.idle); i++ {
		if s, ok := q.idle[i].first(); ok {
			return s.agent
		}
	}
	for i := wanted - 1; i >= enough; i-- {
		if s, ok := q.idle[i].first(); ok {
			return s.agent
		}
	}
	return nil
}

// callerFor is the first caller in the line of the house whom a free agent may serve, or
// nil. A callback that comes before him goes first when it is its turn.
func (e *Engine) callerFor(a *agent) *caller {
	live := firstOf(a, (*queue).onLine)
	if s, ok := a.kept.first(); ok && (live == nil || s.key().compare(live.key()) < 0) {
		live = s
	}
	back := firstOf(a, (*queue).callbacks)
	switch {
	case live == nil && back == nil:
		return nil
	case live == nil, back != nil && back.key().compare(live.key()) < 0 && a.live >= e.cfg.CallbackTurn-1:
		return back.caller
	default:
		return live.caller
	}
}

// firstOf is the first of those lines of his queues that an agent is enough for, or nil.
func firstOf(a *agent, lines func(*queue) []ordered[*stand]) (first *stand) {
	for _, s := range a.seats {
		of := lines(s.queue)
		for i := range s.tier + 1 {
			if st, ok := of[i].first(); ok && (first == nil || st.key().compare(first.key()) < 0) {
				first = st
			}
		}
	}
	return first
}

// took counts the turns of callbacks.
func (a *agent) took(c *caller) {
	if c.back() {
		a.live = 0
		return
	}
	a.live++
}

// back says that the caller is not on the line but to be called back.
func (c *caller) back() bool { return c.direction == call.CallBack }

func (q *queue) onLine() []ordered[*stand]    { return q.lines }
func (q *queue) callbacks() []ordered[*stand] { return q.backs }

// line are the lines in which a caller stands.
func (q *queue) line(c *caller) []ordered[*stand] {
	if c.back() {
		return q.backs
	}
	return q.lines
}

// again lets a caller whom no phone rings for seek an agent when the command is through.
// Several who are set free by one command come in their order. The stages of his queue up
// to the given time have taken effect.
func (e *Engine) again(c *caller, now time.Time) {
	e.advance(c, now)
	e.seekers = append(e.seekers, c)
}

// serve finds agents for all who seek.
func (e *Engine) serve() {
	if len(e.seekers) > 1 {
		slices.SortFunc(e.seekers, func(a, b *caller) int { return a.compare(b.rank) })
	}
	for _, c := range e.seekers {
		e.seek(c)
	}
	clear(e.seekers)
	e.seekers = e.seekers[:0]
}

// seek finds an agent for a caller, or lets him wait at his place. A caller over the limit
// of his queue leaves instead, and so does one in whose queue nobody is signed in.
func (e *Engine) seek(c *caller) {
	if c.overdue(e.now) {
		e.sendAway(c, call.TimedOut)
		return
	}
	if c.only != nil && !e.seekOnly(c) {
		return
	}
	if a := e.pick(c); a != nil {
		e.ring(a, c)
		return
	}
	if c.queue.deserted && !c.back() {
		e.sendAway(c, call.LeftEmpty)
		return
	}
	e.wait(c)
}

// settle gives an agent who may be rung the next caller, or lets him idle at his place. It
// is called whenever something that kept him from being rung has gone.
func (e *Engine) settle(a *agent) {
	if !a.free() {
		return
	}
	if c := e.callerFor(a); c != nil && !e.halted {
		e.ring(a, c)
		return
	}
	for _, s := range a.seats {
		s.queue.idle[s.tier].add(s)
	}
	a.seated = true
}

// letGo frees the callers who are kept for an agent.
func (e *Engine) letGo(a *agent) {
	for s, ok := a.kept.first(); ok; s, ok = a.kept.first() {
		c := s.caller
		e.unwait(c)
		c.prefer = nil
		e.again(c, e.now)
	}
}

// unseat takes an agent out of the idle ones of all his queues.
func (a *agent) unseat() {
	for _, s := range a.seats {
		s.queue.idle[s.tier].remove(s)
	}
	a.seated = false
}

// away says that the agent does not come back by himself.
func (a *agent) away() bool { return a.state == call.Offline || a.state == call.Break }

// free says that the agent may be rung: ready, his phone certainly silent and no pause
// after a missed call.
func (a *agent) free() bool { return a.state == call.Ready && a.closing == nil && !a.timer.running() }
