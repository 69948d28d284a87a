package e2e

import (
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

// steady answers soon and leaves the end to the caller.
func steady(phonesim.Offer) phonesim.Action { return phonesim.Answer(200*time.Millisecond, 0) }

// pass waits for so much real time while phones talk. It is no synchronisation: the time
// itself is what the test is about.
func pass(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}

// TestPeers10SocketDropInMidCall: the connection to Asterisk breaks while three callers
// talk and one waits. The talks and the recordings go on. During the gap one talk ends and
// one caller in the queue gives up, which no event tells; afterwards ledger, counters and
// recordings agree with the phones all the same.
func TestPeers10SocketDropInMidCall(t *testing.T) {
	var line *proxy
	h := house.Open(t, 3, func(c *configs.Config) {
		line = newProxy(t, strings.TrimPrefix(c.Asterisk.URL, "http://"))
		c.Asterisk.URL = "http://" + line.addr()
	})
	for i := range 3 {
		h.Agent(i, steady)
	}
	stays := h.Call(phonesim.CallOptions{From: house.Number(0), Talk: 14 * time.Second})
	ends := h.Call(phonesim.CallOptions{From: house.Number(1), Talk: 4 * time.Second})
	also := h.Call(phonesim.CallOptions{From: house.Number(2), Talk: 14 * time.Second})
	for _, l := range []*phonesim.Leg{stays, ends, also} {
		h.Heard(l)
	}
	waits := h.Call(phonesim.CallOptions{From: house.Number(3), Patience: 5 * time.Second})
	h.Until("the fourth caller waits", func() bool { return len(h.Live().Calls) == 4 })
	line.setCut(true)
	h.Until("the loss is seen", func() bool { return !h.Live().Health.OK })
	h.Over(ends, waits)
	pass(t, time.Second)
	line.setCut(false)
	h.Until("the hotline is back", func() bool { return h.Live().Health.OK })
	later := h.Call(phonesim.CallOptions{From: house.Number(4), Talk: time.Second})
	h.Over(stays, also, later)
	events := h.Settle()
	all := house.Stories(t, events, h.Sim.Ledger())
	for _, n := range []int{0, 2, 4} {
		house.CompareCall(t, all[house.Number(n)])
		h.CompareRecording(all[house.Number(n)])
	}
	unseen(h, all[house.Number(1)], call.ClassAnswered)
	unseen(h, all[house.Number(3)], call.ClassAbandoned)
	for _, l := range []*phonesim.Leg{stays, also} {
		if r := l.Record(); r.RTP.MaxGap > 200*time.Millisecond {
			t.Errorf("%s heard nothing for %v", r.Party, r.RTP.MaxGap)
		}
	}
	if f := h.CompareFigures(events); f.Offered != 5 || f.Answered != 4 || f.Abandoned+f.Short != 1 {
		t.Errorf("figures: %+v", f)
	}
	gaps := 0
	for _, e := range events {
		if e.Kind == call.StreamGap {
			gaps++
		}
	}
	if gaps != 1 {
		t.Errorf("%d gaps in the ledger, want one", gaps)
	}
}

// unseen checks a call whose end no event told: it is over in the ledger, as lost, and its
// recording is there and whole.
func unseen(h *house.House, s *house.Story, want call.Class) {
	h.T.Helper()
	end := s.One(h.T, call.Ended)
	if end.Ending.Class != want || end.Ending.Reason != call.Lost {
		h.T.Errorf("call of %s ended %v, want %s/lost", s.Caller.Party, end.Ending, want)
	}
	h.CompareRecording(s)
}

// TestRedisRestartInMidCall: Redis dies while callers talk, without a copy of its data, and
// comes back. Nothing waits for it, and its counters equal the ledger's report afterwards.
func TestRedisRestartInMidCall(t *testing.T) {
	h := house.Open(t, 2, nil)
	for i := range 2 {
		h.Agent(i, steady)
	}
	h.Over(h.Call(phonesim.CallOptions{From: house.Number(0), Talk: time.Second}))
	talks := h.Call(phonesim.CallOptions{From: house.Number(1), Talk: 9 * time.Second})
	h.Heard(talks)
	if err := h.Redis.Kill(); err != nil {
		t.Fatal(err)
	}
	h.Until("the loss is seen", func() bool { return !h.Live().Health.OK })
	during := h.Call(phonesim.CallOptions{From: house.Number(2), Talk: 2 * time.Second})
	h.Over(during)
	if err := h.Redis.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Over(talks)
	events := h.Settle()
	for _, s := range house.Stories(t, events, h.Sim.Ledger()) {
		house.CompareCall(t, s)
		h.CompareRecording(s)
	}
	if f := h.CompareFigures(events); f.Offered != 3 || f.Answered != 3 {
		t.Errorf("figures: %+v", f)
	}
}

// TestPeers02PhoneLosesRegistration: an agent whose phone is gone is signed out before a
// caller is offered to him, and signed in when it is back.
func TestPeers02PhoneLosesRegistration(t *testing.T) {
	h := house.Open(t, 2, nil)
	first, id := h.Agent(0, steady), call.AgentID(h.Asterisk.Agents[0].Name)
	h.Agent(1, steady)
	if err := first.Unregister(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Until("the agent is signed out", func() bool { return h.State(id) == call.Offline })
	for i := range 2 {
		h.Over(h.Call(phonesim.CallOptions{From: house.Number(i), Talk: time.Second}))
	}
	if err := first.Register(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Until("the agent is signed in", func() bool { return h.State(id) == call.Ready })
	for _, e := range h.Settle() {
		if e.Kind == call.Offered && e.Agent == id {
			t.Errorf("%s was offered a call while his phone was gone", id)
		}
	}
}

// TestPeers10RestartInMidTalk: the hotline stops and starts while two people talk, a second
// phone rings and a third caller waits. The talk goes on, the phone rings on and is not rung
// twice, who waited keeps his place, and afterwards ledger, counters and recordings agree
// with the phones.
func TestPeers10RestartInMidTalk(t *testing.T) {
	h := house.Open(t, 2, func(c *configs.Config) { c.Queues[0].RingFor = 6 * time.Second })
	h.Agent(0, steady)
	h.Agent(1, func(phonesim.Offer) phonesim.Action { return phonesim.Answer(3*time.Second, 0) })
	talks := h.Call(phonesim.CallOptions{From: house.Number(0), Talk: 8 * time.Second})
	h.Heard(talks)
	rings := h.Call(phonesim.CallOptions{From: house.Number(1), Talk: 2 * time.Second})
	second := call.AgentID(h.Asterisk.Agents[1].Name)
	h.Until("the second phone rings", func() bool { return h.State(second) == call.Ringing })
	waits := h.Call(phonesim.CallOptions{From: house.Number(2), Talk: 2 * time.Second})
	h.Until("the third caller waits", func() bool { return len(h.Live().Calls) == 3 })
	if err := h.StopApp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.StartApp(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Over(talks, rings, waits)
	events := h.Settle()
	for _, s := range house.Stories(t, events, h.Sim.Ledger()) {
		house.CompareCall(t, s)
		h.CompareRecording(s)
		if r := s.Caller.RTP; r.MaxGap > time.Second {
			t.Errorf("%s heard nothing for %v", s.Caller.Party, r.MaxGap)
		}
	}
	if f := h.CompareFigures(events); f.Offered != 3 || f.Answered != 3 || f.Handled != 3 {
		t.Errorf("figures: %+v", f)
	}
}
