package ari_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hotline/ari"
	"hotline/internal/phonesim"
	"hotline/internal/testbed"
)

// The same client against a real Asterisk: what the scripted one claims must be true.
func TestRealAsterisk(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a real Asterisk")
	}
	a := testbed.RunAsterisk(t, testbed.Options{Agents: testbed.Agents(2)})
	t.Run("call", func(t *testing.T) { realCall(startReal(t, a)) })
	t.Run("digits", func(t *testing.T) { realDigits(startReal(t, a)) })
	t.Run("phones", func(t *testing.T) { realPhones(startReal(t, a)) })
	t.Run("refusals", func(t *testing.T) { realRefusals(startReal(t, a)) })
	t.Run("lost socket", func(t *testing.T) { realLostSocket(startReal(t, a)) })
	t.Run("take-over", func(t *testing.T) { realTakeOver(startReal(t, a)) })
	t.Run("silent peer", func(t *testing.T) { realSilentPeer(startReal(t, a)) })
	t.Run("restart", func(t *testing.T) { realRestart(startReal(t, a)) })
}

// real is a client connected to a real Asterisk through a cable that can be cut.
type real struct {
	*rig

	asterisk *testbed.Asterisk
	cable    *cable
	up       *ari.Up
	options  ari.Options
}

func startReal(t *testing.T, a *testbed.Asterisk) *real {
	t.Helper()
	base, err := url.Parse(a.ARIURL)
	if err != nil {
		t.Fatal(err)
	}
	c := newCable(t, base.Host)
	base.Host = c.listener.Addr().String()
	o := ari.Options{
		URL: base.String(), User: a.ARIUser, Password: a.ARIPassword, App: a.App,
		Watch:     []string{"PJSIP/a1001"},
		Subscribe: []string{"deviceState:PJSIP/a1001", "endpoint:PJSIP/nobody", "endpoint:PJSIP/a1002"},
		PingEvery: 200 * time.Millisecond, BackoffMin: 10 * time.Millisecond, BackoffMax: 200 * time.Millisecond,
	}
	client, err := ari.New(o)
	if err != nil {
		t.Fatal(err)
	}
	r := &real{
		rig: &rig{t: t, client: client, ended: make(chan error, 1)}, asterisk: a, cable: c, options: o,
	}
	r.ctx, r.stop = context.WithTimeout(t.Context(), time.Minute)
	go func() { r.ended <- client.Run(r.ctx) }()
	t.Cleanup(func() {
		r.stop()
		if err := r.wait(); err != nil && !errors.Is(err, ari.ErrReplaced) {
			t.Errorf("run ended with %v", err)
		}
		// Asterisk takes the application from whoever connects in the moment in which it tidies
		// up behind a socket that was closed. The client connects again then, but these tests
		// expect one Up. Nothing tells when that moment is over.
		<-time.After(100 * time.Millisecond)
	})
	r.up = next[*ari.Up](r.rig)
	return r
}

// until reads messages up to the event of that type for that channel, and fails at
// anything that is no event.
func (r *real) until(want ari.EventType, id string) *ari.Event {
	r.t.Helper()
	for {
		e := next[*ari.Event](r.rig)
		if e.Type == want && (e.Channel != nil && e.Channel.ID == id || e.Peer != nil && e.Peer.ID == id ||
			e.Playback != nil && e.Playback.ID == id) {
			return e
		}
	}
}

