package acd

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

// The levels of the tests.
const (
	junior  Level = 1
	senior  Level = 2
	manager Level = 3
)

// widenAfter is how long a caller of the line "care" waits for the level he wants.
const widenAfter = 10 * time.Second

// levelled is a house with one field of work and three lines: care, for everybody, the
// senior hotline and the manager hotline. Nobody names his queues: the skill tells them.
func levelled() Config {
	const skill = "complaints"
	queue := func(id call.QueueID, least Level) Queue {
		return Queue{ID: id, RingFor: ringFor, Skill: skill, MinLevel: least}
	}
	cfg := Config{
		Queues:    []Queue{queue("care", junior), queue("seniors", senior), queue("managers", manager)},
		RingGrace: ringGrace, MissPause: missPause, TalkMax: talkMax,
	}
	cfg.Queues[0].Widen = []Widen{{After: widenAfter, Level: junior}}
	for _, a := range []struct {
		id    call.AgentID
		level Level
	}{{"jo", junior}, {"jim", junior}, {"sue", senior}, {"sam", senior}, {"max", manager}} {
		cfg.Agents = append(cfg.Agents, Agent{ID: a.id, Skills: map[Skill]Level{skill: a.level}})
	}
	return cfg
}

// rungFor lets a caller enter and tells who is rung, and whether with the flag.
func (h *house) rungFor(c Enter) (agent call.AgentID, below bool) {
	h.t.Helper()
	for _, a := range h.do(c).Actions {
		if r, ok := a.(Ring); ok && r.Call == c.Call {
			return r.Agent, r.Below
		}
	}
	return "", false
}

// S5: key accounts go to seniors. When no senior is free in time a junior is better than
// nobody, and the ring and the talk carry the flag that his screen shows.
func TestS5KeyAccountsGoToSeniors(t *testing.T) {
	key := Enter{Call: "key", Queue: "care", Level: senior}
	t.Run("a senior is idle", func(t *testing.T) {
		h := newHouse(t, levelled())
		h.do(SignIn{"jo"}, SignIn{"sue"})
		if agent, below := h.rungFor(key); agent != "sue" || below {
			t.Errorf("rings %q, flag %t, want Sue without", agent, below)
		}
	})
	t.Run("a senior gets free before the widening", func(t *testing.T) {
		h := newHouse(t, levelled())
		h.do(SignIn{"jo"}, key)
		if r := h.ring(h.after(widenAfter-1, SignIn{"sam"})); r.Agent != "sam" || r.Below {
			t.Errorf("%+v, want Sam without the flag", r)
		}
	})
	t.Run("an idle junior after the widening", func(t *testing.T) {
		h := newHouse(t, levelled())
		h.do(SignIn{"jo"}, key)
		h.wantTrace(h.after(widenAfter-1, Tick{}))
		r := h.ring(h.after(1, Tick{}))
		if r.Agent != "jo" || !r.Below {
			t.Fatalf("%+v, want Jo with the flag", r)
		}
		want := []Action{Connect{Offer: r.Offer, Call: "key", Agent: "jo", Below: true}}
		out := h.do(Answered{r.Offer})
		if diff := cmp.Diff(want, out.Actions); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
		if ev := out.Events[0]; ev.Kind != call.Answered || !ev.Below {
			t.Errorf("%+v, want the flag in the ledger", ev)
		}
	})
	t.Run("a junior who gets free after the widening", func(t *testing.T) {
		h := newHouse(t, levelled())
		h.do(key)
		h.after(widenAfter, Tick{})
		if r := h.ring(h.do(SignIn{"jo"})); !r.Below {
			t.Errorf("%+v, want the flag", r)
		}
	})
	t.Run("at once where the line says so, seniors still first", func(t *testing.T) {
		cfg := levelled()
		cfg.Queues[0].Widen[0].After = 0
		h := newHouse(t, cfg)
		h.do(SignIn{"jo"}, SignIn{"sue"})
		if agent, below := h.rungFor(key); agent != "sue" || below {
			t.Errorf("rings %q, flag %t, want Sue without", agent, below)
		}
		if agent, below := h.rungFor(Enter{Call: "key2", Queue: "care", Level: senior}); agent != "jo" || !below {
			t.Errorf("rings %q, flag %t, want Jo with", agent, below)
		}
	})
	t.Run("meanwhile the junior serves those who come after", func(t *testing.T) {
		h := newHouse(t, levelled())
		h.do(key, Enter{Call: "plain", Queue: "care"})
		if r := h.ring(h.do(SignIn{"jo"})); r.Call != "plain" || r.Below {
			t.Errorf("%+v, want the plain caller", r)
		}
	})
	t.Run("the flag outlives the controller", func(t *testing.T) {
		h := newHouse(t, levelled())
		h.do(Adopt{Caller: key, Agent: "jim", Offer: "key-a1"})
		if got := h.do(Answered{"key-a1"}).Actions; !cmp.Equal(got, []Action{Connect{"key-a1", "key", "jim", true}}) {
			t.Errorf("%+v, want the flag", got)
		}
	})
}

