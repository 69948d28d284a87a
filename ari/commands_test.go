package ari_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/ari"
	"hotline/ari/aritest"
)

// idle is a client without a stream, for commands alone.
func idle(t *testing.T, change ...func(*ari.Options)) *rig {
	t.Helper()
	return newRig(t, aritest.New(), change...)
}

// Trap: the library waits for an answer without limit.
func TestHangingCommandTimesOut(t *testing.T) {
	r := idle(t, func(o *ari.Options) { o.CommandTimeout = 30 * time.Millisecond })
	r.srv.On("POST /channels/{id}/answer", aritest.Hang())
	id := r.srv.Call(ari.Channel{})
	err := r.client.Answer(r.ctx, id)
	if !errors.Is(err, ari.ErrTimeout) || errors.Is(err, ari.ErrUnreachable) {
		t.Errorf("answer gave %v", err)
	}
	r.srv.On("DELETE /channels/{id}", aritest.Hang())
	if err := r.client.Hangup(r.ctx, id, ""); !errors.Is(err, ari.ErrTimeout) {
		t.Errorf("hang up gave %v", err)
	}
	if n := len(r.srv.Requests()); n != 2 {
		t.Errorf("%d requests: one that timed out must not be repeated", n)
	}
	if s := r.client.Stats(); s.Commands[ari.OutcomeTimeout] != 2 {
		t.Errorf("stats %+v", s)
	}
}

func TestCallerMayGiveUp(t *testing.T) {
	r := idle(t)
	r.srv.On("GET /channels", aritest.Hang())
	ctx, cancel := context.WithCancel(r.ctx)
	done := make(chan error, 1)
	go func() {
		_, err := r.client.Channels(ctx)
		done <- err
	}()
	r.ok(r.srv.WaitRequest(r.ctx, http.MethodGet, "/channels", 1))
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || errors.Is(err, ari.ErrTimeout) {
		t.Errorf("channels gave %v", err)
	}
}

// An answer that is lost after Asterisk has done its work: the command is repeated, and
// "exists already" then means success.
func TestCreateAfterLostAnswer(t *testing.T) {
	r := idle(t)
	r.srv.SetEndpoint("PJSIP/a1001", ari.EndpointOnline)
	r.srv.On("POST /channels/create", aritest.Times(1, aritest.BreakAfter()))
	r.srv.On("POST /bridges", aritest.Times(1, aritest.BreakAfter()))
	p := ari.CreateParams{
		Endpoint: "PJSIP/a1001", ChannelID: "hl-1", AppArgs: []string{"agent", "c1"}, Formats: []string{"alaw"},
		Variables: map[string]string{"HL_CALL": "c1"},
	}
	ch, err := r.client.CreateChannel(r.ctx, p)
	if err != nil || ch.ID != "hl-1" || ch.State != ari.ChannelDown || ch.AppData != "hotline,agent,c1" {
		t.Errorf("create gave %+v, %v", ch, err)
	}
	r.ok(r.client.CreateBridge(r.ctx, "b1", "mixing", ""))
	if v, err := r.client.GetVariable(r.ctx, "hl-1", "HL_CALL"); v != "c1" || err != nil {
		t.Errorf("variable %q, %v", v, err)
	}
	// Without a lost answer the id belongs to somebody else.
	if _, err := r.client.CreateChannel(r.ctx, p); !errors.Is(err, ari.ErrConflict) {
		t.Errorf("second create gave %v", err)
	}
	if channels, _ := r.client.Channels(r.ctx); len(channels) != 1 {
		t.Errorf("%d channels", len(channels))
	}
}

