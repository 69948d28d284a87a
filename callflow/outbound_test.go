package callflow

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hotline/acd"
	"hotline/call"
)

// dialsOut has Ann call a number; her phone is answered after a second.
func (w *world) dialsOut(answer ...call.AgentID) {
	w.onDial = func(leg call.LegID, agent call.AgentID) {
		if slices.Contains(answer, agent) {
			time.AfterFunc(time.Second, func() { w.m.Deliver("c1", LegUp{Leg: leg}) })
		}
	}
	w.m.DialOut(Arrival{Call: "c1", Leg: "c1", Number: "110", Line: "95001"}, "ann", "complaints")
	w.rest(2 * time.Second)
}

// up is the customer who answers.
func (w *world) up() {
	w.m.Deliver("c1", CallerUp{At: time.Now()})
	w.rest(time.Second)
}

// endedOut checks the end of a call that Ann made, and that she is free of it.
func (w *world) endedOut(class call.Class, reason call.Reason) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	ended := 0
	for _, e := range w.events {
		if e.Kind == call.AgentChanged {
			continue
		}
		if e.Kind == call.Ended {
			ended++
			if e.Ending != (call.Ending{Class: class, Reason: reason}) {
				w.t.Errorf("ended as %v, want %s/%s", e.Ending, class, reason)
			}
		}
		if e.Direction != call.Outbound {
			w.t.Errorf("%s has direction %q", e.Kind, e.Direction)
		}
	}
	if ended != 1 {
		w.t.Errorf("ended %d times", ended)
	}
}

func TestS13AgentCallsAUser(t *testing.T) {
	in(t, 2, func(w *world) {
		w.dialsOut("ann")
		w.told("create ann", "dial ann", "bridge c1-a1", "play tone:ring", "call 110")
		if s := w.m.Calls()[0]; s.Stage != Dialling || s.Agent != "ann" || !s.Outbound {
			t.Errorf("status %+v", s)
		}
		if len(w.begun) != 0 {
			t.Error("the recorder was told before there is a recording")
		}
		w.up()
		if w.count("stopplay hl-c1-p1") != 1 || w.count("join c1") != 1 {
			t.Errorf("orders %v", w.orders)
		}
		if s := w.m.Calls()[0]; s.Stage != Talking {
			t.Errorf("stage %s", s.Stage)
		}
		w.do("ann", Hold, Target{})
		w.rest(time.Second)
		w.do("ann", Resume, Target{})
		w.gone("c1")
		w.rest(time.Second)
		w.endedOut(call.ClassAnswered, call.CallerHungUp)
		if talk := w.talk("ann"); talk.Talk < 3000 || talk.Talk > 3100 || talk.Hold < 990 {
			t.Errorf("talk %d ms, hold %d ms", talk.Talk, talk.Hold)
		}
		if len(w.begun) != 1 || w.ended["c1"].IsZero() {
			t.Errorf("recordings begun %v, ended %v", w.begun, w.ended)
		}
		w.want("arrived", "queued", "offered", "answered", "dialled", "connected", "hold_ended", "dial_ended",
			"ended answered/caller_hung_up", "talk_ended by caller")
	})
}

func TestS13CallThatIsNotAnswered(t *testing.T) {
	busy := func(w *world) { w.m.Deliver("c1", CallerGone{At: time.Now(), Outcome: call.Busy}) }
	for name, c := range map[string]struct {
		answer call.AgentID
		then   func(w *world)
		reason call.Reason
	}{
		"busy":                    {"ann", busy, call.NumberBusy},
		"the agent hangs up":      {"ann", func(w *world) { w.gone("c1-a1") }, call.AgentGaveUp},
		"the agent by the API":    {"ann", func(w *world) { w.do("ann", HangUp, Target{}) }, call.AgentGaveUp},
		"the agent's phone rings": {"", func(*world) {}, call.AgentNotReached},
		"no such number": {"ann", func(w *world) {
			w.m.Deliver("c1", CallerGone{At: time.Now(), Outcome: call.Unreachable})
		}, call.NumberUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, 2, func(w *world) {
				w.dialsOut(c.answer)
				c.then(w)
				w.rest(20 * time.Second)
				w.endedOut(call.ClassUnreached, c.reason)
				if len(w.begun) != 0 || len(w.ended) != 0 {
					t.Error("the recorder was told of a call that nobody answered")
				}
			})
		})
	}
}

