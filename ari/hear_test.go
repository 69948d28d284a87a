package ari_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"hotline/ari"
	"hotline/ari/aritest"
)

// TestPeers10DeafConnection: Asterisk takes the application from a client whose connection
// stands and whose pings are answered. The client notices and connects anew, whether the
// application has gone with it or is held by a call.
func TestPeers10DeafConnection(t *testing.T) {
	for name, calls := range map[string]int{"nothing in the application": 0, "a call in it": 1} {
		t.Run(name, func(t *testing.T) {
			r := start(t, func(o *ari.Options) { o.PingEvery = 20 * time.Millisecond })
			next[*ari.Up](r)
			for range calls {
				r.srv.Call(ari.Channel{}, "in")
				r.event(ari.StasisStart)
			}
			r.srv.Deafen()
			if down := next[*ari.Down](r); !errors.Is(down.Cause, ari.ErrDeaf) {
				t.Errorf("down because of %v, want ErrDeaf", down.Cause)
			}
			if up := next[*ari.Up](r); len(up.Snapshot.Channels) != calls {
				t.Errorf("channels %v", up.Snapshot.Channels)
			}
			r.srv.Call(ari.Channel{}, "in")
			r.event(ari.StasisStart)
		})
	}
}

// TestPeers10DeafFromTheStart: a connection that hears nothing is not called up.
func TestPeers10DeafFromTheStart(t *testing.T) {
	srv := aritest.New()
	deaf := aritest.Hook(func(w http.ResponseWriter, _ *http.Request, next func(http.ResponseWriter)) {
		next(w)
		srv.Deafen()
	})
	srv.On("GET /bridges", aritest.Times(2, deaf))
	r := startWith(t, srv)
	if down := next[*ari.Down](r); !errors.Is(down.Cause, ari.ErrDeaf) {
		t.Errorf("down because of %v, want ErrDeaf", down.Cause)
	}
	next[*ari.Up](r)
	if n := srv.Connections(); n != 3 {
		t.Errorf("%d connections, want 3", n)
	}
}

// TestEventOfOurOwnThatFails: an Asterisk that refuses or cannot send the event is no reason
// to give up a connection whose pings are answered.
func TestEventOfOurOwnThatFails(t *testing.T) {
	srv := aritest.New()
	srv.On("POST /events/user/{name}", aritest.Fail(http.StatusInternalServerError, "Internal Server Error"))
	r := startWith(t, srv, func(o *ari.Options) { o.PingEvery = 10 * time.Millisecond })
	next[*ari.Up](r)
	r.ok(srv.WaitPings(r.ctx, 8))
	if s := r.client.Stats(); s.PingMisses > 0 || srv.Connections() != 1 {
		t.Errorf("%d connections, stats %+v", srv.Connections(), s)
	}
}
