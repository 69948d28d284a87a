package acd

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

func TestSigningInAndBreaks(t *testing.T) {
	runScenarios(t, []scenario{
		{
			name: "sign in, break, ready, sign out",
			steps: []step{
				{0, SignIn{"ann"}, []string{"ann: offline > ready"}},
				{0, SignIn{"ann"}, quiet},
				{0, GoReady{"ann"}, quiet},
				{0, TakeBreak{"ann", "tea"}, []string{"ann: ready > break (tea)"}},
				{0, TakeBreak{"ann", "tea"}, quiet},
				{0, TakeBreak{"ann", "lunch"}, []string{"ann: break > break (lunch)"}},
				{0, GoReady{"ann"}, []string{"ann: break > ready"}},
				{0, SignOut{"ann", "shift over"}, []string{"ann: ready > offline (shift over)"}},
				{0, SignOut{"ann", "shift over"}, quiet},
			},
			check: func(t *testing.T, h *house) {
				want := AgentView{ID: "ann", State: call.Offline, Since: call.Stamp(dawn), Reason: "shift over"}
				if diff := cmp.Diff(want, h.agent("ann")); diff != "" {
					t.Error(diff)
				}
			},
		},
		{
			name: "offline takes only a sign-in",
			steps: []step{
				{0, GoReady{"ann"}, quiet},
				{0, TakeBreak{"ann", "tea"}, quiet},
				{0, WrapUpDone{"ann"}, quiet},
				{0, Enter{Call: "c1", Queue: "care"}, []string{"queued c1 queueing=true"}},
			},
		},
		{
			name:  "sign-out from a break",
			given: []Command{SignIn{"ann"}, TakeBreak{"ann", "tea"}},
			steps: []step{{0, SignOut{"ann", ""}, []string{"ann: break > offline"}}},
		},
		{
			name:  "nobody on a break is rung",
			given: []Command{SignIn{"ann"}, TakeBreak{"ann", "tea"}},
			steps: []step{
				{0, Enter{Call: "c1", Queue: "care"}, []string{"queued c1 queueing=true"}},
				{0, GoReady{"ann"}, []string{
					"ann: break > ready", "offered c1-a1", "ann: ready > ringing", "! ring c1-a1 ann",
				}},
			},
		},
	})
}

func TestSigningOutInACall(t *testing.T) {
	runScenarios(t, []scenario{
		{
			name:  "sign-out while ringing: the caller goes on, the offer counts as rejected",
			given: then(rung, SignIn{"bob"}),
			steps: []step{
				{0, SignOut{"ann", "fire"}, []string{
					"offer_ended c1-a1 rejected", "ann: ringing > offline (fire)",
					"offered c1-a2", "bob: ready > ringing", "! drop c1-a1 rejected", "! ring c1-a2 bob",
				}},
				{0, OfferFailed{"c1-a1", call.Canceled}, quiet},
			},
		},
		{
			name:  "signed in again at once, his phone may still ring: not rung",
			given: then(rung, SignOut{"ann", ""}),
			steps: []step{
				{0, SignIn{"ann"}, []string{"ann: offline > ready"}},
				{missPause, Tick{}, []string{"offered c1-a2", "ann: ready > ringing", "! ring c1-a2 ann"}},
			},
		},
		{
			name:  "sign-out while talking: offline after call and wrap-up",
			given: talks,
			steps: []step{
				{0, SignOut{"ann", "shift over"}, quiet},
				{0, SignOut{"ann", "shift over"}, quiet},
				{0, LegEnded{"c1-a1", call.ByCaller}, []string{"talk_ended c1-a1 caller", "ann: talking > wrapup"}},
				{wrapUp, Tick{}, []string{"wrapup_ended c1 ann", "ann: wrapup > offline (shift over)"}},
			},
		},
		{
			name:  "sign-out in the wrap-up ends it",
			given: wrapsUp,
			steps: []step{{time.Second, SignOut{"ann", ""}, []string{
				"wrapup_ended c1 ann", "ann: wrapup > offline",
			}}},
		},
		{
			name:  "a sign-in withdraws the sign-out",
			given: then(talks, SignOut{"ann", "oops"}, SignIn{"ann"}, LegEnded{"c1-a1", call.ByCaller}),
			steps: []step{{0, WrapUpDone{"ann"}, []string{"wrapup_ended c1 ann", "ann: wrapup > ready"}}},
		},
		{
			name:  "a sign-in does not withdraw a break",
			given: then(talks, TakeBreak{"ann", "tea"}, SignIn{"ann"}, LegEnded{"c1-a1", call.ByCaller}),
			steps: []step{{0, WrapUpDone{"ann"}, []string{"wrapup_ended c1 ann", "ann: wrapup > break (tea)"}}},
		},
	})
}