// dialIn makes a call to the hotline: the first half is an agent's leg of ours, the other
// a caller that the dialplan brings into the application.
func (r *real) dialIn(id string) (leg, caller string) {
	r.t.Helper()
	leg, caller = id+"+leg 1", id+"-caller"
	ch, err := r.client.CreateChannel(r.ctx, ari.CreateParams{
		Endpoint: "Local/10010@hotline", ChannelID: leg, OtherChannelID: caller,
		AppArgs: []string{"agent", "a b"}, Variables: map[string]string{"HL_CALL": "c+1 中"},
	})
	r.ok(err)
	if ch.ID != leg || ch.State != ari.ChannelDown {
		r.t.Errorf("created %+v", ch)
	}
	start := r.until(ari.StasisStart, leg)
	if !slices.Equal(start.Args, []string{"agent", "a b"}) || time.Since(start.At) > time.Minute ||
		start.At.Nanosecond()%int(time.Millisecond) != 0 || start.Node != r.up.Info.EntityID {
		r.t.Errorf("start %+v", start)
	}
	r.ok(r.client.Dial(r.ctx, leg, "", 10*time.Second))
	start = r.until(ari.StasisStart, caller)
	if len(start.Args) < 2 || start.Args[0] != "in" || start.Args[1] != "10010" || start.Channel.Dialled != "10010" {
		r.t.Errorf("caller's start %+v", start)
	}
	return leg, caller
}

func realCall(r *real) {
	if !strings.HasPrefix(r.up.Info.Version, "22.") || r.up.Info.Started.IsZero() || r.up.Restarted {
		r.t.Errorf("up %+v", r.up)
	}
	if len(r.up.Snapshot.Endpoints) != 1 || r.up.Snapshot.Endpoints[0].State != ari.EndpointOffline {
		r.t.Errorf("endpoints %+v", r.up.Snapshot.Endpoints)
	}
	if !slices.Equal(r.up.Refused, []string{"endpoint:PJSIP/nobody"}) {
		r.t.Errorf("refused %v", r.up.Refused)
	}
	leg, caller := r.dialIn("call")
	for name, want := range map[string]string{"HL_CALL": "c+1 中", "Q": "x+y z&variable=o%"} {
		if name == "Q" {
			r.ok(r.client.SetVariable(r.ctx, leg, name, want))
		}
		if got, err := r.client.GetVariable(r.ctx, leg, name); got != want || err != nil {
			r.t.Errorf("%s = %q, %v", name, got, err)
		}
	}
	r.ok(r.client.CreateBridge(r.ctx, "b 1+", "mixing,dtmf_events", "n"))
	r.ok(r.client.CreateBridge(r.ctx, "b 1+", "mixing,dtmf_events", "n"))
	r.ok(r.client.AddChannel(r.ctx, "b 1+", leg))
	r.until(ari.ChannelEnteredBridge, leg)
	r.ok(r.client.StartMusic(r.ctx, leg, ""))
	r.ok(r.client.StopMusic(r.ctx, leg))
	r.ok(r.client.StopMusic(r.ctx, leg))
	r.ok(r.client.PlayOnChannel(r.ctx, leg, "p1", "zh", "tone:ring"))
	if e := r.until(ari.PlaybackStarted, "p1"); e.Playback.Target != "channel:"+leg {
		r.t.Errorf("playback %+v", e.Playback)
	}
	r.ok(r.client.StopPlayback(r.ctx, "p1"))
	r.until(ari.PlaybackFinished, "p1")
	r.ok(r.client.StopPlayback(r.ctx, "p1"))
	r.ok(r.client.RemoveChannel(r.ctx, "b 1+", leg))
	r.until(ari.ChannelLeftBridge, leg)
	for _, gone := range [][2]string{{"b 1+", leg}, {"b 1+", "nobody"}, {"nothing", leg}} {
		r.ok(r.client.RemoveChannel(r.ctx, gone[0], gone[1]))
	}
	r.realEnds(leg, caller)
	r.ok(r.client.DeleteBridge(r.ctx, "b 1+"))
	r.ok(r.client.DeleteBridge(r.ctx, "b 1+"))
	if s := r.client.Stats(); s.Unknown != 0 || s.DecodeErrors != 0 {
		r.t.Errorf("stats %+v", s)
	}
}

