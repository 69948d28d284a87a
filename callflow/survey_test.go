package callflow

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hotline/call"
)

// talked brings a caller to the end of a talk that the agent ends.
func (w *world) talked() {
	var leg call.LegID
	w.onDial = func(l call.LegID, _ call.AgentID) { leg = l; w.m.Deliver("c1", LegUp{Leg: l}) }
	w.arrive()
	w.endPrompt()
	w.after(20 * time.Second)
	w.m.Deliver("c1", LegGone{Leg: leg})
	w.after(time.Second)
}

func (w *world) survey(percent int) {
	room := w.m.opt.Queues["complaints"]
	room.Survey = Survey{Prompt: "sound:rate", Percent: percent, Thanks: "sound:thanks"}
	w.m.opt.Queues["complaints"] = room
}

// TestS104FiveLevelsByKey: after the agent has hung up the caller answers with a key from 5
// to 1, in the question or after it. The agent's talk and work after it are as without.
func TestS104FiveLevelsByKey(t *testing.T) {
	for score := 1; score <= 5; score++ {
		t.Run(fmt.Sprint(score), func(t *testing.T) {
			in(t, 1, func(w *world) {
				w.survey(100)
				w.talked()
				if score%2 == 0 {
					w.endPrompt()
					w.after(3 * time.Second)
				}
				w.press(fmt.Sprint(score))
				w.endPrompt()
				w.after(time.Minute)
				got := w.kinds()
				slices.Sort(got) // the engine ends the talk while the flow asks
				want := []string{
					"answered", "arrived", "connected", "ended answered/agent_hung_up", "offered", "queued",
					"survey_begun", "surveyed", "talk_ended by agent", "wrapup_ended",
				}
				if !slices.Equal(got, want) {
					t.Errorf("events %v, want %v", got, want)
				}
				s := w.one(call.Surveyed)
				if s.Score != score || s.Agent != "ann" || s.Queue != "complaints" {
					t.Errorf("survey %+v, want %d for ann", s, score)
				}
				if talk := w.one(call.TalkEnded).Talk; talk != 20_000 {
					t.Errorf("talk of %d ms, want 20000: the survey is no talk", talk)
				}
				wrap := w.one(call.WrapUpEnded)
				if d := wrap.At.Sub(w.one(call.TalkEnded).At); d != 30*time.Second {
					t.Errorf("work after the call ended %v after the talk, want 30s: it begins with the agent's hang-up", d)
				}
				if w.count("play sound:rate") != 1 || w.count("play sound:thanks") != 1 {
					t.Errorf("orders %v", w.orders)
				}
			})
		})
	}
}

// TestSurveyWithoutAnAnswer: silence or a wrong key is asked once more, then the caller is
// let go; who hangs up has not answered.
func TestSurveyWithoutAnAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		script func(w *world)
		asked  int
		score  int
	}{
		"silence": {func(w *world) {
			w.endPrompt()
			w.after(scoreWait)
			w.endPrompt()
			w.after(scoreWait + time.Minute)
		}, 2, 0},
		"wrong keys":       {func(w *world) { w.press("9", "0"); w.after(time.Minute) }, 2, 0},
		"wrong, then good": {func(w *world) { w.press("*", "4"); w.endPrompt(); w.after(time.Minute) }, 2, 4},
		"hang-up":          {func(w *world) { w.hangUp() }, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, 1, func(w *world) {
				w.survey(100)
				w.talked()
				c.script(w)
				if s := w.one(call.Surveyed); s.Score != c.score {
					t.Errorf("score %d, want %d", s.Score, c.score)
				}
				e := w.one(call.Ended)
				if e.Ending.Reason != call.AgentHungUp || e.By != call.ByAgent || w.count("play sound:rate") != c.asked {
					t.Errorf("ended %v by %s, asked %d times, want %d", e.Ending, e.By, w.count("play sound:rate"), c.asked)
				}
			})
		})
	}
}

// TestNobodyIsAskedInVain: no survey where the caller hung up, where the share says no, where
// the agent had called him, and after a talk outside.
func TestNobodyIsAskedInVain(t *testing.T) {
	in(t, 1, func(w *world) {
		w.survey(0)
		w.talked()
		w.after(time.Minute)
		if w.count("play sound:rate") != 0 {
			t.Error("asked, although the share is 0")
		}
	})
	in(t, 1, func(w *world) {
		w.survey(100)
		w.onDial = func(l call.LegID, _ call.AgentID) { w.m.Deliver("c1", LegUp{Leg: l}) }
		w.arrive()
		w.endPrompt()
		w.after(20 * time.Second)
		w.hangUp()
		if w.count("play sound:rate") != 0 {
			t.Error("asked, although the caller hung up")
		}
	})
	in(t, 1, func(w *world) {
		w.survey(100)
		w.dialsOut("ann")
		w.up()
		w.gone("c1-a1")
		w.rest(time.Minute)
		if w.count("play sound:rate") != 0 || w.one(call.Ended).Ending.Class != call.ClassAnswered {
			t.Errorf("asked, although the agent called him: %v", w.orders)
		}
	})
	in(t, 1, func(w *world) {
		w.survey(100)
		w.talks("110")
		w.do("ann", Transfer, Target{Number: "110"})
		w.rest(3 * time.Second)
		w.gone("c1-o1")
		w.rest(time.Minute)
		if w.count("play sound:rate") != 0 {
			t.Errorf("asked after a talk outside: %v", w.orders)
		}
	})
}

// TestSurveyShare: the share is met within chance.
func TestSurveyShare(t *testing.T) {
	s, asked := Survey{Prompt: "x", Percent: 30}, 0
	for i := range 10_000 {
		id := call.ID(fmt.Sprintf("hl-1795297302.%d", i))
		if s.asks(id) {
			asked++
		}
	}
	if asked < 2700 || asked > 3300 {
		t.Errorf("%d of 10000 are asked, want some 3000", asked)
	}
}
