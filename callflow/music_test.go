package callflow

import (
	"testing"
	"time"

	"hotline/call"
)

// TestPeers12MusicIsStoppedMoreThanOnce: Asterisk loses one order in a thousand, and then the
// caller hears music instead of his agent.
func TestPeers12MusicIsStoppedMoreThanOnce(t *testing.T) {
	in(t, 1, func(w *world) {
		w.m.again = stopAgain
		w.onDial = func(leg call.LegID, _ call.AgentID) { w.m.Deliver("c1", LegUp{Leg: leg}) }
		w.arrive()
		w.endPrompt()
		w.rest(time.Second)
		if n := w.count("stopmusic"); n != 1+len(stopAgain) {
			t.Errorf("music was stopped %d times at the pick-up", n)
		}
		w.orders = nil
		w.do("ann", Hold, Target{})
		w.do("ann", Resume, Target{})
		w.rest(time.Second)
		w.told("refresh", "music calm", "leave c1-a1", "join c1-a1", "stopmusic", "stopmusic", "stopmusic")
		w.endsAs(call.ClassAnswered, call.CallerHungUp)
	})
}

// A hold that follows at once keeps its music: the orders of the end before it are void.
func TestMusicOfTheNextHoldIsNotStopped(t *testing.T) {
	in(t, 1, func(w *world) {
		w.m.again = stopAgain
		w.talks("ann")
		w.do("ann", Hold, Target{})
		w.do("ann", Resume, Target{})
		w.rest(stopAgain[0] + stopAgain[1]/2) // between the second order and the third
		w.do("ann", Hold, Target{})
		w.rest(time.Second)
		w.told("refresh", "music calm", "leave c1-a1", "join c1-a1", "stopmusic", "stopmusic",
			"refresh", "music calm", "leave c1-a1")
		w.endsAs(call.ClassAnswered, call.CallerHungUp)
	})
}

// An order that waits to be given again holds up neither the end of its call nor that of the
// process.
func TestMusicIsNotStoppedAfterTheCall(t *testing.T) {
	in(t, 1, func(w *world) {
		w.m.again = []time.Duration{time.Hour}
		w.talks("ann")
		w.do("ann", Hold, Target{})
		w.do("ann", Resume, Target{})
		w.endsAs(call.ClassAnswered, call.CallerHungUp)
		if n := w.count("stopmusic"); n != 1 {
			t.Errorf("music was stopped %d times", n)
		}
	})
}