// realDigits presses keys towards the caller, who is told of to the application as if his
// far end had pressed them, in a bridge and outside; then the leg goes back to the dialplan.
func realDigits(r *real) {
	leg, caller := r.dialIn("digits")
	hears := func(want string, each time.Duration) {
		r.t.Helper()
		for _, digit := range want {
			e := r.until(ari.ChannelDtmfReceived, caller)
			if e.Digit != string(digit) || e.Duration < each || e.Duration > each+200*time.Millisecond {
				r.t.Errorf("digit %q of %v, want %q of %v", e.Digit, e.Duration, digit, each)
			}
		}
	}
	r.ok(r.client.SendDTMF(r.ctx, leg, "1#", 0))
	hears("1#", 100*time.Millisecond)
	r.ok(r.client.CreateBridge(r.ctx, "digits", "mixing", ""))
	r.ok(r.client.AddChannel(r.ctx, "digits", caller))
	r.until(ari.ChannelEnteredBridge, caller)
	r.ok(r.client.SendDTMF(r.ctx, leg, "*D", 160*time.Millisecond))
	hears("*D", 160*time.Millisecond)
	if err := r.client.SendDTMF(r.ctx, "nobody", "1", 0); !errors.Is(err, ari.ErrGone) {
		r.t.Errorf("digits to nobody: %v", err)
	}
	r.ok(r.client.PlayOnChannel(r.ctx, caller, "p2", "", "sound:no-such-sound"))
	if e := r.until(ari.PlaybackFinished, "p2"); e.Playback.State != "failed" || e.Playback.Target != "channel:"+caller {
		r.t.Errorf("playback %+v", e.Playback)
	}
	r.ok(r.client.Continue(r.ctx, caller, "hotline", "10010", 0))
	r.until(ari.ChannelLeftBridge, caller)
	if start := r.until(ari.StasisStart, caller); start.Channel.Dialled != "10010" {
		r.t.Errorf("back again as %+v", start.Channel)
	}
	if err := r.client.Continue(r.ctx, "nobody", "", "", 0); !errors.Is(err, ari.ErrGone) {
		r.t.Errorf("continue nobody: %v", err)
	}
	r.ok(r.client.DeleteBridge(r.ctx, "digits"))
	r.ok(r.client.Hangup(r.ctx, caller, ""))
	r.until(ari.ChannelDestroyed, leg)
}

// realEnds hangs both halves up: the one of the dialplan ends with StasisEnd alone, ours
// with ChannelDestroyed.
func (r *real) realEnds(leg, caller string) {
	r.t.Helper()
	r.ok(r.client.Hangup(r.ctx, caller, "busy"))
	for ended := false; ; {
		e := next[*ari.Event](r.rig)
		if e.Channel == nil {
			continue
		}
		switch {
		case e.Type == ari.StasisEnd && e.Channel.ID == caller:
			ended = true
		case e.Type == ari.ChannelDestroyed && e.Channel.ID == caller:
			r.t.Error("the caller's ChannelDestroyed came without a subscription")
		case e.Type == ari.ChannelDestroyed && e.Channel.ID == leg:
			if e.Cause != 17 || e.CauseText == "" || !ended {
				r.t.Errorf("end %+v, the caller's came before: %v", e, ended)
			}
			r.ok(r.client.Hangup(r.ctx, leg, ""))
			r.ok(r.client.Hangup(r.ctx, caller, ""))
			return
		}
	}
}

// realPhones learns of registrations and of a declined call, once for the phone whose
// device is subscribed and twice for the one whose endpoint is.
func realPhones(r *real) {
	sim, err := phonesim.New(phonesim.Options{})
	r.ok(err)
	r.t.Cleanup(func() { r.ok(sim.Close(context.WithoutCancel(r.ctx))) })
	for i, ends := range []int{1, 2} {
		account := r.asterisk.Agents[i]
		phone, err := sim.NewAgent(r.ctx, phonesim.AgentOptions{
			User: account.Name, Password: account.Password, Registrar: r.asterisk.AgentAddr,
			Behave: func(phonesim.Offer) phonesim.Action { return phonesim.Reject(0, 603) },
		})
		r.ok(err)
		r.reachable(account.Name, true)
		endpoint, err := r.client.Endpoint(r.ctx, "PJSIP", account.Name)
		if err != nil || endpoint.State != ari.EndpointOnline {
			r.t.Errorf("endpoint %+v, %v", endpoint, err)
		}
		leg := "leg-" + account.Name
		_, err = r.client.CreateChannel(r.ctx, ari.CreateParams{Endpoint: "PJSIP/" + account.Name, ChannelID: leg})
		r.ok(err)
		r.until(ari.StasisStart, leg) // before it Asterisk refuses to dial
		r.ok(r.client.Dial(r.ctx, leg, "", 5*time.Second))
		for range ends {
			if e := r.until(ari.ChannelDestroyed, leg); e.Cause != 21 || e.TechCause != 603 {
				r.t.Errorf("end %+v", e)
			}
		}
		r.ok(phone.Unregister(r.ctx))
		r.reachable(account.Name, false)
	}
}

