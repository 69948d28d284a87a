package callflow

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/acd"
	"hotline/call"
)

// TestS141WalkFromDialToReport: a caller is greeted, queued, reaches an agent without a
// menu, talks, and hangs up.
func TestS141WalkFromDialToReport(t *testing.T) {
	in(t, 1, func(w *world) {
		w.onDial = func(leg call.LegID, _ call.AgentID) {
			time.AfterFunc(2*time.Second, func() { w.m.Deliver("c1", LegUp{Leg: leg}) })
		}
		w.arrive()
		w.after(3 * time.Second)
		w.endPrompt()
		w.after(2 * time.Second)
		w.after(60 * time.Second)
		w.m.Deliver("c1", CallerGone{At: time.Now()})
		w.after(time.Minute)
		w.want("arrived", "queued", "offered", "answered", "connected", "ended answered/caller_hung_up",
			"talk_ended by caller", "wrapup_ended")
		for _, e := range w.events {
			if e.Kind == call.Answered && e.Wait != 2000 {
				t.Errorf("wait = %d ms, want 2000: it starts after the greeting", e.Wait)
			}
			if e.Kind == call.TalkEnded && (e.Talk < 60000 || e.Talk > 60010) {
				t.Errorf("talk = %d ms, want 60000 and the hang-up's 5", e.Talk)
			}
		}
		want := []string{"bridge c1", "play sound:hello", "music calm", "create ann"}
		if diff := cmp.Diff(want, w.orders[:4]); diff != "" {
			t.Errorf("orders: %s", diff)
		}
		if len(w.begun) != 1 || w.ended["c1"].IsZero() {
			t.Errorf("recording begun %v, ended %v", w.begun, w.ended)
		}
	})
}

func TestAgentHangsUp(t *testing.T) {
	in(t, 1, func(w *world) {
		var leg call.LegID
		w.onDial = func(l call.LegID, _ call.AgentID) { leg = l; w.m.Deliver("c1", LegUp{Leg: l}) }
		w.arrive()
		w.endPrompt()
		w.after(10 * time.Second)
		w.m.Deliver("c1", LegGone{Leg: leg})
		w.after(time.Minute)
		w.want("arrived", "queued", "offered", "answered", "connected", "talk_ended by agent",
			"ended answered/agent_hung_up", "wrapup_ended")
	})
}

// TestPeers03CallerHangsUpInEachState: counted once, and no phone rings for a caller who is
// gone.
func TestPeers03CallerHangsUpInEachState(t *testing.T) {
	t.Run("greeting", func(t *testing.T) {
		in(t, 1, func(w *world) {
			w.arrive()
			w.m.Deliver("c1", CallerGone{At: time.Now()})
			w.after(time.Second)
			w.want("arrived", "ended abandoned/hung_up_in_greeting")
		})
	})
	t.Run("queue", func(t *testing.T) {
		in(t, 0, func(w *world) {
			w.arrive()
			w.endPrompt()
			w.after(7 * time.Second)
			w.m.Deliver("c1", CallerGone{At: time.Now()})
			w.after(time.Second)
			w.wantParting("arrived", "queued", "ended abandoned/hung_up_in_queue", "left_queue abandoned")
		})
	})
	t.Run("ringing", func(t *testing.T) {
		in(t, 1, func(w *world) {
			w.arrive()
			w.endPrompt()
			w.after(time.Second)
			w.m.Deliver("c1", CallerGone{At: time.Now()})
			w.after(time.Second)
			kinds := w.kinds()
			if !slices.Contains(kinds, "ended abandoned/hung_up_while_rung") ||
				!slices.Contains(kinds, "left_queue abandoned") || !slices.Contains(kinds, "offer_ended canceled") {
				t.Errorf("events = %v", kinds)
			}
			if w.count("hangup c1-a1") == 0 {
				t.Error("the agent's phone rings on for nobody")
			}
		})
	})
	t.Run("between answer and bridge", func(t *testing.T) {
		in(t, 1, func(w *world) {
			w.onDial = func(l call.LegID, _ call.AgentID) {
				w.m.Deliver("c1", CallerGone{At: time.Now()})
				w.m.Deliver("c1", LegUp{Leg: l})
			}
			w.arrive()
			w.endPrompt()
			w.after(time.Minute)
			if n := w.count("join"); n != 0 {
				t.Errorf("%d joins for a caller who is gone", n)
			}
			ended := 0
			for _, k := range w.kinds() {
				if strings.HasPrefix(k, "ended ") {
					ended++
				}
			}
			if ended != 1 {
				t.Errorf("ended %d times, want once: %v", ended, w.kinds())
			}
		})
	})
}

