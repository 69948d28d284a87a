package acd

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

func TestAnswers(t *testing.T) {
	runScenarios(t, []scenario{
		{
			name: "answered in time",
			steps: []step{
				{0, SignIn{"ann"}, []string{"ann: offline > ready"}},
				{0, Enter{Call: "c1", Queue: "care"}, []string{
					"queued c1 queueing=false", "offered c1-a1", "ann: ready > ringing", "! ring c1-a1 ann",
				}},
				{time.Second, Answered{"c1-a1"}, []string{
					"answered c1-a1", "ann: ringing > talking", "! connect c1-a1 ann",
				}},
				{time.Second, LegEnded{"c1-a1", call.ByCaller}, []string{
					"talk_ended c1-a1 caller", "ann: talking > wrapup",
				}},
				{time.Second, WrapUpDone{"ann"}, []string{"wrapup_ended c1 ann", "ann: wrapup > ready"}},
			},
		},
		{
			name:  "rings out: the caller goes on to the next agent in the same step",
			given: then(rung, SignIn{"bob"}),
			steps: []step{
				{ringFor - 1, Tick{}, quiet},
				{1, Tick{}, []string{
					"offer_ended c1-a1 no_answer", "ann: ringing > ready",
					"offered c1-a2", "bob: ready > ringing", "! drop c1-a1 no_answer", "! ring c1-a2 bob",
				}},
			},
		},
		{
			name:  "answer after the ring deadline: dropped again, never a second connect",
			given: then(rung, SignIn{"bob"}),
			steps: []step{
				{ringFor, Answered{"c1-a1"}, []string{
					"offer_ended c1-a1 no_answer", "ann: ringing > ready",
					"offered c1-a2", "bob: ready > ringing",
					"! drop c1-a1 no_answer", "! ring c1-a2 bob", "! drop c1-a1 no_answer",
				}},
				{0, Answered{"c1-a1"}, quiet},
				{0, Answered{"c1-a2"}, []string{
					"answered c1-a2", "bob: ringing > talking", "! connect c1-a2 bob",
				}},
				{0, LegEnded{"c1-a1", call.ByAgent}, quiet},
				{0, Answered{"c1-a1"}, quiet},
			},
			check: func(t *testing.T, h *house) {
				want := Stats{LateAnswers: 1, Refused: 1, Unknown: 1}
				if diff := cmp.Diff(want, h.e.Stats()); diff != "" {
					t.Error(diff)
				}
			},
		},
		{
			name:  "answered twice",
			given: talks,
			steps: []step{{0, Answered{"c1-a1"}, quiet}},
		},
	})
}

func TestFailedOffers(t *testing.T) {
	runScenarios(t, []scenario{
		{
			name:  "alone after a miss: rung again when the leg is gone and the pause is over",
			given: rung,
			steps: []step{
				{ringFor, Tick{}, []string{
					"offer_ended c1-a1 no_answer", "ann: ringing > ready", "! drop c1-a1 no_answer",
				}},
				{time.Second, OfferFailed{"c1-a1", call.NoAnswer}, quiet},
				{missPause - time.Second - 1, Tick{}, quiet},
				{1, Tick{}, []string{"offered c1-a2", "ann: ready > ringing", "! ring c1-a2 ann"}},
			},
		},
		{
			name:  "a rejected call goes to the next agent, not to the same phone",
			given: then(rung, SignIn{"bob"}),
			steps: []step{
				{time.Second, OfferFailed{"c1-a1", call.Rejected}, []string{
					"offer_ended c1-a1 rejected", "ann: ringing > ready",
					"offered c1-a2", "bob: ready > ringing", "! ring c1-a2 bob",
				}},
				{0, OfferFailed{"c1-a1", call.Rejected}, quiet},
			},
		},
		{
			name:  "busy and unreachable pause the agent too",
			given: rung,
			steps: []step{
				{0, OfferFailed{"c1-a1", call.Busy}, []string{"offer_ended c1-a1 busy", "ann: ringing > ready"}},
				{missPause, Tick{}, []string{"offered c1-a2", "ann: ready > ringing", "! ring c1-a2 ann"}},
				{0, OfferFailed{"c1-a2", call.Unreachable}, []string{
					"offer_ended c1-a2 unreachable", "ann: ringing > ready",
				}},
				{missPause - 1, Tick{}, quiet},
			},
		},
		{
			name:  "a failure without a sensible outcome is unreachable",
			given: rung,
			steps: []step{{0, OfferFailed{"c1-a1", call.TimedOut}, []string{
				"offer_ended c1-a1 unreachable", "ann: ringing > ready",
			}}},
		},
		{
			name:  "an offer cancelled by others does not loop at the speed of the network",
			given: rung,
			steps: []step{
				{0, OfferFailed{"c1-a1", call.Canceled}, []string{
					"offer_ended c1-a1 canceled", "ann: ringing > ready",
				}},
				{missPause, Tick{}, []string{"offered c1-a2", "ann: ready > ringing", "! ring c1-a2 ann"}},
			},
		},
	})
}

