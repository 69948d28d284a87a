package phonesim

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"hotline/internal/phonesim/media"
	"hotline/internal/phonesim/tone"
)

// Role tells which kind of telephone a leg belongs to.
type Role string

// The roles.
const (
	RoleCaller Role = "caller"
	RoleAgent  Role = "agent"
	// RoleOutside is a telephone at the far side of the trunk that the switch dials.
	RoleOutside Role = "outside"
)

// Result classifies how a leg went, seen from its telephone.
type Result string

// The results. A leg that has not ended has the empty result.
const (
	// ResultAnswered: the caller heard an agent, or the agent picked up.
	ResultAnswered Result = "answered"
	// ResultAbandoned: the caller was connected, heard no agent and hung up.
	ResultAbandoned Result = "abandoned"
	// ResultUnserved: the caller was connected, heard no agent, and the other
	// side hung up.
	ResultUnserved Result = "unserved"
	// ResultCancelled: the caller's side gave up before there was an answer.
	ResultCancelled Result = "cancelled"
	// ResultRejected: the call was declined (403 or 603).
	ResultRejected Result = "rejected"
	// ResultBusy: the telephone was busy (486 or 600).
	ResultBusy Result = "busy"
	// ResultFailed: anything else; Code and Reason tell more.
	ResultFailed Result = "failed"
)

// Side tells who ended a leg.
type Side string

// The sides.
const (
	SideLocal  Side = "local"
	SideRemote Side = "remote"
)

// Record is the ledger entry of one leg. Times are UTC and, until they are
// written as JSON, carry the monotonic clock, so that differences are exact.
// A time is zero when the thing did not happen.
type Record struct {
	Role Role `json:"role"`
	// Party is this telephone: the caller's number or the agent's user name.
	Party string `json:"party"`
	// Peer is the other side as this telephone knows it: the number dialled,
	// or the number in From.
	Peer string `json:"peer"`
	// CallID is the Call-ID of the SIP dialog.
	CallID string `json:"call_id"`

	// Invite is when the INVITE was sent or received.
	Invite time.Time `json:"invite,omitzero"`
	// Ringing is when the first 180 or 183 was received or sent.
	Ringing time.Time `json:"ringing,omitzero"`
	// Answered is when the 200 was received or sent.
	Answered time.Time `json:"answered,omitzero"`
	// Acked is when the ACK was sent or received.
	Acked time.Time `json:"acked,omitzero"`
	// Ended is when the BYE, the CANCEL or the final failure was sent or received.
	Ended time.Time `json:"ended,omitzero"`
	// EndedBy is who hung up, gave up or declined.
	EndedBy Side `json:"ended_by,omitempty"`

	Result Result `json:"result,omitempty"`
	// Code is the final SIP status of the INVITE, 0 when there was none.
	Code int `json:"code,omitempty"`
	// Reason explains a failure in words.
	Reason string `json:"reason,omitempty"`
	// Reinvites counts the changes of the session the other side asked for.
	Reinvites int `json:"reinvites,omitempty"`
	// Keys are the keys the other side pressed, in order; at most the first 64.
	Keys string `json:"keys,omitempty"`

	// Tone is the code this telephone spoke (see package tone).
	Tone int `json:"tone"`
	// Heard lists the codes heard and when, in order of time.
	Heard []tone.Span `json:"heard"`
	// HeardDropped counts further stretches, left out to bound the memory.
	HeardDropped int            `json:"heard_dropped,omitempty"`
	RTP          media.Counters `json:"rtp"`
}

// Hears tells whether the leg heard code n.
func (r *Record) Hears(n int) bool {
	for _, s := range r.Heard {
		if s.Tone == n {
			return true
		}
	}
	return false
}

// resultOfCode classifies a final failure of the INVITE. Both ends of a leg use
// it, so that their ledgers agree.
func resultOfCode(code int) Result {
	switch code {
	case 403, 603:
		return ResultRejected
	case 486, 600:
		return ResultBusy
	case 487:
		return ResultCancelled
	default:
		return ResultFailed
	}
}

// WriteJSON writes records as JSON lines: one object, one line each.
func WriteJSON(w io.Writer, records ...Record) error {
	enc := json.NewEncoder(w)
	for i := range records {
		if err := enc.Encode(&records[i]); err != nil {
			return fmt.Errorf("write ledger record of call %s: %w", records[i].CallID, err)
		}
	}
	return nil
}

// What names a step of a leg in an Event.
type What string

// The steps of a leg, in the order they come.
const (
	WhatInvite   What = "invite"
	WhatRinging  What = "ringing"
	WhatAnswered What = "answered"
	WhatHeard    What = "heard" // The first code of the other side is heard.
	WhatEnded    What = "ended"
)

// Event tells of one step of one leg, with its record at that moment.
type Event struct {
	What   What   `json:"what"`
	Record Record `json:"record"`
}
