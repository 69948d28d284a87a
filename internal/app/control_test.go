package app

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"hotline/acd"
	"hotline/callflow"
	"hotline/configs"
	"hotline/recorder"
	"hotline/web"
)

// desked is an app that can tell targets and nothing else.
func desked(t *testing.T) *App {
	t.Helper()
	c := configs.Default()
	c.Agents = []configs.Agent{{ID: "ann", Extension: "2001"}, {ID: "bob"}}
	c.Queues = []configs.Queue{{ID: "complaints"}, {ID: "seniors", Extension: "7001"}}
	c.Dialing.Allow = []configs.Pattern{"110"}
	calls, err := callflow.NewManager(callflow.Options{
		Phone: &phone{}, ACD: &told{}, Recording: &recorder.Recorder{}, Ledger: &App{},
	})
	if err != nil {
		t.Fatal(err)
	}
	a := &App{cfg: c, calls: calls}
	a.dialer = newDialer(c, a.outsideLegs)
	return a
}

func TestS16TargetsOfATransfer(t *testing.T) {
	a := desked(t)
	for _, c := range []struct {
		ask   web.Target
		want  callflow.Target
		field string
	}{
		{web.Target{Agent: "bob"}, callflow.Target{Agent: "bob"}, ""},
		{web.Target{Agent: "2001"}, callflow.Target{Agent: "ann"}, ""},
		{web.Target{Agent: "cy"}, callflow.Target{}, "target.agent"},
		{web.Target{Queue: "seniors"}, callflow.Target{Queue: "seniors"}, ""},
		{web.Target{Queue: "7001", Level: "manager"}, callflow.Target{Queue: "seniors", Level: 3}, ""},
		{web.Target{Queue: "nobody"}, callflow.Target{}, "target.queue"},
		{web.Target{Queue: "seniors", Level: "boss"}, callflow.Target{}, "target.level"},
		{web.Target{Number: "2001"}, callflow.Target{Agent: "ann"}, ""},
		{web.Target{Number: "7001"}, callflow.Target{Queue: "seniors"}, ""},
		{web.Target{Number: "110"}, callflow.Target{Number: "110"}, ""},
		{web.Target{Number: "120"}, callflow.Target{}, "target.number"},
	} {
		got, err := a.target("c1", "ann", c.ask)
		var p web.Problem
		if errors.As(err, &p); p.Field != c.field || (err == nil) != (c.field == "") || err == nil && got != c.want {
			t.Errorf("%+v: %+v, %v", c.ask, got, err)
		}
	}
}

func TestControlSaysWhyNot(t *testing.T) {
	a := desked(t)
	if err := a.Control(t.Context(), "c1", web.Control{Agent: "cy", Do: "hold"}); !errors.Is(err, web.ErrUnknownAgent) {
		t.Errorf("an agent who is not known: %v", err)
	}
	to := web.Control{Agent: "ann", Do: "transfer", Target: &web.Target{Number: "110"}}
	if err := a.Control(t.Context(), "c1", to); statusOf(err) != http.StatusNotFound {
		t.Errorf("a call that is not known: %v", err)
	}
	if len(a.dialer.slots) != 0 || len(a.dialer.recent["ann"]) != 0 {
		t.Error("a transfer that was refused counts as a call outside")
	}
	for err, want := range map[error]int{
		callflow.ErrNotInCall: http.StatusConflict, callflow.ErrNotNow: http.StatusConflict,
		callflow.ErrTarget: http.StatusUnprocessableEntity, acd.ErrOverloaded: 0,
	} {
		if got := statusOf(problemOf(fmt.Errorf("hold: %w", err))); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}

func statusOf(err error) int {
	var p web.Problem
	errors.As(err, &p)
	return p.Status
}
