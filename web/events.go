package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/coder/websocket"
	"github.com/danielgtaylor/huma/v2"

	"hotline/call"
)

// The codes with which a socket is closed, beside those of RFC 6455.
const (
	CloseSignedOut = 4001 // the session has ended or the right is gone
	CloseSlow      = 4008 // the reader is slower than the events: come again with after
)

// EventMessage is one message of the stream of events.
type EventMessage struct {
	Type  string      `json:"type" enum:"event,level,at,live" doc:"level: all that was stored has been sent; at: so far."`
	Seq   uint64      `json:"seq,omitempty" doc:"Number to go on from, with after."`
	Event *call.Event `json:"event,omitempty" doc:"Of type event."`
	Live  *Live       `json:"live,omitempty" doc:"Of type live."`
}

type passiveKey struct{}

// Passive tells a Gate that nobody has asked for anything: a socket that is open looks
// whether its session still stands, which must not keep the session alive.
func Passive(ctx context.Context) bool { return ctx.Value(passiveKey{}) != nil }

func (s *Server) registerEvents() {
	at := exampleTime()
	e := call.Event{
		Seq: 4711, At: at, Kind: call.Queued, Call: exampleCall, Queue: exampleQueue, Entered: at, Queueing: true,
	}
	query := func(name, about string, example any, kind string) *huma.Param {
		return &huma.Param{
			Name: name, In: "query", Description: about, Schema: &huma.Schema{Type: kind, Examples: []any{example}},
		}
	}
	s.addPlain(operation{
		id: "streamEvents", method: http.MethodGet, path: "/api/v1/events", tag: liveTag, right: CallRead,
		status: http.StatusSwitchingProtocols, summary: "Events as they happen, by WebSocket",
		chinese: "实时事件流(WebSocket)",
		about: "Each message is one JSON object (EventMessage). Events are numbered without gaps; ask with after " +
			"for those above the last one that you have, and none is lost or comes twice. A message of type level says " +
			"that all that was stored has been sent. Who may see his own alone is sent the events of his own calls. " +
			"Close codes: 4001 signed out, 4008 too slow, 1001 the server stops. Send nothing.",
		answer: EventMessage{Type: "event", Seq: 4711, Event: &e}, kind: EventMessage{},
		errors: map[int]any{http.StatusUpgradeRequired: nil},
	}, []*huma.Param{
		query("after", "Only events above this number; without it only new ones. 断点续传", 4710, huma.TypeInteger),
		query("live", "Send the live state each second as well. 实时状态", true, huma.TypeBoolean),
	}, s.events)
}

// socket is one reader of the stream.
type socket struct {
	s     *Server
	conn  *websocket.Conn
	r     *http.Request
	a     asker
	at    uint64    // number of the last event that was looked at
	goal  uint64    // number of the newest event that was stored when he came
	level bool      // had all events up to the goal
	since time.Time // when it had all events last
}

// events serves the stream of events.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	k := &socket{s: s, r: r, a: askerOf(r.Context())}
	live, err := k.asked(r.Context())
	if err == nil && !s.open.enter(k.a.key(), s.tuned) {
		err = Problem{Status: http.StatusTooManyRequests, Detail: "as many streams are open as may be"}
	}
	if err != nil {
		writeProblem(w, s.problem(err))
		return
	}
	defer s.open.leave(k.a.key())
	// A refusal of the handshake is a problem document like any other.
	k.conn, err = websocket.Accept(&patient{ResponseWriter: w, control: http.NewResponseController(w)}, r, nil)
	if err != nil {
		s.log.Debug("no handshake", "error", err)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.life, cancel)() //nolint:contextcheck // the end of the server, not of the request
	code, why := k.run(k.conn.CloseRead(ctx), live)
	// A reader that is gone cannot be told.
	_ = k.conn.Close(code, why)
}

// asked reads what is wanted.
func (k *socket) asked(ctx context.Context) (live bool, err error) {
	q := k.r.URL.Query()
	for name := range q {
		if name != "after" && name != "live" {
			return false, BadField(name, "unknown query parameter")
		}
	}
	last, err := k.s.o.Feed.LastSeq(ctx)
	if err != nil {
		return false, err
	}
	k.at, k.goal = last, last
	if after := q.Get("after"); after != "" {
		if k.at, err = strconv.ParseUint(after, 10, 64); err != nil || k.at > last {
			return false, BadField("after", "must be the number of an event that there is, or 0")
		}
	}
	switch q.Get("live") {
	case "", "false":
	case "true":
		live = true
	default:
		return false, BadField("live", "must be true or false")
	}
	if live && k.a.scope(LiveRead) == Nobody {
		return false, Problem{Status: http.StatusForbidden, Detail: "the right " + string(LiveRead) + " is not yours"}
	}
	return live, nil
}

