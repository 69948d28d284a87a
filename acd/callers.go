package acd

import (
	"cmp"
	"time"

	"hotline/call"
)

// caller is one call that the engine knows: waiting (offer nil), rung for or talking. The
// timer runs while he waits, to the next moment at which something changes for him.
type caller struct {
	rank       // place in the one line of the house, see Config.PriorityWorth
	id         call.ID
	journey    call.ID // in whose name events are recorded
	direction  call.Direction
	queue      *queue
	entered    time.Time // queue entry
	place      time.Time // queue entry of the call whose place he took; zero when he has his own
	begun      time.Time // the same by the clock of the engine, from which limits count
	priority   int
	level      Level     // as given in Enter
	want, need Level     // the level he wants, and the one that is enough by now
	passed     int       // how many stages of the queue have taken effect
	prefer     *agent    // for whom he is kept; nil when for nobody, or no longer
	preferEnd  time.Time // until when
	only       *agent    // the one who may be rung, see Enter.Only
	orQueue    bool      // and afterwards anybody of the queue
	rung       bool      // only was rung
	offer      *offer    // rings or is talked on
	offers     int       // how many offers so far, in this stay and before
	stands     []stand   // places in the queue he entered and then in those that help; moved only while he waits nowhere
	home       [1]stand  // the memory of stands, while nobody helps
	waits      bool      // stands in these lines, or in the one of prefer
	timer      deadline
}

// overdue says that he has waited to the limit of his queue.
func (c *caller) overdue(now time.Time) bool {
	limit, ok := c.limit()
	return ok && !limit.After(now)
}

// limit is when waiting ends, if it does.
func (c *caller) limit() (time.Time, bool) {
	return c.begun.Add(c.queue.MaxWait), c.queue.MaxWait > 0 && !c.back()
}

func (e *Engine) enter(cmd Enter) {
	q, ok := e.queueByID[cmd.Queue]
	if _, there := e.agentByID[cmd.Only]; !ok || cmd.Only != "" && !there {
		e.stats.Unknown++
		return
	}
	if _, known := e.callers[cmd.Call]; known || cmd.Call == "" {
		e.refuse()
		return
	}
	c := e.newCaller(cmd, q)
	e.advance(c, e.now)
	queueing := e.pick(c) == nil
	if !cmd.Resumed {
		e.record(call.Event{
			Kind: call.Queued, Call: c.journey, Direction: c.direction, Queue: q.ID, Entered: c.entered,
			Queueing: queueing, Place: c.place,
		})
	}
	if queueing && q.full() && !cmd.Resumed && c.only == nil && !c.back() {
		e.sendAway(c, call.Overflowed)
		return
	}
	if c.only != nil && cmd.Own {
		e.claim(c)
		return
	}
	e.again(c, e.now)
}

// newCaller makes the engine know a call, which nobody is offered yet.
func (e *Engine) newCaller(cmd Enter, q *queue) *caller {
	entered := e.past(cmd.Since)
	want := max(q.MinLevel, cmd.Level)
	from, place := entered, call.Stamp(cmd.Place)
	if cmd.Place.IsZero() || !place.Before(entered) {
		place = time.Time{}
	} else {
		from = place
	}
	c := &caller{
		rank: e.rank(from.Add(-e.cfg.worth(cmd.Priority) - q.Worth)), id: cmd.Call, queue: q,
		journey: cmp.Or(cmd.Journey, cmd.Call), direction: cmd.Direction, orQueue: cmd.OrQueue,
		entered: entered, place: place, begun: e.now.Add(entered.Sub(e.at)),
		priority: cmd.Priority, level: cmd.Level, want: want, need: want, offers: max(0, cmd.Offers),
	}
	c.stands = c.addStand(c.home[:0], q)
	c.timer = newDeadline(c)
	c.prefer, c.preferEnd = e.agentByID[cmd.Prefer], e.now.Add(cmd.PreferFor)
	if cmd.Only != "" {
		c.only = e.agentByID[cmd.Only]
		c.prefer = nil
	}
	e.callers[c.id] = c
	return c
}