// S3, S4: the senior and the manager hotline are levels of the same skill: nobody below is
// rung, whoever is idle.
func TestS4ManagerHotlineRingsManagersOnly(t *testing.T) {
	h := newHouse(t, levelled())
	h.do(SignIn{"jo"}, SignIn{"sue"})
	if agent, _ := h.rungFor(Enter{Call: "m1", Queue: "managers"}); agent != "" {
		t.Errorf("rings %q, who is no manager", agent)
	}
	if agent, _ := h.rungFor(Enter{Call: "s1", Queue: "seniors"}); agent != "sue" {
		t.Errorf("rings %q, want Sue for the senior hotline", agent)
	}
	if r := h.ring(h.do(SignIn{"max"})); r.Call != "m1" {
		t.Errorf("%+v, want the caller of the manager hotline", r)
	}
	for _, q := range h.e.Snapshot(h.now).Queues {
		want := map[call.QueueID]int{"care": 1, "seniors": 0, "managers": 0}[q.ID]
		if q.Idle != want {
			t.Errorf("%s shows %d idle agents, want %d", q.ID, q.Idle, want)
		}
	}
}

// S3: a junior hands his caller over: the call goes on in the senior line, with offers that
// are numbered on and a wait of its own.
func TestS3CallerGoesOnToSeniors(t *testing.T) {
	h := newHouse(t, levelled())
	h.do(SignIn{"jo"}, Enter{Call: "c1", Queue: "care"}, Answered{"c1-a1"}, SignIn{"sue"})
	h.after(time.Minute, LegEnded{"c1-a1", call.ByAgent})
	if r := h.ring(h.do(Enter{Call: "c1", Queue: "seniors", Offers: 1})); r.Agent != "sue" || r.Offer != "c1-a2" {
		t.Fatalf("%+v, want Sue as the second offer", r)
	}
	if ev := h.after(time.Second, Answered{"c1-a2"}).Events[0]; ev.Wait != 1000 || ev.Queue != "seniors" {
		t.Errorf("answer %+v, want a second of waiting for the senior line", ev)
	}
}