func TestTalks(t *testing.T) {
	runScenarios(t, []scenario{
		{
			name:  "commands for the wrong phase change nothing",
			given: rung,
			steps: []step{
				{0, LegEnded{"c1-a1", call.ByAgent}, quiet},
				{0, WrapUpDone{"ann"}, quiet},
				{0, Answered{"c1-a1"}, []string{"answered c1-a1", "ann: ringing > talking", "! connect c1-a1 ann"}},
				{0, OfferFailed{"c1-a1", call.NoAnswer}, quiet},
				{0, LegEnded{"c1-a1", call.ByAgent}, []string{"talk_ended c1-a1 agent", "ann: talking > wrapup"}},
				{0, LegEnded{"c1-a1", call.ByAgent}, quiet},
			},
		},
		{
			name:  "a talk at its limit is hung up, then taken as over",
			given: talks,
			steps: []step{
				{talkMax - 1, Tick{}, quiet},
				{1, Tick{}, []string{"! hang up c1-a1 system"}},
				{ringGrace - 1, Tick{}, quiet},
				{1, Tick{}, []string{"talk_ended c1-a1 system", "ann: talking > wrapup"}},
				{0, LegEnded{"c1-a1", call.ByAgent}, quiet},
			},
			check: func(t *testing.T, h *house) {
				if got := h.e.Stats().ForcedTalks; got != 1 {
					t.Errorf("ForcedTalks = %d, want 1", got)
				}
			},
		},
		{
			name:  "who made us hang up has ended the talk",
			given: talks,
			steps: []step{
				{0, Leave{Call: "c1"}, []string{"! hang up c1-a1 caller"}},
				{0, Leave{Call: "c1"}, quiet},
				{0, LegEnded{"c1-a1", call.ByAgent}, []string{"talk_ended c1-a1 caller", "ann: talking > wrapup"}},
			},
		},
		{
			name:  "an end by nobody we know is the system's",
			given: talks,
			steps: []step{{0, LegEnded{"c1-a1", "gremlin"}, []string{
				"talk_ended c1-a1 system", "ann: talking > wrapup",
			}}},
		},
	})
}

func TestHangUpInEachState(t *testing.T) {
	runScenarios(t, []scenario{
		{
			name:  "unknown call",
			steps: []step{{0, Leave{Call: "c9"}, quiet}},
		},
		{
			name:  "waiting",
			given: []Command{Enter{Call: "c1", Queue: "care"}},
			steps: []step{
				{time.Second, Leave{Call: "c1"}, []string{"left_queue c1 abandoned"}},
				{0, Leave{Call: "c1"}, quiet},
				{0, SignIn{"ann"}, []string{"ann: offline > ready"}},
			},
		},
		{
			name:  "ringing: the phone is silenced and free only when that is confirmed",
			given: then(rung, Enter{Call: "c2", Queue: "care"}),
			steps: []step{
				{time.Second, Leave{Call: "c1"}, []string{
					"offer_ended c1-a1 canceled", "ann: ringing > ready", "left_queue c1 abandoned",
					"! drop c1-a1 canceled",
				}},
				{time.Second, OfferFailed{"c1-a1", call.NoAnswer}, []string{
					"offered c2-a1", "ann: ready > ringing", "! ring c2-a1 ann",
				}},
				{0, OfferFailed{"c1-a1", call.Canceled}, quiet},
			},
		},
		{
			name:  "ringing, and the agent answers at the same moment",
			given: rung,
			steps: []step{
				{0, Leave{Call: "c1"}, []string{
					"offer_ended c1-a1 canceled", "ann: ringing > ready", "left_queue c1 abandoned",
					"! drop c1-a1 canceled",
				}},
				{0, Answered{"c1-a1"}, []string{"! drop c1-a1 canceled"}},
				{0, LegEnded{"c1-a1", call.BySystem}, quiet},
				{0, Enter{Call: "c2", Queue: "care"}, []string{
					"queued c2 queueing=false", "offered c2-a1", "ann: ready > ringing", "! ring c2-a1 ann",
				}},
			},
		},
		{
			name:  "talking, and the agent's phone never reports its end",
			given: talks,
			steps: []step{
				{0, Leave{Call: "c1"}, []string{"! hang up c1-a1 caller"}},
				{ringGrace, Tick{}, []string{"talk_ended c1-a1 caller", "ann: talking > wrapup"}},
			},
		},
		{
			name:  "in the wrap-up",
			given: wrapsUp,
			steps: []step{{0, Leave{Call: "c1"}, quiet}},
		},
		{
			name: "after the end of waiting",
			given: []Command{
				Enter{Call: "c1", Queue: "sales", Since: dawn.Add(-maxWait)},
			},
			steps: []step{{0, Leave{Call: "c1"}, quiet}},
		},
	})
}

