// Package e2e walks whole calls through a real Asterisk, a real Redis and real SIP phones
// and holds what the phones witnessed against ledger, counters, report and recordings.
package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/demo"
	"hotline/internal/phonesim"
	"hotline/web"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// walkMax bounds one test's phones, so that a hang fails with words and not by the limit of
// the whole run.
const walkMax = 4 * time.Minute

// house is a running site with its phones.
type house struct {
	*demo.Site
	t   *testing.T
	sim *phonesim.Sim
}

// open starts a site for one test and ends it after. Prompts are off, so that a caller is
// queued the moment he is answered and his own watch tells the wait.
func open(t *testing.T, agents int, change func(*configs.Config)) *house {
	t.Helper()
	site, err := demo.Start(t.Context(), demo.Options{
		Agents: agents, Log: testLog(t),
		Change: func(c *configs.Config) {
			c.Lines[0].Greeting, c.Lines[0].Greetings = "", nil
			c.Queues[0].Announcement = ""
			c.Queues[0].RingFor, c.Queues[0].WrapUp = 2*time.Second, time.Second
			if change != nil {
				change(c)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{Site: site, t: t}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Asterisk's log:\n%s", site.Asterisk.LogTail(40))
		}
		if err := site.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("stop the site: %v", err)
		}
	})
	if h.sim, err = phonesim.New(phonesim.Options{Log: testLog(t)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.sim.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close the phones: %v", err)
		}
	})
	return h
}

// testLog writes warnings to standard error: the log of a part may outlive the test that
// made it, which t.Log forbids.
func testLog(t *testing.T) *slog.Logger {
	t.Helper()
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})).With("test", t.Name())
}

// agent registers the i-th agent's phone and waits until the hotline has him ready.
func (h *house) agent(i int, behave func(phonesim.Offer) phonesim.Action) *phonesim.Agent {
	h.t.Helper()
	a := h.Asterisk.Agents[i]
	phone, err := h.sim.NewAgent(h.t.Context(), phonesim.AgentOptions{
		User: a.Name, Password: a.Password, Registrar: h.Asterisk.AgentAddr, Behave: behave,
	})
	if err == nil {
		err = phone.Register(h.t.Context())
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.until(a.Name+" is ready", func() bool { return h.state(call.AgentID(a.Name)) == call.Ready })
	return phone
}

func (h *house) state(id call.AgentID) call.AgentState {
	h.t.Helper()
	for _, a := range h.live().Agents {
		if a.ID == id {
			return a.State
		}
	}
	h.t.Fatalf("agent %s is unknown", id)
	return ""
}

func (h *house) call(o phonesim.CallOptions) *phonesim.Leg {
	h.t.Helper()
	o.To = "sip:" + demo.Line + "@" + h.Asterisk.TrunkAddr
	leg, err := h.sim.Call(h.t.Context(), o)
	if err != nil {
		h.t.Fatal(err)
	}
	return leg
}

// over waits for the ends of legs.
func (h *house) over(legs ...*phonesim.Leg) {
	h.t.Helper()
	limit := time.NewTimer(walkMax)
	defer limit.Stop()
	for _, l := range legs {
		select {
		case <-l.Done():
		case <-limit.C:
			h.t.Fatalf("a call did not end: %+v", l.Record())
		}
	}
}

// heard waits until the leg hears the other side.
func (h *house) heard(l *phonesim.Leg) {
	h.t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	select {
	case <-l.Heard():
	case <-l.Done():
		h.t.Fatalf("the call ended before anybody was heard: %+v", l.Record())
	case <-limit.C:
		h.t.Fatalf("nobody was heard: %+v", l.Record())
	}
}

// until asks again and again, on a ticker, until the condition holds.
func (h *house) until(what string, holds func() bool) {
	h.t.Helper()
	tick, limit := time.NewTicker(20*time.Millisecond), time.NewTimer(30*time.Second)
	defer tick.Stop()
	defer limit.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-limit.C:
			h.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// settle waits until nothing of any call is left: no call runs, every agent who is signed
// in is ready, every ended call has its recording or a fault, all facts are folded.
func (h *house) settle() []call.Event {
	h.t.Helper()
	h.until("all calls and wrap-ups are over", func() bool {
		l := h.live()
		for _, a := range l.Agents {
			if a.State != call.Ready && a.State != call.Offline && a.State != call.Break {
				return false
			}
		}
		return len(l.Calls) == 0
	})
	var events []call.Event
	h.until("every call has its recording", func() bool {
		events = h.events()
		ended, recorded := 0, 0
		for _, e := range events {
			switch e.Kind {
			case call.Ended:
				ended++
			case call.Recorded, call.RecordingFault:
				recorded++
			default:
			}
		}
		return recorded >= ended
	})
	return events
}

// events is the whole ledger.
func (h *house) events() []call.Event {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	if err := h.App.Settle(ctx); err != nil {
		h.t.Fatal(err)
	}
	var all []call.Event
	for {
		some, err := h.App.Ledger().After(ctx, uint64(len(all)), 10_000)
		if err != nil {
			h.t.Fatal(err)
		}
		if len(some) == 0 {
			return all
		}
		all = append(all, some...)
	}
}

func number(i int) string { return fmt.Sprintf("138%08d", i) }

func (h *house) live() web.Live {
	h.t.Helper()
	l, err := h.App.Live(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return l
}
