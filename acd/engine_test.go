package acd

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"hotline/call"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dawn is when every test begins; not a whole millisecond, so that rounding shows.
var dawn = time.Date(2026, 3, 2, 1, 0, 0, 700_300, time.UTC)

// Limits of the house in which the tests play.
const (
	ringFor   = 20 * time.Second
	wrapUp    = 30 * time.Second
	maxWait   = 60 * time.Second
	ringGrace = 4 * time.Second
	missPause = 7 * time.Second
	talkMax   = time.Hour
)

// twoQueues is a house with queue "care" (wrap-up, no limit of waiting) and queue "sales"
// (limit of waiting, no wrap-up). Ann serves care, Bob both, Cy sales.
func twoQueues() Config {
	return Config{
		Queues: []Queue{
			{ID: "care", RingFor: ringFor, WrapUp: wrapUp},
			{ID: "sales", RingFor: ringFor, MaxWait: maxWait},
		},
		Agents: []Agent{
			{ID: "ann", Queues: []call.QueueID{"care"}},
			{ID: "bob", Queues: []call.QueueID{"care", "sales"}},
			{ID: "cy", Queues: []call.QueueID{"sales"}},
		},
		RingGrace: ringGrace, MissPause: missPause, TalkMax: talkMax,
	}
}

// house is an engine with a clock that the test turns.
type house struct {
	t   *testing.T
	e   *Engine
	now time.Time
}

func newHouse(t *testing.T, cfg Config) *house {
	t.Helper()
	e, err := New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return &house{t: t, e: e, now: dawn}
}

// do applies the commands now and returns what they brought about together.
func (h *house) do(commands ...Command) Output {
	h.t.Helper()
	var all Output
	for _, c := range commands {
		out := h.e.Apply(h.now, c)
		all.Actions = append(all.Actions, out.Actions...)
		all.Events = append(all.Events, out.Events...)
	}
	return all
}

// after turns the clock forward, then applies the commands.
func (h *house) after(d time.Duration, commands ...Command) Output {
	h.t.Helper()
	h.now = h.now.Add(d)
	return h.do(commands...)
}

// ring is the one ring that an output orders.
func (h *house) ring(out Output) Ring {
	h.t.Helper()
	if len(out.Actions) == 1 {
		if r, ok := out.Actions[0].(Ring); ok {
			return r
		}
	}
	h.t.Fatalf("want one ring, got %+v", out.Actions)
	return Ring{}
}

// agent is the agent's row of the live view.
func (h *house) agent(id call.AgentID) AgentView {
	h.t.Helper()
	for _, a := range h.e.Snapshot(h.now).Agents {
		if a.ID == id {
			return a
		}
	}
	h.t.Fatalf("no agent %q in the snapshot", id)
	return AgentView{}
}

// waiting lists who is not answered in a queue, in order.
func (h *house) waiting(id call.QueueID) []call.ID {
	var ids []call.ID
	for _, q := range h.e.Snapshot(h.now).Queues {
		for _, c := range q.Callers {
			if q.ID == id {
				ids = append(ids, c.Call)
			}
		}
	}
	return ids
}

// trace tells an output in words: events first, then actions marked by "!".
func trace(out Output) []string {
	var lines []string
	for _, ev := range out.Events {
		lines = append(lines, traceEvent(ev))
	}
	for _, a := range out.Actions {
		lines = append(lines, traceAction(a))
	}
	return lines
}

func traceEvent(ev call.Event) string {
	switch ev.Kind {
	case call.AgentChanged:
		s := fmt.Sprintf("%s: %s > %s", ev.Agent, ev.From, ev.To)
		if ev.Reason != "" {
			s += " (" + ev.Reason + ")"
		}
		return s
	case call.Queued:
		return fmt.Sprintf("queued %s queueing=%t", ev.Call, ev.Queueing)
	case call.LeftQueue:
		return fmt.Sprintf("left_queue %s %s", ev.Call, ev.Outcome)
	case call.OfferEnded:
		return fmt.Sprintf("offer_ended %s %s", ev.Offer, ev.Outcome)
	case call.TalkEnded:
		return fmt.Sprintf("talk_ended %s %s", ev.Offer, ev.By)
	case call.WrapUpEnded:
		return fmt.Sprintf("wrapup_ended %s %s", ev.Call, ev.Agent)
	default:
		return fmt.Sprintf("%s %s", ev.Kind, ev.Offer)
	}
}

func traceAction(a Action) string {
	switch a := a.(type) {
	case Ring:
		return fmt.Sprintf("! ring %s %s", a.Offer, a.Agent)
	case Drop:
		return fmt.Sprintf("! drop %s %s", a.Offer, a.Why)
	case Connect:
		return fmt.Sprintf("! connect %s %s", a.Offer, a.Agent)
	case HangUp:
		return fmt.Sprintf("! hang up %s %s", a.Offer, a.By)
	case Expire:
		return fmt.Sprintf("! expire %s %s", a.Call, a.Outcome)
	default:
		return fmt.Sprintf("! %T", a)
	}
}

// wantTrace compares an output with its words.
func (h *house) wantTrace(out Output, want ...string) {
	h.t.Helper()
	if diff := cmp.Diff(want, trace(out)); diff != "" {
		h.t.Fatalf("output differs (-want +got):\n%s", diff)
	}
}

// step is a line of a scenario: after a while a command, and the words of its output.
type step struct {
	after time.Duration
	do    Command
	want  []string
}

// scenario is one table test: commands that set the scene, then steps that are checked.
type scenario struct {
	name  string
	given []Command
	steps []step
	check func(*testing.T, *house) // the state at the end, may be nil
}

func runScenarios(t *testing.T, scenarios []scenario) {
	t.Helper()
	runScenariosIn(t, twoQueues(), scenarios)
}

func runScenariosIn(t *testing.T, cfg Config, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			h := newHouse(t, cfg)
			h.do(s.given...)
			for i, st := range s.steps {
				got := trace(h.after(st.after, st.do))
				if diff := cmp.Diff(st.want, got); diff != "" {
					t.Fatalf("step %d %T%+v (-want +got):\n%s", i, st.do, st.do, diff)
				}
			}
			if s.check != nil {
				s.check(t, h)
			}
		})
	}
}

// Scenes that many scenarios begin with: the first offer of call c1 to Ann in care.
var (
	rung    = []Command{SignIn{"ann"}, Enter{Call: "c1", Queue: "care"}}
	talks   = []Command{SignIn{"ann"}, Enter{Call: "c1", Queue: "care"}, Answered{"c1-a1"}}
	wrapsUp = []Command{
		SignIn{"ann"}, Enter{Call: "c1", Queue: "care"}, Answered{"c1-a1"}, LegEnded{"c1-a1", call.ByCaller},
	}
)

func then(scene []Command, more ...Command) []Command {
	return append(append([]Command(nil), scene...), more...)
}

// quiet are the words of a command that changes nothing.
var quiet []string
