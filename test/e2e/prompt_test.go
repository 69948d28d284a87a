package e2e

import (
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/configs/prompts"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

// TestS10GreetingOfTheHourIsHeard: the greeting of the present hour is played to its end
// before the caller is queued, and the wait is counted from there.
func TestS10GreetingOfTheHourIsHeard(t *testing.T) {
	h := house.Open(t, 1, func(c *configs.Config) {
		c.Lines[0].Greetings = []configs.Greeting{{From: 0, To: configs.EndOfDay, Prompt: "greeting-night"}}
	})
	h.Agent(0, steady)
	leg := h.Call(phonesim.CallOptions{From: house.Number(0), Talk: time.Second})
	h.Over(leg)
	s := house.Stories(t, h.Settle(), h.Sim.Ledger())[house.Number(0)]
	raw, err := prompts.Sound("zh-CN", "greeting-night")
	if err != nil {
		t.Fatal(err)
	}
	length := time.Duration(len(raw)) * time.Second / 8000
	greeted := s.One(t, call.Queued).At.Sub(s.One(t, call.Arrived).At)
	if d := (greeted - length).Abs(); d > 300*time.Millisecond {
		t.Errorf("queued %v after the arrival, the greeting lasts %v", greeted, length)
	}
	if wait := s.One(t, call.Answered).Wait; wait > 1000 {
		t.Errorf("the wait of %d ms holds the greeting", wait)
	}
	if heard := s.Caller.Heard[0].First.Sub(s.Caller.Answered); heard < length {
		t.Errorf("the agent is heard after %v, within the greeting", heard)
	}
	h.CompareRecording(s)
}

// TestPeers12AnnouncementGivesWay: an agent becomes ready in the middle of an announcement
// and picks up: both hear each other at once, not when the words are over.
func TestPeers12AnnouncementGivesWay(t *testing.T) {
	h := house.Open(t, 1, func(c *configs.Config) { c.Queues[0].Announcement = "please-wait" })
	ahead := uint16(60000) // see ADR 0010
	h.Agent(0, func(phonesim.Offer) phonesim.Action {
		a := phonesim.Answer(50*time.Millisecond, 0)
		a.FirstNumber = &ahead
		return a
	})
	id := call.AgentID(h.Asterisk.Agents[0].Name)
	set := func(state call.AgentState, reason string) {
		if err := h.App.SetAgent(t.Context(), id, state, reason); err != nil {
			t.Fatal(err)
		}
	}
	set(call.Break, "lunch")
	leg := h.Call(phonesim.CallOptions{From: house.Number(0), Talk: 2 * time.Second})
	pass(t, 4*time.Second) // the announcement begins after three
	set(call.Ready, "")
	h.Over(leg)
	s := house.Stories(t, h.Settle(), h.Sim.Ledger())[house.Number(0)]
	house.CompareCall(t, s)
	h.CompareRecording(s)
	if d := s.Caller.Heard[0].First.Sub(s.Offers[0].Answered); d > 300*time.Millisecond {
		t.Errorf("the agent is heard %v after he picked up: the announcement stood in the way", d)
	}
}

// TestS22AgentIsRecordedBehindPrompts: whatever RTP numbers an agent's telephone begins with,
// his voice is in the recording behind a greeting.
func TestS22AgentIsRecordedBehindPrompts(t *testing.T) {
	h := house.Open(t, 1, func(c *configs.Config) { c.Lines[0].Greeting = "greeting-night" })
	numbers := []uint16{1, 20000, 40000, 65000}
	next := 0
	h.Agent(0, func(phonesim.Offer) phonesim.Action {
		a := phonesim.Answer(100*time.Millisecond, 0)
		a.FirstNumber = &numbers[next%len(numbers)]
		next++
		return a
	})
	legs := make([]*phonesim.Leg, len(numbers))
	for i := range numbers {
		legs[i] = h.Call(phonesim.CallOptions{From: house.Number(i), Talk: time.Second})
	}
	h.Over(legs...)
	for _, s := range house.Stories(t, h.Settle(), h.Sim.Ledger()) {
		h.CompareRecording(s)
	}
}
