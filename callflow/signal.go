package callflow

import (
	"time"

	"hotline/acd"
	"hotline/call"
)

// Signal is what the switch reports about one leg of a call.
type Signal interface{ signal() }

// CallerGone is the end of the caller's leg. Lost means that it was missing when we looked
// again after a gap, so At is not the end but the time of the look.
type CallerGone struct {
	At      time.Time
	Lost    bool
	Outcome call.Outcome // of a customer whom an agent called and who did not answer
}

// CallerUp is a customer who answered an agent's call; At is when his recording began.
type CallerUp struct{ At time.Time }

// LegCreated is an agent's leg that can be dialled now.
type LegCreated struct{ Leg call.LegID }

// LegUp is an agent's phone that was picked up.
type LegUp struct{ Leg call.LegID }

// LegGone is the end of an agent's leg. Outcome says how an unanswered one ended.
type LegGone struct {
	Leg     call.LegID
	Outcome call.Outcome
}

// PlayEnded is a prompt that ran to its end or was stopped.
type PlayEnded struct{ Playback PlaybackID }

// KeyPressed is a key of a telephone, 0 to 9, *, # or A to D: the caller's or an agent's.
type KeyPressed struct {
	Leg call.LegID
	Key string
}

// PhoneHold is the hold key of an agent's own phone: pressed (On), or pressed again.
type PhoneHold struct {
	Leg call.LegID
	On  bool
}

// moved is a caller who waits and is to wait in another queue.
type moved struct{ queue call.QueueID }

func (moved) signal() {}

func (CallerUp) signal()   {}
func (CallerGone) signal() {}
func (LegCreated) signal() {}
func (LegUp) signal()      {}
func (LegGone) signal()    {}
func (PlayEnded) signal()  {}
func (KeyPressed) signal() {}
func (PhoneHold) signal()  {}

// order wraps what the ACD decided, so that both kinds share one mailbox and keep their
// order.
type order struct{ acd.Action }

func (order) signal() {}

// look is the question of the reconciler: which of your legs did the switch not know, and
// which does it hold in your name that you do not?
type look struct {
	taken time.Time
	legs  map[call.LegID]LegState
	yours []call.LegID // among legs, but for the caller's
	again bool         // what it misses was missed before
	done  func()       // told once when the look is done
}

func (look) signal() {}

// died says that the switch has died, and since when no leg is there any more.
type died struct{ at time.Time }

func (died) signal() {}

// LegState is what the switch says of a leg when asked.
type LegState struct{ Up bool }
