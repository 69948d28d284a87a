// Package house is what the tests of the whole system share: a site with a real Asterisk, a
// real Redis and real SIP phones, and the comparison of what the phones witnessed with
// ledger, counters, report and recordings.
package house

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"hotline/acd/redisstore"
	"hotline/call"
	"hotline/configs"
	"hotline/configs/asterisk"
	"hotline/internal/app"
	"hotline/internal/demo"
	"hotline/internal/phonesim"
	"hotline/reports/sqlstore"
	"hotline/web"
)

// walkMax bounds one test's phones, so that a hang fails with words and not by the limit of
// the whole run.
const walkMax = 90 * time.Second

// House is a running site with its phones.
type House struct {
	*demo.Site
	T   *testing.T
	Sim *phonesim.Sim

	// Blind is how long the hotline may not know of an agent's end, because a test takes its
	// events away: then the caller hears nobody and no music.
	Blind time.Duration

	mu      sync.Mutex  // acting, and the fields of Controllers that change: plays ask while a test kills
	acting  *Controller // who answers for the live view when the hotline runs outside
	ledger  *sqlstore.Store
	figures *redisstore.Store
}

// Open starts a site for one test and ends it after. Prompts are off, so that a caller is
// queued the moment he is answered and his own watch tells the wait.
func Open(t *testing.T, agents int, change func(*configs.Config)) *House {
	t.Helper()
	return open(t, demo.Options{Agents: agents, Log: testLog(t)}, change)
}

// OpenOutside starts a site without the hotline, which runs as one or more Controllers.
func OpenOutside(t *testing.T, agents int, change func(*configs.Config)) *House {
	t.Helper()
	return open(t, demo.Options{Agents: agents, Outside: true}, change)
}

func open(t *testing.T, o demo.Options, change func(*configs.Config)) *House {
	t.Helper()
	o.Change = func(c *configs.Config) {
		c.Lines[0].Greeting, c.Lines[0].Greetings, c.Lines[0].RecordingNotice = "", nil, ""
		c.Queues[0].Announcement = ""
		c.Queues[0].RingFor, c.Queues[0].WrapUp = 2*time.Second, time.Second
		if change != nil {
			change(c)
		}
	}
	// A caller without a controller is given to the agents soon and looks for one often, so
	// that tests need not wait.
	o.Files = func(p *asterisk.Params) { p.Patience, p.QueueStay = 3, 4 }
	site, err := demo.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	h := &House{Site: site, T: t}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Asterisk's log:\n%s", site.Asterisk.LogTail(40))
		}
		if err := site.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("stop the site: %v", err)
		}
	})
	if h.Sim, err = phonesim.New(phonesim.Options{
		CallerAddr: site.Asterisk.TrunkPeer, Log: testLog(t),
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Sim.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close the phones: %v", err)
		}
	})
	return h
}