// reachable waits for the event that tells of a phone, by device or by endpoint.
func (r *real) reachable(phone string, want bool) {
	r.t.Helper()
	for {
		e := next[*ari.Event](r.rig)
		switch {
		case e.Device != nil && e.Device.Name == "PJSIP/"+phone:
			if want == (e.Device.State != "UNAVAILABLE") {
				return
			}
		case e.Type == ari.EndpointStateChange && e.Endpoint.Resource == phone:
			if want == (e.Endpoint.State == ari.EndpointOnline) {
				return
			}
		}
	}
}

func realRefusals(r *real) {
	_, err := r.client.CreateChannel(r.ctx, ari.CreateParams{Endpoint: "PJSIP/a1001", ChannelID: "unregistered"})
	if !errors.Is(err, ari.ErrServer) {
		r.t.Errorf("unregistered phone: %v", err)
	}
	leg, caller := r.dialIn("refused")
	p := ari.CreateParams{Endpoint: "Local/10010@hotline", ChannelID: leg}
	if _, err := r.client.CreateChannel(r.ctx, p); !errors.Is(err, ari.ErrConflict) {
		r.t.Errorf("id twice: %v", err)
	}
	for what, c := range map[string]struct{ err, want error }{
		"dial an answered leg": {r.client.Dial(r.ctx, leg, "", 0), ari.ErrConflict},
		"answer nobody":        {r.client.Answer(r.ctx, "nobody"), ari.ErrGone},
		"bridge of nobody":     {r.client.AddChannel(r.ctx, "nobody", leg), ari.ErrGone},
		"hang up for nothing":  {r.client.Hangup(r.ctx, leg, "because"), ari.ErrRejected},
		"unknown source":       {r.client.Subscribe(r.ctx, "channel:nobody"), ari.ErrRejected},
	} {
		var e *ari.Error
		if !errors.Is(c.err, c.want) || !errors.As(c.err, &e) || e.Message == "" {
			r.t.Errorf("%s: %v", what, c.err)
		}
	}
	if _, err := r.client.Endpoint(r.ctx, "PJSIP", "nobody"); !errors.Is(err, ari.ErrGone) {
		r.t.Errorf("endpoint: %v", err)
	}
	modules, err := r.client.Modules(r.ctx)
	r.ok(err)
	if !slices.Contains(modules, ari.Module{Name: "bridge_holding.so", Status: "Running"}) {
		r.t.Error("bridge_holding.so is not loaded: dial would answer 204 and dial nobody")
	}
	// With a subscription of its own the caller's end is told in full.
	r.ok(r.client.Subscribe(r.ctx, "channel:"+caller))
	r.ok(r.client.Hangup(r.ctx, caller, ""))
	r.until(ari.ChannelDestroyed, caller)
	r.ok(r.client.Hangup(r.ctx, leg, ""))
}