// Only what does no harm twice is sent twice. A second playback with the same id is
// played after the first, a second addChannel makes the channel leave and enter.
func TestWhatIsRepeated(t *testing.T) {
	type command func(*rig) error
	for name, c := range map[string]struct {
		route  string
		send   command
		repeat bool
	}{
		"hang up": {"DELETE /channels/{id}", func(r *rig) error { return r.client.Hangup(r.ctx, "c", "") }, true},
		"get":     {"GET /channels", func(r *rig) error { _, err := r.client.Channels(r.ctx); return err }, true},
		"bridge": {
			"POST /bridges", func(r *rig) error { return r.client.CreateBridge(r.ctx, "new", "mixing", "") }, true,
		},
		"stop music": {"DELETE /channels/{id}/moh", func(r *rig) error {
			return r.client.StopMusic(r.ctx, "c")
		}, true},
		"music": {"POST /channels/{id}/moh", func(r *rig) error {
			return r.client.StartMusic(r.ctx, "c", "")
		}, false},
		"play": {"POST /channels/{id}/play/{playback}", func(r *rig) error {
			return r.client.PlayOnChannel(r.ctx, "c", "p", "", "sound:x")
		}, false},
		"add": {"POST /bridges/{id}/addChannel", func(r *rig) error {
			return r.client.AddChannel(r.ctx, "b", "c")
		}, false},
		"remove": {"POST /bridges/{id}/removeChannel", func(r *rig) error {
			return r.client.RemoveChannel(r.ctx, "b", "c")
		}, true},
		"digits": {"POST /channels/{id}/dtmf", func(r *rig) error {
			return r.client.SendDTMF(r.ctx, "c", "1", 0)
		}, false},
		"continue": {"POST /channels/{id}/continue", func(r *rig) error {
			return r.client.Continue(r.ctx, "c", "", "", 0)
		}, false},
		"dial":   {"POST /channels/{id}/dial", func(r *rig) error { return r.client.Dial(r.ctx, "c", "", 0) }, false},
		"answer": {"POST /channels/{id}/answer", func(r *rig) error { return r.client.Answer(r.ctx, "c") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := idle(t)
			r.srv.Call(ari.Channel{ID: "c", State: ari.ChannelDown})
			r.srv.AddBridge(ari.Bridge{ID: "b"})
			r.srv.On(c.route, aritest.Times(1, aritest.BreakBefore()))
			err := c.send(r)
			if c.repeat && err != nil {
				t.Errorf("gave %v", err)
			}
			if !c.repeat && (!errors.Is(err, ari.ErrUnreachable) || len(r.srv.Requests()) != 1) {
				t.Errorf("gave %v after %d requests", err, len(r.srv.Requests()))
			}
		})
	}
}

// POST /channels/create starts the channel's thread before it answers, so the event
// may be here first and must not be missed.
func TestStasisStartBeforeReply(t *testing.T) {
	r := start(t)
	next[*ari.Up](r)
	r.srv.SetEndpoint("PJSIP/a1001", ari.EndpointOnline)
	release := make(chan struct{})
	r.srv.On("POST /channels/create", aritest.HoldUntil(release))
	done := make(chan error, 1)
	go func() {
		_, err := r.client.CreateChannel(r.ctx, ari.CreateParams{Endpoint: "PJSIP/a1001", ChannelID: "hl-1"})
		done <- err
	}()
	if e := r.event(ari.StasisStart); e.Channel.ID != "hl-1" {
		t.Errorf("channel %s", e.Channel.ID)
	}
	select {
	case err := <-done:
		t.Errorf("the command returned before its answer: %v", err)
	default:
	}
	close(release)
	if err := <-done; err != nil {
		t.Errorf("create gave %v", err)
	}
}

// A channel that replaces another by transfer has a StasisStart too, without arguments; it
// is no new caller.
func TestReplacingChannelIsMarked(t *testing.T) {
	r := start(t)
	next[*ari.Up](r)
	id := r.srv.Call(ari.Channel{}, "in")
	if e := r.event(ari.StasisStart); e.Replaces != nil || len(e.Args) != 1 {
		t.Errorf("first %+v", e)
	}
	r.ok(r.srv.TransferIn(ari.Channel{ID: "new"}, id))
	e := r.event(ari.StasisStart)
	if e.Replaces == nil || e.Replaces.ID != id || e.Channel.ID != "new" || len(e.Args) != 0 {
		t.Errorf("second %+v", e)
	}
}

