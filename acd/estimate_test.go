package acd

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/call"
)

// forecastHouse is a busy queue in which every caller who has to wait is told at his entry
// how long.
type forecastHouse struct {
	tb       testing.TB
	e        *Engine
	f        *Forecaster
	handled  *Handled
	chance   *rand.Rand
	now      time.Time
	due      moves
	handling func(*rand.Rand) time.Duration
	said     map[call.ID]Forecast
	from     time.Time // what is said later counts
	told     []toldWait
}

type toldWait struct {
	said   Forecast
	actual time.Duration
}

func (h *forecastHouse) apply(c Command) {
	out := h.e.Apply(h.now, c)
	for _, ev := range out.Events {
		h.handled.Note(ev)
		if said, ok := h.said[ev.Call]; ok && ev.Kind == call.Answered {
			h.told = append(h.told, toldWait{said, ev.Wait.Duration()})
			delete(h.said, ev.Call)
		}
	}
	for _, a := range out.Actions {
		if ring, ok := a.(Ring); ok {
			h.apply(Answered{ring.Offer})
			heap.Push(&h.due, move{h.now.Add(h.handling(h.chance)), LegEnded{ring.Offer, call.ByCaller}})
		}
	}
}

func (h *forecastHouse) enter(id call.ID) {
	h.apply(Enter{Call: id, Queue: "q"})
	if h.now.Before(h.from) {
		return
	}
	if w, ok := h.handled.Work("q", 0); ok {
		if said, ok := h.f.Wait(h.e.Snapshot(h.now), id, w); ok {
			h.said[id] = said
		}
	}
}

func (h *forecastHouse) run(callers int, between time.Duration) {
	for i := range callers {
		next := h.now.Add(time.Duration(h.chance.ExpFloat64() * float64(between)))
		for len(h.due) > 0 && h.due[0].at.Before(next) {
			m, _ := heap.Pop(&h.due).(move)
			h.now = m.at
			h.apply(m.do)
		}
		h.now = next
		h.enter(call.ID(fmt.Sprint("c", i)))
	}
}

func newForecastHouse(tb testing.TB, agents int, handling func(*rand.Rand) time.Duration) *forecastHouse {
	cfg := Config{Queues: []Queue{{ID: "q", RingFor: time.Minute}}, TalkMax: 1000 * time.Hour}
	for i := range agents {
		cfg.Agents = append(cfg.Agents, Agent{ID: call.AgentID(fmt.Sprint(i)), Queues: []call.QueueID{"q"}})
	}
	e, err := New(cfg)
	if err != nil {
		tb.Fatalf("New: %v", err)
	}
	f, err := NewForecaster(cfg)
	if err != nil {
		tb.Fatalf("NewForecaster: %v", err)
	}
	h := &forecastHouse{
		tb: tb, e: e, f: f, handled: NewHandled(), chance: rand.New(rand.NewPCG(7, 11)), now: dawn,
		handling: handling, said: map[call.ID]Forecast{}, from: dawn.Add(2 * time.Hour),
	}
	for _, a := range cfg.Agents {
		h.apply(SignIn{a.ID})
	}
	return h
}

// TestForecastIsCalibrated: of the waits that were told at the entry half end within P50,
// give or take 6 of 100, and nine of ten within P90, give or take 4: an agent's talks are
// known by the last 200 alone, so that the mean is known to 7 %.
func TestForecastIsCalibrated(t *testing.T) {
	for _, c := range []struct {
		name     string
		agents   int
		between  time.Duration
		handling func(*rand.Rand) time.Duration
	}{
		{"M/M/10", 10, 18500 * time.Millisecond, func(r *rand.Rand) time.Duration {
			return time.Duration(r.ExpFloat64() * float64(180*time.Second))
		}},
		{"M/M/3", 3, 62 * time.Second, func(r *rand.Rand) time.Duration {
			return time.Duration(r.ExpFloat64() * float64(180*time.Second))
		}},
		{"M/U/8", 8, 23 * time.Second, func(r *rand.Rand) time.Duration {
			return time.Minute + time.Duration(r.Float64()*float64(4*time.Minute))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newForecastHouse(t, c.agents, c.handling)
			h.run(3000, c.between)
			var half, most int
			for _, w := range h.told {
				if w.actual <= w.said.P50 {
					half++
				}
				if w.actual <= w.said.P90 {
					most++
				}
			}
			n := float64(len(h.told))
			t.Logf("%d waits told: %.3f within P50, %.3f within P90", len(h.told), float64(half)/n, float64(most)/n)
			if n < 1000 || math.Abs(float64(half)/n-0.5) > 0.06 || math.Abs(float64(most)/n-0.9) > 0.04 {
				t.Errorf("%d waits told, %d within P50, %d within P90: want 0.44 to 0.56 and 0.86 to 0.94",
					len(h.told), half, most)
			}
		})
	}
}

