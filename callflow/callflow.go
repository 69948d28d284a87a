// Package callflow walks one caller from the first ring to the last second: greeting of
// the hour, queue with music, an agent's phone, talk, hang-up from either side.
//
// One goroutine owns one call (flow). What the switch reports and what the ACD decides
// reaches it through a bounded mailbox, so a slow command hurts its own call only and the
// order of a call's events is kept. The flow never decides who talks to whom: it asks the
// ACD and does what comes back, so that a late answer or a race is judged in one place.
package callflow

import (
	"context"
	"errors"
	"time"

	"hotline/acd"
	"hotline/call"
)

// BridgeID names the mixing bridge of one caller: BridgePrefix and the call's id, so that a
// bridge found in the switch tells whose it is.
type BridgeID string

// BridgePrefix begins the name of every caller's bridge.
const BridgePrefix = "hl-"

// ErrLegGone is what OpenBridge returns for a party who has hung up.
var ErrLegGone = errors.New("the leg is gone")

// Bridges joins legs. All methods are idempotent: a bridge that is already there or
// already gone is no error.
type Bridges interface {
	OpenBridge(ctx context.Context, bridge BridgeID, caller call.LegID) error
	Join(ctx context.Context, bridge BridgeID, leg call.LegID) error
	Leave(ctx context.Context, bridge BridgeID, leg call.LegID) error
	CloseBridge(ctx context.Context, bridge BridgeID) error
}

// Sounds is what a caller hears while nobody talks to him. It plays on his leg, not on the
// bridge: there it would spoil the recording of the agent after it (ADR 0016). It does not
// keep an agent from joining the bridge, and is stopped beside his join (complaint P12).
type Sounds interface {
	// Play plays sounds one after another; PlayEnded comes once, after the last.
	Play(ctx context.Context, caller call.LegID, playback PlaybackID, sounds ...string) error
	StopPlay(ctx context.Context, playback PlaybackID) error
	StartMusic(ctx context.Context, caller call.LegID, class string) error
	StopMusic(ctx context.Context, caller call.LegID) error
	// Refresh makes the caller's recording ready for another voice than the last one, or for
	// the same after a hold (ADR 0010). Music that plays to him goes on.
	Refresh(ctx context.Context, caller call.LegID) error
}

// Legs makes and ends single legs, of agents and to outside numbers. A leg that was created
// reports LegCreated, and only then it can be dialled: before, Asterisk refuses. HangUp of a
// leg that is gone is no error.
type Legs interface {
	CreateLeg(ctx context.Context, leg call.LegID, agent call.AgentID, arrival Arrival) error
	CreateOutside(ctx context.Context, leg call.LegID, number string, arrival Arrival) error
	// DialLeg rings the phone, for the caller, or for nobody who is there yet when that is "".
	// The switch itself ends the ringing after limit, should nobody be left who does; 0 = its
	// own limit.
	DialLeg(ctx context.Context, leg, caller call.LegID, limit time.Duration) error
	// CallNumber calls the number of an outbound arrival and has it recorded from its answer
	// on. CallerUp or CallerGone follows.
	CallNumber(ctx context.Context, a Arrival) error
	SendKeys(ctx context.Context, leg call.LegID, keys string) error
	// Note keeps a text with the caller's leg as long as that is there, for a controller that
	// takes the call up.
	Note(ctx context.Context, caller call.LegID, text string) error
	HangUp(ctx context.Context, leg call.LegID, why Cause) error
}

// Phone is the switch as a flow needs it. Every method has its own deadline.
type Phone interface {
	Bridges
	Sounds
	Legs
}

// Cause says to the phone why it is hung up.
type Cause string

// The causes of a hang-up that a phone can show.
const (
	CauseNormal            Cause = "normal"
	CauseNoAnswer          Cause = "no_answer"
	CauseAnsweredElsewhere Cause = "answered_elsewhere"
	CauseUnknownNumber     Cause = "unknown_number"
)

// ACD is where the flow sends what it saw. Submit must not block.
type ACD interface {
	Submit(cmd acd.Command) error
}

// Recording is told when a call begins and when its last second is over. A zero end means
// that the end was not seen, so the length cannot be held against it.
type Recording interface {
	Begin(id call.ID, begin time.Time)
	End(id call.ID, begin, end time.Time)
}

// Ledger takes a fact. Record must not block.
type Ledger interface {
	Record(ev call.Event)
}

// Line is one hotline number (客服专线).
type Line struct {
	Number   string
	Queue    call.QueueID
	Greeting func(now time.Time) string // sound of the hour, "" for none
	Notice   string                     // sound that tells of the recording, after the greeting, "" for none
	Goodbye  string                     // sound when the queue's limit is reached, "" for none
	Closed   string                     // sound outside the hours, "" for none
	// Hours tells whether the line is open and into which queue it leads now; nil = always
	// open, into Queue.
	Hours   func(now time.Time) (queue call.QueueID, open bool)
	Message Message
}

// Room is what the callers of one queue hear and are asked while nobody talks to them.
type Room struct {
	Music         string        // class of music while waiting
	Announcement  string        // sound while waiting, "" for none
	AnnounceEvery time.Duration // between two announcements; 0 = one only
	Survey        Survey
	Estimate      Estimate
	Callback      Callback
}

// Arrival is a caller who reached our application, already answered and recorded by the
// dialplan, or one whom an agent calls.
type Arrival struct {
	Call   call.ID
	Leg    call.LegID
	Number string    // as delivered, "" when withheld
	Line   string    // number that was dialled
	Grade  Grade     // of his number
	Begin  time.Time // when the recording began, by the clock of Asterisk
	// Outbound says that an agent dials Number, see Manager.DialOut; then Leg is the leg to it.
	Outbound bool
	Back     bool // of an Outbound one: he asked to be called back, see Manager.CallBack
}

// PlaybackID names one running prompt.
type PlaybackID string
