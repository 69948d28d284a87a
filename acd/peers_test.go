package acd

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

// The tests here are the complaints that users of other systems have about their queues,
// numbered as in our list of them.

// Two agents answer one call: both phones rang for it, the first too late.
func TestPeers01TwoAgentsOneCall(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(then(rung, SignIn{"bob"})...)
	out := h.after(ringFor, Answered{"c1-a1"}, Answered{"c1-a2"}, Answered{"c1-a1"}, Answered{"c1-a2"})
	var connected []call.OfferID
	for _, a := range out.Actions {
		if c, ok := a.(Connect); ok {
			connected = append(connected, c.Offer)
		}
	}
	if diff := cmp.Diff([]call.OfferID{"c1-a2"}, connected); diff != "" {
		t.Errorf("connected (-want +got):\n%s", diff)
	}
}

// A burst of calls all picks the same first agent.
func TestPeers01BurstGoesToDifferentAgents(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(SignIn{"ann"}, SignIn{"bob"}, SignIn{"cy"})
	rungAgents := map[call.AgentID]call.ID{}
	for _, c := range []Enter{{Call: "c1", Queue: "care"}, {Call: "c2", Queue: "care"}, {Call: "s1", Queue: "sales"}} {
		rungAgents[h.ring(h.do(c)).Agent] = c.Call
	}
	want := map[call.AgentID]call.ID{"ann": "c1", "bob": "c2", "cy": "s1"}
	if diff := cmp.Diff(want, rungAgents); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// An agent stays reserved, answered or in wrap-up for hours, because a message was lost.
// Here every message after the first is lost.
func TestPeers02StuckAgent(t *testing.T) {
	for name, scene := range map[string][]Command{
		"ringing":                       rung,
		"ringing, the caller gone":      then(rung, Leave{Call: "c1"}),
		"dropped and answered":          then(rung, Leave{Call: "c1"}, Answered{"c1-a1"}),
		"talking":                       talks,
		"talking, the caller gone":      then(talks, Leave{Call: "c1"}),
		"wrapping up":                   wrapsUp,
		"signed out and in in the talk": then(talks, SignOut{"ann", ""}, SignIn{"ann"}),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, twoQueues())
			h.do(scene...)
			h.do(Leave{Call: "c1"})
			limit := h.now.Add(talkMax + ringGrace + wrapUp)
			for next, ok := h.e.NextDeadline(); ok; next, ok = h.e.NextDeadline() {
				if next.After(limit) {
					t.Fatalf("still waiting at %v after all limits", next)
				}
				h.now = next
				h.do(Tick{})
			}
			if v := h.agent("ann"); v.State != call.Ready || v.Resting {
				t.Fatalf("Ann is stuck: %+v", v)
			}
			h.do(Enter{Call: "c2", Queue: "care"})
			if got := h.agent("ann").Call; got != "c2" {
				t.Errorf("Ann is not rung for the next caller but for %q", got)
			}
		})
	}
}

// The caller is gone, the agent's phone rings on and he answers silence.
func TestPeers03GhostCall(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(rung...)
	out := h.do(Leave{Call: "c1"})
	if diff := cmp.Diff([]Action{Drop{"c1-a1", "c1", "ann", call.Canceled}}, out.Actions); diff != "" {
		t.Fatalf("hang-up while ringing (-want +got):\n%s", diff)
	}
	h.wantTrace(h.do(Answered{"c1-a1"}), "! drop c1-a1 canceled")
}

// 30 s of wrap-up, and the next call comes after 3 s.
func TestPeers05WrapUpIgnored(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(wrapsUp...)
	h.wantTrace(h.after(3*time.Second, Enter{Call: "c2", Queue: "care"}), "queued c2 queueing=true")
	h.wantTrace(h.do(SignIn{"ann"}, GoReady{"ann"}, LegEnded{"c1-a1", call.ByCaller}))
	h.wantTrace(h.after(wrapUp-3*time.Second-1, Tick{}))
	h.wantTrace(h.after(1, Tick{}), "wrapup_ended c1 ann", "ann: wrapup > ready",
		"offered c2-a1", "ann: ready > ringing", "! ring c2-a1 ann")
}

// Pause times counted from the first pause, not from the present one.
func TestPeers07PauseTimeFromFirstPause(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(SignIn{"ann"}, TakeBreak{"ann", "tea"})
	h.after(time.Minute, TakeBreak{"ann", "lunch"})
	out := h.after(2*time.Minute, GoReady{"ann"})
	if got := out.Events[0].Held; got != call.MillisOf(2*time.Minute) {
		t.Errorf("Held = %d ms, want the two minutes of the second break", got)
	}
}