// run sends events until somebody ends it, and says why.
func (k *socket) run(ctx context.Context, live bool) (websocket.StatusCode, string) {
	ping := time.NewTicker(k.s.tuned.ping)
	defer ping.Stop()
	tick := time.NewTicker(k.s.tuned.live)
	defer tick.Stop()
	if !live {
		tick.Stop()
	}
	for {
		grown, more, err := k.step(ctx)
		if more {
			grown = closed()
		}
		if err == nil {
			select {
			case <-ctx.Done():
				err = ctx.Err()
			case <-ping.C:
				err = k.look(ctx)
			case <-tick.C:
				err = k.sendLive(ctx)
			case <-grown:
			}
		}
		if err != nil {
			return k.ended(err)
		}
	}
}

// ended is how a stream is closed.
func (k *socket) ended(err error) (websocket.StatusCode, string) {
	var end websocket.CloseError
	switch {
	case errors.As(err, &end):
		return end.Code, end.Reason
	case k.s.life.Err() != nil:
		return websocket.StatusGoingAway, "the server stops"
	}
	k.s.log.Debug("stream ended", "error", err)
	return websocket.StatusInternalError, "come again with after"
}

// closed is a channel that is ready.
func closed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// step sends the next piece of events, those of the tail or older ones of the ledger.
func (k *socket) step(ctx context.Context) (grown <-chan struct{}, more bool, err error) {
	events, grown, whole := k.s.tail.after(k.at)
	if !whole {
		if k.level && time.Since(k.since) > k.s.tuned.slack {
			return nil, false, websocket.CloseError{Code: CloseSlow, Reason: "too slow, come again with after"}
		}
		if events, err = k.s.o.Feed.After(ctx, k.at, tailPiece); err != nil {
			return nil, false, err
		}
	}
	for _, e := range events {
		sees, err := k.sees(ctx, e)
		if err == nil && sees {
			err = k.sendEvent(ctx, e)
		}
		if err != nil {
			return nil, false, err
		}
		k.at = e.Seq
	}
	if len(events) > 0 || !whole {
		return grown, len(events) > 0, nil
	}
	k.since = time.Now()
	if !k.level && k.at >= k.goal { // the tail may not have seen all that is stored
		k.level = true
		return grown, false, k.send(ctx, EventMessage{Type: "level", Seq: k.at})
	}
	return grown, false, nil
}

// sees tells whether the reader may see an event: all, or those that name an agent whom his
// right reaches, or of calls in which such an agent has had a part.
func (k *socket) sees(ctx context.Context, e call.Event) (bool, error) {
	mine := func(g call.AgentID) bool { return k.s.sees(k.a, CallRead, g) }
	switch {
	case k.a.scope(CallRead) == All, mine(e.Agent):
		return true, nil
	case e.Call == "":
		return false, nil
	}
	return k.s.parts.any(ctx, e, mine)
}

func (k *socket) sendEvent(ctx context.Context, e call.Event) error {
	if k.a.scope(NumberRead) != All {
		e = maskEvent(e)
	}
	return k.send(ctx, EventMessage{Type: "event", Seq: e.Seq, Event: &e})
}

func (k *socket) sendLive(ctx context.Context) error {
	l, err := k.s.snapshot.live(ctx, k.s.desk, k.s.tuned.live)
	if err != nil {
		return err
	}
	l = k.s.liveFor(k.a, l)
	return k.send(ctx, EventMessage{Type: "live", Live: &l})
}

// send writes one message. Who does not take it in time is cut.
func (k *socket) send(ctx context.Context, m EventMessage) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, k.s.tuned.write)
	defer cancel()
	return k.conn.Write(ctx, websocket.MessageText, raw)
}

// look sees after the reader: whether he is there, whether he may still read, and tells him
// how far he is, so that going on does not begin with what he may not see.
func (k *socket) look(ctx context.Context) error {
	a := k.s.asker(k.r.WithContext(context.WithValue(ctx, passiveKey{}, true)))
	if a.err != nil || a.scope(CallRead) == Nobody || a.key() != k.a.key() {
		return websocket.CloseError{Code: CloseSignedOut, Reason: "signed out"}
	}
	k.a = a
	within, cancel := context.WithTimeout(ctx, k.s.tuned.write)
	defer cancel()
	if err := k.conn.Ping(within); err != nil {
		return err
	}
	return k.send(ctx, EventMessage{Type: "at", Seq: k.at})
}
