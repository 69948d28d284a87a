package callflow

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hotline/acd"
	"hotline/call"
)

// backList is a list of callbacks that takes everybody, or nobody.
type backList struct {
	closed bool
	asked  []call.ID
}

func (l *backList) May(a Arrival, _ call.QueueID) bool { return !l.closed && a.Number != "" }

func (l *backList) Ask(a Arrival, _ call.QueueID, _ bool) { l.asked = append(l.asked, a.Call) }

// offering makes a world without a free agent whose callers are offered a callback.
func offering(t *testing.T, agents int, script func(w *world, list *backList)) {
	t.Helper()
	in(t, agents, func(w *world) {
		room, list := w.m.opt.Queues["complaints"], &backList{}
		room.Callback = Callback{
			Key: "1", After: 20 * time.Second, Offer: "sound:offer", Taken: "sound:taken", Closed: "sound:closed-offer",
		}
		w.m.opt.Queues["complaints"], w.m.opt.Callbacks = room, list
		script(w, list)
	})
}

// TestPeers13CallbackIsAskedByKey: the caller hears the offer, presses the key, hears that it
// is taken, and is let go; his stay ends as a callback.
func TestPeers13CallbackIsAskedByKey(t *testing.T) {
	offering(t, 0, func(w *world, list *backList) {
		w.arrive()
		w.endPrompt()
		w.pass(24 * time.Second)
		if w.count("play sound:offer") != 1 {
			t.Fatalf("the offer is not heard: %v", w.orders)
		}
		w.m.Deliver("c1", KeyPressed{Leg: "c1", Key: "7"})
		w.after(time.Second)
		w.m.Deliver("c1", KeyPressed{Leg: "c1", Key: "1"})
		w.after(time.Second)
		if w.count("play sound:taken") != 1 {
			t.Errorf("no word that it is taken: %v", w.orders)
		}
		w.endPrompt()
		w.after(time.Second)
		w.want("arrived", "queued", "left_queue callback", "ended callback/on_wish")
		if !slices.Equal(list.asked, []call.ID{"c1"}) {
			t.Errorf("asked %v", list.asked)
		}
	})
}

// TestPeers13WithheldNumberIsNotOffered: who cannot be called back hears nothing of it, and
// his key means nothing.
func TestPeers13WithheldNumberIsNotOffered(t *testing.T) {
	offering(t, 0, func(w *world, list *backList) {
		w.m.Arrive(Arrival{Call: "c1", Leg: "c1", Line: "95001", Begin: time.Now()})
		synctest.Wait()
		w.endPrompt()
		w.pass(60 * time.Second)
		w.m.Deliver("c1", KeyPressed{Leg: "c1", Key: "1"})
		w.after(time.Second)
		if w.count("play sound:offer") != 0 || len(list.asked) > 0 {
			t.Errorf("orders %v, asked %v", w.orders, list.asked)
		}
		w.m.Deliver("c1", CallerGone{At: time.Now()})
		w.after(time.Minute)
	})
}

// TestPeers13CallbackIsOfferedOutsideTheHours: by the key he is on the list, without it the
// call is refused as ever.
func TestPeers13CallbackIsOfferedOutsideTheHours(t *testing.T) {
	for key, want := range map[string]string{"1": "ended callback/closed", "5": "ended refused/closed"} {
		offering(t, 0, func(w *world, list *backList) {
			line := w.m.lines["95001"]
			line.Hours = func(time.Time) (call.QueueID, bool) { return "", false }
			w.m.lines["95001"] = line
			w.arrive()
			if w.count("play sound:closed-offer") != 1 {
				t.Fatalf("no offer: %v", w.orders)
			}
			w.endPrompt()
			w.m.Deliver("c1", KeyPressed{Leg: "c1", Key: key})
			w.after(time.Second)
			if key == "1" {
				w.endPrompt()
			}
			w.after(time.Minute)
			w.want("arrived", want)
			if (len(list.asked) == 1) != (key == "1") {
				t.Errorf("key %s: asked %v", key, list.asked)
			}
		})
	}
}

// callBack lets the engine ring an agent for a callback, as the app does.
func (w *world) callBack() {
	w.t.Helper()
	w.m.CallBack(Arrival{Call: "c1", Leg: "c1-o0", Number: "13800000001", Line: "95001"}, "earlier", "complaints")
	if err := w.acd.Submit(acd.Enter{
		Call: "c1", Queue: "complaints", Direction: call.CallBack, Resumed: true,
	}); err != nil {
		w.t.Fatal(err)
	}
	synctest.Wait()
}