// testLog writes warnings to the output of the test, so that they are printed when it fails
// and only then.
func testLog(t *testing.T) *slog.Logger {
	t.Helper()
	o := &output{to: t.Output()}
	t.Cleanup(o.close)
	return slog.New(slog.NewTextHandler(o, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// output drops what a part that outlives the test still has to say: the test's own output
// must not be written to after its end.
type output struct {
	mu sync.Mutex
	to io.Writer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.to.Write(text)
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.to = io.Discard
}

// Agent registers the i-th agent's phone and waits until the hotline has him ready.
func (h *House) Agent(i int, behave func(phonesim.Offer) phonesim.Action) *phonesim.Agent {
	h.T.Helper()
	phone := h.Phone(i, behave)
	name := h.Asterisk.Agents[i].Name
	h.Until(name+" is ready", func() bool { return h.State(call.AgentID(name)) == call.Ready })
	return phone
}

// Phone registers the i-th agent's phone, whoever is there to notice.
func (h *House) Phone(i int, behave func(phonesim.Offer) phonesim.Action) *phonesim.Agent {
	h.T.Helper()
	a := h.Asterisk.Agents[i]
	phone, err := h.Sim.NewAgent(h.T.Context(), phonesim.AgentOptions{
		User: a.Name, Password: a.Password, Registrar: h.Asterisk.AgentAddr, Behave: behave,
	})
	if err == nil {
		err = phone.Register(h.T.Context())
	}
	if err != nil {
		h.T.Fatal(err)
	}
	return phone
}

// State is what an agent does now.
func (h *House) State(id call.AgentID) call.AgentState {
	h.T.Helper()
	for _, a := range h.Live().Agents {
		if a.ID == id {
			return a.State
		}
	}
	if h.App != nil {
		h.T.Fatalf("agent %s is unknown", id)
	}
	return ""
}

// Call dials the hotline.
func (h *House) Call(o phonesim.CallOptions) *phonesim.Leg {
	h.T.Helper()
	o.To = "sip:" + demo.Line + "@" + h.Asterisk.TrunkAddr
	leg, err := h.Sim.Call(h.T.Context(), o)
	if err != nil {
		h.T.Fatal(err)
	}
	return leg
}

// Over waits for the ends of legs.
func (h *House) Over(legs ...*phonesim.Leg) {
	h.T.Helper()
	limit := time.NewTimer(walkMax)
	defer limit.Stop()
	for _, l := range legs {
		select {
		case <-l.Done():
		case <-limit.C:
			h.T.Fatalf("a call did not end: %+v\nthe hotline says: %+v", l.Record(), h.Live())
		}
	}
}

// Heard waits until the leg hears the other side.
func (h *House) Heard(l *phonesim.Leg) {
	h.T.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	select {
	case <-l.Heard():
	case <-l.Done():
		h.T.Fatalf("the call ended before anybody was heard: %+v", l.Record())
	case <-limit.C:
		h.T.Fatalf("nobody was heard: %+v", l.Record())
	}
}

// Until asks again and again, on a ticker, until the condition holds.
func (h *House) Until(what string, holds func() bool) {
	h.T.Helper()
	tick, limit := time.NewTicker(20*time.Millisecond), time.NewTimer(30*time.Second)
	defer tick.Stop()
	defer limit.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-limit.C:
			h.T.Fatalf("waited in vain until %s", what)
		}
	}
}

// Settle waits until nothing of any call is left: no call runs, every agent who is signed
// in is ready, every ended call has its recording or a fault, all facts are folded.
func (h *House) Settle() []call.Event {
	h.T.Helper()
	h.Until("all calls and wrap-ups are over", func() bool {
		l := h.Live()
		for _, a := range l.Agents {
			if a.State != call.Ready && a.State != call.Offline && a.State != call.Break {
				return false
			}
		}
		return len(l.Calls) == 0 && len(l.Agents) > 0
	})
	var events []call.Event
	defer func() {
		if h.T.Failed() {
			h.T.Log(unfinished(events))
		}
	}()
	h.Until("every call has its recording", func() bool {
		events = h.Events()
		n, recorded := map[call.Kind]int{}, map[call.ID]bool{}
		for _, e := range events {
			n[e.Kind]++
			switch {
			case e.Kind == call.Recorded, e.Kind == call.RecordingFault,
				e.Kind == call.Ended && e.Ending.Class == call.ClassUnreached: // nobody answered, nothing to record
				recorded[e.Call] = true
			}
		}
		return n[call.Arrived] == n[call.Ended] && n[call.TalkEnded] == n[call.WrapUpEnded] &&
			!slices.ContainsFunc(events, func(e call.Event) bool { return e.Kind == call.Ended && !recorded[e.Call] })
	})
	return events
}

// Events is the whole ledger, when the counters in Redis have taken all of it in.
func (h *House) Events() []call.Event {
	h.T.Helper()
	h.stores()
	ctx, cancel := context.WithTimeout(h.T.Context(), 20*time.Second)
	defer cancel()
	var all []call.Event
	h.Until("the counters are level with the ledger", func() bool {
		for {
			some, err := h.ledger.After(ctx, uint64(len(all)), 10_000)
			if err != nil {
				h.T.Fatal(err)
			}
			if len(some) == 0 {
				break
			}
			all = append(all, some...)
		}
		applied, err := h.figures.Applied(ctx)
		return err == nil && applied == uint64(len(all))
	})
	return all
}

// stores opens ledger and counters as a stranger does, whoever writes them.
func (h *House) stores() {
	h.T.Helper()
	if h.ledger != nil {
		return
	}
	var err error
	if h.ledger, err = sqlstore.OpenReadOnlyAt(h.T.Context(), app.LedgerAt(h.Config)); err != nil {
		h.T.Fatal(err)
	}
	h.figures, err = redisstore.Open(redisstore.Options{
		Addr: h.Config.Redis.Addr, Rules: redisstore.Rules{Zone: h.Config.Zone()},
	})
	if err != nil {
		h.T.Fatal(err)
	}
	h.T.Cleanup(func() {
		if err := errors.Join(h.ledger.Close(), h.figures.Close()); err != nil {
			h.T.Error(err)
		}
	})
}

// Number is the number of the i-th caller.
func Number(i int) string { return fmt.Sprintf("138%08d", i) }

// Live is the live state; without agents and calls while nobody answers for it.
func (h *House) Live() web.Live {
	h.T.Helper()
	if h.App != nil {
		l, err := h.App.Live(h.T.Context())
		if err != nil {
			h.T.Fatal(err)
		}
		return l
	}
	client, _ := h.api()
	if client == nil {
		return web.Live{}
	}
	l, err := client.Live(h.T.Context())
	if err != nil {
		return web.Live{} // it may just have been killed
	}
	return l
}
