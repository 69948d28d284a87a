package acd

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"

	"hotline/call"
)

// The reservation of agents is held against the plainest thing that can be said of it: an
// agent is held by one offer at most, from the order to ring him until the phone of that
// offer is confirmed silent. Porcupine looks for an order of all that overlapping clients saw
// in which that is so.

// hold is one operation on one agent, as a client saw it.
type hold struct {
	agent call.AgentID
	take  bool
	offer call.OfferID
}

// reservations is the sequential rule: a free agent can be taken, and only who holds him can
// let go of him.
var reservations = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byAgent := map[call.AgentID][]porcupine.Operation{}
		for _, op := range history {
			agent := op.Input.(hold).agent
			byAgent[agent] = append(byAgent[agent], op)
		}
		var parts [][]porcupine.Operation
		for _, part := range byAgent {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return call.OfferID("") },
	Step: func(state, input, _ any) (bool, any) {
		held, h := state.(call.OfferID), input.(hold)
		if h.take {
			return held == "", h.offer
		}
		return held == h.offer, call.OfferID("")
	},
}

// witness keeps the history of a run.
type witness struct {
	mu      sync.Mutex
	clock   int64 // orders what was seen; virtual time stands still too often
	history []porcupine.Operation
}

func (w *witness) tick() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock++
	return w.clock
}

// saw keeps an operation that lay somewhere between a moment and now.
func (w *witness) saw(h hold, since int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock++
	w.history = append(w.history, porcupine.Operation{ClientId: len(w.history), Input: h, Call: since, Return: w.clock})
}

// TestPeers01ReservationsAreLinearizable: many clients at once enter callers, hang up, answer,
// decline and end talks on the running dispatcher; no agent is ever held twice.
func TestPeers01ReservationsAreLinearizable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		agents, clients := rapid.IntRange(1, 4).Draw(rt, "agents"), rapid.IntRange(1, 8).Draw(rt, "clients")
		var history []porcupine.Operation
		synctest.Test(t, func(t *testing.T) {
			f := newFloor(t, seed, agents)
			f.play(clients, 20)
			history = f.history
		})
		if r := porcupine.CheckOperationsTimeout(reservations, history, time.Minute); r != porcupine.Ok {
			rt.Fatalf("the history of %d operations is %s", len(history), r)
		}
		if i := heldAgain(history); i >= 0 {
			wrong := slices.Delete(slices.Clone(history), i, i+1)
			if porcupine.CheckOperations(reservations, wrong) {
				rt.Fatalf("without the release %+v the history is linearizable, too: it shows nothing", history[i])
			}
		}
	})
}

// heldAgain is a release whose agent was taken again later, or -1.
func heldAgain(history []porcupine.Operation) int {
	for i, op := range history {
		released := op.Input.(hold)
		again := func(later porcupine.Operation) bool {
			h := later.Input.(hold)
			return h.take && h.agent == released.agent && later.Call > op.Call
		}
		if !released.take && slices.ContainsFunc(history, again) {
			return i
		}
	}
	return -1
}

// A history in which an agent is held twice is found: with the second offer before the first
// is over, and with a release by an offer that does not hold him.
func TestWrongReservationsAreFound(t *testing.T) {
	op := func(client int, h hold, from, to int64) porcupine.Operation {
		return porcupine.Operation{ClientId: client, Input: h, Call: from, Return: to}
	}
	take, free := hold{"ann", true, "c1-a1"}, hold{"ann", false, "c1-a1"}
	second := hold{"ann", true, "c2-a1"}
	for name, tc := range map[string]struct {
		history []porcupine.Operation
		ok      bool
	}{
		"one after the other":    {[]porcupine.Operation{op(0, take, 1, 2), op(0, free, 3, 4), op(1, second, 5, 6)}, true},
		"release overlaps":       {[]porcupine.Operation{op(0, take, 1, 2), op(0, free, 3, 7), op(1, second, 4, 5)}, true},
		"held twice":             {[]porcupine.Operation{op(0, take, 1, 2), op(1, second, 3, 4), op(0, free, 5, 6)}, false},
		"let go by somebody":     {[]porcupine.Operation{op(0, second, 1, 2), op(0, free, 3, 4)}, false},
		"another agent's matter": {[]porcupine.Operation{op(0, take, 1, 2), op(1, hold{"bob", true, "c2-a1"}, 3, 4)}, true},
	} {
		if got := porcupine.CheckOperations(reservations, tc.history); got != tc.ok {
			t.Errorf("%s: linearizable %v, want %v", name, got, tc.ok)
		}
	}
}

