package acd

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"hotline/call"
)

// Poisson callers and exponential talks wait as Erlang C says they do; an engine that
// leaves an agent idle or a caller forgotten for a moment makes them wait longer. The
// chance has a fixed seed. The big groups are so heavily loaded that a run long enough for
// the formula would take minutes; for them the second, exact measure stands alone: every
// single wait is that of a line in which each caller takes the next free agent.
func TestErlangC(t *testing.T) {
	for _, tc := range []struct {
		load, agents int
		handling     time.Duration
		callers      int
		delayed      float64 // share of callers who wait, 0 = formula not compared
		asa          float64 // mean wait in seconds
		within20     float64 // share answered within 20 s
	}{
		{10, 12, 180 * time.Second, 200_000, 0.4494, 40.4, 0.640},
		{20, 23, 180 * time.Second, 200_000, 0.4157, 24.9, 0.702},
		{100, 110, 240 * time.Second, 20_000, 0, 0, 0},
		{100, 105, 240 * time.Second, 20_000, 0, 0, 0},
	} {
		t.Run(fmt.Sprintf("%d Erlang on %d", tc.load, tc.agents), func(t *testing.T) {
			l := newLine(t, tc.load, tc.agents, tc.handling)
			l.run(tc.callers)
			if tc.delayed > 0 {
				n := float64(tc.callers)
				near(t, 0.02, "share delayed", float64(l.delayed)/n, tc.delayed)
				near(t, 0.02, "mean wait", l.wait.Seconds()/n, tc.asa)
				near(t, 0.02, "answered within 20 s", float64(l.within20)/n, tc.within20)
			}
		})
	}
}

// Callers who lose patience leave the line as Erlang A says they do: an engine that leaves
// a dead place in the line, or lets one who has left keep a living one from his agent,
// loses more of them.
func TestErlangA(t *testing.T) {
	for _, tc := range []struct {
		load, agents       int
		handling, patience time.Duration
	}{
		{20, 20, 180 * time.Second, 120 * time.Second},
		{20, 17, 180 * time.Second, 60 * time.Second},
		{10, 12, 180 * time.Second, 300 * time.Second},
	} {
		t.Run(fmt.Sprintf("%d Erlang on %d, patience %v", tc.load, tc.agents, tc.patience), func(t *testing.T) {
			const callers = 200_000
			l := newLine(t, tc.load, tc.agents, tc.handling)
			l.patience = tc.patience
			l.run(callers)
			want := erlangA(float64(tc.load), tc.agents, tc.handling.Seconds()/tc.patience.Seconds())
			near(t, 0.03, "share delayed", float64(l.delayed)/callers, want.delayed)
			near(t, 0.03, "share abandoned", float64(l.left)/callers, want.abandoned)
			wait := (l.wait + l.waitLeft).Seconds() / callers
			near(t, 0.03, "mean wait of all", wait, want.abandoned*tc.patience.Seconds())
		})
	}
}

type impatient struct{ delayed, abandoned float64 }

// erlangA sums the states of the queue M/M/N+M: n callers in the house, those beyond the
// agents leave at the given rate, in units of the rate at which a talk ends.
func erlangA(load float64, agents int, leaving float64) impatient {
	p, sum, delayed, queue := 1.0, 1.0, 0.0, 0.0
	for n := 1; n < 100*agents; n++ {
		p *= load / (float64(min(n, agents)) + leaving*float64(max(0, n-agents)))
		sum += p
		if n >= agents {
			delayed += p
			queue += p * float64(n-agents)
		}
	}
	return impatient{delayed: delayed / sum, abandoned: leaving * queue / sum / load}
}

func near(t *testing.T, within float64, what string, got, want float64) {
	t.Helper()
	t.Logf("%s: %.4f, formula %.4f (%+.1f %%)", what, got, want, 100*(got/want-1))
	if math.Abs(got/want-1) > within {
		t.Errorf("%s: %.4f, want %.4f within %.0f %%", what, got, want, 100*within)
	}
}

// line is one queue in virtual time, with agents who answer at once.
type line struct {
	*house
	chance   *rand.Rand
	handling time.Duration
	between  time.Duration
	ends     moments // of the talks
	free     moments // when each agent of the exact measure is free again
	offers   map[time.Time]call.OfferID

	patience time.Duration // mean, 0 = without end
	gives    moments       // when callers lose patience
	givers   map[time.Time]call.ID

	delayed, within20, left int
	wait, waitLeft          time.Duration
}

