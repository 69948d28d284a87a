package ari

import (
	"strconv"
	"time"

	libari "github.com/CyCoreSystems/ari/v5"
)

// flatten brings the library's event into ours. Types without a case carry nothing but
// what every event may carry.
func flatten(parsed libari.Event, extra *overlay) *Event {
	e := &Event{
		Type:     EventType(parsed.GetType()),
		At:       utc(extra.Timestamp),
		Node:     parsed.GetNode(),
		Channel:  extra.Channel.pointer(),
		Replaces: extra.Replaces.pointer(),
	}
	if e.At.IsZero() {
		e.At = time.Now().UTC().Truncate(time.Millisecond)
	}
	flattenChannel(parsed, extra, e)
	flattenBridge(parsed, extra, e)
	flattenOther(parsed, e)
	return e
}

func flattenChannel(parsed libari.Event, extra *overlay, e *Event) {
	switch ev := parsed.(type) {
	case *libari.StasisStart:
		e.Args = ev.Args
	case *libari.ChannelDestroyed:
		e.Cause, e.CauseText, e.TechCause = ev.Cause, ev.CauseTxt, extra.TechCause
	case *libari.ChannelHangupRequest:
		e.Cause, e.TechCause = ev.Cause, extra.TechCause
	case *libari.ChannelDtmfReceived:
		e.Digit, e.Duration = ev.Digit, time.Duration(ev.DurationMs)*time.Millisecond
	case *libari.ChannelTalkingFinished:
		e.Duration = time.Duration(ev.Duration) * time.Millisecond
	case *libari.ChannelHold:
		e.Music = ev.Musicclass
	case *libari.Dial:
		e.Channel, e.Peer, e.DialStatus = extra.Caller.pointer(), extra.Peer.pointer(), ev.Dialstatus
	case *libari.ApplicationMoveFailed:
		e.Args = ev.Args
	}
}

func flattenBridge(parsed libari.Event, extra *overlay, e *Event) {
	switch ev := parsed.(type) {
	case *libari.BridgeCreated:
		e.Bridge = bridgeOf(&ev.Bridge)
	case *libari.BridgeDestroyed:
		e.Bridge = bridgeOf(&ev.Bridge)
	case *libari.BridgeMerged:
		e.Bridge, e.Merged = bridgeOf(&ev.Bridge), bridgeOf(&ev.BridgeFrom)
	case *libari.ChannelEnteredBridge:
		e.Bridge = bridgeOf(&ev.Bridge)
	case *libari.ChannelLeftBridge:
		e.Bridge = bridgeOf(&ev.Bridge)
	case *libari.BridgeBlindTransfer:
		e.Bridge, e.Peer = bridgeOf(&ev.Bridge), extra.Transferee.pointer()
	case *libari.BridgeAttendedTransfer:
		e.Bridge = bridgeOf(&ev.TransfererFirstLegBridge)
		e.Channel, e.Peer = extra.Transferer.pointer(), extra.Transferee.pointer()
	}
}

func flattenOther(parsed libari.Event, e *Event) {
	switch ev := parsed.(type) {
	case *libari.PlaybackStarted:
		e.Playback = playbackOf(&ev.Playback)
	case *libari.PlaybackContinuing:
		e.Playback = playbackOf(&ev.Playback)
	case *libari.PlaybackFinished:
		e.Playback = playbackOf(&ev.Playback)
	case *libari.EndpointStateChange:
		e.Endpoint = endpointOf(&ev.Endpoint)
	case *libari.PeerStatusChange:
		e.Endpoint, e.PeerStatus = endpointOf(&ev.Endpoint), ev.Peer.PeerStatus
	case *libari.ContactStatusChange:
		e.Endpoint, e.Contact = endpointOf(&ev.Endpoint), contactOf(&ev.ContactInfo)
	case *libari.DeviceStateChanged:
		e.Device = &Device{Name: ev.DeviceState.Name, State: ev.DeviceState.State}
	}
}

func (w *wireChannel) pointer() *Channel {
	if w == nil {
		return nil
	}
	channel := w.channel()
	return &channel
}

// bridgeOf gives nil for a bridge that the event does not carry.
func bridgeOf(b *libari.BridgeData) *Bridge {
	if b.ID == "" {
		return nil
	}
	return &Bridge{ID: b.ID, Name: b.Name, Type: b.Type, Creator: b.Creator, Channels: b.ChannelIDs}
}

func playbackOf(p *libari.PlaybackData) *Playback {
	return &Playback{ID: p.ID, State: p.State, Media: p.MediaURI, Target: p.TargetURI}
}

func endpointOf(e *libari.EndpointData) *Endpoint {
	return &Endpoint{
		Tech: e.Technology, Resource: e.Resource, State: EndpointState(e.State), Channels: e.ChannelIDs,
	}
}

func contactOf(c *libari.ContactInfo) *Contact {
	contact := &Contact{URI: c.Uri, AOR: c.Aor, Status: c.ContactStatus}
	if usec, err := strconv.Atoi(c.RoundtripUsec); err == nil {
		contact.RoundTrip = time.Duration(usec) * time.Microsecond
	}
	return contact
}