func realLostSocket(r *real) {
	leg, caller := r.dialIn("cut")
	r.ok(r.client.CreateBridge(r.ctx, "cut", "mixing", ""))
	r.ok(r.client.AddChannel(r.ctx, "cut", leg))
	r.until(ari.ChannelEnteredBridge, leg)
	r.cable.cut()
	for {
		m := next[ari.Message](r.rig)
		if _, ok := m.(*ari.Down); ok {
			break
		}
	}
	up := next[*ari.Up](r.rig)
	app := up.Snapshot.App
	if up.Restarted || up.Gap <= 0 || !slices.Contains(app.Channels, leg) || !slices.Contains(app.Channels, caller) ||
		!slices.Contains(app.Bridges, "cut") {
		r.t.Errorf("restarted %v, gap %v, application %+v", up.Restarted, up.Gap, app)
	}
	for _, b := range up.Snapshot.Bridges {
		if b.ID == "cut" && !slices.Equal(b.Channels, []string{leg}) {
			r.t.Errorf("bridge %+v", b)
		}
	}
	for _, ch := range up.Snapshot.Channels {
		if !strings.HasPrefix(ch.AppData, r.options.App+",") {
			r.t.Errorf("channel %+v does not tell whose it is", ch)
		}
	}
	r.ok(r.client.Hangup(r.ctx, leg, ""))
	r.until(ari.ChannelDestroyed, leg)
	r.ok(r.client.Hangup(r.ctx, caller, ""))
	r.ok(r.client.DeleteBridge(r.ctx, "cut"))
}

func realTakeOver(r *real) {
	other := startReal(r.t, r.asterisk)
	for {
		m := next[ari.Message](r.rig)
		if down, ok := m.(*ari.Down); ok {
			if !errors.Is(down.Cause, ari.ErrReplaced) {
				r.t.Errorf("cause %v", down.Cause)
			}
			break
		}
	}
	if err := r.wait(); !errors.Is(err, ari.ErrReplaced) {
		r.t.Errorf("run gave %v", err)
	}
	if err := r.client.CreateBridge(r.ctx, "nobody", "mixing", ""); !errors.Is(err, ari.ErrReplaced) {
		r.t.Errorf("command gave %v", err)
	}
	leg, caller := other.dialIn("taken")
	other.ok(other.client.Hangup(other.ctx, caller, ""))
	other.until(ari.ChannelDestroyed, leg)
}

// A process that is stopped keeps its sockets open; only the missing pongs tell.
func realSilentPeer(r *real) {
	r.ok(r.asterisk.Signal(syscall.SIGSTOP))
	r.t.Cleanup(func() { _ = r.asterisk.Signal(syscall.SIGCONT) }) // it may be gone
	down := next[*ari.Down](r.rig)
	if !errors.Is(down.Cause, ari.ErrUnreachable) {
		r.t.Errorf("cause %v", down.Cause)
	}
	r.ok(r.asterisk.Signal(syscall.SIGCONT))
	if up := next[*ari.Up](r.rig); up.Restarted || up.Gap < r.options.PingEvery {
		r.t.Errorf("restarted %v, gap %v", up.Restarted, up.Gap)
	}
}

func realRestart(r *real) {
	r.dialIn("dead")
	r.ok(r.asterisk.Kill())
	r.ok(r.asterisk.Restart(r.ctx))
	for {
		if up, ok := next[ari.Message](r.rig).(*ari.Up); ok {
			if !up.Restarted || len(up.Snapshot.Channels) != 0 {
				r.t.Errorf("restarted %v, channels %+v", up.Restarted, up.Snapshot.Channels)
			}
			break
		}
	}
	leg, _ := r.dialIn("alive")
	r.ok(r.client.Hangup(r.ctx, leg, ""))
}

// cable passes bytes between a listener of its own and an address.
type cable struct {
	listener net.Listener
	target   string
	workers  sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

func newCable(t *testing.T, target string) *cable {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{listener: listener, target: target}
	c.workers.Go(c.accept)
	t.Cleanup(func() {
		_ = listener.Close() // at the end of the test
		c.cut()
		c.workers.Wait()
	})
	return c
}

func (c *cable) accept() {
	for {
		near, err := c.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", c.target)
		if err != nil {
			_ = near.Close() // refused
			continue
		}
		c.mu.Lock()
		c.conns = append(c.conns, near, far)
		c.mu.Unlock()
		c.workers.Go(func() { pass(near, far) })
		c.workers.Go(func() { pass(far, near) })
	}
}

func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from) // ends with either side
	_ = to.Close()           // so that the other side ends too
}

// cut closes every connection through the cable; new ones pass.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close() // closing is all that is wanted
	}
	c.conns = nil
}
