package ari_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/ari"
	"hotline/ari/aritest"
)

// The order of set-up decides whether anything can be missed: socket first, filter and
// subscriptions before the snapshot, the Up before the events that came meanwhile.
func TestUpComesFirst(t *testing.T) {
	srv := aritest.New()
	srv.SetEndpoint("PJSIP/a1001", ari.EndpointOnline)
	id := srv.Call(ari.Channel{CallerNumber: "13800138000", Dialled: "10010"}, "in", "10010")
	srv.On("GET /bridges", func(w http.ResponseWriter, _ *http.Request, next func(http.ResponseWriter)) {
		next(w)
		srv.Push(`{"type":"StasisEnd","timestamp":"2026-11-21T21:09:58.674+0000","channel":{"id":"x"}}`)
	})
	r := startWith(t, srv, func(o *ari.Options) {
		o.Watch = []string{"PJSIP/a1001", "PJSIP/nobody"}
		o.Subscribe = []string{"deviceState:PJSIP/a1001"}
	})
	up := next[*ari.Up](r)
	r.event(ari.StasisEnd)
	if up.Info.Version != "22.10.1" || up.Info.EntityID != aritest.EntityID || up.Gap != 0 || up.Restarted {
		t.Errorf("up %+v", up)
	}
	if up.Info.Started != time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC) {
		t.Errorf("started %v", up.Info.Started)
	}
	s := up.Snapshot
	if len(s.Channels) != 1 || s.Channels[0].ID != id || s.Channels[0].AppData != "hotline,in,10010" {
		t.Errorf("channels %+v", s.Channels)
	}
	if want := []ari.Endpoint{{Tech: "PJSIP", Resource: "a1001", State: "online", Channels: []string{}}}; !cmp.Equal(
		s.Endpoints, want) {
		t.Errorf("endpoints %+v", s.Endpoints)
	}
	want := []string{
		"GET /events", "GET /asterisk/info", "PUT /applications/hotline/eventFilter",
		"POST /applications/hotline/subscription", "GET /applications/hotline", "GET /channels", "GET /bridges",
		"GET /endpoints/PJSIP/a1001", "GET /endpoints/PJSIP/nobody", "POST /events/user/hotline-hears",
	}
	var got []string
	for _, q := range srv.Requests() {
		got = append(got, q.Method+" "+q.Path)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Trap: the library's reader takes the process down at the first event type that
// it does not know, such as those of later minor versions.
func TestUnknownEventIsSkipped(t *testing.T) {
	r := start(t)
	next[*ari.Up](r)
	r.srv.Emit(map[string]any{"type": "ChannelToneDetected"})
	r.srv.Emit(map[string]any{"type": "ChannelToneDetected"})
	r.srv.Emit(map[string]any{"type": "RESTResponse", "status_code": 200})
	r.srv.Emit(map[string]any{"type": "StasisEnd"})
	r.event(ari.StasisEnd)
	if s := r.client.Stats(); s.Unknown != 3 || s.Events != 4 || s.DecodeErrors != 0 {
		t.Errorf("stats %+v", s)
	}
	if n := r.logged.count("event of unknown type skipped"); n != 2 {
		t.Errorf("%d warnings, want one for each type", n)
	}
	if n := r.srv.Connections(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// Trap: the library redials when one field has an unexpected JSON type, which takes
// the application away from Asterisk meanwhile. We keep the connection, and because the
// event may have been the end of a call, the state is read anew.
func TestUnreadableEventIsMadeUpFor(t *testing.T) {
	for name, text := range map[string]string{
		"field type":  `{"type":"ChannelDestroyed","cause":"seventeen","channel":{"id":"x"}}`,
		"place type":  `{"type":"StasisEnd","channel":{"id":"x","dialplan":{"app_name":7}}}`,
		"bad time":    `{"type":"StasisEnd","timestamp":"yesterday","channel":{"id":"x"}}`,
		"no type":     `{"channel":{"id":"x"}}`,
		"no object":   `[1,2]`,
		"not JSON":    `{"type":`,
		"empty frame": ``,
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			next[*ari.Up](r)
			id := r.srv.Call(ari.Channel{}, "in")
			r.event(ari.StasisStart)
			r.srv.Push(text)
			resync := next[*ari.Resync](r)
			if resync.Lost != 1 || len(resync.Snapshot.Channels) != 1 || resync.Snapshot.Channels[0].ID != id {
				t.Errorf("resync %+v", resync)
			}
			r.ok(r.srv.HangUp(id, 16, 0))
			r.event(ari.ChannelHangupRequest)
			r.event(ari.StasisEnd)
			if s := r.client.Stats(); s.DecodeErrors != 1 || s.Resyncs != 1 {
				t.Errorf("stats %+v", s)
			}
			if n := r.srv.Connections(); n != 1 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// A frequent type that a new Asterisk sends in another form must not cost a snapshot per
// event: the first is made up for at once, the others together at the next ping.
func TestManyUnreadableEventsCostFewSnapshots(t *testing.T) {
	r := start(t, func(o *ari.Options) { o.PingEvery = 50 * time.Millisecond })
	next[*ari.Up](r)
	const n = 1000
	for range n {
		r.srv.Push(`{"type":"ChannelDestroyed","cause":"seventeen"}`)
	}
	lost, resyncs := 0, 0
	for ; lost < n; resyncs++ {
		lost += next[*ari.Resync](r).Lost
	}
	if lost != n || resyncs > n/10 {
		t.Errorf("%d events made up for by %d snapshots", lost, resyncs)
	}
	if k := r.logged.count("event not readable"); k == 0 || k > resyncs {
		t.Errorf("%d log lines", k)
	}
}

// Trap: the library never delivers events that name no channel or bridge. A
// controller that does not hear of its replacement goes on acting on calls of another.
func TestReplacedControllerStops(t *testing.T) {
	r := start(t)
	next[*ari.Up](r)
	r.srv.Replace()
	r.event(ari.ApplicationReplaced)
	if down := next[*ari.Down](r); !errors.Is(down.Cause, ari.ErrReplaced) {
		t.Errorf("cause %v", down.Cause)
	}
	if err := r.wait(); !errors.Is(err, ari.ErrReplaced) {
		t.Errorf("run gave %v", err)
	}
	before := len(r.srv.Requests())
	err := r.client.Hangup(r.ctx, "x", "")
	if !errors.Is(err, ari.ErrReplaced) {
		t.Errorf("hang up gave %v", err)
	}
	if n := len(r.srv.Requests()); n != before {
		t.Errorf("%d requests were sent after the take-over", n-before)
	}
	if _, err := r.client.Channels(r.ctx); err != nil {
		t.Errorf("a read is allowed: %v", err)
	}
}

// Trap: the library keeps 100 events for a slow consumer and drops the others
// without a word.
func TestBurstWithStalledConsumer(t *testing.T) {
	const n = 10_000
	r := start(t)
	next[*ari.Up](r)
	for i := range n {
		r.srv.Emit(map[string]any{"type": "ChannelDtmfReceived", "digit": fmt.Sprint(i)})
	}
	// The consumer wakes only when everything has arrived.
	r.ok(r.srv.WaitEmpty(r.ctx))
	for i := range n {
		if e := r.event(ari.ChannelDtmfReceived); e.Digit != fmt.Sprint(i) {
			t.Fatalf("event %s at place %d", e.Digit, i)
		}
	}
	if s := r.client.Stats(); s.Lost != 0 || s.Resyncs != 0 || r.srv.Connections() != 1 {
		t.Errorf("stats %+v", s)
	}
}

// A full queue is not silent: every event is delivered in order or counted in the Resync
// that stands at its place.
func TestOverflowIsMadeUpFor(t *testing.T) {
	const n, backlog = 10_000, 100
	r := start(t, func(o *ari.Options) { o.Backlog = backlog })
	next[*ari.Up](r)
	for i := range n {
		r.srv.Emit(map[string]any{"type": "ChannelDtmfReceived", "digit": fmt.Sprint(i)})
	}
	r.ok(r.srv.WaitEmpty(r.ctx))
	expect, resyncs := 0, 0
	for expect < n {
		switch m := (<-r.client.Messages()).(type) {
		case *ari.Event:
			if m.Digit != fmt.Sprint(expect) {
				t.Fatalf("event %s, want %d", m.Digit, expect)
			}
			expect++
		case *ari.Resync:
			expect += m.Lost
			resyncs++
		default:
			t.Fatalf("message %T", m)
		}
	}
	s := r.client.Stats()
	if resyncs == 0 || expect != n || s.Lost == 0 || s.Resyncs != uint64(resyncs) {
		t.Errorf("%d resyncs, %d events accounted for, stats %+v", resyncs, expect, s)
	}
	if r.srv.Connections() != 1 {
		t.Error("a slow consumer cost the connection")
	}
	r.srv.Emit(map[string]any{"type": "StasisEnd"})
	r.event(ari.StasisEnd)
}

// If the state cannot be read after an overflow, a new connection is the way to it.
func TestFailedResyncReconnects(t *testing.T) {
	r := start(t)
	next[*ari.Up](r)
	r.srv.On("GET /channels", aritest.Times(1, aritest.Fail(http.StatusInternalServerError, "no")))
	r.srv.Push("not an event")
	down := next[*ari.Down](r)
	if !errors.Is(down.Cause, ari.ErrServer) || !strings.Contains(down.Cause.Error(), "resync") {
		t.Errorf("cause %v", down.Cause)
	}
	if up := next[*ari.Up](r); up.Lost != 1 {
		t.Errorf("lost %d, want the event that could not be read", up.Lost)
	}
}

// Calls live on in Asterisk when the socket is gone. What happened meanwhile is in
// the snapshot, and events of the new connection come after it.
func TestDroppedSocketResyncs(t *testing.T) {
	r := start(t)
	next[*ari.Up](r)
	stays, goes := r.srv.Call(ari.Channel{}, "in"), r.srv.Call(ari.Channel{}, "in")
	r.event(ari.StasisStart)
	r.event(ari.StasisStart)
	r.srv.On("GET /asterisk/info", aritest.Times(1, func(
		w http.ResponseWriter, _ *http.Request, next func(http.ResponseWriter),
	) {
		r.srv.Emit(map[string]any{"type": "ChannelDtmfReceived", "digit": "5"})
		next(w)
	}))
	r.srv.SetDown(true)
	if down := next[*ari.Down](r); !errors.Is(down.Cause, ari.ErrUnreachable) {
		t.Errorf("cause %v", down.Cause)
	}
	r.ok(r.srv.HangUp(goes, 16, 0))
	// Several attempts fail; the consumer hears of one outage.
	attempts := len(r.srv.Requests())
	r.ok(r.srv.WaitRequests(r.ctx, attempts+3))
	r.srv.SetDown(false)
	up := next[*ari.Up](r)
	if up.Restarted || up.Gap <= 0 {
		t.Errorf("restarted %v, gap %v", up.Restarted, up.Gap)
	}
	if len(up.Snapshot.Channels) != 1 || up.Snapshot.Channels[0].ID != stays {
		t.Errorf("channels %+v", up.Snapshot.Channels)
	}
	if e := r.event(ari.ChannelDtmfReceived); e.Digit != "5" {
		t.Errorf("digit %s", e.Digit)
	}
	if s := r.client.Stats(); s.Reconnects != 1 || !s.Connected {
		t.Errorf("stats %+v", s)
	}
	if r.srv.Missed() == 0 {
		t.Error("the hang-up should have met no controller")
	}
}

// Asterisk's restart kills all calls without an event; only the new startup time tells.
func TestRestartIsSeen(t *testing.T) {
	r := start(t, func(o *ari.Options) { o.Subscribe = []string{"deviceState:PJSIP/a1001"} })
	first := next[*ari.Up](r)
	r.srv.Call(ari.Channel{}, "in")
	r.event(ari.StasisStart)
	r.srv.Restart(first.Info.Started.Add(time.Hour))
	next[*ari.Down](r)
	up := next[*ari.Up](r)
	if !up.Restarted || len(up.Snapshot.Channels) != 0 {
		t.Errorf("restarted %v, channels %d", up.Restarted, len(up.Snapshot.Channels))
	}
	// Subscriptions and filter are set again: Asterisk has forgotten them.
	if diff := cmp.Diff([]string{"PJSIP/a1001"}, up.Snapshot.App.Devices); diff != "" {
		t.Error(diff)
	}
	r.srv.Emit(map[string]any{"type": "ChannelVarset", "variable": "x", "value": "y"})
	r.srv.Emit(map[string]any{"type": "StasisEnd"})
	r.event(ari.StasisEnd)
	r.srv.Drop()
	next[*ari.Down](r)
	if again := next[*ari.Up](r); again.Restarted {
		t.Error("a reconnect to the same run was taken for a restart")
	}
}

// Trap: without pings a dead peer is found after about 150 s.
func TestMissingPongsReconnect(t *testing.T) {
	r := start(t, func(o *ari.Options) { o.PingEvery = 20 * time.Millisecond })
	next[*ari.Up](r)
	r.srv.SetPong(aritest.Never)
	if down := next[*ari.Down](r); !errors.Is(down.Cause, ari.ErrUnreachable) ||
		!strings.Contains(down.Cause.Error(), "pong") {
		t.Errorf("cause %v", down.Cause)
	}
	r.srv.SetPong(nil)
	for { // one more may fail that began before the pongs came back
		if up, ok := (<-r.client.Messages()).(*ari.Up); ok {
			if up.Gap < 20*time.Millisecond {
				t.Errorf("gap %v, want at least the time of the missing pongs", up.Gap)
			}
			break
		}
	}
	if s := r.client.Stats(); s.PingMisses < 2 {
		t.Errorf("stats %+v", s)
	}
}

// A single slow pong is no reason to lose the stream, however often it happens.
func TestOneMissedPongIsForgiven(t *testing.T) {
	srv := aritest.New()
	srv.SetPong(func(n int) bool { return n%2 == 0 })
	r := startWith(t, srv, func(o *ari.Options) { o.PingEvery = 20 * time.Millisecond })
	next[*ari.Up](r)
	r.ok(srv.WaitPings(r.ctx, 8))
	if s := r.client.Stats(); s.PingMisses < 3 || srv.Connections() != 1 {
		t.Errorf("%d connections, stats %+v", srv.Connections(), s)
	}
}

// Events that Asterisk could not write for a while come late, not never.
func TestStalledWritesArriveLater(t *testing.T) {
	r := start(t)
	next[*ari.Up](r)
	r.srv.Stall(true)
	id := r.srv.Call(ari.Channel{}, "in")
	if channels, err := r.client.Channels(r.ctx); err != nil || len(channels) != 1 {
		t.Errorf("channels %v, %v", channels, err)
	}
	if n := r.client.Stats().Events; n != 0 {
		t.Errorf("%d events came through", n)
	}
	r.srv.Stall(false)
	if e := r.event(ari.StasisStart); e.Channel.ID != id {
		t.Errorf("channel %s", e.Channel.ID)
	}
}

// A phone that was deleted from Asterisk must not keep the others, or the hotline, off.
func TestUnknownSourceIsLeftOut(t *testing.T) {
	srv := aritest.New()
	srv.SetEndpoint("PJSIP/a1001", ari.EndpointOffline)
	srv.SetEndpoint("PJSIP/a1003", ari.EndpointOffline)
	r := startWith(t, srv, func(o *ari.Options) {
		o.Subscribe = []string{"endpoint:PJSIP/a1001", "endpoint:PJSIP/a1002", "endpoint:PJSIP/a1003"}
	})
	up := next[*ari.Up](r)
	if diff := cmp.Diff([]string{"endpoint:PJSIP/a1002"}, up.Refused); diff != "" {
		t.Error(diff)
	}
	srv.SetEndpoint("PJSIP/a1003", ari.EndpointOnline)
	if e := r.event(ari.EndpointStateChange); e.Endpoint.Resource != "a1003" || e.Endpoint.State != "online" {
		t.Errorf("endpoint %+v", e.Endpoint)
	}
	if e := r.event(ari.PeerStatusChange); e.PeerStatus != "Reachable" {
		t.Errorf("peer %q", e.PeerStatus)
	}
}

func TestWrongPasswordIsTold(t *testing.T) {
	r := start(t, func(o *ari.Options) { o.Password = "wrong" })
	down := next[*ari.Down](r)
	var refusal *ari.Error
	if !errors.As(down.Cause, &refusal) || refusal.Status != http.StatusUnauthorized {
		t.Errorf("cause %v", down.Cause)
	}
	if strings.Contains(down.Cause.Error(), "wrong") {
		t.Errorf("the password stands in the error: %v", down.Cause)
	}
	r.ok(r.srv.WaitRequests(r.ctx, 5)) // it is tried again, the file may be corrected
}

// Several controllers that take the application in turn must not be confused with our
// own old connection: after a drop the old socket is closed before the new one opens.
func TestOwnReconnectIsNoTakeOver(t *testing.T) {
	r := start(t)
	next[*ari.Up](r)
	for range 20 {
		r.srv.Drop()
		next[*ari.Down](r)
		next[*ari.Up](r)
	}
}

func TestRunOnce(t *testing.T) {
	r := start(t)
	next[*ari.Up](r)
	if err := r.client.Run(r.ctx); !errors.Is(err, ari.ErrRunning) {
		t.Errorf("second run gave %v", err)
	}
	r.stop()
	if err := r.wait(); err != nil {
		t.Errorf("run gave %v", err)
	}
}

// Run ends at once although the consumer never reads and Asterisk does not answer.
func TestStopWhileSettingUp(t *testing.T) {
	srv := aritest.New()
	srv.On("GET /asterisk/info", aritest.Hang())
	r := startWith(t, srv)
	r.ok(srv.WaitRequest(r.ctx, http.MethodGet, "/asterisk/info", 1))
	r.stop()
	if err := <-r.ended; err != nil {
		t.Errorf("run gave %v", err)
	}
	r.ended <- nil
}
