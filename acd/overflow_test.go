package acd

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

// helpAfter is how long a caller of "care" waits until the agents of "sales" help.
const helpAfter = 20 * time.Second

// neighbours is a house of two queues, each with agents of its own: Ann and Al in care, Sid
// and Sue in sales, who help care after a while.
func neighbours() Config {
	return Config{
		Queues: []Queue{
			{ID: "care", RingFor: ringFor, Help: []Help{{helpAfter, "sales"}}},
			{ID: "sales", RingFor: ringFor},
		},
		Agents: []Agent{
			{ID: "sid", Queues: []call.QueueID{"sales"}},
			{ID: "sue", Queues: []call.QueueID{"sales"}},
			{ID: "ann", Queues: []call.QueueID{"care"}},
			{ID: "al", Queues: []call.QueueID{"care"}},
		},
		RingGrace: ringGrace, MissPause: missPause, TalkMax: talkMax,
	}
}

func TestHelpOfAnotherQueue(t *testing.T) {
	enter := Enter{Call: "c1", Queue: "care"}
	runScenariosIn(t, neighbours(), []scenario{
		{
			name:  "an idle agent of the other queue, when its time has come",
			given: []Command{SignIn{"sid"}, enter},
			steps: []step{
				{helpAfter - 1, Tick{}, quiet},
				{1, Tick{}, []string{"offered c1-a1", "sid: ready > ringing", "! ring c1-a1 sid"}},
			},
		},
		{
			name:  "one who gets free before helps nobody yet",
			given: []Command{enter},
			steps: []step{{helpAfter - 1, SignIn{"sid"}, []string{"sid: offline > ready"}}},
		},
		{
			name:  "one who gets free afterwards",
			given: []Command{enter},
			steps: []step{
				{helpAfter, Tick{}, quiet},
				{0, SignIn{"sid"}, []string{
					"sid: offline > ready", "offered c1-a1", "sid: ready > ringing", "! ring c1-a1 sid",
				}},
			},
		},
		{
			name:  "an agent of his own queue is rung first, whoever idles longer",
			given: []Command{SignIn{"sid"}, SignIn{"ann"}, Enter{Call: "c1", Queue: "care", Since: dawn.Add(-helpAfter)}},
			steps: []step{
				{0, OfferFailed{"c1-a1", call.Rejected}, []string{
					"offer_ended c1-a1 rejected", "ann: ringing > ready", "offered c1-a2", "sid: ready > ringing",
					"! ring c1-a2 sid",
				}},
			},
		},
		{
			name:  "help is not mutual",
			given: []Command{SignIn{"ann"}, Enter{Call: "s1", Queue: "sales"}},
			steps: []step{{time.Hour, Tick{}, quiet}},
		},
		{
			name:  "whoever leaves leaves both lines",
			given: []Command{enter},
			steps: []step{
				{helpAfter, Leave{Call: "c1"}, []string{"left_queue c1 abandoned"}},
				{0, SignIn{"sid"}, []string{"sid: offline > ready"}},
				{0, SignIn{"ann"}, []string{"ann: offline > ready"}},
			},
		},
	})
}

// Going over to another queue costs the place elsewhere. Here the caller stands in both
// lines by his first entry, all events stay those of the queue he entered, and the wait is
// the whole wait.
func TestPeers11OverflowKeepsPlaceAndEntry(t *testing.T) {
	h := newHouse(t, neighbours())
	h.do(Enter{Call: "c1", Queue: "care"})
	h.after(time.Second, Enter{Call: "s1", Queue: "sales"})
	h.after(time.Second, Enter{Call: "c2", Queue: "care"})
	h.after(helpAfter, Tick{})
	for _, q := range h.e.Snapshot(h.now).Queues {
		want := map[call.QueueID][]call.ID{"care": {"c1", "c2"}, "sales": {"s1"}}[q.ID]
		if diff := cmp.Diff(want, h.waiting(q.ID)); diff != "" {
			t.Errorf("%s in the view (-want +got):\n%s", q.ID, diff)
		}
	}
	h.do(SignIn{"sid"})
	for _, want := range []call.ID{"c1", "s1", "c2"} {
		v := h.agent("sid")
		if v.Call != want {
			t.Fatalf("Sid is rung for %q, want %q", v.Call, want)
		}
		out := h.after(time.Second, Answered{v.Offer})
		ev := out.Events[0]
		if ev.Call == "c1" && (ev.Queue != "care" || !ev.Entered.Equal(call.Stamp(dawn)) || ev.Wait != 23_000) {
			t.Errorf("answer %+v, want queue care, entered at dawn, 23000 ms", ev)
		}
		h.do(LegEnded{v.Offer, call.ByCaller})
	}
}

