package acd

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

func TestWaitingLimit(t *testing.T) {
	enter := Enter{Call: "c1", Queue: "sales"}
	runScenarios(t, []scenario{
		{
			name:  "reached while waiting",
			given: []Command{enter},
			steps: []step{
				{maxWait - 1, Tick{}, quiet},
				{1, Tick{}, []string{"left_queue c1 timed_out", "! expire c1 timed_out"}},
				{0, SignIn{"cy"}, []string{"cy: offline > ready"}},
			},
		},
		{
			name:  "reached while a phone rings, answered",
			given: []Command{enter},
			steps: []step{
				{maxWait - time.Second, SignIn{"cy"}, []string{
					"cy: offline > ready", "offered c1-a1", "cy: ready > ringing", "! ring c1-a1 cy",
				}},
				{2 * time.Second, Tick{}, quiet},
				{0, Answered{"c1-a1"}, []string{"answered c1-a1", "cy: ringing > talking", "! connect c1-a1 cy"}},
			},
		},
		{
			name:  "reached while a phone rings, not answered: nobody else is rung",
			given: []Command{enter},
			steps: []step{
				{maxWait - time.Second, SignIn{"cy"}, []string{
					"cy: offline > ready", "offered c1-a1", "cy: ready > ringing", "! ring c1-a1 cy",
				}},
				{0, SignIn{"bob"}, []string{"bob: offline > ready"}},
				{2 * time.Second, OfferFailed{"c1-a1", call.Busy}, []string{
					"offer_ended c1-a1 busy", "cy: ringing > ready", "left_queue c1 timed_out",
					"! expire c1 timed_out",
				}},
			},
		},
		{
			name:  "passed before the entry, as after a long restart",
			given: []Command{SignIn{"cy"}},
			steps: []step{{0, Enter{Call: "c1", Queue: "sales", Since: dawn.Add(-maxWait), Resumed: true}, []string{
				"left_queue c1 timed_out", "! expire c1 timed_out",
			}}},
		},
		{
			name:  "partly passed before the entry",
			given: []Command{Enter{Call: "c1", Queue: "sales", Since: dawn.Add(-maxWait / 2)}},
			steps: []step{
				{maxWait/2 - time.Second, Tick{}, quiet},
				{time.Second, Tick{}, []string{"left_queue c1 timed_out", "! expire c1 timed_out"}},
			},
		},
		{
			name:  "none in a queue without limit",
			given: []Command{Enter{Call: "c1", Queue: "care"}},
			steps: []step{{24 * time.Hour, Tick{}, quiet}},
		},
		{
			name:  "does not end a talk",
			given: []Command{SignIn{"cy"}, enter, Answered{"c1-a1"}},
			steps: []step{{maxWait - 1, Tick{}, quiet}},
			check: func(t *testing.T, h *house) {
				if next, _ := h.e.NextDeadline(); !next.Equal(dawn.Add(talkMax)) {
					t.Errorf("NextDeadline = %v, want that of the talk", next)
				}
			},
		},
	})
}

func TestEntering(t *testing.T) {
	runScenarios(t, []scenario{
		{
			name:  "twice",
			given: []Command{Enter{Call: "c1", Queue: "care"}},
			steps: []step{
				{0, Enter{Call: "c1", Queue: "care"}, quiet},
				{0, Enter{Call: "c1", Queue: "sales"}, quiet},
			},
		},
		{
			name:  "while talking",
			given: talks,
			steps: []step{{0, Enter{Call: "c1", Queue: "sales"}, quiet}},
		},
		{
			name:  "without a name",
			steps: []step{{0, Enter{Queue: "care"}, quiet}},
		},
		{
			name:  "queueing when the only agent is held back",
			given: then(rung, OfferFailed{"c1-a1", call.Rejected}, Leave{Call: "c1"}),
			steps: []step{{0, Enter{Call: "c2", Queue: "care"}, []string{"queued c2 queueing=true"}}},
		},
		{
			name:  "again after the talk, with the wrap-up still running",
			given: wrapsUp,
			steps: []step{{0, Enter{Call: "c1", Queue: "care", Offers: 1}, []string{"queued c1 queueing=true"}}},
		},
	})
}

// A caller whose offer failed stands again where he stood, before later ones.
func TestCallerKeepsPlaceAndStart(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(rung...)
	h.after(time.Second, Enter{Call: "c2", Queue: "care"})
	h.after(time.Second, OfferFailed{"c1-a1", call.Rejected})
	if diff := cmp.Diff([]call.ID{"c1", "c2"}, h.waiting("care")); diff != "" {
		t.Fatal(diff)
	}
	out := h.after(missPause, Tick{})
	h.wantTrace(out, "offered c1-a2", "ann: ready > ringing", "! ring c1-a2 ann")
	if got := out.Events[0].Entered; !got.Equal(call.Stamp(dawn)) {
		t.Errorf("Entered = %v, want the first entry %v", got, call.Stamp(dawn))
	}
}

// An agent of several queues takes whoever waits longest among them.
func TestLongestWaitAcrossQueues(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(Enter{Call: "s1", Queue: "sales"})
	h.after(time.Second, Enter{Call: "c1", Queue: "care"})
	h.after(time.Second, Enter{Call: "s2", Queue: "sales"})
	h.do(SignIn{"bob"})
	for i, want := range []call.ID{"s1", "c1", "s2"} {
		v := h.agent("bob")
		if v.Call != want {
			t.Fatalf("turn %d: Bob is rung for %q, want %q", i, v.Call, want)
		}
		h.do(Answered{v.Offer}, LegEnded{v.Offer, call.ByCaller}, WrapUpDone{"bob"})
	}
}

// A resumed caller goes before those who entered later, and is not counted twice.
func TestResumedCallerKeepsEntry(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(Enter{Call: "c2", Queue: "care"})
	since := dawn.Add(-time.Minute)
	h.wantTrace(h.do(Enter{Call: "c1", Queue: "care", Since: since, Offers: 4, Resumed: true}))
	h.wantTrace(h.do(SignIn{"ann"}),
		"ann: offline > ready", "offered c1-a5", "ann: ready > ringing", "! ring c1-a5 ann")
	out := h.after(time.Second, Answered{"c1-a5"})
	if got := out.Events[0].Wait; got != 61_000 {
		t.Errorf("Wait = %d ms, want 61000 from the first entry", got)
	}
}

func TestEntryInTheFutureIsNow(t *testing.T) {
	h := newHouse(t, twoQueues())
	out := h.do(Enter{Call: "c1", Queue: "care", Since: dawn.Add(time.Hour)})
	if got := out.Events[0].Entered; !got.Equal(call.Stamp(dawn)) {
		t.Errorf("Entered = %v, want now", got)
	}
}

// A clock that steps back makes no negative length and keeps no one ringing for ever.
func TestClockStepsBack(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(rung...)
	out := h.after(-time.Hour, Answered{"c1-a1"})
	h.wantTrace(out, "answered c1-a1", "ann: ringing > talking", "! connect c1-a1 ann")
	if ev := out.Events[0]; ev.Wait != 0 || ev.Ring != 0 {
		t.Errorf("Wait = %d, Ring = %d, want 0", ev.Wait, ev.Ring)
	}
}
