package acd

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/call"
)

// backHouse is a house in which phones are picked up at once, and talks last a minute. It
// keeps a caller on the line and a callback in line at all times.
type backHouse struct {
	t     *rapid.T
	e     *Engine
	now   time.Time
	talks map[call.OfferID]time.Time
	rung  map[call.AgentID][]bool // for each agent in order: was it a callback?
	calls int
}

func (h *backHouse) apply(c Command) {
	for _, a := range h.e.Apply(h.now, c).Actions {
		if r, ok := a.(Ring); ok {
			back := h.e.callers[r.Call].back()
			h.rung[r.Agent] = append(h.rung[r.Agent], back)
			h.talks[r.Offer] = h.now
			h.apply(Answered{r.Offer})
		}
	}
}

// enter adds a caller: callbacks have their place from long ago.
func (h *backHouse) enter(back bool) {
	h.calls++
	cmd := Enter{Call: call.ID(fmt.Sprint("c", h.calls)), Queue: "q"}
	if back {
		cmd.Direction, cmd.Resumed, cmd.Place = call.CallBack, true, h.now.Add(-time.Hour)
	}
	h.apply(cmd)
}

func (h *backHouse) waiting() (live, backs int) {
	s := h.e.Snapshot(h.now)
	return len(s.Queues[0].Callers), len(s.Queues[0].Callbacks)
}

// TestPeers13CallbacksDoNotStarveCallers: however many callbacks wait, and all of them have
// waited for longer, no agent who could have had a caller on the line is rung for two of
// them within CallbackTurn calls in a row; and callbacks are not starved either.
func TestPeers13CallbacksDoNotStarveCallers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		turn := rapid.IntRange(2, 5).Draw(t, "turn")
		cfg := Config{
			Queues: []Queue{{ID: "q", RingFor: time.Minute}}, CallbackTurn: turn,
		}
		for i := range rapid.IntRange(1, 4).Draw(t, "agents") {
			cfg.Agents = append(cfg.Agents, Agent{ID: call.AgentID(fmt.Sprint(i)), Queues: []call.QueueID{"q"}})
		}
		e, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		h := &backHouse{
			t: t, e: e, now: dawn, talks: map[call.OfferID]time.Time{}, rung: map[call.AgentID][]bool{},
		}
		for range 10 {
			h.enter(true)
			h.enter(false)
		}
		for _, a := range cfg.Agents {
			h.apply(SignIn{a.ID})
		}
		chance := rand.New(rand.NewPCG(uint64(turn), 1))
		for range 200 {
			h.now = h.now.Add(time.Duration(1+chance.IntN(20)) * time.Second)
			for o, since := range h.talks {
				if h.now.Sub(since) >= time.Minute {
					delete(h.talks, o)
					h.apply(LegEnded{o, call.ByCaller})
				}
			}
			for live, backs := h.waiting(); live < 5 || backs < 5; live, backs = h.waiting() {
				h.enter(backs < 5)
			}
		}
		for agent, rung := range h.rung {
			callbacks := 0
			for i, back := range rung {
				if !back {
					continue
				}
				callbacks++
				for _, earlier := range rung[max(0, i-turn+1):i] {
					if earlier {
						t.Fatalf("agent %s, turn %d: two callbacks within %d calls: %v", agent, turn, turn, rung)
					}
				}
			}
			if callbacks < len(rung)/turn-1 {
				t.Fatalf("agent %s, turn %d: %d callbacks of %d calls", agent, turn, callbacks, len(rung))
			}
		}
	})
}

// TestPeers13CallbackKeepsItsPlace: before whoever came later, after whoever came earlier; it
// waits where nobody is signed in, beyond the limit of the queue, and takes nobody's room.
func TestPeers13CallbackKeepsItsPlace(t *testing.T) {
	cfg := Config{
		Queues: []Queue{{
			ID: "q", RingFor: time.Minute, MaxWait: 10 * time.Minute, EmptyAfter: 30 * time.Minute, MaxWaiting: 2,
		}},
		Agents: []Agent{{ID: "ann", Queues: []call.QueueID{"q"}}},
	}
	h := newHouse(t, cfg)
	h.do(SignIn{"ann"}, Enter{Call: "c0", Queue: "q"}, Answered{"c0-a1"})
	h.do(Enter{Call: "c1", Queue: "q"})
	place := h.now.Add(time.Second)
	h.after(2*time.Second, Enter{
		Call: "b1", Queue: "q", Direction: call.CallBack, Resumed: true, Place: place,
	}, Enter{Call: "c2", Queue: "q"})
	if c2 := h.caller("c2"); c2 == nil || c2.offer != nil {
		t.Fatalf("the callback takes the room of a caller: %+v", c2)
	}
	s := h.e.Snapshot(h.now)
	if q := s.Queues[0]; len(q.Callers) != 2 || len(q.Callbacks) != 1 || !q.Callbacks[0].Place.Equal(call.Stamp(place)) {
		t.Errorf("snapshot %+v", q)
	}
	next := func(offer call.OfferID) call.ID {
		h.do(LegEnded{offer, call.ByCaller})
		h.do(WrapUpDone{"ann"})
		o := h.e.agentByID["ann"].offer
		if o == nil {
			return ""
		}
		h.do(Answered{o.id})
		return o.caller.id
	}
	var order []call.ID
	for offer := call.OfferID("c0-a1"); ; {
		id := next(offer)
		if id == "" {
			break
		}
		order = append(order, id)
		offer = call.OfferID(id + "-a1")
	}
	if fmt.Sprint(order) != "[c1 b1 c2]" {
		t.Errorf("served %v, want c1, the callback, c2", order)
	}
	h.do(SignOut{Agent: "ann"}, Enter{Call: "b2", Queue: "q", Direction: call.CallBack, Resumed: true})
	h.after(5*time.Hour, Tick{})
	if h.caller("b2") == nil {
		t.Error("the callback was sent away")
	}
	h.do(SignIn{"ann"})
	if o := h.e.agentByID["ann"].offer; o == nil || o.caller.id != "b2" {
		t.Errorf("after his sign-in the agent has %+v, want the callback", o)
	}
}

func (h *house) caller(id call.ID) *caller { return h.e.callers[id] }
