package chaos

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

var (
	abandonStep = flag.Duration("chaos.step", 30*time.Millisecond, "step of the pause after which callers hang up")
	abandonMax  = flag.Duration("chaos.pause", 1200*time.Millisecond, "longest pause after which callers hang up")
)

// TestPeers03AbandonAtEachMoment: callers hang up after every pause from 0 on: before they
// are answered, in the queue, while a phone rings, in the moment in which the agent picks up,
// between that and his voice, and in the talk. Each is counted once, no agent is charged, and
// every leg is gone right after.
func TestPeers03AbandonAtEachMoment(t *testing.T) {
	dice := chance(t)
	const agents = 8
	h := house.Open(t, agents, func(c *configs.Config) {
		c.Routing.SuspendAfter = 1
		c.Queues[0].WrapUp = 100 * time.Millisecond
	})
	// Half of the phones are picked up so soon that the sweep passes answer and join.
	for i := range agents {
		ring := between(dice, 150*time.Millisecond, 700*time.Millisecond)
		h.Agent(i, func(phonesim.Offer) phonesim.Action { return phonesim.Answer(ring, 0) })
	}
	legs := sweep(h, dice, *abandonStep, *abandonMax)
	h.Until("nobody is left in Asterisk", func() bool {
		left, err := h.Asterisk.CLI(t.Context(), "core show channels count")
		return err == nil && len(left) > 0 && left[0] == '0'
	})
	events := h.Settle()
	verdictOfSweep(h, events, len(legs))
}

// sweep lets a caller hang up after each pause, several of them at a time, in an order by
// chance.
func sweep(h *house.House, dice *rand.Rand, step, most time.Duration) []*phonesim.Leg {
	var pauses []time.Duration
	for p := time.Duration(0); p < most; p += step {
		pauses = append(pauses, p+between(dice, 0, step))
	}
	dice.Shuffle(len(pauses), func(i, j int) { pauses[i], pauses[j] = pauses[j], pauses[i] })
	legs := make([]*phonesim.Leg, len(pauses))
	for i, p := range pauses {
		legs[i] = h.Call(phonesim.CallOptions{From: house.Number(i)})
		timer := time.AfterFunc(p, legs[i].Hangup)
		defer timer.Stop()
		pass(h.T, between(dice, 0, 200*time.Millisecond))
	}
	h.Over(legs...)
	return legs
}

// verdictOfSweep checks each story and tells how long the legs outlived their callers.
func verdictOfSweep(h *house.House, events []call.Event, callers int) {
	t := h.T
	t.Helper()
	_, all := verdict(h, events, func(*house.Story) bool { return true })
	moments := map[string]int{}
	var cleared []time.Duration
	for _, s := range all {
		ended := s.One(t, call.Ended).Ending
		moments[string(ended.Reason)]++
		picked := false
		for _, o := range s.Offers {
			picked = picked || !o.Answered.IsZero()
			cleared = append(cleared, max(0, o.Ended.Sub(s.Caller.Ended)))
			if o.EndedBy != phonesim.SideRemote {
				t.Errorf("call of %s: the phone of %s ended %+v", s.Caller.Party, o.Party, o)
			}
		}
		if picked && len(s.Kinds[call.Answered]) == 0 {
			moments["picked up in the moment of the hang-up"]++
		}
		if len(s.Kinds[call.Answered]) > 0 && len(s.Caller.Heard) == 0 {
			moments["gone between the answer and the voice"]++
		}
		for _, o := range s.Kinds[call.OfferEnded] {
			if o.Outcome != call.Canceled {
				t.Errorf("call of %s: the offer to %s ended %s, but the caller had gone", s.Caller.Party, o.Agent, o.Outcome)
			}
		}
	}
	p99 := quantile(cleared, 0.99)
	t.Logf("%d callers, %d of them gone before the hotline knew; %d legs of agents gone after the caller's hang-up: "+
		"p50 %v, p99 %v, max %v; moments %v",
		callers, callers-len(all), len(cleared), quantile(cleared, 0.5), p99, quantile(cleared, 1), moments)
	// On a machine that does nothing else it is 50 ms.
	if p99 > time.Second {
		t.Errorf("legs outlive their callers by %v", p99)
	}
}
