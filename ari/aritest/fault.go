package aritest

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"
)

// Hook stands before a route. It may answer itself, or call next to let the server do
// what is asked and answer.
type Hook func(w http.ResponseWriter, r *http.Request, next func(http.ResponseWriter))

// On sets the hook of a route, such as "POST /channels/create", "DELETE /channels/{id}"
// or "GET /events" (the stream). nil removes it.
func (s *Server) On(route string, hook Hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks[route] = hook
}

// Fail answers with an error and does nothing.
func Fail(status int, message string) Hook {
	return func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) {
		refuse(w, status, message)
	}
}

// Hang does nothing and does not answer until the client gives up.
func Hang() Hook {
	return func(_ http.ResponseWriter, r *http.Request, _ func(http.ResponseWriter)) {
		<-r.Context().Done()
	}
}

// HoldUntil does what is asked, but answers only when the channel is closed.
func HoldUntil(release <-chan struct{}) Hook {
	return func(w http.ResponseWriter, r *http.Request, next func(http.ResponseWriter)) {
		late := httptest.NewRecorder()
		next(late)
		select {
		case <-release:
			w.WriteHeader(late.Code)
			_, _ = w.Write(late.Body.Bytes()) // the client may have given up
		case <-r.Context().Done():
		}
	}
}

// BreakBefore closes the connection instead of doing what is asked.
func BreakBefore() Hook {
	return func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) { breakConnection(w) }
}

// BreakAfter does what is asked and closes the connection instead of answering.
func BreakAfter() Hook {
	return func(w http.ResponseWriter, _ *http.Request, next func(http.ResponseWriter)) {
		next(httptest.NewRecorder())
		breakConnection(w)
	}
}

// Times lets a hook act on the first n requests only.
func Times(n int64, hook Hook) Hook {
	var seen atomic.Int64
	return func(w http.ResponseWriter, r *http.Request, next func(http.ResponseWriter)) {
		if seen.Add(1) <= n {
			hook(w, r, next)
			return
		}
		next(w)
	}
}

func breakConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close() // closing is all that is wanted
	}
}

// Drop closes the controller's socket without a word. Calls live on.
func (s *Server) Drop() {
	s.mu.Lock()
	k := s.socket
	s.socket = nil
	s.mu.Unlock()
	if k != nil {
		s.drop(k)
	}
}

func (s *Server) drop(k *socket) {
	s.mu.Lock()
	k.dropped = true
	conn := k.conn
	s.mu.Unlock()
	if conn != nil {
		_ = conn.CloseNow() // closing is all that is wanted
	}
}

// SetDown breaks every new request and the socket, as if Asterisk were gone, until it is
// called with false.
func (s *Server) SetDown(down bool) {
	s.mu.Lock()
	s.down = down
	s.mu.Unlock()
	if down {
		s.Drop()
	}
}

// Restart is a crash and a new start at that time: all calls are dead without an event,
// subscriptions and filter are forgotten.
func (s *Server) Restart(startup time.Time) {
	s.mu.Lock()
	s.startup = startup
	s.order, s.sources, s.filter = nil, nil, nil
	clear(s.channels)
	clear(s.bridges)
	clear(s.playbacks)
	s.mu.Unlock()
	s.Drop()
}

// Replace lets another controller take the application over: the present one is told and
// then left connected without events.
func (s *Server) Replace() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.socket != nil {
		s.sendTo(s.socket, s.stamp(map[string]any{"type": "ApplicationReplaced"}))
		s.socket.mute = true
	}
}

// Deafen takes the application from the controller, who stays connected and is not told: what
// Asterisk does when he connects in the moment in which it tidies up behind another socket.
func (s *Server) Deafen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.socket = nil
	s.change()
}

// SetPong decides which pings are answered, by their number from 1. nil answers all.
func (s *Server) SetPong(answered func(n int) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pong = answered
}

// Never is for SetPong.
func Never(int) bool { return false }

// Stall holds the events back until it is called with false.
func (s *Server) Stall(stalled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.socket != nil {
		s.socket.stalled = stalled
		s.socket.signal()
	}
}
