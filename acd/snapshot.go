package acd

import (
	"slices"
	"time"

	"hotline/call"
)

// Snapshot is the state of queues and agents at one moment, a copy for the live view.
type Snapshot struct {
	At     time.Time   // when it was taken, see call.Stamp
	Queues []QueueView // in the order of the config
	Agents []AgentView // in the order of the config
	Stats  Stats       // counters since the engine was made
}

// QueueView is one queue in a Snapshot.
type QueueView struct {
	ID      call.QueueID
	Idle    int          // agents who would be rung at once
	Longest time.Time    // earliest queue entry among Callers; zero when there are none
	Callers []CallerView // who is not answered yet, in the order in which they are served
	// Callbacks are those who are not on the line and wait to be called back, in their order.
	Callbacks []CallerView
}

// CallerView is one caller who is not answered yet.
type CallerView struct {
	Call     call.ID
	Entered  time.Time    // queue entry
	Place    time.Time    // queue entry of the call whose place he took, see Enter.Place; zero = his own
	Priority int          // as given in Enter
	Level    Level        // that he wants
	Enough   Level        // that is enough by now, see Queue.Widen
	Kept     call.AgentID // for whom alone he waits; "" when for anybody
	Agent    call.AgentID // whose phone rings for him now; "" when none does
	Offers   int          // offers so far, the present one included
}

// AgentView is one agent in a Snapshot.
type AgentView struct {
	ID       call.AgentID
	State    call.AgentState
	Since    time.Time       // when the state began; zero when he never signed in
	SignedIn time.Time       // when he signed in; zero while offline
	Reason   string          // of the break or the sign-out
	Next     call.AgentState // asked for and applied when the call is over; "" when none
	NextWhy  string          // reason of Next
	Call     call.ID         // that he is rung for, talks with or wraps up
	Queue    call.QueueID    // of Call
	Offer    call.OfferID    // of Call
	Answer   time.Time       // when he answered Call; zero while his phone rings
	Misses   int             // calls in a row that he let ring out
	// Resting says that he is ready but not rung yet: the leg of his last offer is not
	// confirmed gone, or he has just missed a call (Config.MissPause).
	Resting bool
}

// Snapshot returns the state without letting deadlines up to now take effect.
func (e *Engine) Snapshot(now time.Time) Snapshot { return e.collect(now).sorted() }

// collected is a Snapshot whose callers are not in order yet. The owner of a big house
// only collects; whoever asked sorts on his own time.
type collected struct {
	Snapshot
	waiting [][]placed // by queue
	backs   [][]placed // by queue
}

// placed is a caller with his place in the queue.
type placed struct {
	rank
	CallerView
}

func (e *Engine) collect(now time.Time) collected {
	c := collected{
		Snapshot: Snapshot{At: call.Stamp(now), Stats: e.stats},
		waiting:  make([][]placed, len(e.queues)),
		backs:    make([][]placed, len(e.queues)),
	}
	for _, q := range e.queues {
		c.Queues = append(c.Queues, QueueView{ID: q.ID, Idle: q.ready()})
	}
	for _, p := range e.callers {
		if p.direction != call.Inbound && !p.back() {
			continue // an agent asks for another one, no caller waits
		}
		view := CallerView{
			Call: p.id, Entered: p.entered, Place: p.place, Priority: p.priority, Level: p.want, Enough: p.need,
			Offers: p.offers,
		}
		if p.prefer != nil {
			view.Kept = p.prefer.id
		}
		if p.offer != nil {
			if p.offer.phase == talking {
				continue
			}
			view.Agent = p.offer.agent.id
		}
		in := c.waiting
		if p.back() {
			in = c.backs
		}
		in[p.queue.index] = append(in[p.queue.index], placed{p.rank, view})
	}
	for _, a := range e.agents {
		c.Agents = append(c.Agents, a.view())
	}
	return c
}

func (a *agent) view() AgentView {
	v := AgentView{
		ID: a.id, State: a.state, Since: a.since, SignedIn: a.signedIn, Reason: a.reason,
		Next: a.next, NextWhy: a.nextWhy, Misses: a.misses,
		Resting: a.state == call.Ready && !a.free(),
	}
	if o := a.offer; o != nil {
		v.Call, v.Queue, v.Offer = o.caller.journey, o.caller.queue.ID, o.id
		if a.state != call.Ringing {
			v.Answer = o.answer
		}
	}
	return v
}

func (c collected) sorted() Snapshot {
	for i, waiting := range c.waiting {
		slices.SortFunc(waiting, func(a, b placed) int { return a.compare(b.rank) })
		q := &c.Queues[i]
		for _, p := range waiting {
			q.Callers = append(q.Callers, p.CallerView)
			if q.Longest.IsZero() || p.Entered.Before(q.Longest) {
				q.Longest = p.Entered
			}
		}
	}
	for i, backs := range c.backs {
		slices.SortFunc(backs, func(a, b placed) int { return a.compare(b.rank) })
		for _, p := range backs {
			c.Queues[i].Callbacks = append(c.Queues[i].Callbacks, p.CallerView)
		}
	}
	return c.Snapshot
}