// An end may be told twice, for example with an endpoint subscription. Both are handed
// on; ending what is gone is a success.
func TestEndToldTwice(t *testing.T) {
	r := start(t)
	next[*ari.Up](r)
	r.srv.SetEndpoint("PJSIP/a1001", ari.EndpointOnline)
	_, err := r.client.CreateChannel(r.ctx, ari.CreateParams{Endpoint: "PJSIP/a1001", ChannelID: "leg"})
	r.ok(err)
	r.event(ari.StasisStart)
	r.ok(r.client.Dial(r.ctx, "leg", "", 15*time.Second))
	r.event(ari.Dial)
	r.event(ari.ChannelStateChange)
	r.event(ari.Dial)
	r.ok(r.srv.HangUp("leg", 21, 603))
	r.event(ari.ChannelHangupRequest)
	r.event(ari.StasisEnd)
	e := r.event(ari.ChannelDestroyed)
	if e.Cause != 21 || e.TechCause != 603 || e.CauseText != "Call Rejected" {
		t.Errorf("end %+v", e)
	}
	r.srv.Emit(map[string]any{"type": "ChannelDestroyed", "cause": 21, "channel": aritest.ChannelJSON(*e.Channel)})
	r.event(ari.ChannelDestroyed)
	r.ok(r.client.Hangup(r.ctx, "leg", "answered_elsewhere"))
	if _, err := r.client.Channel(r.ctx, "leg"); !errors.Is(err, ari.ErrGone) {
		t.Errorf("channel gave %v", err)
	}
}

// Trap: the library throws Asterisk's words away and cannot tell 404 from a broken
// network.
func TestErrorsTellWhatHappened(t *testing.T) {
	all := []error{
		ari.ErrGone, ari.ErrConflict, ari.ErrState, ari.ErrRejected, ari.ErrServer, ari.ErrTimeout, ari.ErrUnreachable,
	}
	for _, c := range []struct {
		status int
		want   error
		text   string
	}{
		{404, ari.ErrGone, "Channel not found"},
		{409, ari.ErrConflict, "Channel not in Stasis application"},
		{412, ari.ErrState, "Channel in invalid state"},
		{400, ari.ErrRejected, "Invalid parameter"},
		{422, ari.ErrRejected, "Event source does not exist"},
		{500, ari.ErrServer, "Allocation failed"},
		{503, ari.ErrServer, "Message bus error"},
	} {
		r := idle(t)
		r.srv.On("POST /channels/{id}/answer", aritest.Fail(c.status, c.text))
		err := r.client.Answer(r.ctx, "c1")
		for _, kind := range all {
			if errors.Is(err, kind) != errors.Is(c.want, kind) {
				t.Errorf("%d: is %v = %v", c.status, kind, errors.Is(err, kind))
			}
		}
		var e *ari.Error
		if !errors.As(err, &e) || e.Status != c.status || e.Message != c.text || e.Op != "answer" {
			t.Errorf("%d: %+v", c.status, e)
		}
		if !strings.Contains(err.Error(), c.text) {
			t.Errorf("%d: %v", c.status, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	r := idle(t)
	r.srv.Close()
	if _, err := r.client.Info(r.ctx); !errors.Is(err, ari.ErrUnreachable) {
		t.Errorf("info gave %v", err)
	}
}

// Trap: the library does not escape queries. Asterisk reads '+' as a blank in paths
// and queries alike.
func TestIdsAndValuesAreEscaped(t *testing.T) {
	const id, value = "a+b c/d%?#&=中", "x+y z&variable=other%中"
	r := idle(t)
	r.srv.Call(ari.Channel{ID: id})
	r.ok(r.client.SetVariable(r.ctx, id, "V", value))
	if got, err := r.client.GetVariable(r.ctx, id, "V"); got != value || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	r.srv.AddBridge(ari.Bridge{ID: id})
	r.ok(r.client.AddChannel(r.ctx, id, id))
	if b, _ := r.srv.Bridge(id); !cmp.Equal(b.Channels, []string{id}) {
		t.Errorf("bridge %+v", b)
	}
}

// Trap: the library opens a connection per command, and Asterisk allows 100.
func TestConnectionsAreReused(t *testing.T) {
	r := idle(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				_, _ = r.client.Channel(r.ctx, "nobody") // a refusal, with a body to drain
				_ = r.client.CreateBridge(r.ctx, "b", "mixing", "")
			}
		})
	}
	wg.Wait()
	remotes := make(map[string]bool)
	for _, q := range r.srv.Requests() {
		remotes[q.Remote] = true
	}
	if len(remotes) > 8 {
		t.Errorf("%d connections for 4 callers", len(remotes))
	}
}

