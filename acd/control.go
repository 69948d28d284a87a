package acd

import (
	"time"

	"hotline/call"
)

// seekOnly finds out what becomes of a caller whom one agent alone may have. It reports
// true when he is to be served like any other caller of his queue.
func (e *Engine) seekOnly(c *caller) bool {
	a := c.only
	waits := !c.rung && !a.away() && c.preferEnd.After(e.now)
	switch {
	case !c.rung && a.free() && !e.halted:
		e.ring(a, c)
	case waits:
		c.prefer = a
		e.wait(c)
	case c.orQueue:
		c.only, c.prefer = nil, nil
		return true
	case a.away():
		e.sendAway(c, call.LeftEmpty)
	default:
		e.sendAway(c, call.TimedOut)
	}
	return false
}

// claim brings an agent to the call that he asked for himself. He stands before everybody
// in his own line, so whatever gives way to it lets nobody else in between.
func (e *Engine) claim(c *caller) {
	a := c.only
	c.at = e.at.AddDate(-1, 0, 0)
	switch a.state {
	case call.Offline, call.Ringing, call.Talking, call.Hold:
		e.sendAway(c, call.TimedOut)
		return
	case call.Ready, call.Break, call.WrapUp:
	}
	c.prefer, c.preferEnd = a, e.now.Add(e.cfg.RingGrace)
	e.wait(c)
	switch a.state {
	case call.WrapUp:
		e.endWrapUp(a)
	case call.Break:
		a.next, a.nextWhy = call.Break, a.reason
		e.makeReady(a, "")
	default:
		e.stop(&a.timer) // the pause after a missed call: he is at his desk, after all
		if a.seated {
			a.unseat()
		}
		e.settle(a)
	}
}

func (e *Engine) assign(cmd Assign) {
	c, a := e.callers[cmd.Call], e.agentByID[cmd.Agent]
	if c == nil || a == nil {
		e.stats.Unknown++
		return
	}
	if !e.takeBack(c) {
		return
	}
	c.only, c.orQueue, c.rung = a, true, false
	c.prefer, c.preferEnd = nil, e.now.Add(cmd.For)
	e.again(c, e.now)
}

func (e *Engine) move(cmd Move) {
	c, q := e.callers[cmd.Call], e.queueByID[cmd.Queue]
	if c == nil || q == nil {
		e.stats.Unknown++
		return
	}
	if c.queue == q {
		e.refuse()
		return
	}
	if !e.takeBack(c) {
		return
	}
	e.leaveQueue(c, call.Overflowed)
	e.enter(Enter{
		Call: c.id, Queue: q.ID, Since: c.entered, Place: c.place, Offers: c.offers, Priority: c.priority,
		Level:   c.level,
		Journey: c.journey, Direction: c.direction,
	})
}

// takeBack makes sure that nobody is rung for a caller who waits. One who talks is not
// taken back.
func (e *Engine) takeBack(c *caller) bool {
	o := c.offer
	switch {
	case o == nil:
		e.unwait(c)
	case o.phase == talking:
		e.refuse()
		return false
	default:
		e.drop(o, call.Canceled)
		e.unanswered(o, call.Canceled)
	}
	return true
}

func (e *Engine) hold(o *offer) {
	if o.phase != talking || !o.held.IsZero() {
		e.refuse()
		return
	}
	o.held = e.at
	e.setState(o.agent, call.Hold, "", o.caller.journey)
}

func (e *Engine) unhold(o *offer) {
	if o.phase != talking || o.held.IsZero() {
		e.refuse()
		return
	}
	e.endHold(o)
	e.setState(o.agent, call.Talking, "", o.caller.journey)
}

// endHold sums up a hold, so that the holds recorded make the hold of the talk.
func (e *Engine) endHold(o *offer) {
	if o.held.IsZero() {
		return
	}
	ev := o.event(call.HoldEnded)
	ev.Held = call.Between(o.held, e.at)
	o.hold += ev.Held
	o.held = time.Time{}
	e.record(ev)
}
