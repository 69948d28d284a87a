package aritest

import (
	"fmt"
	"slices"
	"time"

	"hotline/ari"
)

// channel is one leg of the model. Every method here is called under the server's lock.
type channel struct {
	ari.Channel

	inApp     bool
	created   bool // by a command, so that the application hears of its end
	music     bool
	bridge    string // id of the bridge it is in
	digits    string // sent to its far end
	variables map[string]string
}

type bridge struct {
	ari.Bridge
}

type playback struct {
	ari.Playback

	lang  string
	media []string
}

func (s *Server) nextSerial() int {
	s.serial++
	return s.serial
}

// emit sends an event to the controller, or counts it as missed as Asterisk logs it.
func (s *Server) emit(event map[string]any) {
	name, _ := event["type"].(string) // absent is never filtered
	if slices.Contains(s.filter, name) {
		return
	}
	if s.socket == nil {
		s.missed++
		return
	}
	s.sendTo(s.socket, s.stamp(event))
}

func (s *Server) addChannel(ch ari.Channel) *channel {
	if ch.ID == "" {
		ch.ID = fmt.Sprintf("%d.%d", s.startup.Unix(), s.nextSerial())
	}
	if ch.Name == "" {
		ch.Name = fmt.Sprintf("PJSIP/trunk-%08x", s.nextSerial())
	}
	if ch.Created.IsZero() {
		ch.Created = s.now()
	}
	c := &channel{Channel: ch, variables: make(map[string]string)}
	s.channels[ch.ID] = c
	s.order = append(s.order, ch.ID)
	return c
}

// enter puts a channel into the application.
func (s *Server) enter(c *channel, args []string, replaced *channel) {
	c.inApp = true
	event := map[string]any{"type": "StasisStart", "args": nonNil(args), "channel": c.json()}
	if replaced != nil {
		event["replace_channel"] = replaced.json()
	}
	s.emit(event)
}

func (s *Server) setState(c *channel, state ari.ChannelState) {
	if c.State != state {
		c.State = state
		s.emit(map[string]any{"type": "ChannelStateChange", "channel": c.json()})
	}
}

// destroy ends a channel with the events of a normal hang-up, in their order. The last
// one, ChannelDestroyed, is not sent for a call from the dialplan unless it is subscribed,
// because leaving the application ends the application's own subscription.
func (s *Server) destroy(c *channel, cause, techCause int) {
	s.emit(map[string]any{"type": "ChannelHangupRequest", "cause": cause, "soft": true, "channel": c.json()})
	s.leaveBridge(c)
	if c.inApp {
		c.inApp = false
		s.emit(map[string]any{"type": "StasisEnd", "channel": c.json()})
	}
	s.forgetPlaybacks("channel:" + c.ID)
	delete(s.channels, c.ID)
	s.order = slices.DeleteFunc(s.order, func(id string) bool { return id == c.ID })
	if c.created || slices.Contains(s.sources, "channel:"+c.ID) {
		event := map[string]any{
			"type": "ChannelDestroyed", "cause": cause, "cause_txt": causeText(cause), "channel": c.json(),
		}
		if techCause != 0 {
			event["tech_cause"] = techCause
		}
		s.emit(event)
	}
	s.change()
}

// enterBridge moves a channel. One that is there already leaves and enters again.
func (s *Server) enterBridge(c *channel, b *bridge) {
	s.leaveBridge(c)
	c.bridge = b.ID
	b.Channels = append(b.Channels, c.ID)
	s.emit(map[string]any{"type": "ChannelEnteredBridge", "bridge": b.json(), "channel": c.json()})
	s.change()
}

func (s *Server) leaveBridge(c *channel) {
	b := s.bridges[c.bridge]
	c.bridge = ""
	if b == nil {
		return
	}
	b.Channels = slices.DeleteFunc(b.Channels, func(id string) bool { return id == c.ID })
	s.emit(map[string]any{"type": "ChannelLeftBridge", "bridge": b.json(), "channel": c.json()})
	s.change()
}

func (s *Server) destroyBridge(b *bridge) {
	for _, id := range slices.Clone(b.Channels) {
		if c := s.channels[id]; c != nil {
			s.leaveBridge(c)
		}
	}
	delete(s.bridges, b.ID)
	s.emit(map[string]any{"type": "BridgeDestroyed", "bridge": b.json()})
	s.change()
}

// forgetPlaybacks drops what plays to a target that ends.
func (s *Server) forgetPlaybacks(target string) {
	for id, p := range s.playbacks {
		if p.Target == target {
			delete(s.playbacks, id)
		}
	}
}

func (s *Server) finishPlayback(p *playback, state string) {
	p.State = state
	delete(s.playbacks, p.ID)
	s.emit(map[string]any{"type": "PlaybackFinished", "playback": p.json()})
	s.change()
}

func (c *channel) json() map[string]any {
	return map[string]any{
		"id": c.ID, "name": c.Name, "state": string(c.State), "protocol_id": "", "accountcode": "",
		"caller":    map[string]string{"name": c.CallerName, "number": c.CallerNumber},
		"connected": map[string]string{"name": c.ConnectedName, "number": c.ConnectedNumber},
		"dialplan": map[string]any{
			"context": c.Context, "exten": c.Dialled, "priority": 1, "app_name": c.App, "app_data": c.AppData,
		},
		"creationtime": c.Created.Format(stampFormat), "language": c.Language,
	}
}

func (b *bridge) json() map[string]any {
	return map[string]any{
		"id": b.ID, "name": b.Name, "bridge_type": b.Type, "bridge_class": "stasis", "technology": "simple_bridge",
		"creator": b.Creator, "channels": nonNil(slices.Clone(b.Channels)), "video_mode": "talker",
		"creationtime": time.Unix(0, 0).UTC().Format(stampFormat),
	}
}

func (p *playback) json() map[string]any {
	return map[string]any{
		"id": p.ID, "state": p.State, "media_uri": p.Media, "target_uri": p.Target, "language": p.lang,
	}
}

func endpointJSON(e ari.Endpoint) map[string]any {
	return map[string]any{
		"technology": e.Tech, "resource": e.Resource, "state": string(e.State), "channel_ids": nonNil(e.Channels),
	}
}

// nonNil makes a list that is [] in JSON, as Asterisk's always are.
func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// causeText is Asterisk's text of the causes that calls meet.
func causeText(cause int) string {
	switch cause {
	case 16:
		return "Normal Clearing"
	case 17:
		return "User busy"
	case 19:
		return "User alerting, no answer"
	case 21:
		return "Call Rejected"
	case 26:
		return "Answered elsewhere"
	default:
		return "Unknown"
	}
}
