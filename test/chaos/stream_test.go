package chaos

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

// onLine opens a house whose hotline reaches Asterisk over a line that the test can spoil. An
// agent who is charged with so many misses takes a break; 0 = never.
func onLine(t *testing.T, agents, misses int) (*house.House, *line) {
	t.Helper()
	var wire *line
	h := house.Open(t, agents, func(c *configs.Config) {
		wire = newLine(t, strings.TrimPrefix(c.Asterisk.URL, "http://"))
		c.Asterisk.URL = "http://" + wire.addr()
		c.Routing.SuspendAfter = misses
		c.Queues[0].RingFor = 5 * time.Second
	})
	return h, wire
}

// TestPeers10SwitchHangs: Asterisk stops answering without a word, because it is stopped
// (SIGSTOP) or because the network is gone without a reset. That is seen within 10 s and told
// by the health check, nothing piles up, no agent is given a break for what did not reach him,
// and when Asterisk is back the hotline goes on by itself.
func TestPeers10SwitchHangs(t *testing.T) {
	dice := chance(t)
	const agents = 8
	// An offer that was made just before may reach its limit before the hang is seen.
	h, wire := onLine(t, agents, 2)
	signal := func(s syscall.Signal) {
		if err := h.Asterisk.Signal(s); err != nil {
			t.Error(err)
		}
	}
	ways := []way{
		{"stopped", func() { signal(syscall.SIGSTOP) }, func() { signal(syscall.SIGCONT) }},
		{"half-open", func() { wire.set(weather{held: true}) }, func() { wire.set(weather{}) }},
	}
	if !*every {
		ways = ways[dice.IntN(len(ways)):][:1]
	}
	crowd(h, dice)
	var legs []*phonesim.Leg
	for i, w := range ways {
		legs = append(legs, wave(h, dice, 1000*i, *calls/len(ways), 2*time.Second)...)
		h.Until("agents talk", func() bool { return talking(h) >= agents/2 })
		before := goroutines()
		w.begin()
		seen := until(h, 20*time.Second, "the hang is seen", func() bool { return !partOK(h, "asterisk") })
		first := goroutines()
		pass(t, 2*time.Second)
		second := goroutines()
		w.end()
		back := until(h, 20*time.Second, "the hotline is back", func() bool { return partOK(h, "asterisk") })
		t.Logf("%s: seen after %v, back %v after its end; goroutines %d before, %d when seen, %d after 2 s more",
			w.name, seen.Round(time.Millisecond), back.Round(time.Millisecond), before, first, second)
		if seen > 10*time.Second {
			t.Errorf("%s: seen after %v, want 10 s at most", w.name, seen)
		}
		if second > first+agents || second > before+4*agents {
			t.Errorf("%s: goroutines grow", w.name)
		}
		h.Over(legs...)
	}
	verdict(h, h.Settle(), nil)
}

// way is one way in which something goes wrong.
type way struct {
	name       string
	begin, end func()
}

// TestPeers10StreamFlaps: the connection to Asterisk breaks again and again under load, then
// delivers at a trickle. Callers and agents notice nothing but time, and no transition is
// lost.
func TestPeers10StreamFlaps(t *testing.T) {
	dice := chance(t)
	h, wire := onLine(t, 8, 1)
	crowd(h, dice)
	legs := wave(h, dice, 0, *calls/2, time.Second)
	const flaps = 5
	for range flaps {
		pass(t, between(dice, 200*time.Millisecond, time.Second))
		wire.set(weather{cut: true})
		pass(t, between(dice, 0, 300*time.Millisecond))
		wire.set(weather{})
	}
	h.Until("the hotline is back", func() bool { return partOK(h, "asterisk") })
	const trickle = 12_000 // bytes a second; a call makes about 30,000
	wire.set(weather{rate: trickle})
	legs = append(legs, wave(h, dice, 1000, *calls/2, 2*time.Second)...)
	pass(t, between(dice, time.Second, 2*time.Second))
	wire.set(weather{})
	h.Over(legs...)
	events := h.Settle()
	gaps := 0
	for _, e := range events {
		if e.Kind == call.StreamGap {
			gaps++
		}
	}
	_, all := verdict(h, events, nil)
	for _, s := range all {
		h.CompareRecording(s)
	}
	t.Logf("%d flaps, %d gaps in the ledger, then %d bytes a second", flaps, gaps, trickle)
	if gaps == 0 {
		t.Error("no gap is in the ledger")
	}
}
