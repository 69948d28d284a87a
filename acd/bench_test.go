package acd

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"hotline/call"
)

// BenchmarkDecision measures whole turns in a big, overloaded house: an agent's talk ends, he
// is given the longest waiting caller of his queues, answers, and a new caller joins the
// line.
func BenchmarkDecision(b *testing.B) {
	const agents, queues, waiting = 10_000, 500, 100_000
	for _, served := range []int{1, 5, 20} {
		b.Run(fmt.Sprint("served=", served), func(b *testing.B) {
			benchDecision(b, agents, queues, waiting, served)
		})
	}
}

// BenchmarkEverything is the same house with all rules at work: three levels in each queue,
// key accounts who want seniors and go before others, a level widened twice and a neighbour's
// help as the wait grows, limits of waiting and of the line, queues of different worth. In
// "and people" there is also work after each call, every tenth offer is declined, and some
// callers are kept for the agent they know.
func BenchmarkEverything(b *testing.B) {
	b.Run("rules", func(b *testing.B) { benchRules(b, 0, 0, 0) })
	b.Run("rules and people", func(b *testing.B) { benchRules(b, time.Second, 10*time.Second, 10) })
}

func benchRules(b *testing.B, wrapUp, prefer time.Duration, declines int) {
	cfg := bigHouse(10_000, 500, 5)
	for i := range cfg.Queues {
		q := &cfg.Queues[i]
		q.Skill, q.MinLevel, q.Worth = Skill(fmt.Sprint("s", i)), 1, time.Duration(i%5)*time.Second
		q.MaxWait, q.MaxWaiting, q.EmptyAfter, q.WrapUp = time.Hour, 10_000, time.Hour, wrapUp
		q.Widen = []Widen{{20 * time.Second, 2}, {60 * time.Second, 1}}
		q.Help = []Help{{90 * time.Second, cfg.Queues[(i+1)%len(cfg.Queues)].ID}}
	}
	for i := range cfg.Agents {
		a := &cfg.Agents[i]
		a.Skills = map[Skill]Level{}
		for _, q := range a.Queues {
			a.Skills[Skill("s"+string(q)[1:])] = Level(1 + i%3)
		}
	}
	wants := []Level{0, 0, 0, 0, 0, 0, 0, 0, 2, 3}
	h := newBigDay(b, cfg, 100_000, func(n int) Enter {
		c := Enter{Priority: n % 10 / 8, Level: wants[n%10]}
		if prefer > 0 && n%20 == 7 {
			c.Prefer, c.PreferFor = cfg.Agents[n*31%len(cfg.Agents)].ID, prefer
		}
		return c
	})
	h.declines = declines
	h.play(b)
}

func benchDecision(b *testing.B, agents, queues, waiting, served int) {
	newBigDay(b, bigHouse(agents, queues, served), waiting, func(int) Enter { return Enter{} }).play(b)
}

// bigDay is a house in which as many callers enter as leave. One decision is one offer, from
// the pair that is chosen to the answer or refusal that decides it, with all events.
type bigDay struct {
	e         *Engine
	now       time.Time
	grade     func(n int) Enter
	declines  int // every so manieth offer is declined; 0 = none
	calls     int
	decisions int
	talks     []call.OfferID // those before next are over
	next      int
}

func newBigDay(b *testing.B, cfg Config, waiting int, grade func(n int) Enter) *bigDay {
	e, err := New(cfg)
	if err != nil {
		b.Fatalf("New: %v", err)
	}
	h := &bigDay{e: e, now: dawn, grade: grade}
	for range len(cfg.Agents) + waiting {
		h.enter()
	}
	for _, a := range e.agents {
		h.apply(SignIn{a.id})
	}
	return h
}

// play ends one talk and lets one caller enter in each turn.
func (h *bigDay) play(b *testing.B) {
	h.decisions = 0
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b.ReportAllocs()
	b.ResetTimer()
	begun := threadTime(b)
	for range b.N {
		ended := h.talks[h.next]
		h.next++
		h.apply(LegEnded{ended, call.ByCaller})
		h.enter()
	}
	b.StopTimer()
	b.ReportMetric(float64(h.decisions)/b.Elapsed().Seconds(), "decisions/s")
	b.ReportMetric(float64(h.decisions)/(threadTime(b)-begun).Seconds(), "decisions/cpu-s")
	waits := 0
	for _, q := range h.e.queues {
		waits += q.waits
	}
	b.ReportMetric(float64(waits), "waiting")
	if talking := len(h.talks) - h.next; talking < len(h.e.agents)*8/10 || waits < 90_000 || h.decisions < b.N*9/10-2000 {
		b.Fatalf("%d talk, %d wait, %d decisions in %d turns: the house is not as big as it should be",
			talking, waits, h.decisions, b.N)
	}
}

// threadTime is how long the engine's own thread has worked: what the same run would take on
// a machine that does nothing else.
func threadTime(b *testing.B) time.Duration {
	const thread = 1 // RUSAGE_THREAD of Linux
	var used syscall.Rusage
	if err := syscall.Getrusage(thread, &used); err != nil {
		b.Fatalf("time of the thread: %v", err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func (h *bigDay) enter() {
	h.now = h.now.Add(time.Millisecond)
	c := h.grade(h.calls)
	c.Call, c.Queue = call.ID(fmt.Sprint("c", h.calls)), h.e.queues[h.calls*7919%len(h.e.queues)].ID
	h.calls++
	h.apply(c)
}

// apply gives the engine a command and decides every offer that comes of it.
func (h *bigDay) apply(c Command) {
	for _, a := range h.e.Apply(h.now, c).Actions {
		ring, ok := a.(Ring)
		if !ok {
			continue
		}
		h.decisions++
		if h.declines > 0 && h.decisions%h.declines == 0 {
			h.apply(OfferFailed{ring.Offer, call.Rejected})
			continue
		}
		h.apply(Answered{ring.Offer})
		h.talks = append(h.talks, ring.Offer)
	}
}

// BenchmarkIdleAgents is the other side: nobody waits, and each caller who enters gets the
// longest idle of many agents, who stand in all queues they serve.
func BenchmarkIdleAgents(b *testing.B) {
	for _, served := range []int{1, 5, 20} {
		b.Run(fmt.Sprint("served=", served), func(b *testing.B) {
			e, err := New(bigHouse(10_000, 500, served))
			if err != nil {
				b.Fatalf("New: %v", err)
			}
			for _, a := range e.agents {
				e.Apply(dawn, SignIn{a.id})
			}
			now := dawn
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				now = now.Add(time.Millisecond)
				out := e.Apply(now, Enter{Call: call.ID(fmt.Sprint("c", i)), Queue: e.queues[i*7919%500].ID})
				ring, ok := out.Actions[0].(Ring)
				if !ok {
					b.Fatalf("no pair: %+v", out)
				}
				e.Apply(now, Answered{ring.Offer})
				e.Apply(now, LegEnded{ring.Offer, call.ByCaller})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
}

// bigHouse has agents who serve several queues each, evenly spread.
func bigHouse(agents, queues, served int) Config {
	var cfg Config
	for i := range queues {
		cfg.Queues = append(cfg.Queues, Queue{ID: call.QueueID(fmt.Sprint("q", i)), RingFor: time.Minute})
	}
	for i := range agents {
		a := Agent{ID: call.AgentID(fmt.Sprint("a", i))}
		for s := range served {
			a.Queues = append(a.Queues, cfg.Queues[(i+s*37)%queues].ID)
		}
		cfg.Agents = append(cfg.Agents, a)
	}
	return cfg
}
