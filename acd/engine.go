// Package acd decides which agent is rung for which caller. Engine is a pure state
// machine: commands and the time go in, events and orders come out, and nothing in it
// waits, reads a clock or talks to the world. Dispatcher is the goroutine that owns an
// Engine in the running house.
//
// The rule is: all callers of the house stand in one line by queue entry, less what their
// priority and their queue are worth. A free agent is given the first in it whom he may
// serve; a caller for whom several agents are free is given the best level, of that the
// longest idle; ties by order of arrival. match.go is the only place that knows it. Who may
// serve whom is said by queues, skills and levels, and widens as a caller waits.
package acd

import (
	"cmp"
	"slices"
	"time"

	"hotline/call"
)

// Engine holds the queues and agents of one house. It is deterministic: the same config
// and the same commands at the same times give the same outputs. It is not safe for
// concurrent use; Dispatcher is.
type Engine struct {
	cfg       Config
	queues    []*queue
	queueByID map[call.QueueID]*queue
	agents    []*agent
	agentByID map[call.AgentID]*agent
	callers   map[call.ID]*caller
	offers    map[call.OfferID]*offer
	deadlines ordered[*deadline]
	arrivals  uint64 // numbers whatever needs a stable order among equal times
	stats     Stats
	halted    bool // nobody is rung, see Halt

	// Of the Apply that is running.
	now time.Time // as given: deadlines keep its monotonic part and survive a clock step
	at  time.Time // now as events hold it
	out Output    // grows in the same memory each time; Apply hands out copies

	began   bool      // Apply was called before
	seekers []*caller // set free by this command or deadline, see again
}

// Stats counts what the engine did not act on or had to force. Callers that leave after
// Expire count as Unknown, so that a few are normal; a growing rate is not.
type Stats struct {
	Unknown     uint64 // commands for a queue, agent, call or offer that is not known
	Refused     uint64 // commands that came twice or in the wrong order
	LateAnswers uint64 // answers to an offer that was no longer current
	ForcedLegs  uint64 // dropped legs whose end was not confirmed within RingGrace
	ForcedTalks uint64 // talks whose end was not confirmed within RingGrace after HangUp
}

// New makes an engine with empty queues and all agents offline. The error is that of
// Config.Validate.
func New(cfg Config) (*Engine, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	e := &Engine{
		cfg:       cfg.withDefaults(),
		queueByID: make(map[call.QueueID]*queue, len(cfg.Queues)),
		agentByID: make(map[call.AgentID]*agent, len(cfg.Agents)),
		callers:   make(map[call.ID]*caller),
		offers:    make(map[call.OfferID]*offer),
	}
	e.build(cfg)
	return e, nil
}

// Apply lets the deadlines up to now take effect, then the command. Events are stamped
// with now. A time before that of an earlier Apply does no harm: lengths that would be
// negative are zero.
func (e *Engine) Apply(now time.Time, c Command) Output {
	e.now, e.at = now, call.Stamp(now)
	e.out.Actions, e.out.Events = e.out.Actions[:0], e.out.Events[:0]
	if !e.began {
		e.began = true
		for _, q := range e.queues {
			e.watch(q)
		}
	}
	e.expire()
	e.handle(c)
	e.serve()
	return Output{Actions: copied(e.out.Actions), Events: copied(e.out.Events)}
}

// copied is a copy of s of just its length; events are big, and growing a new slice for
// each Apply would cost three times its memory.
func copied[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return slices.Clone(s)
}

// NextDeadline is when the engine must be given a Tick unless a command comes before;
// false when nothing is pending.
func (e *Engine) NextDeadline() (time.Time, bool) {
	d, ok := e.deadlines.first()
	if !ok {
		return time.Time{}, false
	}
	return d.at, true
}

// Stats returns the counters.
func (e *Engine) Stats() Stats { return e.stats }

func (e *Engine) handle(c Command) {
	switch c := c.(type) {
	case SignIn:
		e.withAgent(c.Agent, e.signIn)
	case SignOut:
		e.withAgent(c.Agent, func(a *agent) { e.signOut(a, c.Reason) })
	case GoReady:
		e.withAgent(c.Agent, e.goReady)
	case TakeBreak:
		e.withAgent(c.Agent, func(a *agent) { e.takeBreak(a, c.Reason) })
	case WrapUpDone:
		e.withAgent(c.Agent, e.wrapUpDone)
	case Enter:
		e.enter(c)
	case Leave:
		e.leave(c)
	case Assign:
		e.assign(c)
	case Move:
		e.move(c)
	case Answered:
		e.withOffer(c.Offer, e.answered)
	case OfferFailed:
		e.withOffer(c.Offer, func(o *offer) { e.offerFailed(o, c.Outcome) })
	case Hold:
		e.withOffer(c.Offer, e.hold)
	case Unhold:
		e.withOffer(c.Offer, e.unhold)
	case LegEnded:
		e.withOffer(c.Offer, func(o *offer) { e.legEnded(o, c.By) })
	case Adopt:
		e.adopt(c)
	case Restore:
		e.restore(c)
	case Halt:
		e.halt()
	case Proceed:
		e.proceed()
	case Tick:
	default:
		e.stats.Unknown++
	}
}

func (e *Engine) withAgent(id call.AgentID, do func(*agent)) {
	if a, ok := e.agentByID[id]; ok {
		do(a)
		return
	}
	e.stats.Unknown++
}

func (e *Engine) withOffer(id call.OfferID, do func(*offer)) {
	if o, ok := e.offers[id]; ok {
		do(o)
		return
	}
	e.stats.Unknown++
}

// refuse counts a command that came twice or in the wrong order.
func (e *Engine) refuse() { e.stats.Refused++ }

func (e *Engine) act(a Action) { e.out.Actions = append(e.out.Actions, a) }

func (e *Engine) record(ev call.Event) {
	ev.At = e.at
	e.out.Events = append(e.out.Events, ev)
}

// rank is a place in an order by time; equal times keep the order of arrival.
type rank struct {
	at      time.Time
	arrival uint64
}

func (e *Engine) rank(at time.Time) rank {
	e.arrivals++
	return rank{at: at, arrival: e.arrivals}
}

func (r rank) compare(other rank) int {
	if c := r.at.Compare(other.at); c != 0 {
		return c
	}
	return cmp.Compare(r.arrival, other.arrival)
}
