package aritest

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"hotline/ari"
)

// User and Password are what the server accepts, App the only application.
const (
	User     = "hotline"
	Password = "secret: of the test"
	App      = "hotline"
	EntityID = "02:00:00:00:00:01" // identity of the simulated machine
)

// stampFormat is Asterisk's form of times.
const stampFormat = "2006-01-02T15:04:05.000-0700"

// Server is one simulated Asterisk.
type Server struct {
	http *httptest.Server
	now  func() time.Time

	mu        sync.Mutex
	changed   chan struct{} // closed and renewed at every change that Wait may look for
	hooks     map[string]Hook
	requests  []Request
	socket    *socket // nil while no controller is connected
	sockets   int     // connections so far
	open      map[*socket]bool
	streams   sync.WaitGroup
	pings     int
	missed    int              // events sent while no controller was connected
	pong      func(n int) bool // nil = all
	down      bool
	startup   time.Time
	serial    int
	channels  map[string]*channel
	order     []string // channel ids in order of creation
	bridges   map[string]*bridge
	playbacks map[string]*playback
	endpoints map[string]ari.Endpoint
	sources   []string // subscribed
	filter    []string // event types not to be sent
}

// Request is one command that arrived.
type Request struct {
	Method string
	Path   string // below /ari, decoded
	Query  url.Values
	Body   map[string]any
	Remote string // client's address: tells connections apart
}

// New starts a server. The test must Close it.
func New() *Server {
	s := &Server{
		now:       time.Now,
		changed:   make(chan struct{}),
		hooks:     make(map[string]Hook),
		open:      make(map[*socket]bool),
		startup:   time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC),
		channels:  make(map[string]*channel),
		bridges:   make(map[string]*bridge),
		playbacks: make(map[string]*playback),
		endpoints: make(map[string]ari.Endpoint),
	}
	mux := http.NewServeMux()
	s.routeChannels(mux)
	s.routeBridges(mux)
	s.routeSystem(mux)
	mux.HandleFunc("GET /ari/events", s.serveEvents)
	s.http = httptest.NewServer(mux)
	return s
}

// URL is the base for ari.Options.URL.
func (s *Server) URL() string { return s.http.URL + "/ari" }

// Options are those of a client for this server.
func (s *Server) Options() ari.Options {
	return ari.Options{URL: s.URL(), User: User, Password: Password, App: App}
}

// Close ends the server and all connections, also those of replaced controllers.
func (s *Server) Close() {
	s.mu.Lock()
	s.down = true
	open := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	for _, k := range open {
		s.drop(k)
	}
	s.http.CloseClientConnections()
	s.http.Close()
	s.streams.Wait()
}

// handle serves a route below /ari: it records the request, checks the login and lets
// the hook for the pattern have its way.
func (s *Server) handle(mux *http.ServeMux, pattern string, serve func(http.ResponseWriter, *call)) {
	method, path, _ := strings.Cut(pattern, " ")
	mux.HandleFunc(method+" /ari"+path, func(w http.ResponseWriter, r *http.Request) {
		c := &call{Request: r}
		data, err := io.ReadAll(r.Body)
		if err == nil && len(data) > 0 {
			err = json.Unmarshal(data, &c.body)
		}
		if err != nil {
			refuse(w, http.StatusBadRequest, "Bad request body: "+err.Error())
			return
		}
		s.record(c)
		if strings.Contains(r.URL.EscapedPath(), "+") {
			refuse(w, http.StatusNotFound, "Asterisk reads a plain + in a path as a blank")
			return
		}
		if !s.allowed(r) {
			refuse(w, http.StatusUnauthorized, "Authentication required")
			return
		}
		s.mu.Lock()
		hook, down := s.hooks[pattern], s.down
		s.mu.Unlock()
		next := func(w http.ResponseWriter) { serve(w, c) }
		switch {
		case down:
			breakConnection(w)
		case hook != nil:
			hook(w, r, next)
		default:
			next(w)
		}
	})
}

// call is a request with its body read.
type call struct {
	*http.Request
	body map[string]any
}

// param gives a parameter from the query or the body, as Asterisk does.
func (c *call) param(name string) string {
	if v := c.URL.Query().Get(name); v != "" {
		return v
	}
	text, _ := c.body[name].(string) // absent is empty
	return text
}

