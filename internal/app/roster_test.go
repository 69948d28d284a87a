package app

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/acd"
	"hotline/ari"
	"hotline/call"
	"hotline/web"
)

var t0 = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// told notes what the engine is told.
type told []acd.Command

func (c *told) Submit(cmd acd.Command) error { *c = append(*c, cmd); return nil }

// TestS18AgentFollowsHisPhone: signed in by registration, out by its loss; an agent who
// signed out by himself stays out though his phone is there, and comes back on his word.
func TestS18AgentFollowsHisPhone(t *testing.T) {
	var engine told
	r := newRoster(&engine, map[call.AgentID]string{"ann": "PJSIP/a1001"}, slog.New(slog.DiscardHandler))
	device := func(state string) {
		r.event(&ari.Event{Device: &ari.Device{Name: "PJSIP/a1001", State: state}})
	}
	r.seen(ari.Endpoint{Tech: "PJSIP", Resource: "a1001", State: ari.EndpointOffline})
	var wrong web.Problem
	if err := r.ask(t.Context(), "ann", call.Ready, ""); !errors.As(err, &wrong) || wrong.Field != "state" {
		t.Errorf("ready without a phone: %v, want a refusal of the field state", err)
	}
	device("NOT_INUSE")
	device("INUSE")
	device("NOT_INUSE")
	if err := r.ask(t.Context(), "ann", call.Break, "lunch"); err != nil {
		t.Error(err)
	}
	if err := r.ask(t.Context(), "ann", call.Offline, "home"); err != nil {
		t.Error(err)
	}
	device("INUSE")
	if err := r.ask(t.Context(), "ann", call.Ready, ""); err != nil {
		t.Error(err)
	}
	device("UNAVAILABLE")
	device("UNAVAILABLE")
	r.event(&ari.Event{Device: &ari.Device{Name: "PJSIP/stranger", State: "NOT_INUSE"}})
	r.event(&ari.Event{})
	if err := r.ask(t.Context(), "bob", call.Ready, ""); !errors.Is(err, web.ErrUnknownAgent) {
		t.Errorf("unknown agent: %v", err)
	}
	want := told{
		acd.SignOut{Agent: "ann", Reason: "phone unregistered"},
		acd.SignIn{Agent: "ann"},
		acd.TakeBreak{Agent: "ann", Reason: "lunch"},
		acd.SignOut{Agent: "ann", Reason: "home"},
		acd.SignIn{Agent: "ann"},
		acd.GoReady{Agent: "ann"},
		acd.WrapUpDone{Agent: "ann"},
		acd.SignOut{Agent: "ann", Reason: "phone unregistered"},
	}
	if diff := cmp.Diff(want, engine); diff != "" {
		t.Errorf("the engine was told (-want +got):\n%s", diff)
	}
}
