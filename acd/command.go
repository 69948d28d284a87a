package acd

import (
	"time"

	"hotline/call"
)

// Command is something that happened to a caller, an agent or a phone, as the engine is
// told of it. The list is closed: SignIn, SignOut, GoReady, TakeBreak, Enter, Leave,
// Assign, Move, Answered, OfferFailed, Hold, Unhold, LegEnded, WrapUpDone, Adopt, Restore,
// Halt, Proceed and Tick. A command that names something unknown, that comes twice or in the
// wrong order changes nothing and is counted in Stats.
type Command interface{ command() }

// SignIn makes an offline agent ready. It withdraws a sign-out that waits for the end of
// his call.
type SignIn struct{ Agent call.AgentID }

// SignOut takes the agent offline: at once when he is idle, on a break, in wrap-up (which
// ends with it) or being rung (the offer counts as rejected and the caller goes on to the
// next agent), after the call and its wrap-up when he talks.
type SignOut struct {
	Agent  call.AgentID
	Reason string // kept with the agent's state, may be empty
}

// GoReady ends a break. In a call, while ringing and in wrap-up it withdraws whatever
// state was asked for afterwards; it does not end the wrap-up, see WrapUpDone.
type GoReady struct{ Agent call.AgentID }

// TakeBreak pauses the agent: at once when he is idle, otherwise when the ringing, the
// call and its wrap-up are over.
type TakeBreak struct {
	Agent  call.AgentID
	Reason string // which break; kept with the agent's state
}

// Enter puts a caller into a queue.
type Enter struct {
	Call  call.ID
	Queue call.QueueID
	// Since is the queue entry that waiting times and the caller's place are counted
	// from, as after a restart. Zero or a time to come means now.
	Since time.Time
	// Place is the queue entry of an earlier call whose place in the line he takes, because
	// that call was cut off and he rings again. It counts for the place alone: the wait, its
	// limit and the stages of the queue begin with Since, so that no figure holds time in
	// which he did not wait. Zero or later than Since means no such place.
	Place time.Time
	// Offers is how many offers the call has had before, 0 for a new call. Offer ids go
	// on from it, so that they stay unique when a call enters a second time.
	Offers int
	// Resumed says that this stay in the queue stands in the ledger already, as after a
	// restart: no second Queued event is made and the call is not counted twice.
	Resumed bool
	// Priority moves the caller forward by Config.PriorityWorth for each step, or back when
	// it is negative; beyond MaxPriority it counts as that. 0 = as everybody.
	Priority int
	// Level is the least level of agent that the caller's grade wants; Queue.MinLevel when
	// that is higher. See Queue.Widen.
	Level Level
	// Prefer is the agent who talked with the caller before. While he rings, talks, wraps
	// up or rests the caller is kept for him alone, no longer than PreferFor from this
	// command on; 0 = only if he is idle now. Nobody is passed by it: to the agent a caller
	// who is kept for him stands in the line of the house like any other. It ends with the
	// first ring, and at once when he signs out or takes a break. An agent who may not
	// serve the caller, or is not known, is not preferred.
	Prefer    call.AgentID
	PreferFor time.Duration
	// Only is the one agent who is to be rung, whatever queues he serves: a call was
	// transferred to him, another agent asks for him, or he dials out. He is rung once, when
	// he is free within PreferFor. When that fails the caller waits on in Queue as if Only had
	// not been given (OrQueue), or is sent away (TimedOut; LeftEmpty when the agent is away).
	Only    call.AgentID
	OrQueue bool
	// Own says that it is Only himself who asks: his break or his after-call work gives way,
	// nobody is rung for him before, and a break goes on afterwards.
	Own bool

	// Journey is the call in whose name the events are recorded, Call when it is empty. An
	// agent's consultation enters under an id of its own while his caller's talk goes on.
	Journey call.ID
	// Direction goes into the events. Of a CallBack nobody is on the line: he waits without a
	// limit, whether agents are there or not, and takes turns with callers who are, see
	// Config.CallbackTurn.
	Direction call.Direction
}

// Assign reserves a waiting caller for one agent, whatever queues he serves: a supervisor
// picks him up or gives him to somebody. Like Enter.Only with OrQueue from now on. The phone
// that rings for him is silenced.
type Assign struct {
	Call  call.ID
	Agent call.AgentID
	For   time.Duration // as Enter.PreferFor
}

// Move brings a waiting caller into another queue. There he stands where the entry into the
// first one puts him; the stay in the first one ends as Overflowed.
type Move struct {
	Call  call.ID
	Queue call.QueueID
}

// Hold says that the caller of an answered offer hears music instead of his agent, until
// Unhold. The talk goes on: its length includes its holds.
type Hold struct{ Offer call.OfferID }

// Unhold ends a Hold.
type Unhold struct{ Offer call.OfferID }

// Leave says that the caller hung up, in the queue or later. During a talk the engine
// answers with HangUp and waits for LegEnded.
type Leave struct {
	Call call.ID
	// As is how his stay in the queue ended when he left it by his own choice and goes on
	// with something else, such as ToMessage. "" = Abandoned.
	As call.Outcome
}

// Answered says that the agent picked up. Only a current offer is connected; the first
// answer to an offer that was dropped is answered with Drop.
type Answered struct{ Offer call.OfferID }

// OfferFailed says that an offer's leg is gone without an answer. For a current offer
// Outcome is the reason (NoAnswer, Rejected, Busy, Unreachable; Canceled when it was nobody's
// fault; anything else is taken as Unreachable). For a dropped offer it confirms that the
// phone is free again, whatever the Outcome.
type OfferFailed struct {
	Offer   call.OfferID
	Outcome call.Outcome
}

// LegEnded says that the agent's leg of an answered offer is over; his wrap-up begins. For
// an offer that was answered too late it confirms that the phone is free again.
type LegEnded struct {
	Offer call.OfferID
	By    call.Party // who ended it; anything unknown is taken as BySystem
}

// WrapUpDone ends the agent's wrap-up before its limit.
type WrapUpDone struct{ Agent call.AgentID }

// Halt says that the switch is out of reach: nobody is rung until Proceed, and a phone that
// rings is not given up, because what becomes of it cannot be seen. Callers keep their places,
// and no agent is charged with a call that he could not take.
type Halt struct{}

// Proceed ends a Halt. Whoever waits is served in his turn, so everything that happened
// meanwhile must have been told before.
type Proceed struct{}

// Tick only lets the deadlines up to now take effect, which every command does first.
type Tick struct{}

func (SignIn) command()      {}
func (SignOut) command()     {}
func (GoReady) command()     {}
func (TakeBreak) command()   {}
func (Enter) command()       {}
func (Leave) command()       {}
func (Assign) command()      {}
func (Move) command()        {}
func (Hold) command()        {}
func (Unhold) command()      {}
func (Answered) command()    {}
func (OfferFailed) command() {}
func (LegEnded) command()    {}
func (WrapUpDone) command()  {}
func (Halt) command()        {}
func (Proceed) command()     {}
func (Tick) command()        {}
