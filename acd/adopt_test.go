package acd

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

// ago is a time before the tests begin, as the ledger holds it.
func ago(d time.Duration) time.Time { return call.Stamp(dawn).Add(-d) }

// annTalks is the talk of Ann and c1 as it stands in the ledger: entered 60 s ago, rung 50 s
// ago, answered 40 s ago.
func annTalks() Adopt {
	return Adopt{
		Caller: Enter{Call: "c1", Queue: "care", Since: ago(time.Minute), Offers: 2},
		Agent:  "ann", Offer: "c1-a2",
		Offered: ago(50 * time.Second), Answer: ago(40 * time.Second), SignedIn: ago(time.Hour),
	}
}

// annIsRung is the ring before it.
func annIsRung() Adopt {
	c := annTalks()
	c.Answer = time.Time{}
	c.Offered = ago(5 * time.Second)
	return c
}

func annWrapsUp() Restore {
	return Restore{
		Agent: "ann", State: call.WrapUp, Since: ago(10 * time.Second), SignedIn: ago(time.Hour),
		Call: "c1", Queue: "care", Offer: "c1-a2", Entered: ago(time.Minute), Answer: ago(40 * time.Second),
	}
}

// The controller was killed in the talk: the same talk goes on in a new engine, no event is
// made twice and every length is that from the first times.
func TestPeers10TalkOutlivesTheController(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.wantTrace(h.do(annTalks()), "ann: offline > talking")
	at := call.Stamp(dawn)
	want := AgentView{
		ID: "ann", State: call.Talking, Since: ago(40 * time.Second), SignedIn: ago(time.Hour),
		Call: "c1", Queue: "care", Offer: "c1-a2", Answer: ago(40 * time.Second),
	}
	if diff := cmp.Diff(want, h.agent("ann")); diff != "" {
		t.Errorf("live view (-want +got):\n%s", diff)
	}
	out := h.after(2*time.Second, LegEnded{"c1-a2", call.ByAgent})
	out.Events = append(out.Events, h.after(3*time.Second, WrapUpDone{"ann"}).Events...)
	wantEvents := []call.Event{
		{
			At: at.Add(2 * time.Second), Kind: call.TalkEnded, Call: "c1", Queue: "care", Entered: ago(time.Minute),
			Agent: "ann", Offer: "c1-a2", Answer: ago(40 * time.Second),
			Wait: 20_000, Ring: 10_000, Talk: 42_000, By: call.ByAgent,
		},
		{
			At: at.Add(2 * time.Second), Kind: call.AgentChanged, Call: "c1", Agent: "ann",
			From: call.Talking, To: call.WrapUp, Held: 42_000,
		},
		{
			At: at.Add(5 * time.Second), Kind: call.WrapUpEnded, Call: "c1", Queue: "care", Entered: ago(time.Minute),
			Agent: "ann", Answer: ago(40 * time.Second), Wrap: 3000,
		},
		{
			At: at.Add(5 * time.Second), Kind: call.AgentChanged, Call: "c1", Agent: "ann",
			From: call.WrapUp, To: call.Ready, Held: 3000,
		},
	}
	if diff := cmp.Diff(wantEvents, out.Events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestAdoptedTalks(t *testing.T) {
	other := annTalks()
	other.Caller.Call, other.Offer = "c7", "c7-a1"
	runScenarios(t, []scenario{
		{
			name:  "the limit of the talk counts from the answer",
			given: []Command{annTalks()},
			steps: []step{
				{talkMax - 40*time.Second - time.Millisecond, Tick{}, quiet},
				{time.Millisecond, Tick{}, []string{"! hang up c1-a2 system"}},
				{ringGrace, Tick{}, []string{"talk_ended c1-a2 system", "ann: talking > wrapup"}},
			},
		},
		{
			name: "a limit that passed meanwhile takes effect at once",
			given: []Command{func() Adopt {
				c := annTalks()
				c.Answer = ago(2 * talkMax)
				return c
			}()},
			steps: []step{{0, Tick{}, []string{"! hang up c1-a2 system"}}},
		},
		{
			name:  "the caller leaves",
			given: []Command{annTalks()},
			steps: []step{
				{0, Leave{Call: "c1"}, []string{"! hang up c1-a2 caller"}},
				{0, LegEnded{"c1-a2", call.ByAgent}, []string{"talk_ended c1-a2 caller", "ann: talking > wrapup"}},
			},
		},
		{
			name:  "twice, and commands that fit another phase",
			given: []Command{annTalks()},
			steps: []step{
				{0, annTalks(), quiet},
				{0, annIsRung(), quiet},
				{0, other, quiet},
				{0, Enter{Call: "c1", Queue: "care", Resumed: true}, quiet},
				{0, annWrapsUp(), quiet},
				{0, Answered{"c1-a2"}, quiet},
				{0, OfferFailed{"c1-a2", call.Busy}, quiet},
				{0, SignIn{"ann"}, quiet},
			},
			check: func(t *testing.T, h *house) {
				if diff := cmp.Diff(Stats{Refused: 8}, h.e.Stats()); diff != "" {
					t.Error(diff)
				}
			},
		},
		{
			name:  "signed in before, and rung for another caller",
			given: []Command{SignIn{"ann"}, Enter{Call: "c9", Queue: "care"}, SignIn{"bob"}},
			steps: []step{
				{0, annTalks(), []string{
					"offer_ended c9-a1 canceled", "ann: ringing > ready", "ann: ready > talking",
					"offered c9-a2", "bob: ready > ringing", "! drop c9-a1 canceled", "! ring c9-a2 bob",
				}},
				{0, OfferFailed{"c9-a1", call.Canceled}, quiet},
				{0, LegEnded{"c1-a2", call.ByCaller}, []string{"talk_ended c1-a2 caller", "ann: talking > wrapup"}},
			},
		},
		{
			name:  "on a break: he talks, and is ready afterwards",
			given: []Command{SignIn{"ann"}, TakeBreak{"ann", "tea"}, annTalks(), LegEnded{"c1-a2", call.ByCaller}},
			steps: []step{{0, WrapUpDone{"ann"}, []string{"wrapup_ended c1 ann", "ann: wrapup > ready"}}},
		},
	})
}

func TestAdoptedRings(t *testing.T) {
	runScenarios(t, []scenario{
		{
			name:  "answered",
			given: []Command{annIsRung()},
			steps: []step{{time.Second, Answered{"c1-a2"}, []string{
				"answered c1-a2", "ann: ringing > talking", "! connect c1-a2 ann",
			}}},
		},
		{
			name:  "rings out at the first limit, and the numbers of offers go on",
			given: []Command{annIsRung(), SignIn{"bob"}},
			steps: []step{
				{ringFor - 5*time.Second - time.Millisecond, Tick{}, quiet},
				{time.Millisecond, Tick{}, []string{
					"offer_ended c1-a2 no_answer", "ann: ringing > ready", "offered c1-a3", "bob: ready > ringing",
					"! drop c1-a2 no_answer", "! ring c1-a3 bob",
				}},
			},
		},
		{
			name:  "an agent whose old leg may still ring is not taken, the caller waits on",
			given: []Command{SignIn{"ann"}, Enter{Call: "c9", Queue: "care"}, Leave{Call: "c9"}},
			steps: []step{{0, annIsRung(), []string{"! drop c1-a2 canceled"}}},
		},
		{
			name:  "an agent on a break is not taken, the caller waits for the next",
			given: []Command{SignIn{"ann"}, TakeBreak{"ann", "tea"}},
			steps: []step{
				{0, annIsRung(), []string{"! drop c1-a2 canceled"}},
				{0, SignIn{"bob"}, []string{
					"bob: offline > ready", "offered c1-a3", "bob: ready > ringing", "! ring c1-a3 bob",
				}},
			},
		},
	})
}

func TestAdoptedDroppedLegs(t *testing.T) {
	dropped := annIsRung()
	dropped.Dropped = call.NoAnswer
	resumed := Enter{Call: "c1", Queue: "care", Since: ago(time.Minute), Offers: 2, Resumed: true}
	runScenarios(t, []scenario{
		{
			name: "the agent is not rung before the leg is gone",
			steps: []step{
				{0, dropped, []string{"! drop c1-a2 no_answer"}},
				{0, dropped, quiet},
				{0, resumed, quiet},
				{0, SignIn{"ann"}, []string{"ann: offline > ready"}},
				{time.Second, OfferFailed{"c1-a2", call.NoAnswer}, []string{
					"offered c1-a3", "ann: ready > ringing", "! ring c1-a3 ann",
				}},
			},
		},
		{
			name:  "nor when he idled already, but no longer than the grace",
			given: []Command{SignIn{"ann"}, dropped, resumed},
			steps: []step{
				{ringGrace - 1, Tick{}, quiet},
				{1, Tick{}, []string{"offered c1-a3", "ann: ready > ringing", "! ring c1-a3 ann"}},
			},
		},
		{
			name:  "beside a talk on the same phone",
			given: []Command{annTalks()},
			steps: []step{{0, Adopt{
				Caller: Enter{Call: "c8", Queue: "care"}, Agent: "ann", Offer: "c8-a1", Dropped: call.Canceled,
			}, []string{"! drop c8-a1 canceled"}}},
		},
	})
}

func TestRestoredAgents(t *testing.T) {
	runScenarios(t, []scenario{
		{
			name: "break with its reason and its begin",
			steps: []step{
				{0, Restore{Agent: "ann", State: call.Break, Since: ago(time.Minute), Reason: "tea"}, []string{
					"ann: offline > break (tea)",
				}},
				{0, Restore{Agent: "ann", State: call.Ready}, quiet},
				{0, Enter{Call: "c1", Queue: "care"}, []string{"queued c1 queueing=true"}},
			},
			check: func(t *testing.T, h *house) {
				if got := h.do(GoReady{"ann"}).Events[0].Held; got != 60_000 {
					t.Errorf("Held = %d, want the whole break of 60000", got)
				}
			},
		},
		{
			name: "wrap-up to the limit that counts from the end of the talk",
			steps: []step{
				{0, annWrapsUp(), []string{"ann: offline > wrapup"}},
				{0, annWrapsUp(), quiet},
				{0, Enter{Call: "c2", Queue: "care"}, []string{"queued c2 queueing=true"}},
				{wrapUp - 10*time.Second - time.Millisecond, Tick{}, quiet},
				{time.Millisecond, Tick{}, []string{
					"wrapup_ended c1 ann", "ann: wrapup > ready", "offered c2-a1", "ann: ready > ringing",
					"! ring c2-a1 ann",
				}},
			},
		},
		{
			name: "ready, and rung at once for who waits",
			steps: []step{
				{0, Enter{Call: "c1", Queue: "care", Resumed: true}, quiet},
				{0, Restore{Agent: "ann", State: call.Ready, Since: ago(time.Minute)}, []string{
					"ann: offline > ready", "offered c1-a1", "ann: ready > ringing", "! ring c1-a1 ann",
				}},
			},
		},
		{
			name: "ready, but the pause after a missed call is not over",
			steps: []step{
				{0, Enter{Call: "c1", Queue: "care", Resumed: true}, quiet},
				{0, Restore{Agent: "ann", State: call.Ready, Missed: ago(2 * time.Second)}, []string{
					"ann: offline > ready",
				}},
				{missPause - 2*time.Second - time.Millisecond, Tick{}, quiet},
				{time.Millisecond, Tick{}, []string{"offered c1-a1", "ann: ready > ringing", "! ring c1-a1 ann"}},
			},
		},
		{
			name: "offline, once: the pause after a missed call goes on behind it",
			steps: []step{
				{0, Enter{Call: "c1", Queue: "care", Resumed: true}, quiet},
				{0, Restore{
					Agent: "ann", State: call.Offline, Since: ago(time.Second), Missed: ago(2 * time.Second), Reason: "fire",
				}, quiet},
				{0, Restore{Agent: "ann", State: call.Offline, Since: ago(time.Hour)}, quiet},
				{0, SignIn{"ann"}, []string{"ann: offline > ready"}},
				{missPause - 2*time.Second - time.Millisecond, Tick{}, quiet},
				{time.Millisecond, Tick{}, []string{"offered c1-a1", "ann: ready > ringing", "! ring c1-a1 ann"}},
			},
		},
		{
			name: "what cannot be restored changes nothing",
			steps: []step{
				{0, Restore{Agent: "ann", State: call.Talking}, quiet},
				{0, Restore{Agent: "ann", State: call.Ringing}, quiet},
				{0, Restore{Agent: "ann", State: "asleep"}, quiet},
				{0, Restore{Agent: "x", State: call.Ready}, quiet},
				{0, Restore{Agent: "ann", State: call.WrapUp, Queue: "x"}, quiet},
				{0, Adopt{Caller: Enter{Call: "c1", Queue: "x"}, Agent: "ann", Offer: "c1-a1"}, quiet},
				{0, Adopt{Caller: Enter{Call: "c1", Queue: "care"}, Agent: "x", Offer: "c1-a1"}, quiet},
				{0, Adopt{Caller: Enter{Call: "c1", Queue: "care"}, Agent: "ann"}, quiet},
				{0, Adopt{Caller: Enter{Queue: "care"}, Agent: "ann", Offer: "c1-a1"}, quiet},
			},
			check: func(t *testing.T, h *house) {
				if diff := cmp.Diff(Stats{Refused: 5, Unknown: 4}, h.e.Stats()); diff != "" {
					t.Error(diff)
				}
				if n := len(h.e.callers) + len(h.e.offers) + h.e.deadlines.len(); n != 0 {
					t.Errorf("%d things are left behind", n)
				}
			},
		},
	})
}

// WrapUpEnded of a restored wrap-up carries the call's own times.
func TestRestoredWrapUpEndsWithItsTimes(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(annWrapsUp())
	got := h.after(5*time.Second, WrapUpDone{"ann"}).Events
	want := []call.Event{
		{
			At: call.Stamp(h.now), Kind: call.WrapUpEnded, Call: "c1", Queue: "care", Entered: ago(time.Minute),
			Agent: "ann", Answer: ago(40 * time.Second), Wrap: 15_000,
		},
		{
			At: call.Stamp(h.now), Kind: call.AgentChanged, Call: "c1", Agent: "ann",
			From: call.WrapUp, To: call.Ready, Held: 15_000,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The order of the longest idle survives, whatever the order in which agents are restored.
func TestPeers10IdleOrderOutlivesTheController(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(
		Restore{Agent: "bob", State: call.Ready, Since: ago(time.Second), IdleSince: ago(time.Minute)},
		Restore{Agent: "ann", State: call.Ready, Since: ago(30 * time.Second)},
	)
	for _, tc := range []struct {
		id   call.ID
		want call.AgentID
	}{{"c1", "bob"}, {"c2", "ann"}} {
		if got := h.ring(h.do(Enter{Call: tc.id, Queue: "care"})).Agent; got != tc.want {
			t.Errorf("%s rings %s, want %s", tc.id, got, tc.want)
		}
	}
}

// Callers re-enter in any order and stand in that of their first entry.
func TestPeers10QueueOrderOutlivesTheController(t *testing.T) {
	h := newHouse(t, twoQueues())
	for _, n := range []int{3, 1, 5, 2, 4} {
		id := call.ID([]string{"", "c1", "c2", "c3", "c4", "c5"}[n])
		since := ago(time.Minute - time.Duration(n)*time.Second)
		h.wantTrace(h.do(Enter{Call: id, Queue: "care", Since: since, Offers: 1, Resumed: true}))
	}
	if diff := cmp.Diff([]call.ID{"c1", "c2", "c3", "c4", "c5"}, h.waiting("care")); diff != "" {
		t.Fatalf("live view (-want +got):\n%s", diff)
	}
	h.do(SignIn{"ann"})
	for _, want := range []call.ID{"c1", "c2", "c3", "c4", "c5"} {
		v := h.agent("ann")
		if v.Call != want {
			t.Fatalf("Ann is rung for %q, want %q", v.Call, want)
		}
		h.do(Answered{v.Offer}, LegEnded{v.Offer, call.ByCaller}, WrapUpDone{"ann"})
	}
}
