package e2e

import (
	"flag"
	"sync"
	"testing"
	"time"

	"hotline/internal/phonesim"
	"hotline/test/house"
	"hotline/web"
)

// holds is how often each caller is put on hold and taken back.
var holds = flag.Int("music.holds", 40, "holds of each of the eight callers in TestPeers12MusicEndsEachTime")

// TestPeers12MusicEndsEachTime: after each hold the caller hears his agent. Asterisk loses an
// order to stop the music that meets it in the act of playing a frame of it, and from then on
// drops all that the bridge has for the caller (ADR 0024).
func TestPeers12MusicEndsEachTime(t *testing.T) {
	const pairs = 8
	h := house.Open(t, pairs, nil)
	for i := range pairs {
		h.Agent(i, func(phonesim.Offer) phonesim.Action { return phonesim.Answer(50*time.Millisecond, 0) })
	}
	legs := make([]*phonesim.Leg, pairs)
	for i := range legs {
		legs[i] = h.Call(phonesim.CallOptions{From: house.Number(i)})
	}
	for _, l := range legs {
		h.Heard(l)
	}
	h.Until("all talk", func() bool { return talkers(h) == pairs })
	var wait sync.WaitGroup
	for _, c := range h.Live().Calls {
		for _, l := range legs {
			if l.Record().Party == c.Number {
				wait.Go(func() { holdOften(t, h, c, l) })
			}
		}
	}
	wait.Wait()
	for _, l := range legs {
		l.Hangup()
	}
	h.Over(legs...)
	h.Settle()
}

func talkers(h *house.House) (n int) {
	for _, c := range h.Live().Calls {
		if c.Stage == "talking" {
			n++
		}
	}
	return n
}

// holdOften holds and resumes one talk and demands that the caller hears the agent soon after.
func holdOften(t *testing.T, h *house.House, c web.LiveCall, caller *phonesim.Leg) {
	for i := range *holds {
		for _, do := range []string{"hold", "resume"} {
			if err := h.Control(t.Context(), c.ID, web.Control{Agent: c.Agent, Do: do}); err != nil {
				t.Errorf("%s %d of %s: %v", do, i, c.ID, err)
				return
			}
			if do == "hold" {
				pass(t, 30*time.Millisecond+time.Duration(i%20)*time.Millisecond)
			}
		}
		back := time.Now()
		if !hears(t, caller, back) {
			t.Errorf("hold %d: the caller of %s does not hear his agent %v after it", i, c.ID, time.Since(back))
			return
		}
	}
}

// hears waits up to two seconds until the leg hears a tone that reached it after since.
func hears(t *testing.T, l *phonesim.Leg, since time.Time) bool {
	for time.Since(since) < 2*time.Second {
		if s := l.Record().Heard; len(s) > 0 && s[len(s)-1].Last.After(since) {
			return true
		}
		pass(t, 10*time.Millisecond)
	}
	return false
}