// TestS1SecondAgentIsRung: the first phone rings out, the caller keeps place and start time.
func TestS1SecondAgentIsRung(t *testing.T) {
	in(t, 2, func(w *world) {
		w.onDial = func(leg call.LegID, a call.AgentID) {
			if a == "bob" {
				time.AfterFunc(time.Second, func() { w.m.Deliver("c1", LegUp{Leg: leg}) })
			}
		}
		w.arrive()
		w.endPrompt()
		w.after(8 * time.Second)
		w.m.Deliver("c1", CallerGone{At: time.Now()})
		w.after(time.Minute)
		w.want("arrived", "queued", "offered", "offer_ended no_answer", "offered", "answered", "connected",
			"ended answered/caller_hung_up", "talk_ended by caller", "wrapup_ended")
		for _, e := range w.events {
			if e.Kind == call.Answered && (e.Agent != "bob" || e.Wait != 7000) {
				t.Errorf("answered by %s after %d ms, want bob after 7000", e.Agent, e.Wait)
			}
		}
	})
}

// TestPeers01LateAnswer: a phone picked up after its ring was over is dropped, never
// connected a second time.
func TestPeers01LateAnswer(t *testing.T) {
	in(t, 2, func(w *world) {
		w.onDial = func(leg call.LegID, a call.AgentID) {
			w.mu.Lock()
			w.hungUp[leg] = a == "ann" // the hang-up and the answer cross: no end is reported
			w.mu.Unlock()
			if a == "bob" {
				w.m.Deliver("c1", LegUp{Leg: leg})
				w.m.Deliver("c1", LegUp{Leg: "c1-a1"})
			}
		}
		w.arrive()
		w.endPrompt()
		w.after(7 * time.Second)
		if n := w.count("join"); n != 1 {
			t.Errorf("%d joins, want one: %v", n, w.orders)
		}
		w.m.Deliver("c1", LegGone{Leg: "c1-a1"})
		w.m.Deliver("c1", CallerGone{At: time.Now()})
		w.after(time.Minute)
	})
}

func TestDialRefusedIsUnreachable(t *testing.T) {
	in(t, 1, func(w *world) {
		w.refuse["dial"] = errors.New("500 allocation failed")
		w.arrive()
		w.endPrompt()
		w.after(time.Second)
		w.m.Deliver("c1", CallerGone{At: time.Now()})
		w.after(time.Second)
		if !slices.Contains(w.kinds(), "offer_ended unreachable") {
			t.Errorf("events = %v", w.kinds())
		}
	})
}

// TestPeers12AnnouncementStopsAtAnswer: the announcement is cut when an agent answers.
func TestPeers12AnnouncementStopsAtAnswer(t *testing.T) {
	in(t, 1, func(w *world) {
		if err := w.acd.Submit(acd.TakeBreak{Agent: "ann", Reason: "lunch"}); err != nil {
			t.Fatal(err)
		}
		w.onDial = func(leg call.LegID, _ call.AgentID) { w.m.Deliver("c1", LegUp{Leg: leg}) }
		w.arrive()
		w.endPrompt()
		w.after(4 * time.Second)
		if w.count("play sound:please-wait") != 1 {
			t.Fatalf("no announcement: %v", w.orders)
		}
		if err := w.acd.Submit(acd.GoReady{Agent: "ann"}); err != nil {
			t.Fatal(err)
		}
		w.after(time.Second)
		if w.count("join") != 1 || w.count("stopplay") != 1 {
			t.Errorf("orders = %v, want a join and the prompt stopped", w.orders)
		}
		w.m.Deliver("c1", CallerGone{At: time.Now()})
		w.after(time.Minute)
	})
}

// TestS8WaitedTooLong: at the queue's limit the caller is told goodbye and hung up, and the
// reason is stored.
func TestS8WaitedTooLong(t *testing.T) {
	in(t, 0, func(w *world) {
		w.arrive()
		w.endPrompt()
		w.after(3 * time.Minute)
		w.endPrompt()
		w.after(time.Second)
		kinds := w.kinds()
		if !slices.Contains(kinds, "left_queue timed_out") || !slices.Contains(kinds, "ended refused/waited_too_long") {
			t.Errorf("events = %v", kinds)
		}
		if w.count("play sound:goodbye") != 1 {
			t.Errorf("no goodbye: %v", w.orders)
		}
	})
}

