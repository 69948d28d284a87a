// Package web is the way in for people and programs: HTTP and JSON. So far it holds what
// the live view, agents, a supervisor and a health check need; every route but the health check asks
// for the bearer token, and a route that is not named here does not exist.
package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode"

	"hotline/call"
)

// maxBody is far above any request this API has.
const maxBody = 64 << 10

// Desk is what the routes act on.
type Desk interface {
	Live(ctx context.Context) (Live, error)
	Health(ctx context.Context) Health
	// SetAgent asks for a state: call.Ready, call.Break with a reason, call.Offline. During
	// a call it takes effect after it. ErrUnknownAgent when there is no such agent.
	SetAgent(ctx context.Context, agent call.AgentID, state call.AgentState, reason string) error
	Calls
	Callbacks
}

// ErrUnknownAgent is returned by a Desk for an agent that is not configured.
var ErrUnknownAgent = errors.New("no such agent")

// Options are what a Server needs. All but Metrics and Log must be set.
type Options struct {
	Listen  string // host:port; port 0 takes a free one
	Token   string // bearer token of the API
	Desk    Desk
	Metrics http.Handler // serves GET /metrics to who has the token; nil = there is none
	Log     *slog.Logger
}

// Server serves the API.
type Server struct {
	desk     Desk
	metrics  http.Handler
	log      *slog.Logger
	token    [sha256.Size]byte
	listener net.Listener
	http     *http.Server
}

// Listen binds the address, so that a port that is taken is an error at start.
func Listen(ctx context.Context, o Options) (*Server, error) {
	if o.Desk == nil {
		return nil, errors.New("web: Desk is missing")
	}
	if o.Token == "" {
		return nil, errors.New("web: Token is missing")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("web: listen: %w", err)
	}
	s := &Server{
		desk: o.Desk, metrics: o.Metrics, log: o.Log, token: sha256.Sum256([]byte(o.Token)), listener: l,
	}
	s.http = &http.Server{
		Handler:           http.MaxBytesHandler(sameOrigin(s.routes()), maxBody),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	return s, nil
}

// Addr is the address that is served.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Run serves until ctx ends, then lets running requests finish for a moment.
func (s *Server) Run(ctx context.Context) error {
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		stopped <- s.http.Shutdown(grace)
	})
	err := s.http.Serve(s.listener)
	if stop() || !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("web: serve: %w", err)
	}
	return <-stopped
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	if s.metrics != nil {
		mux.Handle("GET /metrics", s.guard(s.metrics.ServeHTTP))
	}
	mux.Handle("GET /api/v1/live", s.guard(s.live))
	mux.Handle("POST /api/v1/agents/{agent}/state", s.guard(s.setAgent))
	mux.Handle("POST /api/v1/agents/{agent}/calls", s.guard(s.dial))
	mux.Handle("GET /api/v1/callbacks", s.guard(s.callbacks))
	mux.Handle("DELETE /api/v1/callbacks/{call}", s.guard(s.cancelCallback))
	mux.Handle("POST /api/v1/calls/{call}/control", s.guard(s.control))
	mux.Handle("POST /api/v1/calls/{call}/assign", s.guard(s.assign))
	mux.Handle("POST /api/v1/calls/{call}/move", s.guard(s.move))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		// The mux knows whether it is the path or the method, but says so as plain text.
		answer := bare{header: w.Header()}
		h.ServeHTTP(&answer, r)
		writeProblem(w, Problem{Status: answer.status, Detail: r.Method + " " + r.URL.Path + " is no route of this API"})
	})
}

// bare keeps the status and the headers of an answer and drops its text.
type bare struct {
	header http.Header
	status int
}

func (b *bare) Header() http.Header            { return b.header }
func (b *bare) Write(text []byte) (int, error) { return len(text), nil }
func (b *bare) WriteHeader(status int)         { b.status = status }

// sameOrigin refuses what a page of another site makes a browser send.
func sameOrigin(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, Problem{Status: http.StatusForbidden, Detail: "requests of other sites' pages are refused"})
	}))
	return p.Handler(next)
}

// guard lets a request through that carries the token.
func (s *Server) guard(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.signedIn(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="hotline"`)
			writeProblem(w, Problem{Status: http.StatusUnauthorized, Detail: "a valid bearer token is required"})
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		next(w, r)
	})
}

// signedIn tells whether a request carries the token. Hashing first makes the comparison
// take the same time whatever the length.
func (s *Server) signedIn(r *http.Request) bool {
	got, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(got))
	return ok && subtle.ConstantTimeCompare(sum[:], s.token[:]) == 1
}

// health tells everybody whether the parts work. What is wrong with them holds addresses,
// paths and ids of calls, so that stands in the answer to those with the token alone.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	h := s.desk.Health(r.Context())
	if !s.signedIn(r) {
		parts := make([]Part, len(h.Parts))
		for i, p := range h.Parts {
			parts[i] = Part{Name: p.Name, OK: p.OK}
		}
		h.Parts = parts
	}
	status := http.StatusOK
	if !h.OK {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Cache-Control", "no-store")
	s.write(w, status, h)
}

func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	l, err := s.desk.Live(r.Context())
	if err != nil {
		s.fail(w, err)
		return
	}
	s.write(w, http.StatusOK, l)
}

// stateRequest is the body of POST /api/v1/agents/{agent}/state.
type stateRequest struct {
	State  call.AgentState `json:"state"`
	Reason string          `json:"reason"`
}

func (s *Server) setAgent(w http.ResponseWriter, r *http.Request) {
	var req stateRequest
	if err := decode(r.Body, &req); err != nil {
		s.fail(w, err)
		return
	}
	switch {
	case req.State != call.Ready && req.State != call.Break && req.State != call.Offline:
		s.fail(w, BadField("state", "must be ready, break or offline"))
		return
	case req.State == call.Break && req.Reason == "":
		s.fail(w, BadField("reason", "must be given for a break"))
		return
	case len(req.Reason) > 100:
		s.fail(w, BadField("reason", "must be at most 100 bytes"))
		return
	case strings.ContainsFunc(req.Reason, func(r rune) bool { return !unicode.IsPrint(r) }):
		s.fail(w, BadField("reason", "must be one line of printable text"))
		return
	}
	agent := call.AgentID(r.PathValue("agent"))
	s.done(w, s.desk.SetAgent(r.Context(), agent, req.State, req.Reason))
}

func decode(body io.Reader, to any) error {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	var tooLarge *http.MaxBytesError
	if err := d.Decode(to); errors.As(err, &tooLarge) {
		return Problem{
			Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("body: must be at most %d bytes", tooLarge.Limit),
		}
	} else if err != nil {
		return Problem{Status: http.StatusBadRequest, Detail: "body: " + err.Error()}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Problem{Status: http.StatusBadRequest, Detail: "body: one JSON object is expected"}
	}
	return nil
}

func (s *Server) fail(w http.ResponseWriter, err error) {
	var p Problem
	switch {
	case errors.As(err, &p):
	case errors.Is(err, ErrUnknownAgent):
		p = Problem{Status: http.StatusNotFound, Field: "agent", Detail: err.Error()}
	default:
		// The text of an inner fault is for the log; the caller may be a stranger.
		s.log.Error("request failed", "error", err)
		p = Problem{Status: http.StatusInternalServerError}
	}
	writeProblem(w, p)
}

func (s *Server) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.log.Debug("reader left", "error", err)
	}
}
