package callflow

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

// talks brings caller c1 to a talk with Ann; whoever is dialled later answers after a second
// when his name stands in answer.
func (w *world) talks(answer ...call.AgentID) {
	w.onDial = func(leg call.LegID, agent call.AgentID) {
		if agent == "ann" || slices.Contains(answer, agent) {
			time.AfterFunc(time.Second, func() { w.m.Deliver("c1", LegUp{Leg: leg}) })
		}
	}
	w.m.Arrive(Arrival{Call: "c1", Leg: "c1", Number: "138", Line: "95001", Begin: time.Now()})
	synctest.Wait()
	w.m.Deliver("c1", PlayEnded{w.playing})
	w.rest(2 * time.Second)
	w.orders = nil
}

// rest lets time pass until everything that it brings is done.
func (w *world) rest(d time.Duration) {
	time.Sleep(d) // of the bubble's clock
	synctest.Wait()
}

func (w *world) do(agent call.AgentID, verb Verb, to Target) {
	w.t.Helper()
	if err := w.m.Control(w.t.Context(), "c1", Control{Agent: agent, Do: verb, To: to}); err != nil {
		w.t.Fatalf("%s by %s: %v", verb, agent, err)
	}
	synctest.Wait()
}

// told compares what the switch was told since the last look.
func (w *world) told(want ...string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := len(w.orders) - 1; i > 0 && w.orders[i-1] == "stopmusic" && strings.HasPrefix(w.orders[i], "join") {
		w.orders[i-1], w.orders[i] = w.orders[i], w.orders[i-1] // the two run side by side
	}
	if diff := cmp.Diff(want, w.orders); diff != "" {
		w.t.Errorf("orders to the switch (-want +got):\n%s", diff)
	}
	w.orders = nil
}