// A phone that says nothing after Drop holds its agent no longer than the grace.
func TestUnconfirmedDropHoldsAgentForGrace(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(rung...)
	h.do(Enter{Call: "c2", Queue: "care"}, Leave{Call: "c1"})
	h.wantTrace(h.after(ringGrace-1, Tick{}))
	if !h.agent("ann").Resting {
		t.Error("Ann is not shown as resting while her phone may ring")
	}
	h.wantTrace(h.after(1, Tick{}), "offered c2-a1", "ann: ready > ringing", "! ring c2-a1 ann")
	if got := h.e.Stats().ForcedLegs; got != 1 {
		t.Errorf("ForcedLegs = %d, want 1", got)
	}
}

// The grace begins anew with a late answer, once, since that leg must be hung up first.
func TestLateAnswerRestartsGraceOnce(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(rung...)
	h.do(Enter{Call: "c2", Queue: "care"}, Leave{Call: "c1"})
	h.after(ringGrace-1, Answered{"c1-a1"})
	h.wantTrace(h.after(ringGrace-1, Answered{"c1-a1"}))
	h.wantTrace(h.after(1, Tick{}), "offered c2-a1", "ann: ready > ringing", "! ring c2-a1 ann")
}

func TestOfferIDsGoOnWithinACall(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(SignIn{"ann"}, Enter{Call: "c1", Queue: "care", Offers: 2})
	h.wantTrace(h.do(SignIn{"bob"}, OfferFailed{"c1-a3", call.Rejected}),
		"bob: offline > ready", "offer_ended c1-a3 rejected", "ann: ringing > ready",
		"offered c1-a4", "bob: ready > ringing", "! ring c1-a4 bob")

	// The call leaves and comes back as new while its dropped offer is still known.
	h.do(Leave{Call: "c1"}, SignIn{"cy"})
	out := h.do(Enter{Call: "c1", Queue: "sales", Offers: 3})
	if got := h.ring(out).Offer; got != "c1-a5" {
		t.Errorf("offer id %q, want c1-a5, since c1-a4 is not over", got)
	}
}

func TestRingUntilIsTheDeadline(t *testing.T) {
	h := newHouse(t, twoQueues())
	ring := h.ring(h.do(rung...))
	want := Ring{Offer: "c1-a1", Call: "c1", Queue: "care", Agent: "ann", Until: dawn.Add(ringFor)}
	if diff := cmp.Diff(want, ring); diff != "" {
		t.Error(diff)
	}
	if next, ok := h.e.NextDeadline(); !ok || !next.Equal(ring.Until) {
		t.Errorf("NextDeadline = %v, %t, want %v", next, ok, ring.Until)
	}
}

// An output belongs to whoever got it: a later Apply must not write into it.
func TestOutputIsNotOverwritten(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(SignIn{"ann"})
	out := h.e.Apply(h.now, Enter{Call: "c1", Queue: "care"})
	before := trace(out)
	h.e.Apply(h.now, Answered{"c1-a1"})
	if diff := cmp.Diff(before, trace(out)); diff != "" {
		t.Errorf("-first +later:\n%s", diff)
	}
}