// TestPeers13CustomerIsCalledWhenAnAgentHasAnswered: never before, and the events say that it
// is a callback, and whose.
func TestPeers13CustomerIsCalledWhenAnAgentHasAnswered(t *testing.T) {
	in(t, 1, func(w *world) {
		w.callBack()
		if w.count("dial ann") != 1 || w.count("call 138") != 0 {
			t.Fatalf("orders %v, want the agent's phone alone", w.orders)
		}
		w.m.Deliver("c1", LegUp{Leg: "c1-a1"})
		w.after(time.Second)
		if w.count("call 138") != 1 {
			t.Fatalf("the number is not called: %v", w.orders)
		}
		w.m.Deliver("c1", CallerUp{At: time.Now()})
		w.after(10 * time.Second)
		w.m.Deliver("c1", CallerGone{At: time.Now()})
		w.after(time.Second)
		w.after(time.Minute)
		for _, ev := range w.events {
			if ev.Call == "c1" && ev.Kind != call.AgentChanged && ev.Direction != call.CallBack {
				t.Errorf("%s has direction %q", ev.Kind, ev.Direction)
			}
			if ev.Kind == call.Arrived && ev.Of != "earlier" {
				t.Errorf("arrival of %q, want of the call that asked", ev.Of)
			}
		}
		if kinds := strings.Join(w.kinds(), ", "); !strings.Contains(kinds, "ended answered/caller_hung_up") {
			t.Errorf("events %s", kinds)
		}
	})
}

// TestPeers13RecalledCallbackRingsNobody: while the agent's phone rings, and while the
// customer's does.
func TestPeers13RecalledCallbackRingsNobody(t *testing.T) {
	for _, answered := range []bool{false, true} {
		in(t, 1, func(w *world) {
			w.callBack()
			if answered {
				w.m.Deliver("c1", LegUp{Leg: "c1-a1"})
				w.after(time.Second)
			}
			w.m.Deliver("c1", Recall{})
			w.after(time.Second)
			if answered {
				w.m.Deliver("c1", CallerGone{At: time.Now(), Outcome: call.Canceled})
			}
			w.after(time.Minute)
			if !w.hungUp["c1-a1"] || !slices.Contains(w.kinds(), "ended unreached/not_wanted") {
				t.Errorf("answered %v: orders %v, events %v", answered, w.orders, w.kinds())
			}
		})
	}
}

// TestPeers13NoMoreCallsThanReservedAgents: of many callbacks only those are called whose
// agent has picked up and is kept for them, and in the end all of them are.
func TestPeers13NoMoreCallsThanReservedAgents(t *testing.T) {
	const agents, callbacks = 3, 12
	in(t, agents, func(w *world) {
		w.onDial = func(leg call.LegID, _ call.AgentID) {
			owner, _ := CallOf(string(leg))
			time.AfterFunc(time.Second, func() { w.m.Deliver(owner, LegUp{Leg: leg}) })
		}
		for i := range callbacks {
			id := call.ID(fmt.Sprintf("b%d", i))
			w.m.CallBack(Arrival{Call: id, Leg: call.LegID(id + "-o0"), Number: "139", Line: "95001"}, "earlier", "complaints")
			if err := w.acd.Submit(acd.Enter{
				Call: id, Queue: "complaints", Direction: call.CallBack, Resumed: true,
			}); err != nil {
				t.Fatal(err)
			}
		}
		over := map[call.ID]bool{}
		for range 600 {
			w.after(time.Second)
			snap, err := w.acd.Snapshot(w.t.Context())
			if err != nil {
				t.Fatal(err)
			}
			reserved := map[call.ID]bool{}
			for _, a := range snap.Agents {
				if a.State == call.Talking {
					reserved[a.Call] = true
				}
			}
			for _, c := range w.m.Calls() {
				if c.Stage != Dialling {
					continue
				}
				if !reserved[c.Call] {
					t.Fatalf("%s is called without an agent: %v", c.Call, reserved)
				}
				if time.Since(c.Since) > 5*time.Second && !over[c.Call] {
					over[c.Call] = true
					w.m.Deliver(c.Call, CallerGone{At: time.Now(), Outcome: call.NoAnswer})
				}
			}
		}
		if len(over) != callbacks || w.count("call 139") != callbacks {
			t.Errorf("%d of %d were called, %d orders", len(over), callbacks, w.count("call 139"))
		}
	})
}