// list gives a parameter that may have several values.
func (c *call) list(name string) []string {
	if items, ok := c.body[name].([]any); ok {
		var all []string
		for _, item := range items {
			if text, ok := item.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	if v := c.param(name); v != "" {
		return strings.Split(v, ",")
	}
	return nil
}

func (s *Server) record(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{
		Method: c.Method, Path: strings.TrimPrefix(c.URL.Path, "/ari"), Query: c.URL.Query(),
		Body: c.body, Remote: c.RemoteAddr,
	})
	s.change()
}

func (s *Server) allowed(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	return ok && user == User && password == Password
}

// change wakes those that wait. The caller holds the lock.
func (s *Server) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// wait returns when the condition holds, which is asked at every change, or with the
// context's error. The condition must not call the server.
func (s *Server) wait(ctx context.Context, holds func() bool) error {
	for {
		s.mu.Lock()
		ok, changed := holds(), s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone, as in life
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"message": message})
}

// socket is the connection of a controller.
type socket struct {
	conn    *websocket.Conn // nil until the handshake is done
	dropped bool
	outbox  [][]byte
	wake    chan struct{}
	stalled bool
	writing bool // events taken from the outbox are being written
	mute    bool // replaced: connected, but without events
}

func (k *socket) signal() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	s.record(&call{Request: r})
	s.mu.Lock()
	hook, down := s.hooks["GET /events"], s.down
	s.mu.Unlock()
	switch {
	case down:
		breakConnection(w)
		return
	case !s.allowed(r):
		refuse(w, http.StatusUnauthorized, "Authentication required")
		return
	case r.URL.Query().Get("app") != App:
		refuse(w, http.StatusNotFound, "No such application here")
		return
	}
	next := func(w http.ResponseWriter) { s.stream(w, r) }
	if hook != nil {
		hook(w, r, next)
		return
	}
	next(w)
}

// stream serves one controller until either side ends. As in Asterisk the newest wins,
// and the application is registered before the handshake is answered.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	s.streams.Add(1)
	defer s.streams.Done()
	k := &socket{wake: make(chan struct{}, 1)}
	s.enrol(k)
	defer s.leave(k)
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:   []string{"ari"},
		OnPingReceived: s.pinged,
	})
	if err != nil {
		return
	}
	defer conn.CloseNow() //nolint:errcheck // nothing to be done about it
	if !s.attach(k, conn) {
		return
	}
	ctx := conn.CloseRead(r.Context())
	for {
		batch := s.takeOutbox(k)
		for _, data := range batch {
			if conn.Write(ctx, websocket.MessageText, data) != nil {
				return
			}
		}
		if len(batch) > 0 {
			continue
		}
		select {
		case <-k.wake:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Server) enrol(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.socket; old != nil {
		s.sendTo(old, s.stamp(map[string]any{"type": "ApplicationReplaced"}))
		old.mute = true
	}
	s.socket = k
	s.sockets++
	s.open[k] = true
	s.change()
}

// attach gives the socket its connection, unless it was dropped meanwhile.
func (s *Server) attach(k *socket, conn *websocket.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k.conn = conn
	return !k.dropped
}

func (s *Server) pinged(context.Context, []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pings++
	s.change()
	return s.pong == nil || s.pong(s.pings)
}

func (s *Server) takeOutbox(k *socket) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := k.outbox
	if k.stalled {
		out = nil
	} else {
		k.outbox = nil
	}
	k.writing = len(out) > 0
	s.change()
	return out
}

func (s *Server) leave(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, k)
	if s.socket == k {
		s.socket = nil
	}
	s.forget()
	s.change()
}

// forget is what Asterisk does with an application that has neither a controller nor
// anything to hold: the filter goes with it. The caller holds the lock.
func (s *Server) forget() {
	if s.idle() {
		s.filter = nil
	}
}

// idle tells whether the application has neither. The caller holds the lock.
func (s *Server) idle() bool { return s.socket == nil && len(s.channels) == 0 && len(s.bridges) == 0 }

// sendTo queues an event for a socket. The caller holds the lock.
func (s *Server) sendTo(k *socket, event map[string]any) {
	data, err := json.Marshal(event)
	if err != nil || k.mute {
		return
	}
	k.outbox = append(k.outbox, data)
	k.signal()
}

// stamp adds what every event has. The caller holds the lock.
func (s *Server) stamp(event map[string]any) map[string]any {
	for name, value := range map[string]any{
		"application": App, "asterisk_id": EntityID, "timestamp": s.now().Format(stampFormat),
	} {
		if _, ok := event[name]; !ok {
			event[name] = value
		}
	}
	return event
}