func TestWholeCallThroughCommands(t *testing.T) {
	r := start(t)
	next[*ari.Up](r)
	r.srv.SetEndpoint("PJSIP/a1001", ari.EndpointOnline)
	caller := r.srv.Call(ari.Channel{CallerNumber: "13800138000"}, "in", "10010")
	r.event(ari.StasisStart)
	r.ok(r.client.Subscribe(r.ctx, "channel:"+caller))
	r.ok(r.client.Answer(r.ctx, caller))
	r.ok(r.client.StartMusic(r.ctx, caller, ""))
	if !r.srv.Music(caller) {
		r.t.Error("no music on the channel")
	}
	r.ok(r.client.StopMusic(r.ctx, caller))
	if r.srv.Music(caller) {
		r.t.Error("the music goes on")
	}
	r.ok(r.client.CreateBridge(r.ctx, "b1", "mixing,dtmf_events", "call"))
	r.ok(r.client.CreateBridge(r.ctx, "b1", "mixing,dtmf_events", "call"))
	r.ok(r.client.AddChannel(r.ctx, "b1", caller))
	if e := r.event(ari.ChannelEnteredBridge); e.Bridge.ID != "b1" || !cmp.Equal(e.Bridge.Channels, []string{caller}) {
		t.Errorf("entered %+v", e.Bridge)
	}
	r.ok(r.client.PlayOnChannel(r.ctx, caller, "p1", "zh", "sound:hotline/welcome"))
	if e := r.event(ari.PlaybackStarted); e.Playback.ID != "p1" || e.Playback.Target != "channel:"+caller {
		t.Errorf("playback %+v", e.Playback)
	}
	r.ok(r.srv.FinishPlayback("p1"))
	r.event(ari.PlaybackFinished)
	r.ok(r.client.StopPlayback(r.ctx, "p1"))
	_, err := r.client.CreateChannel(r.ctx, ari.CreateParams{
		Endpoint: "PJSIP/a1001", ChannelID: "leg", Originator: caller,
	})
	r.ok(err)
	r.event(ari.StasisStart)
	r.ok(r.client.Dial(r.ctx, "leg", caller, 1500*time.Millisecond))
	if e := r.event(ari.Dial); e.Peer.ID != "leg" || e.Channel.ID != caller {
		t.Errorf("dial %+v", e)
	}
	r.event(ari.ChannelStateChange)
	r.event(ari.Dial)
	r.ok(r.srv.Pickup("leg"))
	r.event(ari.ChannelStateChange)
	if e := r.event(ari.Dial); e.DialStatus != "ANSWER" {
		t.Errorf("dial %+v", e)
	}
	r.ok(r.client.AddChannel(r.ctx, "b1", "leg"))
	r.event(ari.ChannelEnteredBridge)
	r.ok(r.client.RemoveChannel(r.ctx, "b1", "leg"))
	r.event(ari.ChannelLeftBridge)
	r.ok(r.client.Hangup(r.ctx, caller, "normal"))
	r.event(ari.ChannelHangupRequest)
	r.event(ari.ChannelLeftBridge)
	r.event(ari.StasisEnd)
	r.event(ari.ChannelDestroyed)
	r.ok(r.client.DeleteBridge(r.ctx, "b1"))
	r.event(ari.BridgeDestroyed)
	r.ok(r.client.DeleteBridge(r.ctx, "b1"))
	timeouts := ""
	for _, q := range r.srv.Requests() {
		if q.Path == "/channels/leg/dial" {
			timeouts += q.Query.Get("timeout")
		}
	}
	if timeouts != "2" {
		t.Errorf("dialled for %q seconds, want 1.5 rounded up", timeouts)
	}
}

