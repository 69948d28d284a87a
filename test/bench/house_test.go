package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/configs/asterisk"
	"hotline/internal/phonesim"
	"hotline/internal/testbed"
)

// side is who connects callers with agents.
type side string

const (
	theirs side = "app_queue"
	ours   side = "hotline"
)

// number is what a caller dials to be served by the side.
func (s side) number() string {
	if s == theirs {
		return "90001"
	}
	return "95001"
}

// order is the order of measurement: what disturbs the machine for a while disturbs both.
var order = []side{theirs, ours, theirs, ours}

// Bounds of waiting. They only end a run that hangs.
const (
	readyMax = time.Minute
	endMax   = time.Minute
	pollTime = 20 * time.Millisecond
)

// house is one Asterisk with both sides, one Redis and the phones, the same for all turns.
// The hotline runs as a program of its own, and only during its own turns, so that neither
// side pays for the other.
type house struct {
	testing.TB
	asterisk *testbed.Asterisk
	redis    *testbed.Redis
	sim      *phonesim.Sim
	program  *program
	agents   int
	callers  int // calls made so far
}

// open starts everything but the hotline and registers the agents' phones.
func open(tb testing.TB, agents int, behave func(phonesim.Offer) phonesim.Action) *house {
	tb.Helper()
	h := &house{TB: tb, agents: agents, redis: testbed.RunRedis(tb, testbed.RedisOptions{})}
	h.asterisk = testbed.RunAsterisk(tb, testbed.Options{
		Agents: testbed.Agents(agents), BaselineNumber: theirs.number(),
	})
	if h.asterisk.PID() == 0 {
		tb.Skip("both sides need one Asterisk that is configured for them: ASTERISK_URL names one that is not")
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	var err error
	if h.sim, err = phonesim.New(phonesim.Options{Log: log}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), endMax)
		defer cancel()
		if err := h.sim.Close(ctx); err != nil {
			tb.Errorf("close the phones: %v", err)
		}
	})
	for _, a := range h.asterisk.Agents {
		h.seat(a, behave)
	}
	h.program = build(tb, h)
	return h
}

// seat registers an agent's phone. It has a second line, because the switch may ring again
// while the phone still waits for the end of its own BYE.
func (h *house) seat(a asterisk.Agent, behave func(phonesim.Offer) phonesim.Action) {
	h.Helper()
	_, err := h.sim.NewAgent(h.Context(), phonesim.AgentOptions{
		User: a.Name, Password: a.Password, Registrar: h.asterisk.AgentAddr, Lines: 2, Behave: behave,
	})
	if err != nil {
		h.Fatal(err)
	}
}

// begin makes a side ready to serve.
func (h *house) begin(s side) {
	h.Helper()
	if s == ours {
		h.program.start(h)
		h.until("the hotline has all agents ready", func() bool { return h.program.ready(h) == h.agents })
		return
	}
	h.until("app_queue has all agents ready", func() bool {
		text, err := h.asterisk.CLI(h.Context(), "queue show "+asterisk.BaselineQueue)
		return err == nil && strings.Count(text, "(Not in use)") == h.agents
	})
}

// end waits until nothing of the turn is left and clears its recordings away, which the
// other side would otherwise look at.
func (h *house) end(s side) {
	h.Helper()
	h.until("all phones are idle", h.idle)
	if s == ours {
		h.program.stop(h)
	}
	days, err := filepath.Glob(filepath.Join(h.asterisk.RecordingDir, "*"))
	for _, day := range days {
		err = errors.Join(err, os.RemoveAll(day))
	}
	if err != nil {
		h.Fatal(err)
	}
}

// call dials a side. The number tells the agent who hangs up: see people.
func (h *house) call(s side, talk time.Duration) *phonesim.Leg {
	h.Helper()
	h.callers++
	leg, err := h.sim.Call(h.Context(), phonesim.CallOptions{
		To: "sip:" + s.number() + "@" + h.asterisk.TrunkAddr, From: callerNumber(h.callers, talk), Talk: talk,
	})
	if err != nil {
		h.Fatal(err)
	}
	return leg
}

// callerNumber ends in 0 when the caller hangs up and in 1 when the agent has to.
func callerNumber(n int, talk time.Duration) string {
	if talk > 0 {
		return fmt.Sprintf("138%07d0", n)
	}
	return fmt.Sprintf("138%07d1", n)
}

// agentHangsUp reads callerNumber.
func agentHangsUp(from string) bool { return strings.HasSuffix(from, "1") }

// until asks again and again until the condition holds.
func (h *house) until(what string, holds func() bool) {
	h.Helper()
	tick, limit := time.NewTicker(pollTime), time.NewTimer(readyMax)
	defer tick.Stop()
	defer limit.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-limit.C:
			h.Fatalf("waited in vain until %s%s", what, h.program.tail())
		}
	}
}

// quiet waits for a while.
func (h *house) quiet(d time.Duration) {
	h.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-h.Context().Done():
		h.Fatal(h.Context().Err())
	}
}

// idle reports whether no phone is in a call.
func (h *house) idle() bool { return h.sim.Media().Streams == 0 }
