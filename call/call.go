// Package call is the vocabulary of the house: identities, agent states, call events
// and the closed lists of outcomes and endings. Every other package speaks it and it
// imports none of them, so that a word means the same in the engine, the ledger, the
// figures and on the screen.
package call

import (
	"strings"
	"time"
)

// ID names one caller's journey from dial to hang-up. It is the unique id that Asterisk
// gave to the caller's channel, because the recording is named by it before our process
// knows of the call.
type ID string

// LegID names one channel of a call: the caller's own or an agent's.
type LegID string

// QueueID names a queue, as configured.
type QueueID string

// AgentID names an agent, as configured.
type AgentID string

// OfferID names one offer of one caller to one agent. A late answer to an offer that is
// no longer current is recognised by it.
type OfferID string

// Precision is the resolution of every stored time: Redis scores, SQL columns and JSON
// all hold milliseconds, so a figure is the same wherever it was computed.
const Precision = time.Millisecond

// Stamp brings a time to the form every event holds: UTC, whole milliseconds.
func Stamp(t time.Time) time.Time { return t.UTC().Truncate(Precision) }

// AgentState is what an agent is doing. Every state but Offline, Ready and Break has a
// deadline in the engine, so none can be stuck.
type AgentState string

// The agent's states (座席状态).
const (
	Offline AgentState = "offline" // not signed in 未签入
	Ready   AgentState = "ready"   // idle, may be rung 空闲
	Ringing AgentState = "ringing" // reserved for one caller, the phone rings 振铃
	Talking AgentState = "talking" // answered, until the leg ends 通话
	Hold    AgentState = "hold"    // of a talk: the caller hears music 持线
	WrapUp  AgentState = "wrapup"  // after-call work 事后处理
	Break   AgentState = "break"   // paused with a reason 小休
)

// Party tells which side ended a leg or a call.
type Party string

// The sides of a call.
const (
	ByCaller  Party = "caller"
	ByAgent   Party = "agent"
	BySystem  Party = "system"
	ByOutside Party = "outside" // an outside number that an agent joined or sent the caller to
)

// Masked is a telephone number of which those who do not handle its call see no more than what
// tells two callers apart. Short numbers are extensions and services, nobody's own.
func Masked(number string) string {
	const short, head, tail = 7, 3, 2
	r := []rune(number)
	if len(r) < short {
		return number
	}
	return string(r[:head]) + strings.Repeat("*", len(r)-head-tail) + string(r[len(r)-tail:])
}
