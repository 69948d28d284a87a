package acd

import (
	"time"

	"hotline/call"
)

// Output is what one command brought about. All events happened before any of the actions
// is carried out.
type Output struct {
	Actions []Action     // to be carried out in this order
	Events  []call.Event // facts for the ledger in this order, Seq 0
}

// Action is an order to the outer world. The list is closed: Ring, Drop, Connect, HangUp
// and Expire.
type Action interface{ action() }

// Ring orders to dial the agent's phone for the caller. The engine expects Answered or
// OfferFailed before Until and drops the offer then.
type Ring struct {
	Offer call.OfferID
	Call  call.ID
	Queue call.QueueID
	Agent call.AgentID
	Until time.Time // when the engine gives up, not rounded
	// Below says that the agent's level is below the one that the caller wants: a key
	// account reaches a junior. The agent's screen must show it.
	Below bool
}

// Drop orders to hang up the agent's leg of an offer that is not or no longer current, in
// whatever state that leg is and even when it has not been created yet. The engine expects
// OfferFailed or LegEnded when the leg is gone and does not ring the agent before, or
// before Config.RingGrace has passed.
type Drop struct {
	Offer call.OfferID
	Call  call.ID
	Agent call.AgentID
	Why   call.Outcome // NoAnswer, Canceled (the caller left) or Rejected (signed out)
}

// Connect orders to join the agent who answered with his caller. It comes at most once for
// an offer, and a call has at most one connected offer at a time.
type Connect struct {
	Offer call.OfferID
	Call  call.ID
	Agent call.AgentID
	Below bool // as in Ring
}

// HangUp orders to end the agent's leg of an answered offer: the caller left or the talk
// reached Config.TalkMax. The engine expects LegEnded; after Config.RingGrace it takes the
// leg as ended.
type HangUp struct {
	Offer call.OfferID
	Call  call.ID
	Agent call.AgentID
	By    call.Party // ByCaller when the caller left, BySystem at the limit
}

// Expire tells that the caller is out of the queue without an answer: say goodbye and hang
// up, or send him elsewhere. The engine has forgotten the call.
type Expire struct {
	Call    call.ID
	Queue   call.QueueID
	Outcome call.Outcome // TimedOut, Overflowed (Queue.MaxWaiting) or LeftEmpty (Queue.EmptyAfter)
}

func (Ring) action()    {}
func (Drop) action()    {}
func (Connect) action() {}
func (HangUp) action()  {}
func (Expire) action()  {}