// TestForecastKnowsItsLimits: who cannot be foretold is told nothing.
func TestForecastKnowsItsLimits(t *testing.T) {
	cfg := Config{
		Queues: []Queue{{ID: "q", RingFor: time.Minute}, {ID: "other", RingFor: time.Minute}},
		Agents: []Agent{{ID: "a", Queues: []call.QueueID{"q"}}, {ID: "b", Queues: []call.QueueID{"other"}}},
	}
	f, err := NewForecaster(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w := Work{Handling: []time.Duration{time.Minute}}
	busy := AgentView{ID: "a", State: call.Talking, Since: dawn, Answer: dawn, Queue: "q"}
	at := func(agents ...AgentView) Snapshot {
		return Snapshot{At: dawn.Add(20 * time.Second), Agents: agents, Queues: []QueueView{
			{ID: "q", Callers: []CallerView{{Call: "first", Entered: dawn}, {Call: "second", Entered: dawn.Add(1)}}},
		}}
	}
	leaving := busy
	leaving.Next = call.Break
	for name, c := range map[string]struct {
		s    Snapshot
		id   call.ID
		w    Work
		want bool
	}{
		"one agent who talks":     {at(busy), "first", w, true},
		"a caller who is gone":    {at(busy), "third", w, false},
		"nothing is known":        {at(busy), "first", Work{}, false},
		"nobody is signed in":     {at(AgentView{ID: "a", State: call.Offline}), "first", w, false},
		"he goes on a break":      {at(leaving), "first", w, false},
		"agents of another queue": {at(AgentView{ID: "b", State: call.Talking, Answer: dawn}), "first", w, false},
	} {
		if got, ok := f.Wait(c.s, c.id, c.w); ok != c.want {
			t.Errorf("%s: %+v, %v, want %v", name, got, ok, c.want)
		}
	}
	// 40 s are left of the minute that every talk lasts; the second waits one more.
	first, _ := f.Wait(at(busy), "first", w)
	second, _ := f.Wait(at(busy), "second", w)
	if first.P50 != 40*time.Second || first.P90 != first.P50 || second.P50 != 100*time.Second || second.Ahead != 1 {
		t.Errorf("first %+v, second %+v; want 40 s and 100 s", first, second)
	}
}

// TestForecastOrder: whoever is further back waits no less, the ninth tenth is no less than
// the half, and the same look gives the same word.
func TestForecastOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		agents := rapid.IntRange(1, 8).Draw(t, "agents")
		cfg := Config{Queues: []Queue{{ID: "q", RingFor: time.Minute}}}
		s := Snapshot{At: dawn.Add(time.Hour), Queues: []QueueView{{ID: "q"}}}
		for i := range agents {
			id := call.AgentID(fmt.Sprint(i))
			cfg.Agents = append(cfg.Agents, Agent{ID: id, Queues: []call.QueueID{"q"}})
			since := s.At.Add(-time.Duration(rapid.IntRange(0, 600).Draw(t, "talks")) * time.Second)
			s.Agents = append(s.Agents, AgentView{ID: id, State: call.Talking, Since: since, Answer: since, Queue: "q"})
		}
		for i := range rapid.IntRange(1, 10).Draw(t, "callers") {
			s.Queues[0].Callers = append(s.Queues[0].Callers, CallerView{
				Call: call.ID(fmt.Sprint("c", i)), Entered: dawn.Add(time.Duration(i) * time.Second),
			})
		}
		var w Work
		for range rapid.IntRange(1, 50).Draw(t, "known") {
			w.Handling = append(w.Handling, time.Duration(rapid.IntRange(1, 900).Draw(t, "handling"))*time.Second)
		}
		w.Handling = sortedLengths(w.Handling)
		f, err := NewForecaster(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var before Forecast
		for i, c := range s.Queues[0].Callers {
			got, ok := f.Wait(s, c.Call, w)
			again, _ := f.Wait(s, c.Call, w)
			if !ok || got != again || got.P50 > got.P90 || got.Ahead != i || got.Agents != agents {
				t.Fatalf("caller %d: %+v, %v, again %+v", i, got, ok, again)
			}
			if i > 0 && got.P90+time.Second < before.P50 {
				t.Fatalf("caller %d: %+v after %+v", i, got, before)
			}
			before = got
		}
		if first, _ := f.Wait(s, "c0", w); first.P90 > w.Handling[len(w.Handling)-1] {
			t.Fatalf("the first waits %v, longer than any talk", first.P90)
		}
	})
}

// TestHandledIsBounded: the last 200 calls of a queue count, those dialled by agents do not.
func TestHandledIsBounded(t *testing.T) {
	h := NewHandled()
	note := func(n int, length time.Duration, d call.Direction) {
		for range n {
			h.Note(call.Event{Kind: call.WrapUpEnded, Queue: "q", At: dawn.Add(length), Answer: dawn, Direction: d})
		}
	}
	note(handledLeast-1, time.Minute, call.Inbound)
	note(100, time.Hour, call.Outbound)
	if _, ok := h.Work("q", 0); ok {
		t.Error("19 calls make an experience")
	}
	if w, ok := h.Work("q", 2*time.Minute); !ok || len(w.Handling) != handledMost || w.Handling[100] > 2*time.Minute {
		t.Errorf("assumed: %v, %d lengths", ok, len(w.Handling))
	}
	note(1, time.Minute, call.Inbound)
	if w, ok := h.Work("q", 0); !ok || w.Handling[0] != time.Minute || w.Handling[len(w.Handling)-1] != time.Minute {
		t.Errorf("20 calls: %v, %v", w, ok)
	}
	note(handledMost, 3*time.Minute, call.Inbound)
	if w, _ := h.Work("q", 0); len(w.Handling) != handledMost || w.Handling[0] != 3*time.Minute {
		t.Errorf("after 220 calls the first is %v of %d", w.Handling[0], len(w.Handling))
	}
}
