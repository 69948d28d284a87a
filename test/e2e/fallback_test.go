package e2e

import (
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

// TestPeers10FallbackWhileDown: no controller is there when five callers come. Asterisk's
// own queue gives two to the agents, one who waits and one whose turn never came hang up,
// and one is still waiting when the controller is back: he is taken up with the wait that
// he has. An agent who talks meanwhile is not rung. Afterwards every call is in ledger,
// figures and recordings, to the call and 50 ms.
func TestPeers10FallbackWhileDown(t *testing.T) {
	h := house.Open(t, 2, func(c *configs.Config) { c.Queues[0].RingFor = 3 * time.Second })
	h.Agent(0, steady)
	h.Agent(1, steady)
	if err := h.StopApp(t.Context()); err != nil {
		t.Fatal(err)
	}
	ring := func(i int, talk, patience time.Duration) *phonesim.Leg {
		return h.Call(phonesim.CallOptions{From: house.Number(i), Talk: talk, Patience: patience})
	}
	long, short := ring(0, 15*time.Second, 0), ring(1, 6*time.Second, 0)
	early := ring(2, time.Second, 2*time.Second)
	h.Heard(long)
	h.Heard(short)
	gaveUp, stays := ring(3, time.Second, 7*time.Second), ring(4, time.Second, 0)
	h.Over(early, short)
	if err := h.StartApp(t.Context()); err != nil {
		t.Fatal(err)
	}
	talks := talksWith(h, long)
	h.Until("the agent who talks is held", func() bool { return h.State(talks) == call.Offline })
	late := ring(5, time.Second, 0)
	h.Over(gaveUp, stays, late)
	if s := h.State(talks); s != call.Offline {
		t.Errorf("%s talks in a call that began without a controller and is %s", talks, s)
	}
	h.Over(long)
	h.Until("his work after the call begins", func() bool { return h.State(talks) == call.WrapUp })
	events := h.Settle()
	all := house.Stories(t, events, h.Sim.Ledger())
	for i := range 6 {
		s := all[house.Number(i)]
		house.CompareCall(t, s)
		h.CompareRecording(s)
		if got, want := s.One(t, call.Arrived).Fallback, i < 5; got != want {
			t.Errorf("call %d: arrived without a controller: %v, want %v", i, got, want)
		}
	}
	for i, want := range []int{1, 1, 0, 0, 0, 0} {
		n := 0
		for _, e := range all[house.Number(i)].Kinds[call.TalkEnded] {
			if e.Fallback {
				n++
			}
		}
		if n != want {
			t.Errorf("call %d: %d talks without a controller, want %d", i, n, want)
		}
	}
	if f := h.CompareFigures(events); f.Offered != 6 || f.Answered != 4 || f.Abandoned+f.Short != 2 {
		t.Errorf("figures: %+v", f)
	}
}

// talksWith is the agent whom a caller hears.
func talksWith(h *house.House, leg *phonesim.Leg) call.AgentID {
	h.T.Helper()
	heard := leg.Record().Heard
	for _, r := range h.Sim.Ledger() {
		if r.Role == phonesim.RoleAgent && len(heard) > 0 && r.Tone == heard[0].Tone {
			return call.AgentID(r.Party)
		}
	}
	h.T.Fatalf("nobody is heard by %s", leg.Record().Party)
	return ""
}