func TestOrderOfLevels(t *testing.T) {
	all := []Command{SignIn{"max"}, SignIn{"sam"}, SignIn{"sue"}, SignIn{"jim"}, SignIn{"jo"}}
	for _, tc := range []struct {
		name    string
		highest bool
		widen   []Widen
		enter   Enter
		want    []call.AgentID
	}{
		{
			"the lowest sufficient first, then the longest idle", false, nil,
			Enter{Queue: "care"},
			[]call.AgentID{"jim", "jo", "sam", "sue", "max", ""},
		},
		{
			"the highest first", true, nil,
			Enter{Queue: "care"},
			[]call.AgentID{"max", "sam", "sue", "jim", "jo", ""},
		},
		{
			"from the wanted level up, nobody below", false, nil,
			Enter{Queue: "care", Level: senior},
			[]call.AgentID{"sam", "sue", "max", ""},
		},
		{
			"widened: from the wanted level up, then the nearest below", false,
			[]Widen{{0, junior}},
			Enter{Queue: "care", Level: manager},
			[]call.AgentID{"max", "sam", "sue", "jim", "jo", ""},
		},
		{
			"widened by one level only", false,
			[]Widen{{0, senior}, {time.Hour, junior}},
			Enter{Queue: "care", Level: manager},
			[]call.AgentID{"max", "sam", "sue", ""},
		},
		{
			"a level that nobody has", false, nil,
			Enter{Queue: "care", Level: 9},
			[]call.AgentID{""},
		},
		{
			"a level that nobody has, widened", false,
			[]Widen{{0, senior}},
			Enter{Queue: "care", Level: 9},
			[]call.AgentID{"max", "sam", "sue", ""},
		},
		{
			"a wish below the line's own is the line's", false, nil,
			Enter{Queue: "seniors", Level: junior},
			[]call.AgentID{"sam", "sue", "max", ""},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := levelled()
			for i := range cfg.Queues {
				cfg.Queues[i].HighestFirst, cfg.Queues[i].Widen = tc.highest, tc.widen
			}
			h := newHouse(t, cfg)
			h.do(all...)
			var got []call.AgentID
			for i := range tc.want {
				tc.enter.Call = call.ID([]string{"c0", "c1", "c2", "c3", "c4", "c5"}[i])
				agent, _ := h.rungFor(tc.enter)
				got = append(got, agent)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// An agent serves the queues he names as well as those of his skills, each once.
func TestQueuesByNameAndBySkill(t *testing.T) {
	cfg := levelled()
	cfg.Queues = append(cfg.Queues, Queue{ID: "plain", RingFor: ringFor})
	cfg.Agents = append(cfg.Agents, Agent{ID: "bob", Queues: []call.QueueID{"plain", "care"}})
	cfg.Agents[0].Queues = []call.QueueID{"plain", "care"}
	h := newHouse(t, cfg)
	h.do(SignIn{"bob"}, SignIn{"jo"})
	if got := h.e.Snapshot(h.now).Queues[3].Idle; got != 2 {
		t.Errorf("%d agents are idle in plain, want 2", got)
	}
	var got []call.AgentID
	for i, q := range []call.QueueID{"care", "plain"} {
		agent, _ := h.rungFor(Enter{Call: call.ID([]string{"c0", "c1"}[i]), Queue: q})
		got = append(got, agent)
	}
	// Bob names care, but has not learned its skill: his level there is 0.
	if diff := cmp.Diff([]call.AgentID{"jo", "bob"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Two widenings in the order of their time, whatever the order of the config; one that
// would raise the level again changes nothing.
func TestWideningsByTheirTime(t *testing.T) {
	cfg := levelled()
	cfg.Queues[0].Widen = []Widen{{20 * time.Second, junior}, {10 * time.Second, senior}, {30 * time.Second, manager}}
	h := newHouse(t, cfg)
	h.do(SignIn{"jo"}, SignIn{"sue"}, Enter{Call: "a", Queue: "care", Level: manager})
	h.after(time.Second, Enter{Call: "b", Queue: "care", Level: manager})
	h.wantTrace(h.after(9*time.Second, Tick{}), "offered a-a1", "sue: ready > ringing", "! ring a-a1 sue")
	h.wantTrace(h.after(10*time.Second, Tick{}))
	h.wantTrace(h.after(time.Second, Tick{}), "offered b-a1", "jo: ready > ringing", "! ring b-a1 jo")
	h.after(time.Minute, OfferFailed{"b-a1", call.Rejected})
	if v := h.e.Snapshot(h.now).Queues[0].Callers[1]; v.Call != "b" || v.Level != manager || v.Enough != junior {
		t.Errorf("view %+v, want the wish for a manager and a junior enough", v)
	}
}

// A caller whose phone rang in vain is served after the widening that came meanwhile.
func TestWideningWhileAPhoneRings(t *testing.T) {
	h := newHouse(t, levelled())
	h.do(SignIn{"jo"}, SignIn{"sue"}, Enter{Call: "key", Queue: "care", Level: senior})
	h.wantTrace(h.after(widenAfter, OfferFailed{"key-a1", call.Rejected}),
		"offer_ended key-a1 rejected", "sue: ringing > ready", "offered key-a2", "jo: ready > ringing",
		"! ring key-a2 jo")
}

// The rings and the waits of a caller who was re-entered after a restart are widened from
// his first entry.
func TestPeers10WideningOutlivesTheController(t *testing.T) {
	h := newHouse(t, levelled())
	h.do(SignIn{"jo"})
	c := Enter{Call: "key", Queue: "care", Level: senior, Since: ago(widenAfter), Resumed: true}
	if agent, below := h.rungFor(c); agent != "jo" || !below {
		t.Errorf("rings %q, flag %t, want Jo with", agent, below)
	}
}
