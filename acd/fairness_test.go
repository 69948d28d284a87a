package acd

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hotline/call"
)

// weighted is a house of three queues of different worth. Bob serves all of them, the
// others one each.
func weighted() Config {
	cfg := Config{RingGrace: ringGrace, MissPause: missPause, TalkMax: talkMax, PriorityWorth: worth}
	all := Agent{ID: "bob"}
	for i, id := range []call.QueueID{"plain", "better", "best"} {
		cfg.Queues = append(cfg.Queues, Queue{ID: id, RingFor: ringFor, Worth: time.Duration(i) * 20 * time.Second})
		cfg.Agents = append(cfg.Agents, Agent{ID: call.AgentID(fmt.Sprint("of-", id)), Queues: []call.QueueID{id}})
		all.Queues = append(all.Queues, id)
	}
	cfg.Agents = append(cfg.Agents, all)
	return cfg
}

// takes lets an agent take everybody he may serve and lists them in order.
func (h *house) takes(id call.AgentID) []call.ID {
	h.t.Helper()
	var ids []call.ID
	h.do(SignIn{id})
	for v := h.agent(id); v.Call != ""; v = h.agent(id) {
		ids = append(ids, v.Call)
		h.do(Answered{v.Offer}, LegEnded{v.Offer, call.ByCaller})
	}
	return ids
}

// Whom an agent of several queues takes is a matter of luck or of the order of the queues
// elsewhere. Here it is the one line of the house: entry, less worth of queue and priority.
func TestPeers11FairAcrossQueues(t *testing.T) {
	type entry struct {
		after    time.Duration
		id       call.ID
		queue    call.QueueID
		priority int
	}
	for _, tc := range []struct {
		name    string
		entries []entry
		want    []call.ID
	}{
		{
			"without worth the longest wait counts",
			[]entry{{0, "a", "plain", 0}, {time.Second, "b", "plain", 0}, {time.Second, "c", "plain", 0}},
			[]call.ID{"a", "b", "c"},
		},
		{
			"a queue passes those who entered within its worth",
			[]entry{{0, "old", "plain", 0}, {time.Second, "a", "plain", 0}, {19 * time.Second, "b", "better", 0}},
			[]call.ID{"old", "b", "a"},
		},
		{
			"just within",
			[]entry{{0, "a", "plain", 0}, {20*time.Second - time.Millisecond, "b", "better", 0}},
			[]call.ID{"b", "a"},
		},
		{
			"the difference of two queues counts",
			[]entry{
				{0, "a", "better", 0}, {20*time.Second - time.Millisecond, "b", "best", 0}, {time.Millisecond, "c", "best", 0},
			},
			[]call.ID{"b", "a", "c"},
		},
		{
			"worth and priority add up",
			[]entry{{0, "a", "best", 0}, {time.Second, "b", "plain", 1}, {time.Second, "c", "better", 1}},
			[]call.ID{"c", "a", "b"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, weighted())
			for _, e := range tc.entries {
				h.after(e.after, Enter{Call: e.id, Queue: e.queue, Priority: e.priority})
			}
			if diff := cmp.Diff(tc.want, h.takes("bob")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A queue of higher weight blocks agents from the others elsewhere, as long as anybody
// waits in it. Here its callers pass nobody who has waited for its worth.
func TestPeers11WorthyQueueDoesNotBlock(t *testing.T) {
	h := newHouse(t, weighted())
	h.do(Enter{Call: "plain", Queue: "plain"}, Enter{Call: "b0", Queue: "best"}, SignIn{"bob"})
	for i := 1; i < 100; i++ {
		h.do(Enter{Call: call.ID(fmt.Sprint("b", i)), Queue: "best"})
		v := h.agent("bob")
		if v.Call == "plain" {
			if waited := h.now.Sub(dawn); waited > 50*time.Second {
				t.Errorf("served after %v, want within the worth of 40 s and one talk of 10 s", waited)
			}
			return
		}
		h.do(Answered{v.Offer})
		h.after(10*time.Second, LegEnded{v.Offer, call.ByCaller})
	}
	t.Error("the plain queue is blocked")
}

// The worth of a queue is nothing to those who have one queue.
func TestWorthChangesNothingWithinAQueue(t *testing.T) {
	h := newHouse(t, weighted())
	for i := range 5 {
		h.after(time.Second, Enter{Call: call.ID(fmt.Sprint("c", i)), Queue: "best"})
	}
	if diff := cmp.Diff([]call.ID{"c0", "c1", "c2", "c3", "c4"}, h.takes("of-best")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Agents of any mix of queues: nobody is passed by a caller who is not before him in the
// line of the house, unless the agent does not serve his queue.
func TestPeers11NobodyIsPassedInTheLineOfTheHouse(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := weighted()
		for i := range cfg.Agents {
			cfg.Agents[i].Queues = nil
			for _, q := range cfg.Queues {
				if rapid.Bool().Draw(rt, "serves") {
					cfg.Agents[i].Queues = append(cfg.Agents[i].Queues, q.ID)
				}
			}
		}
		e, err := New(cfg)
		if err != nil {
			rt.Fatalf("New: %v", err)
		}
		now, waiting := dawn, map[call.ID]Enter{}
		place := func(c Enter) time.Time {
			return c.Since.Add(-time.Duration(c.Priority)*worth - cfg.Queues[e.queueByID[c.Queue].index].Worth)
		}
		for i := range rapid.IntRange(1, 30).Draw(rt, "callers") {
			// Each has a place of his own: no two worths differ by 7 ms.
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(rt, "gap"))*time.Second + 7*time.Millisecond)
			c := Enter{
				Call: call.ID(fmt.Sprint("c", i)), Queue: rapid.SampledFrom(cfg.Queues).Draw(rt, "queue").ID,
				Priority: rapid.IntRange(-1, 2).Draw(rt, "priority"), Since: now,
			}
			waiting[c.Call] = c
			e.Apply(now, c)
		}
		for _, a := range rapid.Permutation(cfg.Agents).Draw(rt, "order") {
			for _, action := range e.Apply(now, SignIn{a.ID}).Actions {
				ring, _ := action.(Ring)
				taken := waiting[ring.Call]
				delete(waiting, ring.Call)
				for _, c := range waiting {
					for _, q := range a.Queues {
						if c.Queue == q && place(c).Before(place(taken)) {
							rt.Fatalf("%s takes %+v before %+v", a.ID, taken, c)
						}
					}
				}
			}
		}
	})
}
