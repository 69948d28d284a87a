// Package web is the way in for people and programs: HTTP and JSON by an OpenAPI 3.1
// document that the server makes of its own operations. Each operation names the right that
// it asks for; what is not named is denied, and a route that is not in the document does not
// exist.
package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"hotline/call"
)

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

// Options are what a Server needs. Desk and Token must be set.
type Options struct {
	Listen   string // host:port; port 0 takes a free one
	Token    string // bearer token of the machine itself: it may do everything and is nobody
	Desk     Desk
	Gate     Gate                      // signs people and programs in; nil = Token alone
	Accounts Accounts                  // signs people in and out; needs Gate; nil = those operations do not exist
	Staff    Staff                     // manages who may sign in; needs Gate; nil = those operations do not exist
	Team     func(call.AgentID) string // an agent's team, "" = none; nil = nobody has one
	Agents   func() []call.AgentID     // all there are; nil = none
	Limits   Limits
	Audit    Audit        // nil = nothing is written down
	Metrics  http.Handler // serves GET /metrics; nil = there is none
	// Without them their operations do not exist.
	Reports    Reports
	Issues     Issues
	History    History
	Recordings Recordings // needs History
	Feed       Feed       // needs History
	Hooks      HookStore  // needs Feed
	Log        *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Team == nil {
		o.Team = func(call.AgentID) string { return "" }
	}
	if o.Agents == nil {
		o.Agents = func() []call.AgentID { return nil }
	}
	o.Limits = o.Limits.withDefaults()
	return o
}

// Server serves the API.
type Server struct {
	o         Options
	desk      Desk
	log       *slog.Logger
	token     [sha256.Size]byte
	mux       *patterns
	api       huma.API
	faults    []error // of operations that may not be registered
	document  []byte
	addresses *limiter
	users     *limiter
	answers   *answers
	tuned     tuning
	tail      *tail
	parts     *parts
	hooks     *hooks
	courier   *courier
	open      openSockets
	snapshot  snapshot
	life      context.Context // ends with Run
	end       context.CancelFunc
	listener  net.Listener
	http      *http.Server
}

// Listen binds the address, so that a port that is taken is an error at start. An operation
// without a right is an error, too.
func Listen(ctx context.Context, o Options) (*Server, error) {
	if o.Desk == nil {
		return nil, errors.New("web: Desk is missing")
	}
	if o.Token == "" {
		return nil, errors.New("web: Token is missing")
	}
	o = o.withDefaults()
	s := &Server{
		o: o, desk: o.Desk, log: o.Log, token: sha256.Sum256([]byte(o.Token)),
		addresses: newLimiter(o.Limits.PerAddress), users: newLimiter(o.Limits.PerUser), answers: newAnswers(),
		tuned: defaultTuning(),
	}
	s.life, s.end = context.WithCancel(context.WithoutCancel(ctx))
	s.parts = newParts(o.History, s.tuned.callsKnown)
	s.tail = newTail(o.Feed, s.parts, s.tuned.held, o.Log)
	var err error
	if o.Hooks != nil && o.Feed != nil {
		if s.hooks, err = newHooks(ctx, o.Hooks); err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
		s.courier = newCourier(o.Feed, s.hooks, o.Log)
	}
	routes, err := s.routes()
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	var lc net.ListenConfig
	if s.listener, err = lc.Listen(ctx, "tcp", o.Listen); err != nil {
		return nil, fmt.Errorf("web: listen: %w", err)
	}
	s.http = &http.Server{
		Handler:           routes,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	return s, nil
}

// Addr is the address that is served.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Run serves until ctx ends, then lets running requests finish for a moment. Streams are
// told that the server stops.
func (s *Server) Run(ctx context.Context) error {
	var reading sync.WaitGroup
	if s.o.Feed != nil {
		reading.Go(func() { s.tail.run(s.life) })
	}
	if s.courier != nil {
		reading.Go(func() { s.courier.run(s.life) })
	}
	defer s.open.wg.Wait()
	defer reading.Wait()
	defer s.end()
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		s.end()
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
