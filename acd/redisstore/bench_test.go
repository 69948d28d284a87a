package redisstore

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hotline/call"
	"hotline/internal/testbed"
)

// BenchmarkFold measures the fold of whole calls, as in a rebuild: two queues, forty
// agents, a call every two seconds. events/s is the number to look at.
func BenchmarkFold(b *testing.B) {
	both(b, func(b *testing.B, s *Store) {
		const calls = 2000
		ledger := &memLedger{events: wholeCalls(calls)}
		for b.Loop() {
			p, err := s.place(b.Context())
			if err == nil {
				err = s.reset(b.Context(), p, 0)
			}
			if err == nil {
				err = NewFolder(s, ledger).round(b.Context())
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N*len(ledger.events))/b.Elapsed().Seconds(), "events/s")
	})
}

// BenchmarkToday measures what a wallboard asks for: the day so far of 1 and of 20 queues.
func BenchmarkToday(b *testing.B) {
	both(b, func(b *testing.B, s *Store) {
		if err := NewFolder(s, &memLedger{events: wholeCalls(20_000)}).round(b.Context()); err != nil {
			b.Fatal(err)
		}
		for _, n := range []int{1, 20} {
			queues := make([]call.QueueID, n)
			for i := range queues {
				queues[i] = call.QueueID(fmt.Sprintf("q%d", i%2))
			}
			b.Run(fmt.Sprintf("queues=%d", n), func(b *testing.B) {
				for b.Loop() {
					rows, err := s.Today(b.Context(), entered, queues...)
					if err != nil || rows[0].Offered == 0 {
						b.Fatal(rows, err)
					}
				}
			})
		}
	})
}

// BenchmarkFigures measures the 96 intervals of a day.
func BenchmarkFigures(b *testing.B) {
	both(b, func(b *testing.B, s *Store) {
		if err := NewFolder(s, &memLedger{events: wholeCalls(40_000)}).round(b.Context()); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			rows, err := s.Figures(b.Context(), "q0", entered, entered.Add(24*time.Hour))
			if err != nil || len(rows) < 80 {
				b.Fatal(len(rows), err)
			}
		}
	})
}

// BenchmarkLive measures the looks of a wallboard at a real Redis: the day so far of 20 queues,
// 200 agents and a team of 40. It prints how long nearly all looks took.
func BenchmarkLive(b *testing.B) {
	const queues, agents, teams = 20, 200, 5
	o := Options{
		Addr: testbed.RunRedis(b, testbed.RedisOptions{}).Addr, ReadTimeout: patience,
		Rules: Rules{Keep: ages, Cells: ages}, Now: func() time.Time { return entered.Add(48 * time.Hour) },
		Teams: make(map[call.AgentID]string),
	}
	var who []call.AgentID
	for i := range agents {
		who = append(who, call.AgentID(fmt.Sprintf("a%d", i)))
		o.Teams[who[i]] = fmt.Sprintf("t%d", i%teams)
	}
	s, err := Open(o)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := NewFolder(s, &memLedger{events: wholeCalls(20_000)}).round(b.Context()); err != nil {
		b.Fatal(err)
	}
	var which []call.QueueID
	for i := range queues {
		which = append(which, call.QueueID(fmt.Sprintf("q%d", i)))
	}
	for name, look := range map[string]func() error{
		"1-queue":    func() error { _, err := s.Today(b.Context(), entered, which[0]); return err },
		"20-queues":  func() error { _, err := s.Today(b.Context(), entered, which...); return err },
		"40-agents":  func() error { _, err := s.TeamsToday(b.Context(), entered, "t0"); return err },
		"200-agents": func() error { _, err := s.AgentsToday(b.Context(), entered, who...); return err },
	} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				if err := look(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

func both(b *testing.B, run func(*testing.B, *Store)) {
	o := Options{
		ReadTimeout: patience, Rules: Rules{Keep: ages, Cells: ages},
		Now: func() time.Time { return entered.Add(48 * time.Hour) },
	}
	b.Run("real", func(b *testing.B) {
		o.Addr = testbed.RunRedis(b, testbed.RedisOptions{}).Addr
		s, err := Open(o)
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		run(b, s)
	})
	b.Run("embedded", func(b *testing.B) {
		s, err := Embedded(o)
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		run(b, s)
	})
}

// wholeCalls makes the events of n answered calls, ten each.
func wholeCalls(n int) []call.Event {
	var events []call.Event
	for i := range n {
		at := entered.Add(time.Duration(i) * 2 * time.Second)
		base := call.Event{
			Call: call.ID(fmt.Sprintf("17672.%d", i)), Line: "10086", At: at, Entered: at, Answer: at,
			Queue: call.QueueID(fmt.Sprintf("q%d", i%2)), Agent: call.AgentID(fmt.Sprintf("a%d", i%40)),
			Wait: call.Millis(i % 20_000), Ring: 3000, Talk: 90_000, Wrap: 20_000, Total: 120_000,
			Ending: call.Ending{Class: call.ClassAnswered}, Outcome: call.NoAnswer,
		}
		for _, kind := range []call.Kind{
			call.Arrived, call.Queued, call.Offered, call.OfferEnded, call.Offered, call.Answered,
			call.Connected, call.TalkEnded, call.Ended, call.WrapUpEnded,
		} {
			base.Kind, base.Seq = kind, uint64(len(events))+1
			events = append(events, base)
		}
	}
	return events
}
