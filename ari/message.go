package ari

import "time"

// Message is what the queue delivers: *Event, *Up, *Down or *Resync.
type Message interface{ message() }

// Up tells that the stream is connected and set up, and how the switch stands. It comes
// before the first event of the connection.
type Up struct {
	Info      Info
	Gap       time.Duration // how long events may have been lost; 0 on the first connection
	Restarted bool          // Asterisk is another run than before: all calls of the last one are dead
	Lost      int           // events dropped on our side since the last Snapshot
	Refused   []string      // event sources of Options.Subscribe that Asterisk does not know
	Snapshot  Snapshot
}

// Down tells that the stream is lost, once per outage; also when the first connection
// does not come about. Calls go on in Asterisk. The next message is an Up, except after
// ErrReplaced, which ends the queue.
type Down struct{ Cause error }

// Resync tells that events were lost although the connection holds: the queue was full,
// or an event could not be read. The Snapshot replaces what is believed.
type Resync struct {
	Reason   string
	Lost     int // events dropped since the last Snapshot
	Snapshot Snapshot
}

// Event is one event of Asterisk in a flat form: only what its type carries is set.
//
// The end of a channel that came from the dialplan is its StasisEnd: without a
// subscription of "channel:ID" no ChannelDestroyed follows. One that we created has both.
// Either may come twice.
type Event struct {
	Type EventType
	At   time.Time // Asterisk's stamp: UTC, milliseconds; time of receipt where it has none
	Node string    // Info.EntityID of the sender

	Channel  *Channel  // the channel it is about; the caller of a Dial, if any
	Peer     *Channel  // Dial: the dialled channel; transfers: the transferred one
	Replaces *Channel  // StasisStart: the channel replaced by a transfer, then it is no new caller
	Bridge   *Bridge   // bridge events; BridgeMerged: the surviving one
	Merged   *Bridge   // BridgeMerged: the one that ended
	Playback *Playback // playback events
	Endpoint *Endpoint // EndpointStateChange, ContactStatusChange, PeerStatusChange
	Contact  *Contact  // ContactStatusChange
	Device   *Device   // DeviceStateChanged

	Args       []string      // StasisStart: arguments of the dialplan's Stasis()
	Cause      int           // ChannelDestroyed, ChannelHangupRequest: Q.850 cause, 0 = unknown
	CauseText  string        // ChannelDestroyed
	TechCause  int           // ChannelDestroyed: SIP status since 22.7, 0 = none
	DialStatus string        // Dial: "", "RINGING", "PROGRESS", "ANSWER", "BUSY", "NOANSWER", ...
	Digit      string        // ChannelDtmfReceived
	Duration   time.Duration // ChannelDtmfReceived, ChannelTalkingFinished
	PeerStatus string        // PeerStatusChange: "Reachable", "Unreachable"
	Music      string        // ChannelHold: class of music asked for
}

func (*Up) message()     {}
func (*Down) message()   {}
func (*Resync) message() {}
func (*Event) message()  {}

// EventType is Asterisk's name of an event.
type EventType string

// The events of Asterisk 22 that the decoder knows and that reach an application.
const (
	ApplicationMoveFailed  EventType = "ApplicationMoveFailed"
	ApplicationReplaced    EventType = "ApplicationReplaced"
	BridgeAttendedTransfer EventType = "BridgeAttendedTransfer"
	BridgeBlindTransfer    EventType = "BridgeBlindTransfer"
	BridgeCreated          EventType = "BridgeCreated"
	BridgeDestroyed        EventType = "BridgeDestroyed"
	BridgeMerged           EventType = "BridgeMerged"
	ChannelCreated         EventType = "ChannelCreated"
	ChannelDestroyed       EventType = "ChannelDestroyed"
	ChannelDtmfReceived    EventType = "ChannelDtmfReceived"
	ChannelEnteredBridge   EventType = "ChannelEnteredBridge"
	ChannelHangupRequest   EventType = "ChannelHangupRequest"
	ChannelHold            EventType = "ChannelHold"
	ChannelLeftBridge      EventType = "ChannelLeftBridge"
	ChannelStateChange     EventType = "ChannelStateChange"
	ChannelTalkingFinished EventType = "ChannelTalkingFinished"
	ChannelTalkingStarted  EventType = "ChannelTalkingStarted"
	ChannelUnhold          EventType = "ChannelUnhold"
	ContactStatusChange    EventType = "ContactStatusChange"
	DeviceStateChanged     EventType = "DeviceStateChanged"
	Dial                   EventType = "Dial"
	EndpointStateChange    EventType = "EndpointStateChange"
	PeerStatusChange       EventType = "PeerStatusChange"
	PlaybackContinuing     EventType = "PlaybackContinuing"
	PlaybackFinished       EventType = "PlaybackFinished"
	PlaybackStarted        EventType = "PlaybackStarted"
	StasisEnd              EventType = "StasisEnd"
	StasisStart            EventType = "StasisStart"

	channelUserevent EventType = "ChannelUserevent" // our own: see hears
)
