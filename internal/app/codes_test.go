package app

import (
	"errors"
	"testing"

	"hotline/call"
	"hotline/callflow"
	"hotline/configs"
)

func TestS18StateOfADigit(t *testing.T) {
	a := desked(t)
	a.cfg.Breaks = []string{"用餐", "培训"}
	for digit, want := range map[int]struct {
		state  call.AgentState
		reason string
	}{0: {call.Ready, ""}, 1: {call.Break, "用餐"}, 2: {call.Break, "培训"}, 3: {"", ""}, 9: {"", ""}} {
		state, reason, err := a.stateOf(digit)
		if state != want.state || reason != want.reason || (err == nil) != (want.state != "") {
			t.Errorf("%d: %q %q %v", digit, state, reason, err)
		}
	}
}

// An agent is known by his endpoint, and by nothing that he could dial or say.
func TestPhoneIsKnownByItsEndpoint(t *testing.T) {
	a := desked(t)
	a.cfg.Agents = []configs.Agent{{ID: "ann", Endpoint: "PJSIP/a1"}, {ID: "bob", Endpoint: "PJSIP/a1-b"}}
	for channel, want := range map[string]call.AgentID{
		"PJSIP/a1-00000001": "ann", "PJSIP/a1-b-00000002": "bob", "PJSIP/a11-00000003": "", "PJSIP/trunk-00000004": "",
	} {
		if got, known := a.agentAt(channel); got != want || known != (want != "") {
			t.Errorf("%s is %q", channel, got)
		}
	}
}

func TestCounterFindsWhomAnAgentDials(t *testing.T) {
	c := counter{desked(t)}
	if to, err := c.Number("bob", "2001"); err != nil || to.Agent != "ann" {
		t.Errorf("an extension: %+v %v", to, err)
	}
	to, err := c.Number("bob", "110")
	if err != nil || to.Number != "110" || len(c.dialer.slots) != 1 {
		t.Errorf("a number outside: %+v %v", to, err)
	}
	if c.Back("bob", to); len(c.dialer.slots) != 0 {
		t.Error("not given back")
	}
	if _, err := c.Number("bob", "120"); !errors.Is(err, callflow.ErrTarget) {
		t.Errorf("a number that is not allowed: %v", err)
	}
}