// floor is a running dispatcher among clients who all act at once.
type floor struct {
	witness
	d      *Dispatcher
	t      *testing.T
	chance *rand.Rand                    // under mu, as the next
	rung   map[call.OfferID]call.AgentID // whose phones are not silent yet
	work   sync.WaitGroup
}

func newFloor(t *testing.T, seed uint64, agents int) *floor {
	cfg := Config{RingGrace: ringGrace, MissPause: time.Second, TalkMax: talkMax}
	for _, q := range []call.QueueID{"care", "sales"} {
		cfg.Queues = append(cfg.Queues, Queue{ID: q, RingFor: 3 * time.Second, MaxWait: 30 * time.Second})
	}
	for i := range agents {
		cfg.Agents = append(cfg.Agents, Agent{ID: call.AgentID(fmt.Sprint("a", i)), Queues: []call.QueueID{"care", "sales"}})
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	f := &floor{t: t, chance: rand.New(rand.NewPCG(seed, 1)), rung: map[call.OfferID]call.AgentID{}}
	f.d, err = NewDispatcher(e, Options{Record: func(call.Event) {}, Act: f.act})
	if err != nil {
		t.Fatalf("NewDispatcher: %v", err)
	}
	for _, a := range cfg.Agents {
		f.submit(SignIn{a.ID})
	}
	return f
}

// play lets clients loose, each with so many callers, and waits for the end of everything.
func (f *floor) play(clients, callers int) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = f.d.Run(ctx) }()
	f.work.Add(1) // until nobody can add any more
	var lines sync.WaitGroup
	for client := range clients {
		lines.Go(func() {
			for i := range callers {
				id := call.ID(fmt.Sprint("c", client, "-", i))
				<-time.After(f.draw(2 * time.Second))
				f.submit(Enter{Call: id, Queue: []call.QueueID{"care", "sales"}[i%2]})
				if i%3 == 0 {
					f.work.Go(func() {
						<-time.After(f.draw(8 * time.Second))
						f.submit(Leave{Call: id})
					})
				}
			}
		})
	}
	lines.Wait()
	<-time.After(5 * time.Minute)
	stop()
	<-ended
	f.work.Done()
	f.work.Wait()
}

func (f *floor) submit(c Command) {
	if err := f.d.Submit(c); err != nil {
		f.t.Errorf("%T: %v", c, err)
	}
}

// draw is a length up to a limit: on whole tenths of seconds, so that much falls together.
func (f *floor) draw(most time.Duration) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Duration(f.chance.Int64N(int64(most/(100*time.Millisecond)))) * 100 * time.Millisecond
}

// act is the outer world: a client for each phone.
func (f *floor) act(a Action) {
	switch a := a.(type) {
	case Ring:
		f.saw(hold{a.Agent, true, a.Offer}, f.tick())
		f.mu.Lock()
		f.rung[a.Offer] = a.Agent
		f.mu.Unlock()
		f.work.Go(func() { f.phone(a) })
	case Drop:
		f.work.Go(func() { f.over(a.Offer, OfferFailed{a.Offer, a.Why}) })
	case HangUp:
		f.work.Go(func() { f.over(a.Offer, LegEnded{a.Offer, a.By}) })
	default:
	}
}

// phone is picked up, declined, or rings on until it is dropped.
func (f *floor) phone(r Ring) {
	pause := f.draw(4 * time.Second)
	<-time.After(pause)
	switch (pause / (100 * time.Millisecond)) % 4 {
	case 0:
		f.over(r.Offer, OfferFailed{r.Offer, call.Rejected})
	case 1: // nobody is there
	default:
		f.submit(Answered{r.Offer})
		<-time.After(f.draw(10 * time.Second))
		f.over(r.Offer, LegEnded{r.Offer, call.ByAgent})
	}
}

// over tells the engine, once, that the phone of an offer is silent. The client knows that it
// was taken in when he sees the state after it.
func (f *floor) over(id call.OfferID, c Command) {
	f.mu.Lock()
	agent, rings := f.rung[id]
	delete(f.rung, id)
	f.mu.Unlock()
	if !rings {
		return
	}
	since := f.tick()
	f.submit(c)
	if _, err := f.d.Snapshot(context.Background()); err != nil {
		f.t.Errorf("snapshot: %v", err)
	}
	f.saw(hold{agent, false, id}, since)
}