func TestReads(t *testing.T) {
	r := idle(t)
	r.srv.SetEndpoint("PJSIP/a1001", ari.EndpointOnline)
	r.srv.Call(ari.Channel{ID: "c", CallerNumber: "1", CallerName: "n", Dialled: "10010", Context: "ctx"}, "in")
	r.srv.AddBridge(ari.Bridge{ID: "b", Name: "n", Type: "mixing", Creator: "Stasis", Channels: []string{"x"}})
	ch, err := r.client.Channel(r.ctx, "c")
	r.ok(err)
	if ch.CallerNumber != "1" || ch.CallerName != "n" || ch.Dialled != "10010" || ch.Context != "ctx" ||
		ch.App != "Stasis" || ch.Created.IsZero() || ch.Created.Location() != time.UTC {
		t.Errorf("channel %+v", ch)
	}
	bridges, err := r.client.Bridges(r.ctx)
	r.ok(err)
	want := []ari.Bridge{{ID: "b", Name: "n", Type: "mixing", Creator: "Stasis", Channels: []string{"x"}}}
	if diff := cmp.Diff(want, bridges); diff != "" {
		t.Error(diff)
	}
	e, err := r.client.Endpoint(r.ctx, "PJSIP", "a1001")
	r.ok(err)
	if e.State != ari.EndpointOnline {
		t.Errorf("endpoint %+v", e)
	}
	modules, err := r.client.Modules(r.ctx)
	r.ok(err)
	if len(modules) != 1 || modules[0] != (ari.Module{Name: "res_ari.so", Status: "Running"}) {
		t.Errorf("modules %+v", modules)
	}
	app, err := r.client.Application(r.ctx)
	r.ok(err)
	if app.Name != "hotline" || !cmp.Equal(app.Channels, []string{"c"}) || !cmp.Equal(app.Bridges, []string{"b"}) {
		t.Errorf("application %+v", app)
	}
}

func TestUnregisteredPhoneIsAServerFailure(t *testing.T) {
	r := idle(t)
	r.srv.SetEndpoint("PJSIP/a1001", ari.EndpointOffline)
	_, err := r.client.CreateChannel(r.ctx, ari.CreateParams{Endpoint: "PJSIP/a1001", ChannelID: "leg"})
	if !errors.Is(err, ari.ErrServer) || len(r.srv.Requests()) != 1 {
		t.Errorf("gave %v after %d requests", err, len(r.srv.Requests()))
	}
}

func TestParametersAreChecked(t *testing.T) {
	r := idle(t)
	for name, p := range map[string]ari.CreateParams{
		"no endpoint": {ChannelID: "x"},
		"no id":       {Endpoint: "PJSIP/a"},
		"long id":     {Endpoint: "PJSIP/a", ChannelID: strings.Repeat("x", 150)},
		"both codecs": {Endpoint: "PJSIP/a", ChannelID: "x", Originator: "c", Formats: []string{"alaw"}},
		"comma":       {Endpoint: "PJSIP/a", ChannelID: "x", AppArgs: []string{"a,b"}},
	} {
		if _, err := r.client.CreateChannel(r.ctx, p); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := r.client.CreateBridge(r.ctx, "", "mixing", ""); err == nil {
		t.Error("bridge without id: accepted")
	}
	if err := r.client.PlayOnChannel(r.ctx, "c", "p", ""); err == nil {
		t.Error("playback without media: accepted")
	}
	if n := len(r.srv.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// Commands from many goroutines while the stream comes and goes: for the race detector.
func TestCommandsWhileReconnecting(t *testing.T) {
	r := start(t)
	next[*ari.Up](r)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				id := r.srv.Call(ari.Channel{}, "in")
				_ = r.client.Hangup(r.ctx, id, "")
				_ = r.client.Stats()
			}
		})
	}
	stop := make(chan struct{})
	go func() {
		wg.Wait()
		close(stop)
	}()
	for drops := 0; ; {
		select {
		case <-stop:
			return
		case m := <-r.client.Messages():
			if _, ok := m.(*ari.Up); ok || drops == 0 {
				drops++
				r.srv.Drop()
			}
		}
	}
}