func TestS12UnknownNumberIsRefused(t *testing.T) {
	in(t, 1, func(w *world) {
		w.m.Arrive(Arrival{Call: "c1", Leg: "c1", Line: "110", Begin: time.Now()})
		synctest.Wait()
		w.endPrompt()
		w.after(time.Second)
		w.want("arrived", "ended refused/unknown_line")
		if w.count("hangup c1 unknown_number") == 0 {
			t.Errorf("orders = %v", w.orders)
		}
	})
}

// TestPromptThatNeverEnds: no event tells its end, the caller is queued all the same.
func TestPromptThatNeverEnds(t *testing.T) {
	in(t, 0, func(w *world) {
		w.arrive()
		w.after(61 * time.Second)
		if !slices.Contains(w.kinds(), "queued") {
			t.Errorf("events = %v", w.kinds())
		}
		w.m.Deliver("c1", CallerGone{At: time.Now()})
		w.after(time.Second)
	})
}

// TestReconcileTakesUpWhatWasMissed: during a gap the agent answered; in the next one the
// caller left. No event told either.
func TestReconcileTakesUpWhatWasMissed(t *testing.T) {
	in(t, 1, func(w *world) {
		w.arrive()
		w.endPrompt()
		w.after(5 * time.Second)
		w.m.Reconcile(time.Now(), map[call.LegID]LegState{"c1": {Up: true}, "c1-a1": {Up: true}})
		w.after(time.Second)
		if w.count("join") != 1 {
			t.Fatalf("orders = %v, want a join", w.orders)
		}
		w.m.Reconcile(time.Now(), nil)
		w.after(time.Minute)
		if !slices.Contains(w.kinds(), "ended answered/lost") {
			t.Errorf("events = %v", w.kinds())
		}
		if !w.ended["c1"].IsZero() {
			t.Error("an end that was not seen must not be held against the recording")
		}
	})
}

// TestReconcileLeavesYoungCallsAlone: a look taken before the call was known proves nothing.
func TestReconcileLeavesYoungCallsAlone(t *testing.T) {
	in(t, 0, func(w *world) {
		taken := time.Now()
		w.arrive()
		w.m.Reconcile(taken, nil)
		w.after(time.Second)
		if got := w.m.Calls(); len(got) != 1 || got[0].Stage != Greeting {
			t.Errorf("calls = %+v", got)
		}
		w.m.Deliver("c1", CallerGone{At: time.Now()})
	})
}

// TestPeers02OrderForAnEndedCall: the engine's order crosses the end of the call; it is answered,
// so the agent is free at once.
func TestPeers02OrderForAnEndedCall(t *testing.T) {
	in(t, 1, func(w *world) {
		w.m.Act(acd.Ring{Offer: "gone-a1", Call: "gone", Queue: "complaints", Agent: "ann"})
		w.after(time.Second)
		if n := w.count("dial"); n != 0 {
			t.Errorf("%d phones dialled for a call that is over", n)
		}
	})
}

func TestArriveTwiceIsOneCall(t *testing.T) {
	in(t, 0, func(w *world) {
		w.arrive()
		w.arrive()
		w.m.Deliver("c1", CallerGone{At: time.Now()})
		w.after(time.Second)
		w.want("arrived", "ended abandoned/hung_up_in_greeting")
	})
}

// TestPeers03HangUpThatFailsIsRepeated: the switch does not carry out the end of a leg. It is
// asked again until it does, also when the caller has left, and the phone is silent before
// its agent is rung for the next caller.
func TestPeers03HangUpThatFailsIsRepeated(t *testing.T) {
	in(t, 1, func(w *world) {
		works := func(err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.refuse["hangup"] = err
		}
		w.arrive()
		w.endPrompt()
		w.after(time.Second)
		works(errors.New("500"))
		w.m.Deliver("c1", CallerGone{At: time.Now()})
		w.after(3 * hangUpAgain / 2)
		if n := w.count("hangup c1-a1"); n != 2 {
			t.Errorf("the end of the leg was ordered %d times, want 2 in vain", n)
		}
		works(nil)
		w.after(hangUpAgain)
		w.m.Deliver("c1", LegGone{Leg: "c1-a1", Outcome: call.NoAnswer})
		w.after(acd.DefaultRingGrace)
		if n := w.count("hangup c1-a1"); n != 3 {
			t.Errorf("the end of the leg was ordered %d times, want 3", n)
		}
	})
}