func TestCallThatTheSwitchRefuses(t *testing.T) {
	for order, want := range map[string]call.Reason{"call": call.NumberUnreachable, "bridge": call.SwitchFailure} {
		t.Run(order, func(t *testing.T) {
			in(t, 1, func(w *world) {
				w.refuse[order] = errors.New("refused")
				w.dialsOut("ann")
				w.rest(time.Second)
				class := call.ClassUnreached
				if want == call.SwitchFailure {
					class = call.ClassFailed
				}
				w.endedOut(class, want)
			})
		})
	}
}

// The agent is taken from his break, nobody else reaches him before, and his break goes on.
func TestS13AgentOnABreakDialsOut(t *testing.T) {
	in(t, 1, func(w *world) {
		if err := w.acd.Submit(acd.TakeBreak{Agent: "ann", Reason: "lunch"}); err != nil {
			t.Fatal(err)
		}
		w.m.Arrive(Arrival{Call: "c2", Leg: "c2", Number: "138", Line: "95001", Begin: time.Now()})
		w.rest(70 * time.Second)
		w.dialsOut("ann")
		w.up()
		if s := w.m.Calls(); len(s) != 2 {
			t.Errorf("calls %+v", s)
		}
		w.gone("c1")
		w.rest(40 * time.Second)
		snap, err := w.acd.Snapshot(w.t.Context())
		if err != nil || snap.Agents[0].State != call.Break {
			t.Errorf("agents %+v, %v", snap.Agents, err)
		}
		w.talk("ann")
		w.gone("c2")
		w.rest(time.Second)
	})
}

// A customer who was called is transferred like a caller.
func TestCalledCustomerIsTransferred(t *testing.T) {
	in(t, 2, func(w *world) {
		w.dialsOut("ann", "bob")
		w.up()
		w.do("ann", Transfer, Target{Agent: "bob"})
		w.rest(3 * time.Second)
		if s := w.m.Calls()[0]; s.Stage != Talking || s.Agent != "bob" {
			t.Errorf("status %+v", s)
		}
		w.gone("c1")
		w.rest(time.Second)
		w.talk("ann")
		w.talk("bob")
		synctest.Wait()
	})
}

// A look at the switch finds the customer's leg, whose id is one of the call's.
func TestLookLeavesTheCustomerAlone(t *testing.T) {
	in(t, 1, func(w *world) {
		w.onDial = func(leg call.LegID, _ call.AgentID) { w.m.Deliver("c1", LegUp{Leg: leg}) }
		w.m.DialOut(Arrival{Call: "c1", Leg: "c1-o0", Number: "110", Line: "95001"}, "ann", "complaints")
		w.rest(time.Second)
		w.m.Reconcile(time.Now(), map[call.LegID]LegState{"c1-a1": {Up: true}, "c1-o0": {}})
		w.rest(time.Second)
		w.up()
		w.rest(time.Minute)
		w.m.Reconcile(time.Now(), map[call.LegID]LegState{"c1-a1": {Up: true}, "c1-o0": {Up: true}})
		w.rest(time.Second)
		if s := w.m.Calls(); len(s) != 1 || s[0].Stage != Talking || w.count("hangup") != 0 {
			t.Errorf("calls %+v, orders %v", s, w.orders)
		}
		w.m.Reconcile(time.Now(), map[call.LegID]LegState{"c1-a1": {Up: true}})
		w.rest(time.Minute)
	})
}
