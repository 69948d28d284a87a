package acd

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

// keepFor is how long a caller is kept for the agent he talked with before.
const keepFor = 10 * time.Second

// pair is a queue with a limit of waiting, and Ann and Bob in it.
func pair() Config {
	cfg := twoQueues()
	cfg.Queues[0].MaxWait = maxWait
	cfg.Agents[1].Queues = []call.QueueID{"care"}
	return cfg
}

// again is caller c1, who rings again and talked with Ann before.
func redials() Enter { return Enter{Call: "c1", Queue: "care", Prefer: "ann", PreferFor: keepFor} }

func TestRedialerGoesToHisAgent(t *testing.T) {
	annRings := []string{"queued c1 queueing=false", "offered c1-a1", "ann: ready > ringing", "! ring c1-a1 ann"}
	bobRings := []string{"queued c1 queueing=false", "offered c1-a1", "bob: ready > ringing", "! ring c1-a1 bob"}
	annBusy := []Command{SignIn{"ann"}, Enter{Call: "c0", Queue: "care"}, Answered{"c0-a1"}, SignIn{"bob"}}
	runScenariosIn(t, pair(), []scenario{
		{
			name:  "idle, though another idles longer",
			given: []Command{SignIn{"bob"}, SignIn{"ann"}},
			steps: []step{{0, redials(), annRings}},
		},
		{
			name:  "idle, with no time to wait for her",
			given: []Command{SignIn{"bob"}, SignIn{"ann"}},
			steps: []step{{0, Enter{Call: "c1", Queue: "care", Prefer: "ann"}, annRings}},
		},
		{
			name:  "busy, with no time to wait for her",
			given: annBusy,
			steps: []step{{0, Enter{Call: "c1", Queue: "care", Prefer: "ann"}, bobRings}},
		},
		{
			name:  "free in time",
			given: annBusy,
			steps: []step{
				{0, redials(), []string{"queued c1 queueing=true"}},
				{0, LegEnded{"c0-a1", call.ByCaller}, []string{"talk_ended c0-a1 caller", "ann: talking > wrapup"}},
				{keepFor - 1, WrapUpDone{"ann"}, []string{
					"wrapup_ended c0 ann", "ann: wrapup > ready", "offered c1-a1", "ann: ready > ringing",
					"! ring c1-a1 ann",
				}},
			},
		},
		{
			name:  "not free in time: whoever is idle, at once",
			given: then(annBusy, redials()),
			steps: []step{
				{keepFor - 1, Tick{}, quiet},
				{1, Tick{}, []string{"offered c1-a1", "bob: ready > ringing", "! ring c1-a1 bob"}},
			},
		},
		{
			name:  "others are served meanwhile",
			given: then(annBusy, redials()),
			steps: []step{{0, Enter{Call: "c2", Queue: "care"}, []string{
				"queued c2 queueing=false", "offered c2-a1", "bob: ready > ringing", "! ring c2-a1 bob",
			}}},
		},
		{
			name:  "she takes a break after her call",
			given: then(annBusy, redials(), TakeBreak{"ann", "tea"}, LegEnded{"c0-a1", call.ByCaller}),
			steps: []step{{0, WrapUpDone{"ann"}, []string{
				"wrapup_ended c0 ann", "ann: wrapup > break (tea)", "offered c1-a1", "bob: ready > ringing",
				"! ring c1-a1 bob",
			}}},
		},
		{
			name:  "she signs out",
			given: then(annBusy, redials(), LegEnded{"c0-a1", call.ByCaller}),
			steps: []step{{0, SignOut{"ann", ""}, []string{
				"wrapup_ended c0 ann", "ann: wrapup > offline", "offered c1-a1", "bob: ready > ringing",
				"! ring c1-a1 bob",
			}}},
		},
		{
			name:  "she does not pick up: kept for her no longer",
			given: []Command{SignIn{"ann"}, redials(), SignIn{"bob"}},
			steps: []step{{0, OfferFailed{"c1-a1", call.Rejected}, []string{
				"offer_ended c1-a1 rejected", "ann: ringing > ready", "offered c1-a2", "bob: ready > ringing",
				"! ring c1-a2 bob",
			}}},
		},
		{
			name:  "on a break or offline when he rings",
			given: []Command{SignIn{"ann"}, TakeBreak{"ann", "tea"}, SignIn{"bob"}},
			steps: []step{{0, redials(), bobRings}},
		},
		{
			name:  "somebody who does not serve the queue",
			given: []Command{SignIn{"cy"}, SignIn{"bob"}},
			steps: []step{{0, Enter{Call: "c1", Queue: "care", Prefer: "cy", PreferFor: keepFor}, bobRings}},
		},
		{
			name:  "somebody who is not known",
			given: []Command{SignIn{"bob"}},
			steps: []step{{0, Enter{Call: "c1", Queue: "care", Prefer: "x", PreferFor: keepFor}, bobRings}},
		},
		{
			name:  "hangs up while he is kept",
			given: then(annBusy, redials()),
			steps: []step{
				{0, Leave{Call: "c1"}, []string{"left_queue c1 abandoned"}},
				{time.Hour - 1, Tick{}, quiet},
			},
		},
		{
			name: "the limit of waiting comes first",
			given: then(annBusy, Enter{
				Call: "c1", Queue: "care", Since: dawn.Add(time.Second - maxWait), Prefer: "ann", PreferFor: keepFor,
			}),
			steps: []step{{time.Second, Tick{}, []string{"left_queue c1 timed_out", "! expire c1 timed_out"}}},
		},
	})
}

