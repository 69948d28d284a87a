package acd

import (
	"testing"
	"time"

	"hotline/call"
)

// patient is a house whose agents are given a break after two calls in a row that rang out.
func patient() Config {
	cfg := twoQueues()
	cfg.SuspendAfter = 2
	return cfg
}

// rungOut is one ring that nobody answers and the pause after it.
func rungOut(offer call.OfferID, then ...string) []step {
	return []step{
		{ringFor, Tick{}, []string{
			"offer_ended " + string(offer) + " no_answer", "ann: ringing > ready", "! drop " + string(offer) + " no_answer",
		}},
		{0, OfferFailed{offer, call.NoAnswer}, quiet},
		{missPause, Tick{}, then},
	}
}

// Somebody leaves his desk without a word: other systems ring his phone for ever, or pause
// him after a number of misses that nobody can set, and nobody can end the pause.
func TestPeers15SuspendedAfterMisses(t *testing.T) {
	second := []string{"offered c1-a2", "ann: ready > ringing", "! ring c1-a2 ann"}
	suspended := []string{
		"offer_ended c1-a2 no_answer", "ann: ringing > break (missed calls)", "! drop c1-a2 no_answer",
	}
	runScenariosIn(t, patient(), []scenario{
		{
			name:  "a break with its reason, ended by the agent, and a new row begins",
			given: rung,
			steps: append(rungOut("c1-a1", second...),
				step{ringFor, Tick{}, suspended},
				step{0, OfferFailed{"c1-a2", call.NoAnswer}, quiet},
				step{time.Hour, Tick{}, quiet},
				step{0, GoReady{"ann"}, []string{
					"ann: break > ready", "offered c1-a3", "ann: ready > ringing", "! ring c1-a3 ann",
				}},
				step{ringFor, Tick{}, []string{
					"offer_ended c1-a3 no_answer", "ann: ringing > ready", "! drop c1-a3 no_answer",
				}}),
		},
		{
			name:  "reported by the phone as well",
			given: then(rung, OfferFailed{"c1-a1", call.NoAnswer}),
			steps: []step{
				{missPause, Tick{}, second},
				{0, OfferFailed{"c1-a2", call.NoAnswer}, suspended[:2]},
			},
		},
		{
			name:  "an answer begins a new row",
			given: then(rung, OfferFailed{"c1-a1", call.NoAnswer}),
			steps: []step{
				{missPause, Tick{}, second},
				{0, Answered{"c1-a2"}, []string{"answered c1-a2", "ann: ringing > talking", "! connect c1-a2 ann"}},
				{0, LegEnded{"c1-a2", call.ByCaller}, []string{"talk_ended c1-a2 caller", "ann: talking > wrapup"}},
				{0, WrapUpDone{"ann"}, []string{"wrapup_ended c1 ann", "ann: wrapup > ready"}},
				{0, Enter{Call: "c2", Queue: "care"}, []string{
					"queued c2 queueing=false", "offered c2-a1", "ann: ready > ringing", "! ring c2-a1 ann",
				}},
				{0, OfferFailed{"c2-a1", call.NoAnswer}, []string{"offer_ended c2-a1 no_answer", "ann: ringing > ready"}},
			},
		},
		{
			name:  "so does a sign-in",
			given: then(rung, OfferFailed{"c1-a1", call.NoAnswer}, SignOut{"ann", ""}, SignIn{"ann"}),
			steps: []step{
				{missPause, Tick{}, second},
				{0, OfferFailed{"c1-a2", call.NoAnswer}, []string{"offer_ended c1-a2 no_answer", "ann: ringing > ready"}},
			},
		},
		{
			name:  "what is not his silence does not count",
			given: then(rung, OfferFailed{"c1-a1", call.NoAnswer}),
			steps: []step{
				{missPause, Tick{}, second},
				{0, OfferFailed{"c1-a2", call.Rejected}, []string{"offer_ended c1-a2 rejected", "ann: ringing > ready"}},
				{missPause, Tick{}, []string{"offered c1-a3", "ann: ready > ringing", "! ring c1-a3 ann"}},
				{0, Leave{Call: "c1"}, []string{
					"offer_ended c1-a3 canceled", "ann: ringing > ready", "left_queue c1 abandoned",
					"! drop c1-a3 canceled",
				}},
			},
		},
		{
			name:  "what he asked for himself goes before",
			given: then(rung, OfferFailed{"c1-a1", call.NoAnswer}),
			steps: []step{
				{missPause, Tick{}, second},
				{0, TakeBreak{"ann", "lunch"}, quiet},
				{0, OfferFailed{"c1-a2", call.NoAnswer}, []string{
					"offer_ended c1-a2 no_answer", "ann: ringing > break (lunch)",
				}},
			},
		},
		{
			name: "the row outlives the controller",
			given: []Command{
				Enter{Call: "c1", Queue: "care", Offers: 1, Resumed: true},
				Restore{Agent: "ann", State: call.Ready, Misses: 1},
			},
			steps: []step{{ringFor, Tick{}, suspended}},
		},
		{
			name: "and ends with a talk that is adopted",
			given: then(rung, OfferFailed{"c1-a1", call.NoAnswer}, Leave{Call: "c1"}, annTalks(),
				LegEnded{"c1-a2", call.ByCaller}, WrapUpDone{"ann"}),
			steps: []step{
				{missPause, Enter{Call: "c2", Queue: "care"}, []string{
					"queued c2 queueing=false", "offered c2-a1", "ann: ready > ringing", "! ring c2-a1 ann",
				}},
				{0, OfferFailed{"c2-a1", call.NoAnswer}, []string{"offer_ended c2-a1 no_answer", "ann: ringing > ready"}},
			},
		},
		{
			name: "in a ring, too",
			given: []Command{Adopt{
				Caller: Enter{Call: "c1", Queue: "care", Offers: 2}, Agent: "ann", Offer: "c1-a2", Misses: 1,
			}},
			steps: []step{{ringFor, Tick{}, suspended}},
		},
	})
}

func TestNobodyIsSuspendedByDefault(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(rung...)
	for range 50 {
		h.after(ringFor, Tick{})
		h.after(missPause, Tick{})
	}
	if v := h.agent("ann"); v.State != call.Ringing || v.Misses != 50 {
		t.Errorf("Ann is %+v, want her rung still, with 50 misses shown", v)
	}
}

// S1: the ring limit leaves time for a second and a third agent within the 15 s when the
// first two do not pick up.
func TestS1ThirdAgentAnswersWithinTheTarget(t *testing.T) {
	cfg := twoQueues()
	for i := range cfg.Agents {
		cfg.Agents[i].Queues = []call.QueueID{"care"}
	}
	cfg.Queues[0].RingFor = 5 * time.Second
	h := newHouse(t, cfg)
	h.do(SignIn{"ann"})
	h.after(time.Second, SignIn{"bob"})
	h.after(time.Second, SignIn{"cy"})
	h.after(time.Second, Enter{Call: "c1", Queue: "care"})
	for range 2 {
		h.after(5*time.Second, Tick{})
	}
	answer := h.after(4*time.Second, Answered{"c1-a3"}).Events[0]
	if answer.Agent != "cy" || answer.Wait != 14_000 {
		t.Errorf("answer %+v, want Cy after 14000 ms", answer)
	}
}
