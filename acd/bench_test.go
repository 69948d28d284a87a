package acd

import (
	"fmt"
	"testing"
	"time"

	"hotline/call"
)

// BenchmarkDecision measures one whole turn in a big, overloaded house: an agent's talk
// ends, he is given the longest waiting caller of his queues, answers, and a new caller
// joins the line. decisions/s counts the pairs that were chosen.
func BenchmarkDecision(b *testing.B) {
	const agents, queues, waiting = 10_000, 500, 100_000
	for _, served := range []int{1, 5, 20} {
		b.Run(fmt.Sprint("served=", served), func(b *testing.B) {
			benchDecision(b, agents, queues, waiting, served)
		})
	}
}

// BenchmarkEverything is the same house with all rules at work: three levels in each queue,
// key accounts who want seniors, a level widened twice and a neighbour's help as the wait
// grows, limits of waiting and of the line, queues of different worth.
func BenchmarkEverything(b *testing.B) {
	cfg := bigHouse(10_000, 500, 5)
	for i := range cfg.Queues {
		q := &cfg.Queues[i]
		q.Skill, q.MinLevel, q.Worth = Skill(fmt.Sprint("s", i)), 1, time.Duration(i%5)*time.Second
		q.MaxWait, q.MaxWaiting, q.EmptyAfter = time.Hour, 10_000, time.Hour
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
	benchHouse(b, cfg, 100_000, func(n int) Enter { return Enter{Priority: n % 10 / 8, Level: wants[n%10]} })
}

func benchDecision(b *testing.B, agents, queues, waiting, served int) {
	benchHouse(b, bigHouse(agents, queues, served), waiting, func(int) Enter { return Enter{} })
}

func benchHouse(b *testing.B, cfg Config, waiting int, grade func(n int) Enter) {
	e, err := New(cfg)
	if err != nil {
		b.Fatalf("New: %v", err)
	}
	agents, now := len(cfg.Agents), dawn
	var calls int
	enter := func() {
		now = now.Add(time.Millisecond)
		c := grade(calls)
		c.Call, c.Queue = call.ID(fmt.Sprint("c", calls)), e.queues[calls*7919%len(e.queues)].ID
		e.Apply(now, c)
		calls++
	}
	for range agents + waiting {
		enter()
	}
	talks := make([]call.OfferID, 0, agents)
	for _, a := range e.agents {
		ring, _ := e.Apply(now, SignIn{a.id}).Actions[0].(Ring)
		e.Apply(now, Answered{ring.Offer})
		talks = append(talks, ring.Offer)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		out := e.Apply(now, LegEnded{talks[i%agents], call.ByCaller})
		ring, ok := out.Actions[0].(Ring)
		if !ok {
			b.Fatalf("no pair: %+v", out)
		}
		e.Apply(now, Answered{ring.Offer})
		talks[i%agents] = ring.Offer
		enter()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
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
