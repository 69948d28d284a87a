package acd

import (
	"cmp"
	"time"

	"hotline/call"
)

// Adopt tells an engine that has just been made of a leg that the phone system still holds
// from before, so that a call outlives the process that began it. What the ledger holds
// already is not recorded again: no Queued, Offered, Answered or OfferEnded for the past.
// From then on the leg is like any other: LegEnded, OfferFailed, Leave and the deadlines
// find it, its limits count from when it began, and its later events carry the first
// times.
//
// The leg is in one of three phases. With Answer it is a talk: the agent is Talking since
// then. Without, the phone still rings: the agent is Ringing since Offered. With Dropped
// the offer is over and only its leg is left: it is ordered away once more and the agent,
// whose state stays what it is, is not rung before it is gone or Config.RingGrace has
// passed.
//
// An agent who is Offline is signed in by a talk or a ring: one AgentChanged from Offline
// with Held 0 is recorded, also where the ledger last saw him in that very state; the Held
// of the next change counts from Answer or Offered, so that no time in the state is lost
// or counted twice. A talk also takes an agent who is Ready, on a Break or Ringing (that
// ring is dropped as Canceled and its caller goes on); a ring takes one who is Ready and
// whose phone is silent. A ring of anybody else is ordered away and its caller waits on, see
// Enter. Anything else, and a call or offer that is known, is refused.
//
// Adopt legs before the commands that make pairs (SignIn, Restore, Enter): what the engine
// does not know yet it would ring a second time.
type Adopt struct {
	// Caller is what Enter would tell of him to resume his stay, the present offer counted
	// in Offers. Resumed is implied.
	Caller  Enter
	Agent   call.AgentID
	Offer   call.OfferID
	Offered time.Time    // when the phone began to ring; zero = Answer, or now without one
	Answer  time.Time    // when the agent picked up; zero = not yet
	Dropped call.Outcome // how the offer ended, when only its leg is left; "" = it is current
	// Of a talk: since when the caller is on hold, zero when he is not; since when they talk
	// again after the last hold, zero without one; and for how long he was on hold so far,
	// the present hold not counted.
	Held    time.Time
	Talking time.Time
	Hold    call.Millis

	// Of an agent who is Offline: when he signed in, zero = now, and since when he was idle
	// before the ring, which is his place again when it is cancelled; zero = Offered.
	SignedIn, IdleSince time.Time
	Misses              int // of an agent who is Offline and rung: see Restore

	// Next and NextWhy are the state that he asked for after the call, Break or Offline,
	// if that is known. It stands in no event.
	Next    call.AgentState
	NextWhy string
}

// Restore puts an agent who is Offline in an engine that has just been made into the state
// that the ledger saw him in last. One AgentChanged from Offline with Held 0 is recorded,
// none when he is Offline in the ledger, too; the Held of the next change counts from
// Since. Who is known to be in any other state, or to have signed out since, is left as he
// is and the command is refused. Talks and rings are not restored but adopted, see Adopt.
type Restore struct {
	Agent    call.AgentID
	State    call.AgentState // Ready, Break, WrapUp or Offline
	Since    time.Time       // when the state began; zero or a time to come = now
	Reason   string          // of the break or the sign-out
	SignedIn time.Time       // when he signed in; zero = Since

	// IdleSince is his place among the idle when he is Ready: an offer that was cancelled
	// begins a new state and leaves the place. Zero = Since.
	IdleSince time.Time
	// Missed is when he last missed a call, so that his pause goes on; zero = never.
	Missed time.Time
	// Misses is how many calls in a row have rung out, see Config.SuspendAfter.
	Misses int

	// Of a wrap-up: the call, from its TalkEnded. Since is the end of the talk, and the
	// limit of the queue counts from it. A limit that passed meanwhile ends the wrap-up at
	// the next Apply.
	Call    call.ID
	Queue   call.QueueID
	Offer   call.OfferID
	Entered time.Time
	Answer  time.Time
	// Direction of that call.
	Direction call.Direction
	// What he asked for after it, as in Adopt.
	Next    call.AgentState
	NextWhy string
}

