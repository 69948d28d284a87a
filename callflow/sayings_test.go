package callflow

import (
	"context"
	"slices"
	"testing"
	"time"

	"hotline/acd"
	"hotline/call"
)

// telling makes a world with one agent, who is at lunch, whose callers are told every 45 s
// how long they wait, by foretell.
func telling(t *testing.T, foretell func(context.Context) (acd.Forecast, bool), script func(w *world)) {
	t.Helper()
	in(t, 1, func(w *world) {
		room := w.m.opt.Queues["complaints"]
		room.Estimate = Estimate{Every: 45 * time.Second, Sounds: func(wait time.Duration) ([]string, time.Duration) {
			if wait < 10*time.Second {
				return nil, 0
			}
			return []string{"sound:about", "sound:two"}, 2 * time.Minute
		}}
		w.m.opt.Queues["complaints"] = room
		w.m.opt.Foretell = func(ctx context.Context, _ call.ID) (acd.Forecast, bool) { return foretell(ctx) }
		if err := w.acd.Submit(acd.TakeBreak{Agent: "ann", Reason: "lunch"}); err != nil {
			t.Fatal(err)
		}
		w.onDial = func(leg call.LegID, _ call.AgentID) { w.m.Deliver("c1", LegUp{Leg: leg}) }
		w.arrive()
		w.endPrompt()
		script(w)
		w.m.Deliver("c1", CallerGone{At: time.Now()})
		w.after(time.Minute)
	})
}

// pass lets time go by in which each prompt takes two seconds.
func (w *world) pass(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		w.after(2 * time.Second)
		w.endPrompt()
	}
}

// TestPeers13WaitIsToldAndStored: at most as often as configured, with the announcement that
// is due, and what was said stands in the ledger.
func TestPeers13WaitIsToldAndStored(t *testing.T) {
	known := acd.Forecast{P50: 100 * time.Second, P90: 200 * time.Second, Entered: time.Unix(1000, 0).UTC()}
	telling(t, func(context.Context) (acd.Forecast, bool) { return known, true }, func(w *world) {
		w.pass(100 * time.Second)
		with, alone := w.count("play sound:please-wait+sound:about+sound:two"), w.count("play sound:about+sound:two")
		if with == 0 || with+alone != 3 {
			t.Errorf("told %d times with and %d without the announcement, want 3 in all: %v", with, alone, w.orders)
		}
		var told []call.Event
		for _, ev := range w.events {
			if ev.Kind == call.Estimated {
				told = append(told, ev)
			}
		}
		if len(told) != 3 || told[1].At.Sub(told[0].At) < 45*time.Second {
			t.Fatalf("events %+v", told)
		}
		want := call.Event{
			At: told[0].At, Kind: call.Estimated, Call: "c1", Queue: "complaints", Entered: known.Entered,
			P50: 100_000, P90: 200_000, Said: 120_000,
		}
		if told[0] != want {
			t.Errorf("event %+v, want %+v", told[0], want)
		}
	})
}

// TestPeers13WaitThatIsNotKnownIsNotTold: the announcement goes on without it.
func TestPeers13WaitThatIsNotKnownIsNotTold(t *testing.T) {
	for name, w := range map[string]acd.Forecast{"unknown": {}, "too short to be said": {P50: time.Second}} {
		t.Run(name, func(t *testing.T) {
			telling(t, func(context.Context) (acd.Forecast, bool) { return w, w.P50 > 0 }, func(w *world) {
				w.pass(10 * time.Second)
				if w.count("play sound:please-wait") != 1 || w.count("play sound:about") != 0 ||
					slices.Contains(w.kinds(), "estimated") {
					t.Errorf("orders %v, events %v", w.orders, w.kinds())
				}
			})
		})
	}
}

// TestPeers13WaitIsNotInTheWay: an agent who answers while the estimate is made, or said, is
// joined at once, and no word of it follows.
func TestPeers13WaitIsNotInTheWay(t *testing.T) {
	slow := func(ctx context.Context) (acd.Forecast, bool) {
		select {
		case <-time.After(2 * time.Second): // virtual
		case <-ctx.Done():
		}
		return acd.Forecast{P50: time.Minute}, true
	}
	telling(t, slow, func(w *world) {
		w.after(announceAfter + 100*time.Millisecond)
		if err := w.acd.Submit(acd.GoReady{Agent: "ann"}); err != nil {
			t.Fatal(err)
		}
		w.after(time.Millisecond)
		if w.count("join") != 1 {
			t.Errorf("the agent is not joined while the estimate is made: %v", w.orders)
		}
		w.after(5 * time.Second)
		if w.count("play sound:about") != 0 {
			t.Errorf("the caller is told in his talk: %v", w.orders)
		}
	})
}
