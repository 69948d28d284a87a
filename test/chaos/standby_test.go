package chaos

import (
	"flag"
	"syscall"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

var stopFor = flag.Duration("chaos.stop", time.Second, "how long a controller is stopped beside its standby")

// TestPeers10StandbyTakesOver: the acting controller is stopped (SIGSTOP) while callers talk,
// ring and wait. The standby takes over and goes on with them; the old one, continued, does
// not act but ends. Then the new one is killed and a standby takes over again.
func TestPeers10StandbyTakesOver(t *testing.T) {
	const agents = 3
	h := house.OpenOutside(t, agents, func(c *configs.Config) { c.Queues[0].RingFor = 5 * time.Second })
	program := house.Build(t)
	first := h.Controller(program, "first")
	h.Until("the first acts", func() bool { return len(h.Live().Agents) == agents })
	for i := range agents {
		h.Agent(i, phone(uint64(i)))
	}
	second := h.Controller(program, "second")
	legs := []*phonesim.Leg{}
	ring := func(n int) {
		for range n {
			legs = append(legs, h.Call(phonesim.CallOptions{From: house.Number(len(legs)), Talk: 5 * time.Second}))
		}
	}
	ring(4)
	h.Heard(legs[0])
	stopped := time.Now()
	first.Signal(syscall.SIGSTOP)
	h.Until("the second acts", func() bool { return len(h.Live().Agents) == agents })
	t.Logf("taken over after %v", time.Since(stopped).Round(time.Millisecond))
	ring(2)
	pass(t, *stopFor)
	first.Signal(syscall.SIGCONT)
	h.Until("the first has seen that it was replaced and ended", func() bool { return !first.Running() })
	first.Forget()
	first.Start()
	ring(1)
	h.Heard(legs[6])
	ring(2)
	stopped = time.Now()
	second.Kill()
	h.Until("the first acts again", func() bool { return len(h.Live().Agents) == agents })
	t.Logf("taken over after %v", time.Since(stopped).Round(time.Millisecond))
	ring(1)
	h.Over(legs...)
	events := h.Settle()
	judge(t, h, events, len(legs))
	keptOrder(t, h, events, len(legs))
}

// keptOrder checks that a phone rang first for whoever entered the queue first. Who entered at
// the same time may go either way.
func keptOrder(t *testing.T, h *house.House, events []call.Event, calls int) {
	t.Helper()
	all := house.Stories(t, events, h.Sim.Ledger())
	first := func(i int, k call.Kind) time.Time { return all[house.Number(i)].Kinds[k][0].At }
	for i := range calls {
		for j := range calls {
			before := first(i, call.Queued).Add(time.Second).Before(first(j, call.Queued))
			if before && first(j, call.Offered).Before(first(i, call.Offered)) {
				t.Errorf("caller %d entered at %v and was offered at %v, after caller %d", i,
					first(i, call.Queued), first(i, call.Offered), j)
			}
		}
	}
}