// To be preferred is no priority: who stands before him in the line goes before him, also
// to that agent.
func TestPeers11StickyCallerPassesNobody(t *testing.T) {
	h := newHouse(t, pair())
	h.do(talks...)
	h.do(Enter{Call: "c2", Queue: "care"})
	h.after(time.Second, Enter{Call: "c3", Queue: "care", Prefer: "ann", PreferFor: time.Minute})
	if v := h.e.Snapshot(h.now).Queues[0].Callers; len(v) != 2 || v[1].Call != "c3" || v[1].Kept != "ann" {
		t.Errorf("view %+v, want c3 second and kept for Ann", v)
	}
	h.do(LegEnded{"c1-a1", call.ByCaller}, WrapUpDone{"ann"})
	var got []call.ID
	for v := h.agent("ann"); v.Call != ""; v = h.agent("ann") {
		got = append(got, v.Call)
		h.do(Answered{v.Offer}, LegEnded{v.Offer, call.ByCaller}, WrapUpDone{"ann"})
	}
	if diff := cmp.Diff([]call.ID{"c2", "c3"}, got); diff != "" {
		t.Errorf("served by Ann (-want +got):\n%s", diff)
	}
}

// When an agent is gone, the caller she was rung for and those kept for her go on in the
// order of the line, whatever order they were set free in.
func TestCallersSetFreeTogetherKeepTheirOrder(t *testing.T) {
	for _, tc := range []struct {
		name     string
		priority int
		want     call.ID
	}{{"the rung one first", 0, "c1"}, {"a kept one first", 1, "c3"}} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, pair())
			h.do(rung...)
			h.do(SignIn{"bob"})
			kept := Enter{Call: "c2", Queue: "care", Prefer: "ann", PreferFor: keepFor}
			h.after(time.Second, kept)
			kept.Call, kept.Priority = "c3", tc.priority
			h.do(kept)
			if r, ok := h.do(SignOut{"ann", ""}).Actions[1].(Ring); !ok || r.Agent != "bob" || r.Call != tc.want {
				t.Errorf("%+v, want Bob rung for %s", r, tc.want)
			}
		})
	}
}

// A stage of the queue that comes while a caller is kept counts afterwards.
func TestStagesPassWhileKept(t *testing.T) {
	cfg := levelled()
	h := newHouse(t, cfg)
	h.do(SignIn{"sue"}, Enter{Call: "c0", Queue: "seniors"}, Answered{"c0-a1"}, SignIn{"jo"})
	h.do(Enter{Call: "c1", Queue: "care", Level: senior, Prefer: "sue", PreferFor: 2 * widenAfter})
	h.wantTrace(h.after(2*widenAfter-1, Tick{}))
	if r := h.ring(h.after(1, Tick{})); r.Agent != "jo" || !r.Below {
		t.Errorf("%+v, want Jo with the flag", r)
	}
}