// The juniors of one line help the senior line only where its callers may be served below
// what they want.
func TestHelpKeepsTheLevel(t *testing.T) {
	cfg := levelled()
	cfg.Queues = append(cfg.Queues, Queue{ID: "juniors", RingFor: ringFor, Skill: "fresh"})
	cfg.Agents = append(cfg.Agents, Agent{ID: "new", Skills: map[Skill]Level{"fresh": junior}})
	cfg.Queues[1].Help = []Help{{0, "juniors"}}
	cfg.Queues[1].Widen = []Widen{{widenAfter, junior}}
	h := newHouse(t, cfg)
	h.do(SignIn{"new"}, Enter{Call: "s1", Queue: "seniors"})
	h.wantTrace(h.after(widenAfter-1, Tick{}))
	if r := h.ring(h.after(1, Tick{})); r.Agent != "new" || !r.Below {
		t.Errorf("%+v, want the helping junior with the flag", r)
	}
}

// An agent who has the wanted level in the helping queue is no junior there.
func TestHelperOfTheWantedLevelIsNotFlagged(t *testing.T) {
	cfg := levelled()
	cfg.Queues = append(cfg.Queues, Queue{ID: "other", RingFor: ringFor, Skill: "other"})
	cfg.Agents[0].Skills["other"] = manager
	cfg.Queues[1].Help = []Help{{0, "other"}}
	h := newHouse(t, cfg)
	h.do(SignIn{"jo"})
	if agent, below := h.rungFor(Enter{Call: "s1", Queue: "seniors"}); agent != "jo" || below {
		t.Errorf("rings %q, flag %t, want Jo without", agent, below)
	}
}

// crowded is twoQueues with place for two in care.
func crowded() Config {
	cfg := twoQueues()
	cfg.Queues[0].MaxWaiting = 2
	return cfg
}

// S8, S17: a caller who finds the queue full is told apart from those who gave up.
func TestS8FullQueue(t *testing.T) {
	enter := func(id call.ID) Enter { return Enter{Call: id, Queue: "care"} }
	away := []string{"queued c3 queueing=true", "left_queue c3 overflowed", "! expire c3 overflowed"}
	runScenariosIn(t, crowded(), []scenario{
		{
			name:  "one too many",
			given: []Command{enter("c1"), enter("c2")},
			steps: []step{
				{0, enter("c3"), away},
				{0, Leave{Call: "c3"}, quiet},
				{0, Enter{Call: "s1", Queue: "sales"}, []string{"queued s1 queueing=true"}},
				{0, Leave{Call: "c1"}, []string{"left_queue c1 abandoned"}},
				{0, enter("c3"), []string{"queued c3 queueing=true"}},
			},
		},
		{
			name:  "whose phone rings does not count",
			given: []Command{SignIn{"ann"}, enter("c1"), enter("c2")},
			steps: []step{
				{0, enter("c4"), []string{"queued c4 queueing=true"}},
				{0, enter("c3"), away},
				{0, OfferFailed{"c1-a1", call.Rejected}, []string{"offer_ended c1-a1 rejected", "ann: ringing > ready"}},
				{0, enter("c3"), away},
				{0, Leave{Call: "c1"}, []string{"left_queue c1 abandoned"}},
				{0, enter("c3"), away},
			},
		},
		{
			name:  "an idle agent is no matter of the line",
			given: []Command{enter("c1"), enter("c2"), SignIn{"ann"}, SignIn{"bob"}, enter("c5"), enter("c6")},
			steps: []step{
				{0, enter("c3"), away},
				{0, Leave{Call: "c5"}, []string{"left_queue c5 abandoned"}},
				{0, Leave{Call: "c6"}, []string{"left_queue c6 abandoned"}},
				{0, SignIn{"cy"}, []string{"cy: offline > ready"}},
				{0, Enter{Call: "s1", Queue: "sales"}, []string{
					"queued s1 queueing=false", "offered s1-a1", "cy: ready > ringing", "! ring s1-a1 cy",
				}},
			},
		},
		{
			name:  "nobody is sent away by a restart",
			given: []Command{enter("c1"), enter("c2")},
			steps: []step{{0, Enter{Call: "c3", Queue: "care", Resumed: true}, quiet}},
		},
	})
}

