package aritest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hotline/ari"
)

// Push sends raw JSON to the controller as it is, in order. Text that is not JSON is sent
// too.
func (s *Server) Push(events ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range events {
		if s.socket == nil {
			s.missed++
			continue
		}
		s.socket.outbox = append(s.socket.outbox, []byte(text))
		s.socket.signal()
	}
}

// Emit sends an event to the controller. Application, asterisk_id and timestamp are added
// where they are missing.
func (s *Server) Emit(event map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emit(maps.Clone(event))
}

// ChannelJSON is a channel as it stands in an event.
func ChannelJSON(ch ari.Channel) json.RawMessage {
	data, err := json.Marshal((&channel{Channel: ch}).json())
	if err != nil {
		return nil // cannot be: the parts are texts and numbers
	}
	return data
}

// Call lets a call come in: the channel is answered and enters the application with the
// arguments. Fields that are empty are filled in. It gives the channel's id.
func (s *Server) Call(ch ari.Channel, args ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ch.State == "" {
		ch.State = ari.ChannelUp
	}
	ch.App, ch.AppData = "Stasis", strings.Join(append([]string{App}, args...), ",")
	c := s.addChannel(ch)
	s.enter(c, args, nil)
	s.change()
	return c.ID
}

// TransferIn puts a channel in the place of another, as a transfer by a phone does.
func (s *Server) TransferIn(ch ari.Channel, replaced string) error {
	return s.withID(replaced, func(old *channel) {
		ch.State = ari.ChannelUp
		s.enter(s.addChannel(ch), nil, old)
	})
}

// Pickup lets the phone of a dialled channel answer.
func (s *Server) Pickup(id string) error {
	return s.withID(id, func(c *channel) {
		s.setState(c, ari.ChannelUp)
		s.emit(map[string]any{"type": "Dial", "dialstatus": "ANSWER", "peer": c.json()})
	})
}

// HangUp lets the far end of a channel end it with a Q.850 cause and a SIP status (0 =
// none): 17/486 busy, 19/480 no answer, 21/603 declined, 16/0 after a talk. A caller's
// hang-up has cause 0.
func (s *Server) HangUp(id string, cause, techCause int) error {
	return s.withID(id, func(c *channel) { s.destroy(c, cause, techCause) })
}

// Digit lets the far end of a channel press a key.
func (s *Server) Digit(id, digit string) error {
	return s.withID(id, func(c *channel) {
		s.emit(map[string]any{
			"type": "ChannelDtmfReceived", "digit": digit, "duration_ms": 100, "channel": c.json(),
		})
	})
}

// Hold lets the phone of a channel put the call on hold, as its own key does.
func (s *Server) Hold(id string) error {
	return s.withID(id, func(c *channel) {
		s.emit(map[string]any{"type": "ChannelHold", "channel": c.json()})
	})
}

// Unhold lets the phone take the call back.
func (s *Server) Unhold(id string) error {
	return s.withID(id, func(c *channel) {
		s.emit(map[string]any{"type": "ChannelUnhold", "channel": c.json()})
	})
}

// Digits are those that the far end of a channel was sent so far.
func (s *Server) Digits(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channels[id]; c != nil {
		return c.digits
	}
	return ""
}

// FinishPlayback lets a prompt come to its end.
func (s *Server) FinishPlayback(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.playbacks[id]
	if p == nil {
		return fmt.Errorf("aritest: no playback %q", id)
	}
	s.finishPlayback(p, "done")
	return nil
}

// SetEndpoint adds a phone, such as "PJSIP/a1001", or changes its state. The controller
// is told if it has subscribed to it.
func (s *Server) SetEndpoint(name string, state ari.EndpointState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tech, resource, _ := strings.Cut(name, "/")
	e := ari.Endpoint{Tech: tech, Resource: resource, State: state}
	s.endpoints[name] = e
	status, device := "Unreachable", "UNAVAILABLE"
	if state == ari.EndpointOnline {
		status, device = "Reachable", "NOT_INUSE"
	}
	if slices.Contains(s.sources, "endpoint:"+name) {
		s.emit(map[string]any{"type": "EndpointStateChange", "endpoint": endpointJSON(e)})
		s.emit(map[string]any{
			"type": "PeerStatusChange", "endpoint": endpointJSON(e), "peer": map[string]string{"peer_status": status},
		})
	}
	if slices.Contains(s.sources, "deviceState:"+name) {
		s.emit(map[string]any{
			"type": "DeviceStateChanged", "device_state": map[string]string{"name": name, "state": device},
		})
	}
}

// AddBridge puts a bridge into the model without an event, as one that was there before.
func (s *Server) AddBridge(b ari.Bridge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bridges[b.ID] = &bridge{Bridge: b}
}

// Requests are the commands so far in order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// WaitRequest waits until n requests with that method and path have arrived.
func (s *Server) WaitRequest(ctx context.Context, method, path string, n int) error {
	err := s.wait(ctx, func() bool {
		seen := 0
		for _, r := range s.requests {
			if r.Method == method && r.Path == path {
				seen++
			}
		}
		return seen >= n
	})
	if err != nil {
		return fmt.Errorf("aritest: %d requests %s %s: %w", n, method, path, err)
	}
	return nil
}

// WaitRequests waits until n requests of any kind have arrived.
func (s *Server) WaitRequests(ctx context.Context, n int) error {
	if err := s.wait(ctx, func() bool { return len(s.requests) >= n }); err != nil {
		return fmt.Errorf("aritest: %d requests: %w", n, err)
	}
	return nil
}

// WaitEmpty waits until all events have been written to the controller's socket.
func (s *Server) WaitEmpty(ctx context.Context) error {
	empty := func() bool { return s.socket != nil && len(s.socket.outbox) == 0 && !s.socket.writing }
	if err := s.wait(ctx, empty); err != nil {
		return fmt.Errorf("aritest: events written: %w", err)
	}
	return nil
}

// WaitPings waits until n pings have arrived.
func (s *Server) WaitPings(ctx context.Context, n int) error {
	if err := s.wait(ctx, func() bool { return s.pings >= n }); err != nil {
		return fmt.Errorf("aritest: %d pings: %w", n, err)
	}
	return nil
}

// Connections is the number of sockets that have been opened.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sockets
}

// Missed is the number of events for which no controller was connected.
func (s *Server) Missed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.missed
}

// Channel gives a channel as it stands, and whether it exists.
func (s *Server) Channel(id string) (ari.Channel, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[id]
	if c == nil {
		return ari.Channel{}, false
	}
	return c.Channel, true
}

// Bridge gives a bridge as it stands, and whether it exists.
func (s *Server) Bridge(id string) (ari.Bridge, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.bridges[id]
	if b == nil {
		return ari.Bridge{}, false
	}
	found := b.Bridge
	found.Channels = slices.Clone(b.Channels)
	return found, true
}

// Playbacks are the ids of the prompts that are playing, sorted.
func (s *Server) Playbacks() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.playbacks))
}

// Music tells whether music plays on a channel.
func (s *Server) Music(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[id]
	return c != nil && c.music
}

func (s *Server) withID(id string, do func(*channel)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[id]
	if c == nil {
		return fmt.Errorf("aritest: no channel %q", id)
	}
	do(c)
	s.change()
	return nil
}
