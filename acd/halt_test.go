package acd

import (
	"testing"
	"time"

	"hotline/call"
)

// While the switch is out of reach nobody is rung and no agent is charged; afterwards whoever
// waits is served in his turn.
func TestPeers02NobodyIsChargedWhileTheSwitchIsOutOfReach(t *testing.T) {
	runScenarios(t, []scenario{
		{
			name:  "who comes or becomes free meanwhile waits, and is served in his turn afterwards",
			given: []Command{SignIn{"ann"}, Halt{}},
			steps: []step{
				{0, Enter{Call: "c1", Queue: "care"}, []string{"queued c1 queueing=true"}},
				{time.Second, Enter{Call: "c2", Queue: "care"}, []string{"queued c2 queueing=true"}},
				{0, SignIn{"bob"}, []string{"bob: offline > ready"}},
				{0, Halt{}, quiet},
				{time.Second, Proceed{}, []string{
					"offered c1-a1", "ann: ready > ringing", "offered c2-a1", "bob: ready > ringing",
					"! ring c1-a1 ann", "! ring c2-a1 bob",
				}},
				{0, Proceed{}, quiet},
			},
			check: func(t *testing.T, h *house) {
				t.Helper()
				if n := h.e.Stats().Refused; n != 2 {
					t.Errorf("%d commands refused, want the second of each", n)
				}
			},
		},
		{
			name:  "a phone rings on over its limit, and its answer is taken",
			given: then(rung, Halt{}),
			steps: []step{
				{2 * ringFor, Tick{}, quiet},
				{0, Answered{"c1-a1"}, []string{"answered c1-a1", "ann: ringing > talking", "! connect c1-a1 ann"}},
			},
		},
		{
			name:  "a phone that still rings afterwards is given up then",
			given: then(rung, Halt{}),
			steps: []step{
				{2 * ringFor, Proceed{}, quiet},
				{haltedRing, Tick{}, []string{
					"offer_ended c1-a1 no_answer", "ann: ringing > ready", "! drop c1-a1 no_answer",
				}},
			},
		},
		{
			name: "a caller kept for one agent is not rung for him, nor may an agent dial",
			given: []Command{SignIn{"ann"}, Halt{}, Enter{
				Call: "c1", Queue: "care", Only: "ann", PreferFor: time.Minute, OrQueue: true,
			}},
			steps: []step{
				{0, Enter{Call: "c2", Queue: "care", Only: "ann", Own: true}, []string{"queued c2 queueing=true"}},
				{ringGrace, Tick{}, []string{"left_queue c2 timed_out", "! expire c2 timed_out"}},
				{0, Proceed{}, []string{"offered c1-a1", "ann: ready > ringing", "! ring c1-a1 ann"}},
				{0, Answered{"c1-a1"}, []string{"answered c1-a1", "ann: ringing > talking", "! connect c1-a1 ann"}},
			},
		},
		{
			name:  "a wait that is too long ends meanwhile, too",
			given: []Command{SignIn{"cy"}, Halt{}, Enter{Call: "c1", Queue: "sales"}},
			steps: []step{
				{maxWait, Tick{}, []string{"left_queue c1 timed_out", "! expire c1 timed_out"}},
				{0, Proceed{}, quiet},
			},
		},
		{
			name:  "wrap-up ends meanwhile and the agent waits for the end of the halt",
			given: then(talks, LegEnded{"c1-a1", call.ByCaller}, Halt{}, Enter{Call: "c2", Queue: "care"}),
			steps: []step{
				{wrapUp, Tick{}, []string{"wrapup_ended c1 ann", "ann: wrapup > ready"}},
				{0, Proceed{}, []string{"offered c2-a1", "ann: ready > ringing", "! ring c2-a1 ann"}},
			},
		},
	})
}