// talk is the end of an agent's only talk.
func (w *world) talk(agent call.AgentID) call.Event {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []call.Event
	for _, e := range w.events {
		if e.Kind == call.TalkEnded && e.Agent == agent {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		w.t.Fatalf("%d talks of %s, want 1", len(found), agent)
	}
	return found[0]
}

// endsAs hangs the caller up and compares the ending.
func (w *world) endsAs(class call.Class, reason call.Reason) {
	w.t.Helper()
	w.gone("c1")
	w.rest(time.Second)
	w.ended1(class, reason)
}

// TestS16HoldOfThePhone: the hold key of a phone does what the desktop's does, once however
// often it is told. During a consultation it is the phone's own affair.
func TestS16HoldOfThePhone(t *testing.T) {
	in(t, 2, func(w *world) {
		w.talks("bob")
		ann := call.LegID("c1-a1")
		hold := func(on bool) {
			w.m.Deliver("c1", PhoneHold{Leg: ann, On: on})
			w.rest(time.Second)
		}
		hold(false)
		w.told()
		hold(true)
		hold(true)
		w.told("refresh", "music calm", "leave c1-a1")
		hold(false)
		hold(false)
		w.told("join c1-a1", "stopmusic")
		w.do("ann", Consult, Target{Agent: "bob"})
		w.rest(2 * time.Second)
		w.orders = nil
		hold(true)
		hold(false)
		w.told()
		w.do("ann", HangUp, Target{})
		w.m.Deliver("c1", CallerGone{At: time.Now()})
		w.rest(time.Minute)
		var held []call.Millis
		for _, e := range w.events {
			if e.Kind == call.HoldEnded {
				held = append(held, e.Held)
			}
		}
		if len(held) != 2 || held[0] != 2000 {
			t.Errorf("holds of %v ms, want one of 2000 by the phone and one of the consultation", held)
		}
	})
}

func (w *world) ended1(class call.Class, reason call.Reason) {
	w.t.Helper()
	want := "ended " + string(class) + "/" + string(reason)
	if kinds := w.kinds(); strings.Count(strings.Join(kinds, ","), "ended "+string(class)) != 1 ||
		!slices.Contains(kinds, want) {
		w.t.Errorf("events %v, want one end %q", kinds, want)
	}
}

func TestS16HoldAndResume(t *testing.T) {
	in(t, 1, func(w *world) {
		w.talks()
		w.do("ann", Hold, Target{})
		w.told("refresh", "music calm", "leave c1-a1")
		if err := w.m.Control(w.t.Context(), "c1", Control{Agent: "ann", Do: Hold}); !errors.Is(err, ErrNotNow) {
			t.Errorf("a second hold: %v", err)
		}
		w.rest(3 * time.Second)
		w.do("ann", Resume, Target{})
		w.told("join c1-a1", "stopmusic")
		w.rest(time.Second)
		w.endsAs(call.ClassAnswered, call.CallerHungUp)
		if e := w.talk("ann"); e.Hold != 3000 || e.Talk < 4000 {
			t.Errorf("talk of %d ms with %d on hold, want 3000 of more than 4000", e.Talk, e.Hold)
		}
	})
}

func TestHoldThatTheSwitchRefuses(t *testing.T) {
	in(t, 1, func(w *world) {
		w.talks()
		w.refuse["leave"] = errors.New("no")
		if err := w.m.Control(w.t.Context(), "c1", Control{Agent: "ann", Do: Hold}); err == nil {
			t.Error("no error")
		}
		w.told("refresh", "music calm", "leave c1-a1", "stopmusic")
		delete(w.refuse, "leave")
		w.do("ann", Hold, Target{})
		w.endsAs(call.ClassAnswered, call.CallerHungUp)
	})
}

func TestPeers06BlindTransferGivesEachHisOwnTime(t *testing.T) {
	for name, to := range map[string]Target{"to an agent": {Agent: "bob"}, "to a queue": {Queue: "complaints"}} {
		t.Run(name, func(t *testing.T) {
			in(t, 2, func(w *world) {
				w.talks("bob")
				w.rest(2 * time.Second)
				w.do("ann", Transfer, to)
				w.told("refresh", "music calm", "leave c1-a1", "hangup c1-a1 normal")
				w.rest(5 * time.Second)
				w.told("create bob", "dial bob", "join c1-a2", "stopmusic")
				w.endsAs(call.ClassAnswered, call.CallerHungUp)
				ann, bob := w.talk("ann"), w.talk("bob")
				if ann.Talk < 2900 || ann.Talk > 3100 || bob.Talk < 3900 || bob.Talk > 4100 {
					t.Errorf("Ann talked %d ms and Bob %d, want about 3000 and 4000", ann.Talk, bob.Talk)
				}
				want := []string{
					"arrived", "queued", "offered", "answered", "connected", "transferred", "talk_ended by agent",
					"queued", "offered", "answered", "connected", "ended answered/caller_hung_up", "talk_ended by caller",
				}
				if diff := cmp.Diff(want, w.kinds()); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestTransferToAnAgentWhoDoesNotAnswerGoesToTheQueue(t *testing.T) {
	in(t, 3, func(w *world) {
		w.talks("cy")
		w.do("ann", Transfer, Target{Agent: "bob"})
		w.rest(10 * time.Second)
		if e := w.m.Calls()[0]; e.Stage != Talking || e.Agent != "cy" {
			t.Errorf("the caller is %s with %q, want talking with cy", e.Stage, e.Agent)
		}
		w.endsAs(call.ClassAnswered, call.CallerHungUp)
	})
}

func TestS3AttendedTransfer(t *testing.T) {
	in(t, 2, func(w *world) {
		w.talks("bob")
		w.do("ann", Consult, Target{Agent: "bob"})
		w.told("refresh", "music calm", "leave c1-a1", "bridge c1-a1", "music calm", "create bob", "dial bob")
		w.rest(2 * time.Second)
		w.told("join c1-c1-a1", "stopmusic")
		w.do("ann", Complete, Target{})
		w.told("join c1-c1-a1", "stopmusic", "close hl-c1-c1", "hangup c1-a1 normal")
		w.rest(3 * time.Second)
		if e := w.m.Calls()[0]; e.Stage != Talking || e.Agent != "bob" {
			t.Errorf("the caller is %s with %q, want talking with bob", e.Stage, e.Agent)
		}
		w.endsAs(call.ClassAnswered, call.CallerHungUp)
		if ann := w.talk("ann"); ann.Hold < 1900 || ann.Hold > 2100 {
			t.Errorf("Ann held the caller %d ms, want 2000", ann.Hold)
		}
		if bob := w.talk("bob"); bob.Talk < 3900 || bob.Talk > 4100 || bob.Direction != call.Consult {
			t.Errorf("Bob talked %d ms (%q), want 4000 with the consultation", bob.Talk, bob.Direction)
		}
		if !slices.Contains(w.kinds(), "transferred") {
			t.Errorf("no transfer in %v", w.kinds())
		}
	})
}

func TestAgentWhoHangsUpInAConsultationTransfers(t *testing.T) {
	for name, wait := range map[string]time.Duration{"answered": 2 * time.Second, "ringing": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			in(t, 2, func(w *world) {
				w.talks("bob")
				w.do("ann", Consult, Target{Agent: "bob"})
				w.rest(wait)
				w.gone("c1-a1")
				w.rest(20 * time.Second)
				if e := w.m.Calls()[0]; e.Stage != Talking || e.Agent != "bob" {
					t.Errorf("the caller is %s with %q, want talking with bob", e.Stage, e.Agent)
				}
				w.endsAs(call.ClassAnswered, call.CallerHungUp)
			})
		})
	}
}

func TestConsultationEndsAndTheAgentIsBack(t *testing.T) {
	for name, end := range map[string]func(w *world){
		"the asked one hangs up": func(w *world) { w.gone("c1-c1-a1") },
		"the agent drops him":    func(w *world) { w.do("ann", Drop, Target{}) },
		"the agent resumes":      func(w *world) { w.do("ann", Resume, Target{}) },
	} {
		t.Run(name, func(t *testing.T) {
			in(t, 2, func(w *world) {
				w.talks("bob")
				w.do("ann", Consult, Target{Agent: "bob"})
				w.rest(2 * time.Second)
				end(w)
				w.rest(time.Second)
				if orders := strings.Join(w.orders, ","); !strings.HasSuffix(orders, "join c1-a1,stopmusic,close hl-c1-c1") {
					t.Errorf("orders %s", orders)
				}
				w.do("ann", Hold, Target{}) // so she is with the caller again
				w.endsAs(call.ClassAnswered, call.CallerHungUp)
			})
		})
	}
}

func TestConsultationThatNobodyAnswers(t *testing.T) {
	in(t, 2, func(w *world) {
		w.talks()
		w.do("ann", Consult, Target{Agent: "bob"})
		w.rest(10 * time.Second)
		w.do("ann", Hold, Target{})
		w.endsAs(call.ClassAnswered, call.CallerHungUp)
		if held := w.talk("ann").Hold; held < 6000 || held > 7100 {
			t.Errorf("held %d ms, want the ring's 6000 and the last second", held)
		}
	})
}

func TestConferenceAndWhoeverLeavesFirst(t *testing.T) {
	for name, first := range map[string]call.LegID{"the agent": "c1-a1", "the third": "c1-c1-a1"} {
		t.Run(name, func(t *testing.T) {
			in(t, 2, func(w *world) {
				w.talks("bob")
				w.do("ann", Consult, Target{Agent: "bob"})
				w.rest(2 * time.Second)
				w.orders = nil
				w.do("ann", Conference, Target{})
				w.told("join c1-c1-a1", "join c1-a1", "stopmusic", "close hl-c1-c1")
				w.rest(time.Second)
				w.gone(first)
				w.rest(time.Second)
				w.told("refresh")
				w.endsAs(call.ClassAnswered, call.CallerHungUp)
				w.talk("ann")
				w.talk("bob")
				if got := slices.Contains(w.kinds(), "transferred"); got != (first == "c1-a1") {
					t.Errorf("transferred: %t", got)
				}
			})
		})
	}
}

func TestCallerHangsUpInEachStateOfControl(t *testing.T) {
	transfers := func(w *world, to Target, wait time.Duration) {
		w.do("ann", Transfer, to)
		w.rest(wait)
	}
	consults := func(w *world, wait time.Duration) {
		w.do("ann", Consult, Target{Agent: "bob"})
		w.rest(wait)
	}
	for name, state := range map[string]func(w *world){
		"on hold":                 func(w *world) { w.do("ann", Hold, Target{}) },
		"consultation rings":      func(w *world) { consults(w, time.Millisecond) },
		"consultation talks":      func(w *world) { consults(w, 2*time.Second) },
		"conference":              func(w *world) { consults(w, 2*time.Second); w.do("ann", Conference, Target{}) },
		"transferred, ringing":    func(w *world) { transfers(w, Target{Agent: "bob"}, 100*time.Millisecond) },
		"transferred, being hung": func(w *world) { transfers(w, Target{Agent: "bob"}, 0) },
		"handed over":             func(w *world) { consults(w, 2*time.Second); w.do("ann", Complete, Target{}) },
		"number rings":            func(w *world) { transfers(w, Target{Number: "110"}, 100*time.Millisecond) },
		"consults a number":       func(w *world) { w.do("ann", Consult, Target{Number: "110"}) },
	} {
		t.Run(name, func(t *testing.T) {
			in(t, 2, func(w *world) {
				w.talks("bob")
				state(w)
				w.gone("c1")
				w.rest(2 * time.Second)
				if kinds := w.kinds(); !slices.Contains(kinds, "ended answered/caller_hung_up") &&
					!slices.Contains(kinds, "ended answered/hung_up_while_rung") {
					t.Errorf("events %v", kinds)
				}
				w.talk("ann")
				snap, err := w.acd.Snapshot(w.t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range snap.Agents {
					if a.State != call.WrapUp && a.State != call.Ready {
						t.Errorf("%s is %s", a.ID, a.State)
					}
				}
			})
		})
	}
}

func TestOutsideNumber(t *testing.T) {
	t.Run("transfer", func(t *testing.T) {
		in(t, 1, func(w *world) {
			w.talks("110")
			w.do("ann", Transfer, Target{Number: "110"})
			w.rest(3 * time.Second)
			w.told("refresh", "music calm", "leave c1-a1", "hangup c1-a1 normal", "outside 110", "dial 110", "join c1-o1",
				"stopmusic")
			w.gone("c1-o1")
			w.rest(time.Second)
			w.ended1(call.ClassAnswered, call.OutsideHungUp)
			if kinds := w.kinds(); !slices.Contains(kinds, "dialled") || !slices.Contains(kinds, "dial_ended") {
				t.Errorf("events %v", kinds)
			}
		})
	})
	t.Run("transfer that is not answered", func(t *testing.T) {
		in(t, 2, func(w *world) {
			w.talks("bob")
			w.do("ann", Transfer, Target{Number: "110"})
			w.rest(time.Second)
			w.m.Deliver("c1", LegGone{Leg: "c1-o1", Outcome: call.Busy})
			w.rest(3 * time.Second)
			if e := w.m.Calls()[0]; e.Agent != "bob" {
				t.Errorf("the caller is with %q, want bob: nobody is lost", e.Agent)
			}
			w.endsAs(call.ClassAnswered, call.CallerHungUp)
		})
	})
	t.Run("consultation and conference", func(t *testing.T) {
		in(t, 1, func(w *world) {
			w.talks("110")
			w.do("ann", Consult, Target{Number: "110"})
			w.rest(2 * time.Second)
			if err := w.m.Control(w.t.Context(), "c1", Control{Agent: "ann", Do: Keys, Keys: "12"}); err != nil {
				t.Error(err)
			}
			w.do("ann", Conference, Target{})
			w.do("ann", HangUp, Target{})
			w.rest(time.Second)
			if e := w.m.Calls()[0]; e.Stage != Talking {
				t.Errorf("the caller is %s, want talking with the number", e.Stage)
			}
			w.endsAs(call.ClassAnswered, call.CallerHungUp)
			if !slices.Contains(w.orders, "keys c1-o1 12") {
				t.Errorf("orders %v", w.orders)
			}
		})
	})
}

func TestControlIsRefused(t *testing.T) {
	in(t, 2, func(w *world) {
		w.talks()
		for name, c := range map[string]struct {
			id   call.ID
			do   Control
			want error
		}{
			"no such call":           {"c9", Control{Agent: "ann", Do: Hold}, ErrNoCall},
			"another agent":          {"c1", Control{Agent: "bob", Do: Hold}, ErrNotInCall},
			"nobody":                 {"c1", Control{Do: Hold}, ErrNotInCall},
			"nowhere":                {"c1", Control{Agent: "ann", Do: Transfer}, ErrTarget},
			"himself":                {"c1", Control{Agent: "ann", Do: Consult, To: Target{Agent: "ann"}}, ErrTarget},
			"not on hold":            {"c1", Control{Agent: "ann", Do: Resume}, ErrNotNow},
			"nobody to confer with":  {"c1", Control{Agent: "ann", Do: Conference}, ErrNotNow},
			"nothing to complete":    {"c1", Control{Agent: "ann", Do: Complete}, ErrNotNow},
			"nobody to drop":         {"c1", Control{Agent: "ann", Do: Drop}, ErrNotNow},
			"a verb that is unknown": {"c1", Control{Agent: "ann", Do: "dance"}, ErrNotNow},
		} {
			if err := w.m.Control(w.t.Context(), c.id, c.do); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		w.told()
		w.endsAs(call.ClassAnswered, call.CallerHungUp)
	})
}

// A number rings for a consultation when the agent sends the caller there without a word: its
// first leg is ended and a second one is made. The end of the first, and an answer that
// crosses it, are nothing to the caller: he is neither queued nor joined with it, and when he
// leaves nobody is rung for him any more.
func TestNumberThatWasAskedIsNothingToTheCaller(t *testing.T) {
	in(t, 2, func(w *world) {
		w.talks()
		w.do("ann", Consult, Target{Number: "110"})
		w.do("ann", Complete, Target{})
		w.m.Deliver("c1", LegUp{Leg: "c1-o1"})
		w.rest(time.Second)
		kinds := strings.Join(w.kinds(), " ")
		if n := strings.Count(kinds, "queued"); n != 1 || w.count("join c1-o1") > 0 {
			t.Errorf("queued %d times, orders %v; want once, and no join with the first leg", n, w.orders)
		}
		w.m.Deliver("c1", LegUp{Leg: "c1-o2"})
		w.rest(time.Second)
		w.gone("c1")
		w.rest(time.Second)
		offers := strings.Count(strings.Join(w.kinds(), " "), "offered")
		w.rest(time.Minute)
		if got := strings.Count(strings.Join(w.kinds(), " "), "offered"); got != offers || offers != 1 {
			t.Errorf("%d offers, a minute after the end %d, want 1", offers, got)
		}
	})
}

func TestBridgeOfAConsultationIsClosedWithTheCall(t *testing.T) {
	in(t, 2, func(w *world) {
		w.talks("bob")
		w.do("ann", Consult, Target{Agent: "bob"})
		w.rest(2 * time.Second)
		w.gone("c1")
		w.rest(time.Minute)
		if n := w.count("close hl-c1-c1"); n != 1 {
			t.Errorf("closed %d times, want once: %v", n, w.orders)
		}
	})
}

// An outside number picks up while its leg is ended, since the caller has left: it is joined
// with nobody, and the call ends.
func TestNumberThatAnswersAfterTheCallerLeft(t *testing.T) {
	in(t, 1, func(w *world) {
		w.talks()
		w.do("ann", Transfer, Target{Number: "110"})
		w.rest(time.Second)
		w.gone("c1")
		w.m.Deliver("c1", LegUp{Leg: "c1-o1"})
		w.rest(time.Minute)
		if n := w.count("join c1-o1"); n != 0 {
			t.Errorf("joined %d times: %v", n, w.orders)
		}
	})
}
