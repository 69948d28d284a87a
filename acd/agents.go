package acd

import (
	"time"

	"hotline/call"
)

// agent is one person. The timer is the limit of his wrap-up, or in any other state the
// pause after a missed call; both cannot be at once, since nobody is rung in the pause.
type agent struct {
	id       call.AgentID
	seats    []*seat
	staffs   []*queue // that notice whether he is signed in
	state    call.AgentState
	since    time.Time
	signedIn time.Time
	reason   string

	next    call.AgentState // wanted when the call is over; "" when nothing was asked for
	nextWhy string

	live    int             // callers on the line whom he was rung for since the last callback
	misses  int             // calls in a row that rang out
	idle    rank            // since when he is idle, his place in the queues he serves
	kept    ordered[*stand] // callers who wait for him alone
	seated  bool            // stands in the idle sets
	offer   *offer          // rings, is talked on or wrapped up
	closing *offer          // dropped, the leg not yet confirmed gone
	timer   deadline
}

func (e *Engine) signIn(a *agent) {
	switch {
	case a.state == call.Offline:
		a.signedIn = e.at
		e.makeReady(a, "")
	case a.next == call.Offline:
		a.next, a.nextWhy = "", ""
	default:
		e.refuse()
	}
}

func (e *Engine) signOut(a *agent, reason string) {
	switch a.state {
	case call.Offline:
		e.refuse()
	case call.Talking, call.Hold:
		e.ask(a, call.Offline, reason)
	case call.Ringing:
		o := a.offer
		a.next, a.nextWhy = call.Offline, reason
		e.drop(o, call.Rejected)
		e.unanswered(o, call.Rejected)
		e.again(o.caller, e.now)
	case call.WrapUp:
		a.next, a.nextWhy = call.Offline, reason
		e.endWrapUp(a)
	case call.Ready, call.Break:
		e.setState(a, call.Offline, reason, "")
	}
}

func (e *Engine) goReady(a *agent) {
	switch {
	case a.state == call.Break:
		e.makeReady(a, "")
	case a.next != "":
		a.next, a.nextWhy = "", ""
	default:
		e.refuse()
	}
}

func (e *Engine) takeBreak(a *agent, reason string) {
	switch a.state {
	case call.Offline:
		e.refuse()
	case call.Ringing, call.Talking, call.Hold, call.WrapUp:
		e.ask(a, call.Break, reason)
	case call.Break:
		if a.reason == reason {
			e.refuse()
			return
		}
		e.setState(a, call.Break, reason, "")
	case call.Ready:
		e.setState(a, call.Break, reason, "")
	}
}

// ask keeps the state that the agent wants after his call. The last wish counts.
func (e *Engine) ask(a *agent, next call.AgentState, reason string) {
	if a.next == next && a.nextWhy == reason {
		e.refuse()
		return
	}
	a.next, a.nextWhy = next, reason
}

func (e *Engine) wrapUpDone(a *agent) {
	if a.state != call.WrapUp {
		e.refuse()
		return
	}
	e.endWrapUp(a)
}

func (e *Engine) beginWrapUp(a *agent) {
	limit := a.offer.caller.queue.WrapUp
	a.offer.talkEnd = e.at
	if limit == 0 {
		e.endWrapUp(a)
		return
	}
	e.startIn(&a.timer, limit)
	e.setState(a, call.WrapUp, "", a.offer.caller.journey)
}

// endWrapUp makes one WrapUpEnded for every TalkEnded, also where a queue has no wrap-up:
// handling times are summed over calls whose work is known to be over.
func (e *Engine) endWrapUp(a *agent) {
	o := a.offer
	e.stop(&a.timer)
	e.record(call.Event{
		Kind: call.WrapUpEnded, Call: o.caller.journey, Direction: o.caller.direction, Queue: o.caller.queue.ID,
		Entered: o.caller.entered, Agent: a.id, Answer: o.answer, Wrap: call.Between(o.talkEnd, e.at),
	})
	a.offer = nil
	e.release(a, o.caller.journey)
}

// missed counts calls in a row that rang out and asks for a break when they are too many,
// unless the agent asked for something himself.
func (e *Engine) missed(a *agent) {
	a.misses++
	if e.cfg.SuspendAfter == 0 || a.misses < e.cfg.SuspendAfter {
		return
	}
	a.misses = 0
	if a.next == "" {
		a.next, a.nextWhy = call.Break, ReasonMissed
	}
}

// release ends what the agent did for a call and gives him the state he asked for.
func (e *Engine) release(a *agent, id call.ID) {
	next, why := a.next, a.nextWhy
	a.next, a.nextWhy = "", ""
	if next == "" {
		e.makeReady(a, id)
		return
	}
	e.setState(a, next, why, id)
}

// makeReady puts the agent at the end of the idle ones and serves him if he may be rung.
func (e *Engine) makeReady(a *agent, id call.ID) {
	a.idle = e.rank(e.at)
	e.setState(a, call.Ready, "", id)
	e.settle(a)
}

// setState is the only place where a state changes, so that every change is recorded.
func (e *Engine) setState(a *agent, to call.AgentState, reason string, id call.ID) {
	var held call.Millis
	if !a.since.IsZero() {
		held = call.Between(a.since, e.at)
	}
	e.record(call.Event{
		Kind: call.AgentChanged, Call: id, Agent: a.id,
		From: a.state, Was: a.reason, To: to, Reason: reason, Held: held,
	})
	if a.seated {
		a.unseat()
	}
	if in := to != call.Offline; in != (a.state != call.Offline) {
		e.signed(a, in)
	}
	if to == call.Offline {
		a.signedIn, a.misses = time.Time{}, 0
	}
	a.state, a.since, a.reason = to, e.at, reason
	if a.away() {
		e.letGo(a)
	}
}

// expired ends the wrap-up or the pause after a missed call.
func (a *agent) expired(e *Engine) {
	if a.state == call.WrapUp {
		e.endWrapUp(a)
		return
	}
	e.settle(a)
}