func TestBreakAskedForInACall(t *testing.T) {
	runScenarios(t, []scenario{
		{
			name:  "break during the call comes after the wrap-up",
			given: then(talks, TakeBreak{"ann", "tea"}),
			steps: []step{
				{0, TakeBreak{"ann", "tea"}, quiet},
				{0, LegEnded{"c1-a1", call.ByAgent}, []string{"talk_ended c1-a1 agent", "ann: talking > wrapup"}},
				{0, WrapUpDone{"ann"}, []string{"wrapup_ended c1 ann", "ann: wrapup > break (tea)"}},
				{0, GoReady{"ann"}, []string{"ann: break > ready"}},
			},
		},
		{
			name:  "break in the wrap-up comes after it",
			given: then(wrapsUp, TakeBreak{"ann", "tea"}, Enter{Call: "c2", Queue: "care"}),
			steps: []step{{wrapUp, Tick{}, []string{"wrapup_ended c1 ann", "ann: wrapup > break (tea)"}}},
		},
		{
			name:  "break while ringing, answered all the same",
			given: then(rung, TakeBreak{"ann", "tea"}, Answered{"c1-a1"}, LegEnded{"c1-a1", call.ByCaller}),
			steps: []step{{0, WrapUpDone{"ann"}, []string{"wrapup_ended c1 ann", "ann: wrapup > break (tea)"}}},
		},
		{
			name:  "break while ringing, not answered",
			given: then(rung, TakeBreak{"ann", "tea"}),
			steps: []step{{ringFor, Tick{}, []string{
				"offer_ended c1-a1 no_answer", "ann: ringing > break (tea)", "! drop c1-a1 no_answer",
			}}},
		},
		{
			name:  "ready withdraws the break",
			given: then(talks, TakeBreak{"ann", "tea"}, GoReady{"ann"}, LegEnded{"c1-a1", call.ByCaller}),
			steps: []step{
				{0, GoReady{"ann"}, quiet},
				{0, WrapUpDone{"ann"}, []string{"wrapup_ended c1 ann", "ann: wrapup > ready"}},
			},
		},
		{
			name:  "the last wish counts",
			given: then(talks, SignOut{"ann", ""}, TakeBreak{"ann", "tea"}, LegEnded{"c1-a1", call.ByCaller}),
			steps: []step{{0, WrapUpDone{"ann"}, []string{"wrapup_ended c1 ann", "ann: wrapup > break (tea)"}}},
		},
		{
			name: "no wrap-up in the queue: ready at once, and one wrapup_ended all the same",
			given: []Command{
				SignIn{"cy"}, Enter{Call: "c1", Queue: "sales"}, Answered{"c1-a1"}, Enter{Call: "c2", Queue: "sales"},
			},
			steps: []step{{0, LegEnded{"c1-a1", call.ByCaller}, []string{
				"talk_ended c1-a1 caller", "wrapup_ended c1 cy", "cy: talking > ready",
				"offered c2-a1", "cy: ready > ringing", "! ring c2-a1 cy",
			}}},
		},
	})
}