// TestPeers03LegThatIsMadeTooLate: the switch makes a leg after the order for it was given up, and
// tells so, or a look finds it. It is ended either way.
func TestPeers03LegThatIsMadeTooLate(t *testing.T) {
	for name, found := range map[string]func(w *world){
		"told": func(w *world) { w.m.Deliver("c1", LegCreated{Leg: "c1-a1"}) },
		"seen": func(w *world) {
			w.m.Reconcile(time.Now(), map[call.LegID]LegState{"c1": {Up: true}, "c1-a1": {}, "c2-a1": {}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, 1, func(w *world) {
				w.refuse["create"] = errors.New("deadline")
				w.arrive()
				w.endPrompt()
				w.after(time.Second)
				before := w.count("hangup c1-a1")
				found(w)
				w.after(time.Second)
				if got := w.count("hangup c1-a1") - before; got != 1 || w.count("hangup c2") > 0 {
					t.Errorf("its end was ordered %d times, want once, and nobody else's: %v", got, w.orders)
				}
				w.m.Deliver("c1", CallerGone{At: time.Now()})
				w.after(time.Minute)
			})
		})
	}
}

// TestArriveAgainAfterTheEnd: the event of the arrival comes a second time when the call is
// over. It is no second call: the ledger would count it and the recorder wait for it.
func TestArriveAgainAfterTheEnd(t *testing.T) {
	in(t, 0, func(w *world) {
		w.arrive()
		w.m.Deliver("c1", CallerGone{At: time.Now()})
		w.after(time.Second)
		w.arrive()
		w.after(time.Second)
		w.want("arrived", "ended abandoned/hung_up_in_greeting")
	})
}

func TestCallsThatAreOverAreForgotten(t *testing.T) {
	m := Manager{over: map[call.ID]bool{}}
	for i := range 3 * overBound / 2 {
		m.remember(call.ID(fmt.Sprint(i)))
	}
	if len(m.over) != overBound || len(m.ended) != overBound {
		t.Errorf("%d and %d calls are kept in mind, want %d", len(m.over), len(m.ended), overBound)
	}
	if m.over[call.ID(fmt.Sprint(overBound/2-1))] || !m.over[call.ID(fmt.Sprint(overBound/2))] {
		t.Error("not the oldest ones were forgotten")
	}
}

func TestMailboxIsBounded(t *testing.T) {
	b := newMailbox(2)
	for range 2 {
		if taken, _ := b.post(PlayEnded{}); !taken {
			t.Fatal("refused below the bound")
		}
	}
	if taken, full := b.post(PlayEnded{}); taken || !full {
		t.Errorf("third post: taken %v, full %v; want refused as full", taken, full)
	}
	if left := b.close(); len(left) != 2 {
		t.Errorf("close handed back %d signals, want 2", len(left))
	}
	if taken, full := b.post(PlayEnded{}); taken || full {
		t.Errorf("post after close: taken %v, full %v", taken, full)
	}
}

// TestLookThatCrossesAnEnd: a look that misses a leg whose end is still on its way does not
// make the end a lost one.
func TestLookThatCrossesAnEnd(t *testing.T) {
	in(t, 1, func(w *world) {
		w.arrive()
		w.endPrompt()
		w.after(5 * time.Second)
		w.m.Reconcile(time.Now(), nil)
		w.after(100 * time.Millisecond)
		w.m.Deliver("c1", LegGone{Leg: "c1-a1", Outcome: call.Busy})
		w.m.Deliver("c1", CallerGone{At: time.Now()})
		w.after(time.Minute)
		kinds := w.kinds()
		if !slices.Contains(kinds, "offer_ended busy") || !slices.Contains(kinds, "ended abandoned/hung_up_in_queue") {
			t.Errorf("events = %v", kinds)
		}
	})
}

// TestCallerWhoIsGoneAtOnce: he hung up before his bridge was there. That is no fault of the
// switch, unless the word of his end never comes.
func TestCallerWhoIsGoneAtOnce(t *testing.T) {
	for name, told := range map[string]bool{"told": true, "never told": false} {
		t.Run(name, func(t *testing.T) {
			in(t, 1, func(w *world) {
				w.refuse["bridge"] = fmt.Errorf("404: %w", ErrLegGone)
				w.arrive()
				want := "ended failed/switch_failure"
				if told {
					w.m.Deliver("c1", CallerGone{At: time.Now()})
					want = "ended abandoned/hung_up_in_greeting"
				}
				w.after(time.Minute)
				if !slices.Contains(w.kinds(), want) {
					t.Errorf("events = %v, want %q", w.kinds(), want)
				}
			})
		})
	}
}