func (Adopt) command()   {}
func (Restore) command() {}

func (e *Engine) adopt(cmd Adopt) {
	a, q := e.agentByID[cmd.Agent], e.queueByID[cmd.Caller.Queue]
	if a == nil || q == nil {
		e.stats.Unknown++
		return
	}
	if cmd.Offer == "" || cmd.Caller.Call == "" || e.offers[cmd.Offer] != nil {
		e.refuse()
		return
	}
	o := &offer{id: cmd.Offer, agent: a, answer: e.past(cmd.Answer)}
	o.begun = e.pastOr(cmd.Offered, o.answer)
	o.timer = newDeadline(o)
	switch {
	case cmd.Dropped != "":
		e.adoptDropped(o, cmd, q)
	case e.callers[cmd.Caller.Call] != nil:
		e.refuse()
	case !cmd.Answer.IsZero():
		e.adoptTalk(o, cmd, q)
	default:
		e.adoptRing(o, cmd, q)
	}
}

func (e *Engine) adoptDropped(o *offer, cmd Adopt, q *queue) {
	if o.agent.closing != nil || o.agent.state == call.Ringing {
		e.refuse()
		return
	}
	// The caller may wait under the same id or be gone: the leg only needs his name.
	o.caller = &caller{
		id: cmd.Caller.Call, journey: cmp.Or(cmd.Caller.Journey, cmd.Caller.Call),
		direction: cmd.Caller.Direction, queue: q,
	}
	e.offers[o.id] = o
	if o.agent.seated {
		o.agent.unseat()
	}
	e.drop(o, failure(cmd.Dropped))
}

func (e *Engine) adoptTalk(o *offer, cmd Adopt, q *queue) {
	switch o.agent.state {
	case call.Talking, call.Hold, call.WrapUp:
		e.refuse()
		return
	case call.Ringing:
		ring := o.agent.offer
		e.drop(ring, call.Canceled)
		e.unanswered(ring, call.Canceled)
		e.again(ring.caller, e.now)
	case call.Offline, call.Ready, call.Break:
	}
	o.phase = talking
	o.agent.misses = 0
	c := e.reserve(o, cmd, q)
	o.wait, o.ring = call.Between(c.entered, o.answer), call.Between(o.begun, o.answer)
	e.startFrom(&o.timer, o.answer, e.cfg.TalkMax)
	o.hold = max(0, cmd.Hold)
	if !cmd.Held.IsZero() {
		o.held = e.past(cmd.Held)
		e.resume(o.agent, call.Hold, o.held, "", c.journey)
		return
	}
	e.resume(o.agent, call.Talking, e.pastOr(cmd.Talking, o.answer), "", c.journey)
}

func (e *Engine) adoptRing(o *offer, cmd Adopt, q *queue) {
	silent := o.agent.closing == nil && !o.agent.timer.running()
	if !silent || o.agent.state != call.Offline && o.agent.state != call.Ready {
		e.adoptWaiting(o, cmd, q)
		return
	}
	if o.agent.state == call.Offline {
		o.agent.idle = e.rank(e.pastOr(cmd.IdleSince, o.begun))
		o.agent.misses = max(0, cmd.Misses)
	}
	o.phase = ringing
	c := e.reserve(o, cmd, q)
	e.startFrom(&o.timer, o.begun, q.RingFor)
	e.resume(o.agent, call.Ringing, o.begun, "", c.journey)
}

// adoptWaiting takes the caller of a ring that cannot be: his agent is at something else. The
// phone is silenced and he waits on. Refused, he would be known to nobody and wait for ever.
func (e *Engine) adoptWaiting(o *offer, cmd Adopt, q *queue) {
	e.refuse()
	c := e.newCaller(cmd.Caller, q)
	e.act(Drop{Offer: o.id, Call: c.id, Agent: o.agent.id, Why: call.Canceled})
	e.again(c, e.now)
}

