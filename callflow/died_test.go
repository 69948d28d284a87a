package callflow

import (
	"errors"
	"slices"
	"testing"
	"time"

	"hotline/call"
)

// TestPeers10SwitchDies: the switch is gone with all its legs. Each call ends as its failure
// and not as anybody's hang-up, and every agent is free at once.
func TestPeers10SwitchDies(t *testing.T) {
	for name, c := range map[string]struct {
		bring func(w *world)
		want  []string
	}{
		"greeting": {(*world).arrive, []string{"ended failed/switch_failure"}},
		"ringing": {func(w *world) { w.arrive(); w.endPrompt() }, []string{
			"offer_ended canceled", "left_queue abandoned", "ended failed/switch_failure",
		}},
		"talk": {func(w *world) {
			w.arrive()
			w.endPrompt()
			w.m.Deliver("c1", LegUp{Leg: "c1-a1"})
			w.after(time.Second)
		}, []string{"talk_ended by system", "ended answered/switch_failure"}},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, 1, func(w *world) {
				c.bring(w)
				w.refuse["hangup"] = errors.New("out of reach")
				died := time.Now()
				w.after(4 * time.Second)
				delete(w.refuse, "hangup")
				w.m.SwitchDied(died)
				w.after(time.Second)
				for _, k := range c.want {
					if !slices.Contains(w.kinds(), k) {
						t.Errorf("events = %v, want %q", w.kinds(), k)
					}
				}
				if at := w.ended["c1"]; !at.Equal(died) {
					t.Errorf("the recording is held against an end at %v, want %v", at, died)
				}
				for _, e := range w.events {
					if e.Kind == call.Ended && e.Total.Duration() > 3*time.Second {
						t.Errorf("the call lasted %v, but the switch was dead", e.Total.Duration())
					}
				}
				if left := w.m.Calls(); len(left) > 0 {
					t.Errorf("calls left: %+v", left)
				}
			})
		})
	}
}

// TestPeers10SwitchStopsRinging: the switch has a limit of its own for each phone that
// rings, a little longer than the engine's, for a controller that does not live to end it.
func TestPeers10SwitchStopsRinging(t *testing.T) {
	in(t, 1, func(w *world) {
		w.arrive()
		w.endPrompt()
		const want = 6*time.Second + ringSlack
		if !slices.Equal(w.limits, []time.Duration{want}) {
			t.Errorf("limits = %v, want %v", w.limits, want)
		}
		w.hangUp()
	})
}

// TestPeers10ReconcileTellsWhenItIsDone: whoever waits for a look goes on when every call has
// been compared with it: one that is well, one that is missed twice, and none at all.
func TestPeers10ReconcileTellsWhenItIsDone(t *testing.T) {
	in(t, 0, func(w *world) {
		closed := func(done <-chan struct{}) bool {
			select {
			case <-done:
				return true
			default:
				return false
			}
		}
		if !closed(w.m.Reconcile(time.Now(), nil)) {
			t.Error("without a call there is nothing to wait for")
		}
		w.arrive()
		w.after(5 * time.Second)
		well := w.m.Reconcile(time.Now(), map[call.LegID]LegState{"c1": {Up: true}})
		w.after(time.Millisecond)
		if !closed(well) {
			t.Error("a call that is well is compared at once")
		}
		missed := w.m.Reconcile(time.Now(), nil)
		w.after(time.Millisecond)
		if closed(missed) {
			t.Error("a call that is missed is looked at again before it counts as compared")
		}
		w.after(wordMax + time.Millisecond)
		if !closed(missed) || !slices.Contains(w.kinds(), "ended abandoned/lost") {
			t.Errorf("done %t, events %v", closed(missed), w.kinds())
		}
	})
}

// TestPeers02SwitchHangsBeforeThePhoneRings: the order that makes an agent's leg fails, and
// the order that ends it hangs. The engine hears at once that he was not reached, and not when
// his phone should have rung out.
func TestPeers02SwitchHangsBeforeThePhoneRings(t *testing.T) {
	in(t, 1, func(w *world) {
		w.refuse["create"] = errors.New("no answer in time")
		var told []string
		w.onHang = func(leg call.LegID) {
			<-time.After(4 * time.Second)
			if leg == "c1-a1" {
				told = w.kinds()
			}
		}
		w.arrive()
		w.endPrompt()
		w.after(5 * time.Second)
		w.m.Deliver("c1", CallerGone{At: time.Now()})
		w.after(10 * time.Second)
		if !slices.Contains(told, "offer_ended unreachable") {
			t.Errorf("while the order hung the events were %v", told)
		}
	})
}