// emptyAfter is how long callers wait while nobody is signed in.
const emptyAfter = 15 * time.Second

func deserting() Config {
	cfg := neighbours()
	for i := range cfg.Queues {
		cfg.Queues[i].EmptyAfter = emptyAfter
	}
	return cfg
}

// Callers who were sent away from an empty queue are not counted elsewhere.
func TestPeers07LeaveEmptyIsCounted(t *testing.T) {
	gone := []string{"left_queue c1 left_empty", "! expire c1 left_empty"}
	runScenariosIn(t, deserting(), []scenario{
		{
			name:  "nobody has ever been there",
			given: []Command{Enter{Call: "c1", Queue: "care"}},
			steps: []step{
				{emptyAfter - 1, Tick{}, quiet},
				{1, Tick{}, gone},
				{0, Enter{Call: "c1", Queue: "care"}, append([]string{"queued c1 queueing=true"}, gone...)},
			},
		},
		{
			name:  "the last one leaves: all go, in their order",
			given: []Command{SignIn{"ann"}, TakeBreak{"ann", "tea"}, Enter{Call: "c2", Queue: "care"}},
			steps: []step{
				{time.Second, Enter{Call: "c1", Queue: "care", Priority: 1}, []string{"queued c1 queueing=true"}},
				{time.Second, SignOut{"ann", ""}, []string{"ann: break > offline"}},
				{emptyAfter, Tick{}, []string{
					"left_queue c1 left_empty", "left_queue c2 left_empty",
					"! expire c1 left_empty", "! expire c2 left_empty",
				}},
			},
		},
		{
			name:  "somebody signs in in time",
			given: []Command{Enter{Call: "c1", Queue: "care"}, Leave{Call: "c1"}},
			steps: []step{
				{emptyAfter - 1, SignIn{"ann"}, []string{"ann: offline > ready"}},
				{0, TakeBreak{"ann", "tea"}, []string{"ann: ready > break (tea)"}},
				{0, Enter{Call: "c1", Queue: "care"}, []string{"queued c1 queueing=true"}},
				{time.Hour, SignOut{"ann", ""}, []string{"ann: break > offline"}},
				{emptyAfter - 1, Tick{}, quiet},
				{1, Tick{}, gone},
			},
		},
		{
			name:  "a queue that helps counts",
			given: []Command{SignIn{"sid"}, Enter{Call: "c1", Queue: "care"}},
			steps: []step{{helpAfter - 1, Tick{}, quiet}},
		},
		{
			name: "its own callers only: those of the queue it helps wait on",
			given: []Command{
				SignIn{"ann"}, TakeBreak{"ann", "tea"}, Enter{Call: "c1", Queue: "care", Since: dawn.Add(-helpAfter)},
			},
			steps: []step{
				{0, Enter{Call: "s1", Queue: "sales"}, []string{"queued s1 queueing=true"}},
				{emptyAfter, Tick{}, []string{"left_queue s1 left_empty", "! expire s1 left_empty"}},
				{time.Hour, Tick{}, quiet},
			},
		},
		{
			name:  "back again, everything is as before",
			given: []Command{Enter{Call: "c0", Queue: "care"}},
			steps: []step{
				{time.Hour, SignIn{"al"}, []string{
					"left_queue c0 left_empty", "al: offline > ready", "! expire c0 left_empty",
				}},
				{0, Enter{Call: "c1", Queue: "care"}, []string{
					"queued c1 queueing=false", "offered c1-a1", "al: ready > ringing", "! ring c1-a1 al",
				}},
				{0, SignOut{"al", ""}, []string{
					"offer_ended c1-a1 rejected", "al: ringing > offline", "! drop c1-a1 rejected",
				}},
				{emptyAfter - 1, Tick{}, quiet},
				{1, Tick{}, gone},
			},
		},
	})
}
