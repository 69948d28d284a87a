package e2e

import (
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
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
	h := open(t, 3, func(c *configs.Config) {
		line = newProxy(t, strings.TrimPrefix(c.Asterisk.URL, "http://"))
		c.Asterisk.URL = "http://" + line.addr()
	})
	for i := range 3 {
		h.agent(i, steady)
	}
	stays := h.call(phonesim.CallOptions{From: number(0), Talk: 14 * time.Second})
	ends := h.call(phonesim.CallOptions{From: number(1), Talk: 4 * time.Second})
	also := h.call(phonesim.CallOptions{From: number(2), Talk: 14 * time.Second})
	for _, l := range []*phonesim.Leg{stays, ends, also} {
		h.heard(l)
	}
	waits := h.call(phonesim.CallOptions{From: number(3), Patience: 5 * time.Second})
	h.until("the fourth caller waits", func() bool { return len(h.live().Calls) == 4 })
	line.setCut(true)
	h.until("the loss is seen", func() bool { return !h.live().Health.OK })
	h.over(ends, waits)
	pass(t, time.Second)
	line.setCut(false)
	h.until("the hotline is back", func() bool { return h.live().Health.OK })
	later := h.call(phonesim.CallOptions{From: number(4), Talk: time.Second})
	h.over(stays, also, later)
	events := h.settle()
	all := stories(t, events, h.sim.Ledger())
	for _, n := range []int{0, 2, 4} {
		compareCall(t, all[number(n)])
		h.compareRecording(all[number(n)])
	}
	h.unseen(all[number(1)], call.ClassAnswered)
	h.unseen(all[number(3)], call.ClassAbandoned)
	for _, l := range []*phonesim.Leg{stays, also} {
		if r := l.Record(); r.RTP.MaxGap > 200*time.Millisecond {
			t.Errorf("%s heard nothing for %v", r.Party, r.RTP.MaxGap)
		}
	}
	if f := h.compareFigures(events); f.Offered != 5 || f.Answered != 4 || f.Abandoned+f.Short != 1 {
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
func (h *house) unseen(s *story, want call.Class) {
	h.t.Helper()
	end := s.one(h.t, call.Ended)
	if end.Ending.Class != want || end.Ending.Reason != call.Lost {
		h.t.Errorf("call of %s ended %v, want %s/lost", s.caller.Party, end.Ending, want)
	}
	h.compareRecording(s)
}

// TestRedisRestartInMidCall: Redis dies while callers talk, without a copy of its data, and
// comes back. Nothing waits for it, and its counters equal the ledger's report afterwards.
func TestRedisRestartInMidCall(t *testing.T) {
	h := open(t, 2, nil)
	for i := range 2 {
		h.agent(i, steady)
	}
	h.over(h.call(phonesim.CallOptions{From: number(0), Talk: time.Second}))
	talks := h.call(phonesim.CallOptions{From: number(1), Talk: 9 * time.Second})
	h.heard(talks)
	if err := h.Redis.Kill(); err != nil {
		t.Fatal(err)
	}
	h.until("the loss is seen", func() bool { return !h.live().Health.OK })
	during := h.call(phonesim.CallOptions{From: number(2), Talk: 2 * time.Second})
	h.over(during)
	if err := h.Redis.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.over(talks)
	events := h.settle()
	for _, s := range stories(t, events, h.sim.Ledger()) {
		compareCall(t, s)
		h.compareRecording(s)
	}
	if f := h.compareFigures(events); f.Offered != 3 || f.Answered != 3 {
		t.Errorf("figures: %+v", f)
	}
}

// TestPeers02PhoneLosesRegistration: an agent whose phone is gone is signed out before a
// caller is offered to him, and signed in when it is back.
func TestPeers02PhoneLosesRegistration(t *testing.T) {
	h := open(t, 2, nil)
	first, id := h.agent(0, steady), call.AgentID(h.Asterisk.Agents[0].Name)
	h.agent(1, steady)
	if err := first.Unregister(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.until("the agent is signed out", func() bool { return h.state(id) == call.Offline })
	for i := range 2 {
		h.over(h.call(phonesim.CallOptions{From: number(i), Talk: time.Second}))
	}
	if err := first.Register(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.until("the agent is signed in", func() bool { return h.state(id) == call.Ready })
	for _, e := range h.settle() {
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
	h := open(t, 2, func(c *configs.Config) { c.Queues[0].RingFor = 6 * time.Second })
	h.agent(0, steady)
	h.agent(1, func(phonesim.Offer) phonesim.Action { return phonesim.Answer(3*time.Second, 0) })
	talks := h.call(phonesim.CallOptions{From: number(0), Talk: 8 * time.Second})
	h.heard(talks)
	rings := h.call(phonesim.CallOptions{From: number(1), Talk: 2 * time.Second})
	second := call.AgentID(h.Asterisk.Agents[1].Name)
	h.until("the second phone rings", func() bool { return h.state(second) == call.Ringing })
	waits := h.call(phonesim.CallOptions{From: number(2), Talk: 2 * time.Second})
	h.until("the third caller waits", func() bool { return len(h.live().Calls) == 3 })
	if err := h.StopApp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.StartApp(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.over(talks, rings, waits)
	events := h.settle()
	for _, s := range stories(t, events, h.sim.Ledger()) {
		compareCall(t, s)
		h.compareRecording(s)
		if r := s.caller.RTP; r.MaxGap > time.Second {
			t.Errorf("%s heard nothing for %v", s.caller.Party, r.MaxGap)
		}
	}
	if f := h.compareFigures(events); f.Offered != 3 || f.Answered != 3 || f.Handled != 3 {
		t.Errorf("figures: %+v", f)
	}
}
