package redisstore

import (
	"fmt"
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
				err = s.reset(b.Context(), p)
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

func both(b *testing.B, run func(*testing.B, *Store)) {
	o := Options{ReadTimeout: patience, Now: func() time.Time { return entered.Add(48 * time.Hour) }}
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