// reserve binds an adopted offer to its caller and its agent.
func (e *Engine) reserve(o *offer, cmd Adopt, q *queue) *caller {
	c := e.newCaller(cmd.Caller, q)
	o.caller, c.offer, o.agent.offer = c, o, o
	e.advance(c, e.now.Add(o.begun.Sub(e.at)))
	c.prefer = nil
	o.agent.wish(cmd.Next, cmd.NextWhy)
	o.below = c.below(o.agent)
	e.offers[o.id] = o
	if o.agent.state == call.Offline {
		o.agent.signedIn = e.past(cmd.SignedIn)
	}
	return c
}

func (e *Engine) restore(cmd Restore) {
	a := e.agentByID[cmd.Agent]
	if a == nil || cmd.State == call.WrapUp && e.queueByID[cmd.Queue] == nil {
		e.stats.Unknown++
		return
	}
	since := e.past(cmd.Since)
	switch {
	case a.state != call.Offline:
		e.refuse()
		return
	case cmd.State == call.Ready:
		a.idle = e.rank(e.pastOr(cmd.IdleSince, since))
		e.resume(a, call.Ready, since, "", "")
		e.resumePause(a, cmd.Missed)
		e.settle(a)
	case cmd.State == call.Break:
		e.resume(a, call.Break, since, cmd.Reason, "")
		e.resumePause(a, cmd.Missed)
	case cmd.State == call.WrapUp:
		e.restoreWrapUp(a, cmd, since)
	case cmd.State == call.Offline && a.since.IsZero():
		a.since, a.reason = since, cmd.Reason
		e.resumePause(a, cmd.Missed)
		return
	default:
		e.refuse()
		return
	}
	a.signedIn, a.misses = e.pastOr(cmd.SignedIn, since), max(0, cmd.Misses)
}

// restoreWrapUp gives the agent back the offer that he works up, which is over itself and
// found by nobody else.
func (e *Engine) restoreWrapUp(a *agent, cmd Restore, since time.Time) {
	q := e.queueByID[cmd.Queue]
	c := &caller{
		entered: e.past(cmd.Entered), id: cmd.Call, journey: cmd.Call, direction: cmd.Direction, queue: q,
	}
	a.offer = &offer{id: cmd.Offer, agent: a, caller: c, answer: e.past(cmd.Answer), talkEnd: since}
	e.startFrom(&a.timer, since, q.WrapUp)
	e.resume(a, call.WrapUp, since, "", c.journey)
	a.wish(cmd.Next, cmd.NextWhy)
}

// wish takes note of the state that an agent asked for before.
func (a *agent) wish(next call.AgentState, why string) {
	if next == call.Break || next == call.Offline {
		a.next, a.nextWhy = next, why
	}
}

// resumePause lets the pause after a missed call go on, unless it has passed.
func (e *Engine) resumePause(a *agent, missed time.Time) {
	if left := e.cfg.MissPause - e.at.Sub(e.past(missed)); !missed.IsZero() && left > 0 {
		e.startIn(&a.timer, left)
	}
}

// resume puts an agent into a state that began in the past.
func (e *Engine) resume(a *agent, to call.AgentState, since time.Time, reason string, id call.ID) {
	e.setState(a, to, reason, id)
	a.since = since
}

// past is a time from before as events hold it; now when it is unknown or yet to come.
func (e *Engine) past(t time.Time) time.Time {
	if t = call.Stamp(t); t.Before(e.at) && !t.IsZero() {
		return t
	}
	return e.at
}

// pastOr is a time from before, or the other one when it is unknown.
func (e *Engine) pastOr(t, unknown time.Time) time.Time {
	if t.IsZero() {
		return unknown
	}
	return e.past(t)
}

// startFrom sets a deadline that counts from a time in the past. One that has passed takes
// effect at the next Apply.
func (e *Engine) startFrom(d *deadline, begun time.Time, limit time.Duration) {
	e.startIn(d, max(0, limit-e.at.Sub(begun)))
}
