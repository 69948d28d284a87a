package acd

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

// asks is Ann's consultation while she talks with c1: somebody is to be rung in its name.
func asks(only call.AgentID, orQueue bool) Enter {
	return Enter{
		Call: "c1-c1", Journey: "c1", Direction: call.Consult, Queue: "care", Only: only, PreferFor: keepFor,
		OrQueue: orQueue,
	}
}

func TestS16HoldIsTimed(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(talks...)
	h.wantTrace(h.after(time.Second, Hold{"c1-a1"}), "ann: talking > hold")
	h.wantTrace(h.do(Hold{"c1-a1"}))
	out := h.after(3*time.Second, Unhold{"c1-a1"})
	h.wantTrace(out, "hold_ended c1-a1", "ann: hold > talking")
	if held := out.Events[0].Held; held != 3000 {
		t.Errorf("held %d ms, want 3000", held)
	}
	h.wantTrace(h.do(Unhold{"c1-a1"}))
	h.after(time.Second, Hold{"c1-a1"})
	out = h.after(2*time.Second, LegEnded{"c1-a1", call.ByAgent})
	h.wantTrace(out, "hold_ended c1-a1", "talk_ended c1-a1 agent", "ann: hold > wrapup")
	if e := out.Events[1]; e.Hold != 5000 || e.Talk != 7000 {
		t.Errorf("talk of %d ms with %d on hold, want 7000 with 5000", e.Talk, e.Hold)
	}
	if h.e.Stats().Refused != 2 {
		t.Errorf("refused %d, want the second hold and the second end", h.e.Stats().Refused)
	}
}

func TestConsultationIsNobodysWait(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(then(talks, SignIn{"cy"})...)
	out := h.do(asks("cy", false))
	h.wantTrace(out, "queued c1 queueing=false", "offered c1-c1-a1", "cy: ready > ringing", "! ring c1-c1-a1 cy")
	for _, e := range out.Events {
		if e.Call != "c1" {
			t.Errorf("%s is told of call %q, want c1", e.Kind, e.Call)
		}
		if e.Kind != call.AgentChanged && e.Direction != call.Consult {
			t.Errorf("%s has direction %q", e.Kind, e.Direction)
		}
	}
	if v := h.e.Snapshot(h.now); len(v.Queues[0].Callers) != 0 {
		t.Errorf("callers who wait: %+v, want none", v.Queues[0].Callers)
	}
	h.wantTrace(h.do(Answered{"c1-c1-a1"}), "answered c1-c1-a1", "cy: ringing > talking", "! connect c1-c1-a1 cy")
	// Ann leaves the caller to Cy: both legs have times of their own.
	h.wantTrace(h.after(time.Second, LegEnded{"c1-a1", call.ByAgent}),
		"talk_ended c1-a1 agent", "ann: talking > wrapup")
	out = h.after(time.Second, LegEnded{"c1-c1-a1", call.ByCaller})
	h.wantTrace(out, "talk_ended c1-c1-a1 caller", "cy: talking > wrapup")
	if talk := out.Events[0].Talk; talk != 2000 {
		t.Errorf("Cy talked %d ms, want 2000", talk)
	}
}

func TestOnlyAgentIsRungOnce(t *testing.T) {
	busy := then(talks, SignIn{"bob"}, Enter{Call: "c2", Queue: "sales"}, Answered{"c2-a1"}, SignIn{"cy"})
	runScenarios(t, []scenario{
		{
			name: "rings out: sent away", given: then(talks, SignIn{"cy"}, asks("cy", false)),
			steps: []step{{ringFor, Tick{}, []string{
				"offer_ended c1-c1-a1 no_answer", "cy: ringing > ready", "left_queue c1 timed_out",
				"! drop c1-c1-a1 no_answer", "! expire c1-c1 timed_out",
			}}},
		},
		{
			name: "away: sent away at once", given: talks,
			steps: []step{{0, asks("cy", false), []string{
				"queued c1 queueing=true", "left_queue c1 left_empty", "! expire c1-c1 left_empty",
			}}},
		},
		{
			name: "busy: waits for her alone, then is sent away", given: busy,
			steps: []step{
				{0, asks("bob", false), []string{"queued c1 queueing=true"}},
				{keepFor - 1, Tick{}, quiet},
				{1, Tick{}, []string{"left_queue c1 timed_out", "! expire c1-c1 timed_out"}},
			},
		},
		{
			name: "busy: free in time", given: then(busy, asks("bob", false)),
			steps: []step{{time.Second, LegEnded{"c2-a1", call.ByCaller}, []string{
				"talk_ended c2-a1 caller", "wrapup_ended c2 bob", "bob: talking > ready", "offered c1-c1-a1",
				"bob: ready > ringing", "! ring c1-c1-a1 bob",
			}}},
		},
		{
			name:  "rejects, then anybody of the queue",
			given: then(talks, SignIn{"cy"}, SignIn{"bob"}, asks("cy", true)),
			steps: []step{{0, OfferFailed{"c1-c1-a1", call.Rejected}, []string{
				"offer_ended c1-c1-a1 rejected", "cy: ringing > ready", "offered c1-c1-a2",
				"bob: ready > ringing", "! ring c1-c1-a2 bob",
			}}},
		},
		{
			name: "signs out while he is waited for", given: then(busy, asks("bob", false)),
			steps: []step{
				{0, SignOut{Agent: "bob"}, quiet},
				{0, LegEnded{"c2-a1", call.ByCaller}, []string{
					"talk_ended c2-a1 caller", "wrapup_ended c2 bob", "bob: talking > offline",
					"left_queue c1 left_empty", "! expire c1-c1 left_empty",
				}},
			},
		},
		{
			name: "nobody of that name", given: talks,
			steps: []step{{0, asks("zoe", false), quiet}},
		},
	})
}

