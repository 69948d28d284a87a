package acd

import "hotline/call"

// queue is one line: who waits and who is free to serve it. At the end of every Apply at
// least one of the two sets is empty.
type queue struct {
	Queue
	index   int              // in the config
	waiting ordered[*caller] // callers whom no phone rings for, see caller.before
	idle    ordered[*seat]   // agents who can be rung, see seat.before
}

// seat is an agent's place in one of his queues.
type seat struct {
	agent *agent
	queue *queue
	index int
}

func newSeat(a *agent, q *queue) *seat { return &seat{agent: a, queue: q, index: outside} }

func (s *seat) place() *int { return &s.index }

// before is the order of agents in a queue: longest idle first. A later rule by skill
// changes this and callerFor, nothing else.
func (s *seat) before(other *seat) bool { return s.agent.idle.compare(other.agent.idle) < 0 }

// before is the order of callers in the one line of the house, see Config.PriorityWorth.
func (c *caller) before(other *caller) bool { return c.compare(other.rank) < 0 }

// agentFor is the agent to ring for a caller of the queue, or nil.
func agentFor(q *queue) *agent {
	if s, ok := q.idle.first(); ok {
		return s.agent
	}
	return nil
}

// callerFor is the caller to serve for a free agent, the longest waiting in all his
// queues, or nil.
func callerFor(a *agent) *caller {
	var longest *caller
	for _, s := range a.seats {
		if c, ok := s.queue.waiting.first(); ok && (longest == nil || c.before(longest)) {
			longest = c
		}
	}
	return longest
}

// seek finds an agent for a caller whom no phone rings for, or lets him wait at his place.
// A caller over the limit of his queue leaves instead.
func (e *Engine) seek(c *caller) {
	if c.overdue(e.now) {
		e.timeOut(c)
		return
	}
	if a := agentFor(c.queue); a != nil {
		e.ring(a, c)
		return
	}
	c.queue.waiting.add(c)
}

// settle gives an agent who may be rung the next caller, or lets him idle at his place. It
// is called whenever something that kept him from being rung has gone.
func (e *Engine) settle(a *agent) {
	if !a.free() {
		return
	}
	if c := callerFor(a); c != nil {
		e.ring(a, c)
		return
	}
	for _, s := range a.seats {
		s.queue.idle.add(s)
	}
	a.seated = true
}

// unseat takes an agent out of the idle ones of all his queues.
func (a *agent) unseat() {
	for _, s := range a.seats {
		s.queue.idle.remove(s)
	}
	a.seated = false
}

// free says that the agent may be rung: ready, his phone certainly silent and no pause
// after a missed call.
func (a *agent) free() bool { return a.state == call.Ready && a.closing == nil && !a.timer.running() }
