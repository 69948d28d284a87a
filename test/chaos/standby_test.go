package chaos

import (
	"syscall"
	"testing"
	"time"

	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

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
	first.Signal(syscall.SIGCONT)
	h.Until("the first has seen that it was replaced and ended", func() bool { return !first.Running() })
	first.Forget()
	first.Start()
	ring(2)
	h.Heard(legs[4])
	stopped = time.Now()
	second.Kill()
	h.Until("the first acts again", func() bool { return len(h.Live().Agents) == agents })
	t.Logf("taken over after %v", time.Since(stopped).Round(time.Millisecond))
	ring(1)
	h.Over(legs...)
	judge(t, h, h.Settle(), len(legs))
}