// The eighth in line is connected first.
func TestPeers11UnfairOrder(t *testing.T) {
	h := newHouse(t, twoQueues())
	line := []call.ID{"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"}
	for _, id := range line {
		h.do(Enter{Call: id, Queue: "care"})
	}
	h.do(SignIn{"ann"})
	for _, want := range line {
		v := h.agent("ann")
		if v.Call != want {
			t.Fatalf("Ann is rung for %q, want %q", v.Call, want)
		}
		h.do(Answered{v.Offer}, LegEnded{v.Offer, call.ByCaller}, WrapUpDone{"ann"})
	}
}

// A rejected call comes back to the same phone at once, again and again.
func TestPeers15RejectLoops(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(rung...)
	rings := 0
	for range 100 {
		v := h.agent("ann")
		out := h.after(100*time.Millisecond, OfferFailed{v.Offer, call.Rejected})
		rings += len(out.Actions)
	}
	if rings != 1 {
		t.Errorf("rung %d times more within 10 s, want once after the pause of %v", rings, missPause)
	}
}

// A break asked for in the wrap-up closes the wrap-up, or is forgotten.
func TestPeers15StateWishIsQueued(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(wrapsUp...)
	h.wantTrace(h.do(TakeBreak{"ann", "tea"}))
	if v := h.agent("ann"); v.State != call.WrapUp || v.Next != call.Break || v.NextWhy != "tea" {
		t.Fatalf("the wish is not shown: %+v", v)
	}
	h.after(wrapUp, Tick{})
	if v := h.agent("ann"); v.State != call.Break || v.Reason != "tea" || v.Next != "" {
		t.Errorf("the wish is not fulfilled: %+v", v)
	}
}

// Agents in many queues bring the queues to a standstill, since each has a lock of its own.
// Here one goroutine owns them all: whoever submits how much at once, everybody is served.
func TestPeers04AgentsInManyQueues(t *testing.T) {
	const queues, lines, each = 20, 8, 100
	cfg := bigHouse(10, queues, queues)
	e, err := New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	var d *Dispatcher
	served := make(chan call.ID, lines*each)
	submit := func(commands ...Command) {
		for _, c := range commands {
			if err := d.Submit(c); err != nil {
				t.Errorf("Submit %T: %v", c, err)
			}
		}
	}
	d, err = NewDispatcher(e, Options{Record: func(call.Event) {}, Act: func(a Action) {
		switch a := a.(type) {
		case Ring:
			submit(Answered{a.Offer})
		case Connect:
			served <- a.Call
			submit(LegEnded{a.Offer, call.ByCaller})
		}
	}})
	if err != nil {
		t.Fatalf("NewDispatcher: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	for _, a := range cfg.Agents {
		go submit(SignIn{a.ID})
	}
	for line := range lines {
		go func() {
			for i := range each {
				queue := cfg.Queues[(line*7+i)%queues].ID
				submit(Enter{Call: call.ID(fmt.Sprint("c", line, "-", i)), Queue: queue})
			}
		}()
	}
	seen := map[call.ID]bool{}
	for range lines * each {
		seen[<-served] = true
	}
	cancel()
	if err := <-ended; err != nil || len(seen) != lines*each {
		t.Errorf("Run: %v; %d of %d callers are served", err, len(seen), lines*each)
	}
}

// After a transfer the second agent is credited with the talk of the first. Here each talk
// is that of the agent's own leg, and so is the wait for him.
func TestPeers06TalkTimeAfterTransfer(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(SignIn{"ann"}, SignIn{"cy"}, Enter{Call: "c1", Queue: "care"})
	h.after(5*time.Second, Answered{"c1-a1"})
	first := h.after(19*time.Minute, LegEnded{"c1-a1", call.ByAgent}).Events[0]
	h.do(Enter{Call: "c1", Queue: "sales", Offers: 1})
	h.after(2*time.Second, Answered{"c1-a2"})
	second := h.after(10*time.Second, LegEnded{"c1-a2", call.ByCaller}).Events[0]
	for _, tc := range []struct {
		ev         call.Event
		agent      call.AgentID
		queue      call.QueueID
		wait, talk call.Millis
	}{{first, "ann", "care", 5000, 19 * 60_000}, {second, "cy", "sales", 2000, 10_000}} {
		if tc.ev.Agent != tc.agent || tc.ev.Queue != tc.queue || tc.ev.Wait != tc.wait || tc.ev.Talk != tc.talk {
			t.Errorf("%+v, want %s in %s, waited %d ms, talked %d ms", tc.ev, tc.agent, tc.queue, tc.wait, tc.talk)
		}
	}
}