func TestUnknownAndNilCommandsAreCounted(t *testing.T) {
	h := newHouse(t, twoQueues())
	for _, c := range []Command{
		SignIn{"x"},
		SignOut{"x", ""},
		GoReady{"x"},
		TakeBreak{"x", ""},
		WrapUpDone{"x"},
		Enter{Call: "c1", Queue: "x"},
		Leave{Call: "x"},
		Answered{"x"},
		OfferFailed{"x", call.Busy},
		LegEnded{"x", call.ByAgent},
		nil,
	} {
		h.wantTrace(h.do(c))
	}
	if diff := cmp.Diff(Stats{Unknown: 11}, h.e.Stats()); diff != "" {
		t.Error(diff)
	}
}

// The longest idle agent is rung first; whoever was rung for a caller who hung up keeps
// his place, whoever missed a call goes to the end.
func TestLongestIdleOrder(t *testing.T) {
	cfg := twoQueues()
	for i := range cfg.Agents {
		cfg.Agents[i].Queues = []call.QueueID{"care"}
	}
	for _, tc := range []struct {
		name string
		end  []Command
		next call.AgentID
	}{
		{"abandoned", []Command{Leave{Call: "c1"}, OfferFailed{"c1-a1", call.Canceled}}, "bob"},
		{"cancelled by others", []Command{OfferFailed{"c1-a1", call.Canceled}, Leave{Call: "c1"}}, "bob"},
		{"rejected", []Command{OfferFailed{"c1-a1", call.Rejected}, Leave{Call: "c1"}}, "ann"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, cfg)
			h.do(SignIn{"bob"})
			h.after(time.Second, SignIn{"ann"})
			h.after(time.Second, SignIn{"cy"}, Enter{Call: "c1", Queue: "care"})
			if got := h.agent("bob").State; got != call.Ringing {
				t.Fatalf("Bob is %s, the longest idle should be rung", got)
			}
			h.after(time.Second, tc.end...)
			h.after(time.Minute, OfferFailed{"c1-a2", call.Canceled})
			h.after(time.Minute, Enter{Call: "c2", Queue: "care"})
			if got := h.agent(tc.next).Call; got != "c2" {
				t.Errorf("%s is not rung for the next caller", tc.next)
			}
		})
	}
}

func TestEqualIdleTimesKeepOrderOfArrival(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(SignIn{"bob"}, SignIn{"ann"}, Enter{Call: "c1", Queue: "care"}, Enter{Call: "c2", Queue: "care"})
	if h.agent("bob").Call != "c1" || h.agent("ann").Call != "c2" {
		t.Errorf("bob %+v, ann %+v: want the first to sign in first", h.agent("bob"), h.agent("ann"))
	}
}

func TestSnapshotShowsWhatAgentsDo(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(SignIn{"ann"}, SignIn{"bob"}, TakeBreak{"bob", "tea"})
	h.after(time.Second, Enter{Call: "c1", Queue: "care"})
	h.after(time.Second, Answered{"c1-a1"}, TakeBreak{"ann", "lunch"}, Enter{Call: "c2", Queue: "care"})
	stamp := func(d time.Duration) time.Time { return call.Stamp(dawn.Add(d)) }
	want := Snapshot{
		At: stamp(2 * time.Second),
		Queues: []QueueView{
			{ID: "care", Longest: stamp(2 * time.Second), Callers: []CallerView{{Call: "c2", Entered: stamp(2 * time.Second)}}},
			{ID: "sales"},
		},
		Agents: []AgentView{
			{
				ID: "ann", State: call.Talking, Since: stamp(2 * time.Second), SignedIn: stamp(0),
				Next: call.Break, NextWhy: "lunch", Call: "c1", Queue: "care", Offer: "c1-a1", Answer: stamp(2 * time.Second),
			},
			{ID: "bob", State: call.Break, Since: stamp(0), SignedIn: stamp(0), Reason: "tea"},
			{ID: "cy", State: call.Offline},
		},
	}
	if diff := cmp.Diff(want, h.e.Snapshot(h.now)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