// wait lets a caller stand in the lines of his queue and of those that help, or in that of
// the agent he is kept for.
func (e *Engine) wait(c *caller) {
	c.waits = true
	if !c.back() {
		c.queue.waits++
	}
	if c.prefer != nil {
		c.stands[0].join(&c.prefer.kept)
	} else {
		for i := range c.stands {
			s := &c.stands[i]
			s.join(&s.queue.line(c)[s.queue.tier(c.need)])
		}
	}
	if next, ok := c.next(); ok {
		// His own arrival orders equal times, however often he is taken out of the line.
		e.start(&c.timer, rank{next, c.arrival})
	}
}

// next is when something changes for a caller who waits: he is kept no longer, a stage of
// his queue begins, or he has waited to the limit.
func (c *caller) next() (time.Time, bool) {
	next, ok := c.limit()
	sooner := func(t time.Time) {
		if !ok || t.Before(next) {
			next, ok = t, true
		}
	}
	if c.prefer != nil {
		sooner(c.preferEnd)
	}
	if c.passed < len(c.queue.stages) {
		sooner(c.begun.Add(c.queue.stages[c.passed].after))
	}
	return next, ok
}

// unwait takes a caller out of the lines, if he stands there.
func (e *Engine) unwait(c *caller) {
	if !c.waits {
		return
	}
	c.waits = false
	if !c.back() {
		c.queue.waits--
	}
	for i := range c.stands {
		c.stands[i].leave()
	}
	e.stop(&c.timer)
}

// advance lets those stages of his queue take effect for a caller whose time has come.
func (e *Engine) advance(c *caller, now time.Time) {
	for ; c.passed < len(c.queue.stages); c.passed++ {
		s := c.queue.stages[c.passed]
		if c.begun.Add(s.after).After(now) {
			return
		}
		if s.helper != nil {
			c.stands = c.addStand(c.stands, s.helper)
			continue
		}
		c.need = min(c.need, s.level)
	}
}

// addStand gives the caller a place in one more queue.
func (c *caller) addStand(stands []stand, q *queue) []stand {
	return append(stands, stand{caller: c, queue: q, index: outside})
}

// mayHave says that an agent may serve the caller.
func (c *caller) mayHave(a *agent) bool {
	for _, stand := range c.stands {
		for _, seat := range a.seats {
			if seat.queue == stand.queue && seat.level >= c.need {
				return true
			}
		}
	}
	return false
}

// below says that an agent is below the level that the caller wants in all queues by which
// he may serve him.
func (c *caller) below(a *agent) bool {
	below := false
	for _, stand := range c.stands {
		for _, seat := range a.seats {
			if seat.queue == stand.queue {
				if seat.level >= c.want {
					return false
				}
				below = true
			}
		}
	}
	return below
}

func (e *Engine) leave(cmd Leave) {
	c, ok := e.callers[cmd.Call]
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
	e.leaveQueue(c, cmp.Or(cmd.As, call.Abandoned))
}

// sendAway ends the waiting of a caller by a rule of the queue.
func (e *Engine) sendAway(c *caller, outcome call.Outcome) {
	e.leaveQueue(c, outcome)
	e.act(Expire{Call: c.id, Queue: c.queue.ID, Outcome: outcome})
}

// leaveQueue ends a stay in the queue without an answer and forgets the call.
func (e *Engine) leaveQueue(c *caller, outcome call.Outcome) {
	ev := call.Event{
		Kind: call.LeftQueue, Call: c.journey, Direction: c.direction, Queue: c.queue.ID, Entered: c.entered,
		Outcome: outcome, Wait: call.Between(c.entered, e.at),
	}
	if outcome == call.Callback {
		ev.Place = c.place // which he keeps
	}
	e.record(ev)
	e.forget(c)
}

func (e *Engine) forget(c *caller) {
	e.unwait(c)
	delete(e.callers, c.id)
}

// expired is what next foretold. What falls into a ring takes effect when he seeks again.
func (c *caller) expired(e *Engine) {
	at := c.timer.at
	e.unwait(c)
	e.again(c, at)
}
