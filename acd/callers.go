package acd

import (
	"time"

	"hotline/call"
)

// caller is one call that the engine knows: waiting (offer nil), rung for or talking. The
// timer is the limit of waiting.
type caller struct {
	rank               // place in the one line of the house, see Config.PriorityWorth
	entered  time.Time // queue entry
	priority int
	id       call.ID
	queue    *queue
	offer    *offer // rings or is talked on
	offers   int    // how many offers so far, in this stay and before
	timer    deadline
	limit    time.Time // when waiting ends; zero when it does not
	index    int
}

func (c *caller) place() *int { return &c.index }

func (c *caller) overdue(now time.Time) bool { return !c.limit.IsZero() && !c.limit.After(now) }

func (e *Engine) enter(cmd Enter) {
	q, ok := e.queueByID[cmd.Queue]
	if !ok {
		e.stats.Unknown++
		return
	}
	if _, known := e.callers[cmd.Call]; known || cmd.Call == "" {
		e.refuse()
		return
	}
	c := e.newCaller(cmd, q)
	e.waitingLimit(c)
	if !cmd.Resumed {
		e.record(call.Event{
			Kind: call.Queued, Call: c.id, Queue: q.ID, Entered: c.entered, Queueing: q.idle.len() == 0,
		})
	}
	e.seek(c)
}

// newCaller makes the engine know a call, which nobody is offered yet.
func (e *Engine) newCaller(cmd Enter, q *queue) *caller {
	entered := e.past(cmd.Since)
	c := &caller{
		rank: e.rank(entered.Add(-e.cfg.worth(cmd.Priority))), entered: entered, priority: cmd.Priority,
		id: cmd.Call, queue: q, offers: max(0, cmd.Offers), index: outside,
	}
	c.timer = newDeadline(c)
	e.callers[c.id] = c
	return c
}

// waitingLimit starts the limit of waiting, counted from the queue entry.
func (e *Engine) waitingLimit(c *caller) {
	if c.queue.MaxWait > 0 {
		c.limit = e.now.Add(c.queue.MaxWait - e.at.Sub(c.entered))
		e.start(&c.timer, c.limit)
	}
}

func (e *Engine) leave(id call.ID) {
	c, ok := e.callers[id]
	if !ok {
		e.stats.Unknown++
		return
	}
	o := c.offer
	if o != nil && o.phase == talking {
		e.hangUp(o, call.ByCaller)
		return
	}
	if o != nil {
		e.drop(o, call.Canceled)
		e.unanswered(o, call.Canceled)
	}
	e.leaveQueue(c, call.Abandoned)
}

// timeOut sends a caller away who waited to the limit of the queue.
func (e *Engine) timeOut(c *caller) {
	e.leaveQueue(c, call.TimedOut)
	e.act(Expire{Call: c.id, Queue: c.queue.ID, Outcome: call.TimedOut})
}

// leaveQueue ends a stay in the queue without an answer and forgets the call.
func (e *Engine) leaveQueue(c *caller, outcome call.Outcome) {
	e.record(call.Event{
		Kind: call.LeftQueue, Call: c.id, Queue: c.queue.ID, Entered: c.entered,
		Outcome: outcome, Wait: call.Between(c.entered, e.at),
	})
	e.forget(c)
}

func (e *Engine) forget(c *caller) {
	c.queue.waiting.remove(c)
	e.stop(&c.timer)
	delete(e.callers, c.id)
}

// expired sends the caller away, unless a phone rings for him: then he leaves when that
// ends without an answer, see seek.
func (c *caller) expired(e *Engine) {
	if c.offer == nil {
		e.timeOut(c)
	}
}