func newLine(t *testing.T, load, agents int, handling time.Duration) *line {
	t.Helper()
	cfg := Config{Queues: []Queue{{ID: "q", RingFor: time.Minute}}, TalkMax: 1000 * time.Hour}
	for i := range agents {
		cfg.Agents = append(cfg.Agents, Agent{ID: call.AgentID(fmt.Sprint(i)), Queues: []call.QueueID{"q"}})
	}
	l := &line{
		house: newHouse(t, cfg), chance: rand.New(rand.NewPCG(85, 15)),
		handling: handling, between: handling / time.Duration(load), offers: map[time.Time]call.OfferID{},
		givers: map[time.Time]call.ID{},
	}
	for _, a := range cfg.Agents {
		l.do(SignIn{a.ID})
		heap.Push(&l.free, l.now)
	}
	return l
}

func (l *line) draw(mean time.Duration) time.Duration {
	return time.Duration(l.chance.ExpFloat64() * float64(mean))
}

func (l *line) run(callers int) {
	next := l.now
	for i := 0; i < callers || len(l.ends) > 0; {
		if len(l.gives) > 0 && (i == callers || l.gives[0].Before(next)) &&
			(len(l.ends) == 0 || l.gives[0].Before(l.ends[0])) {
			l.now, _ = heap.Pop(&l.gives).(time.Time)
			if id := l.givers[l.now]; l.waits(id) {
				l.handle(Leave{Call: id})
			}
			delete(l.givers, l.now)
			continue
		}
		if i < callers && (len(l.ends) == 0 || next.Before(l.ends[0])) {
			l.now = next
			id := call.ID(fmt.Sprint("c", i))
			l.handle(Enter{Call: id, Queue: "q"})
			l.giveUp(id)
			next = l.now.Add(l.draw(l.between))
			i++
			continue
		}
		l.now, _ = heap.Pop(&l.ends).(time.Time)
		id := l.offers[l.now]
		delete(l.offers, l.now)
		l.handle(LegEnded{id, call.ByCaller})
	}
}

// giveUp draws when a caller who waits loses patience.
func (l *line) giveUp(id call.ID) {
	if l.patience > 0 && l.waits(id) {
		at := l.now.Add(l.draw(l.patience))
		heap.Push(&l.gives, at)
		l.givers[at] = id
	}
}

func (l *line) waits(id call.ID) bool {
	c := l.e.callers[id]
	return c != nil && c.waits
}

func (l *line) handle(c Command) {
	out := l.e.Apply(l.now, c)
	for _, ev := range out.Events {
		if ev.Queueing {
			l.delayed++
		}
		if ev.Kind == call.LeftQueue {
			l.left++
			l.waitLeft += ev.Wait.Duration()
		}
	}
	for _, a := range out.Actions {
		if r, ok := a.(Ring); ok {
			l.talk(r.Offer)
		}
	}
}

// talk answers the offer, and compares: callers are served in the order of their entry,
// so this one has the agent who was free first.
func (l *line) talk(id call.OfferID) {
	answer := l.e.Apply(l.now, Answered{id}).Events[0]
	l.wait += answer.Wait.Duration()
	if answer.Wait <= 20_000 {
		l.within20++
	}
	begin, _ := heap.Pop(&l.free).(time.Time)
	begin = later(call.Stamp(begin), answer.Entered)
	if !begin.Equal(answer.At) {
		l.t.Fatalf("%s is answered at %v, an agent was free for him at %v", id, answer.At, begin)
	}
	end := l.now.Add(l.draw(l.handling))
	heap.Push(&l.ends, end)
	heap.Push(&l.free, end)
	l.offers[end] = id
}

// moments is a heap of times.
type moments []time.Time

func (m moments) Len() int           { return len(m) }
func (m moments) Less(i, j int) bool { return m[i].Before(m[j]) }
func (m moments) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }

func (m *moments) Push(x any) {
	if at, ok := x.(time.Time); ok {
		*m = append(*m, at)
	}
}

func (m *moments) Pop() any {
	last := len(*m) - 1
	at := (*m)[last]
	*m = (*m)[:last]
	return at
}
