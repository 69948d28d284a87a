package ari

import "time"

// Info is who answers: one run of one Asterisk.
type Info struct {
	Version  string    // such as "22.10.1"
	EntityID string    // identity of the machine; Event.Node carries it
	Name     string    // systemname of asterisk.conf, may be empty
	Started  time.Time // start of this run; a new time means that all calls are dead
}

// ChannelState is Asterisk's word for what a channel is doing.
type ChannelState string

// The states a call meets. Asterisk has more; they pass through as they are.
const (
	ChannelDown    ChannelState = "Down"    // created, not dialled
	ChannelRing    ChannelState = "Ring"    // an inbound call, not answered
	ChannelRinging ChannelState = "Ringing" // the dialled phone rings
	ChannelUp      ChannelState = "Up"      // answered
	ChannelBusy    ChannelState = "Busy"
)

// Channel is one leg as Asterisk sees it. In an event it is the state at that event.
type Channel struct {
	ID              string
	Name            string // technology/name-sequence, such as "PJSIP/a1001-00000007"
	State           ChannelState
	CallerNumber    string // empty when withheld
	CallerName      string
	ConnectedNumber string
	ConnectedName   string
	Context         string // place in the dialplan
	Dialled         string // extension: for an inbound call the number dialled
	App             string // dialplan application that runs the channel, such as "Stasis"
	AppData         string // its arguments, such as "hotline,in,10010": whose channel it is
	Language        string
	Created         time.Time         // UTC, milliseconds
	Variables       map[string]string // those named in ari.conf channelvars; normally none
}

// Bridge is one bridge with its members at that time.
type Bridge struct {
	ID       string
	Name     string
	Type     string // "mixing" or "holding"
	Creator  string // "Stasis" for ours
	Channels []string
}

// Playback is one prompt that is played.
type Playback struct {
	ID     string
	State  string // "queued", "playing", "continuing", "done" or "failed"
	Media  string // such as "sound:hello"
	Target string // "bridge:ID" or "channel:ID"
}

// EndpointState is Asterisk's word for the reachability of a phone or trunk.
type EndpointState string

// The states of an endpoint.
const (
	EndpointOnline  EndpointState = "online"  // at least one contact is registered
	EndpointOffline EndpointState = "offline" // none
	EndpointUnknown EndpointState = "unknown"
)

// Endpoint is one phone or trunk.
type Endpoint struct {
	Tech     string // such as "PJSIP"
	Resource string // such as "a1001"
	State    EndpointState
	Channels []string // ids of its channels
}

// Contact is one registration of an endpoint.
type Contact struct {
	URI       string
	AOR       string        // address of record, normally the endpoint's name
	Status    string        // "Created", "Updated", "Removed", "Reachable", "Unreachable", "NonQualified", "Unknown"
	RoundTrip time.Duration // of the last qualify; 0 = not measured
}

// Device is a device's state, such as PJSIP/a1001 "NOT_INUSE".
type Device struct {
	Name  string
	State string // "NOT_INUSE", "INUSE", "BUSY", "RINGING", "UNAVAILABLE", "ONHOLD", "INVALID", "UNKNOWN"
}

// Application is what our application holds in Asterisk, over reconnects.
type Application struct {
	Name      string
	Channels  []string // ids
	Bridges   []string // ids
	Endpoints []string // subscribed, "PJSIP/a1001"
	Devices   []string // subscribed, "PJSIP/a1001"
}

// Module is one loaded module of Asterisk.
type Module struct {
	Name   string // such as "res_ari.so"
	Status string // "Running" or other
}

// Snapshot is how the switch stands. Events that were sent while it was taken follow it
// in the queue, so what they tell may already be in it: apply them idempotently.
type Snapshot struct {
	App       Application
	Channels  []Channel  // all channels of Asterisk, also those that are not ours
	Bridges   []Bridge   // all bridges
	Endpoints []Endpoint // those of Options.Watch that exist
}