func TestS13AgentDialsOut(t *testing.T) {
	own := Enter{Call: "o1", Direction: call.Outbound, Queue: "care", Only: "ann", Own: true}
	rings := []string{"offered o1-a1", "ann: ready > ringing", "! ring o1-a1 ann"}
	queued := []string{"queued o1 queueing=false"}
	waits := []string{"queued o1 queueing=true"}
	runScenarios(t, []scenario{
		{name: "idle", given: []Command{SignIn{"ann"}}, steps: []step{{0, own, append(queued, rings...)}}},
		{
			name: "in after-call work, callers waiting", given: then(wrapsUp, Enter{Call: "c2", Queue: "care"}),
			steps: []step{{0, own, append(append(waits, "wrapup_ended c1 ann", "ann: wrapup > ready"), rings...)}},
		},
		{
			name: "on a break that goes on afterwards", given: []Command{SignIn{"ann"}, TakeBreak{"ann", "lunch"}},
			steps: []step{
				{0, own, append(append(waits, "ann: break > ready"), rings...)},
				{0, OfferFailed{"o1-a1", call.NoAnswer}, []string{
					"offer_ended o1-a1 no_answer", "ann: ringing > break (lunch)", "left_queue o1 left_empty",
					"! expire o1 left_empty",
				}},
			},
		},
		{
			name: "in the pause after a missed call", given: then(rung, OfferFailed{"c1-a1", call.NoAnswer}, Leave{Call: "c1"}),
			steps: []step{{0, own, append(append([]string(nil), waits...), rings...)}},
		},
		{
			name: "in a talk", given: talks,
			steps: []step{{0, own, append(waits, "left_queue o1 timed_out", "! expire o1 timed_out")}},
		},
	})
}

func TestSupervisorPicksAndMoves(t *testing.T) {
	waiting := []Command{Enter{Call: "c1", Queue: "care"}, SignIn{"cy"}}
	runScenarios(t, []scenario{
		{
			name: "given to an idle agent of another queue", given: waiting,
			steps: []step{{0, Assign{"c1", "cy", keepFor}, []string{"offered c1-a1", "cy: ready > ringing", "! ring c1-a1 cy"}}},
		},
		{
			name: "and back to his place when that fails", given: then(waiting, Assign{"c1", "cy", keepFor}),
			steps: []step{
				{0, OfferFailed{"c1-a1", call.Rejected}, []string{"offer_ended c1-a1 rejected", "cy: ringing > ready"}},
				{0, SignIn{"ann"}, []string{"ann: offline > ready", "offered c1-a2", "ann: ready > ringing", "! ring c1-a2 ann"}},
			},
		},
		{
			name: "from a phone that rings", given: then(rung, SignIn{"cy"}),
			steps: []step{{0, Assign{"c1", "cy", keepFor}, []string{
				"offer_ended c1-a1 canceled", "ann: ringing > ready", "offered c1-a2", "cy: ready > ringing",
				"! drop c1-a1 canceled", "! ring c1-a2 cy",
			}}},
		},
		{name: "not from a talk", given: talks, steps: []step{
			{0, Assign{"c1", "cy", keepFor}, quiet}, {0, Move{"c1", "sales"}, quiet},
		}},
		{
			name: "moved to another queue", given: waiting,
			steps: []step{{time.Second, Move{"c1", "sales"}, []string{
				"left_queue c1 overflowed", "queued c1 queueing=false", "offered c1-a1", "cy: ready > ringing",
				"! ring c1-a1 cy",
			}}},
		},
	})
}

func TestMovedCallerKeepsHisWait(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(Enter{Call: "c1", Queue: "care", Level: 2, Priority: 1})
	entered := h.now
	h.after(time.Second, Move{"c1", "sales"})
	want := []CallerView{{Call: "c1", Entered: call.Stamp(entered), Priority: 1, Level: 2, Enough: 2}}
	if diff := cmp.Diff(want, h.e.Snapshot(h.now).Queues[1].Callers); diff != "" {
		t.Errorf("callers of the second queue (-want +got):\n%s", diff)
	}
}

func TestHeldTalkIsAdopted(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(Adopt{
		Caller: Enter{Call: "c1", Queue: "care", Since: dawn.Add(-time.Minute), Offers: 1}, Agent: "ann", Offer: "c1-a1",
		Offered: dawn.Add(-50 * time.Second), Answer: dawn.Add(-40 * time.Second),
		Held: dawn.Add(-10 * time.Second), Hold: 2000,
	})
	if a := h.agent("ann"); a.State != call.Hold || !a.Since.Equal(call.Stamp(dawn.Add(-10*time.Second))) {
		t.Errorf("Ann is %s since %v", a.State, a.Since)
	}
	out := h.after(time.Second, LegEnded{"c1-a1", call.ByCaller})
	h.wantTrace(out, "hold_ended c1-a1", "talk_ended c1-a1 caller", "ann: hold > wrapup")
	if e := out.Events[1]; e.Hold != 13000 || e.Talk != 41000 {
		t.Errorf("talk of %d ms with %d on hold, want 41000 with 13000", e.Talk, e.Hold)
	}
}
