package web

import (
	"time"

	"hotline/call"
)

// Live is the state of the hotline at one moment: what the live view shows.
type Live struct {
	At     time.Time   `json:"at"`
	Site   string      `json:"site"`
	Queues []LiveQueue `json:"queues"`
	Agents []LiveAgent `json:"agents"`
	Calls  []LiveCall  `json:"calls"`
	Health Health      `json:"health"`
}

// LiveQueue is one queue now and since the day began.
type LiveQueue struct {
	ID           call.QueueID `json:"id"`
	Name         string       `json:"name"`
	Waiting      int          `json:"waiting"`
	LongestWait  call.Millis  `json:"longest_wait_ms"`
	Ready        int          `json:"ready"`  // agents of the queue that may be rung
	Busy         int          `json:"busy"`   // ringing, talking, with a caller on hold or in wrap-up
	Target       int          `json:"target"` // percent to be answered within Threshold
	Threshold    call.Millis  `json:"threshold_ms"`
	Offered      int64        `json:"offered"` // today, by queue entry
	Answered     int64        `json:"answered"`
	Abandoned    int64        `json:"abandoned"`     // today, short ones included
	ServiceLevel *float64     `json:"service_level"` // percent today; null without a call
	Formula      string       `json:"formula"`       // name of the service level's formula
	Callbacks    int          `json:"callbacks"`     // open: who is to be called back
	FiguresFresh bool         `json:"figures_fresh"` // false while Redis is away or behind
}

// LiveAgent is one agent now.
type LiveAgent struct {
	ID       call.AgentID    `json:"id"`
	Name     string          `json:"name"`
	State    call.AgentState `json:"state"`
	Since    time.Time       `json:"since,omitzero"`   // absent before the first sign-in
	Reason   string          `json:"reason,omitempty"` // of a break
	Next     call.AgentState `json:"next,omitempty"`   // asked for during a call
	Call     call.ID         `json:"call,omitempty"`
	Number   string          `json:"number,omitempty"` // of the caller
	Queues   []call.QueueID  `json:"queues"`
	Answered int64           `json:"answered"` // today
}

// LiveCall is one running call.
type LiveCall struct {
	ID     call.ID      `json:"id"`
	Number string       `json:"number"`
	Line   string       `json:"line"`
	Queue  call.QueueID `json:"queue"`
	Stage  string       `json:"stage"`
	Since  time.Time    `json:"since"` // begin of the stage
	Begin  time.Time    `json:"begin"`
	Agent  call.AgentID `json:"agent,omitempty"`

	Held       bool        `json:"held,omitempty"`       // the caller hears music instead of his agent
	Consulting string      `json:"consulting,omitempty"` // whom the agent asks meanwhile, see call.Event.Target
	Parties    []LiveParty `json:"parties,omitempty"`    // everybody but the caller
	Outbound   bool        `json:"outbound,omitempty"`   // an agent dialled: Number is who was called

	Grade     string `json:"grade,omitempty"`      // id of the caller's grade
	GradeName string `json:"grade_name,omitempty"` // as it is shown
	Below     bool   `json:"below,omitempty"`      // the agent is below the level that the caller wants
}

// LiveParty is somebody in a call beside its caller: an agent or a number outside.
type LiveParty struct {
	Agent  call.AgentID `json:"agent,omitempty"`
	Number string       `json:"number,omitempty"`
	Up     bool         `json:"up"`   // picked up; else the phone rings
	With   bool         `json:"with"` // hears the caller; else he is asked, or has the caller on hold
}

// Health is whether the parts work. A part that is not OK says in Detail what is wrong.
type Health struct {
	OK    bool   `json:"ok"`
	Parts []Part `json:"parts"`
}

// Part is the health of one part.
type Part struct {
	Name   string `json:"name"` // asterisk, redis, ledger, recorder
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}
