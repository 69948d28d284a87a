package acd

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"hotline/call"
)

// TestEveryWaitIsThatOfOneLine: of every single caller of a long, busy run the wait is to
// the millisecond that of a line in which each caller takes the agent who is free first. An
// engine that leaves an agent idle or a caller forgotten for a moment, leaves a dead place
// in the line, or lets one who has lost patience keep a living one from his agent, differs.
func TestEveryWaitIsThatOfOneLine(t *testing.T) {
	for _, tc := range []struct {
		load, agents       int
		handling, patience time.Duration
	}{
		{10, 12, 180 * time.Second, 0},
		{20, 23, 180 * time.Second, 0},
		{100, 110, 240 * time.Second, 0},
		{100, 105, 240 * time.Second, 0},
		{20, 20, 180 * time.Second, 120 * time.Second},
		{20, 17, 180 * time.Second, 60 * time.Second},
	} {
		t.Run(fmt.Sprintf("%d Erlang on %d, patience %v", tc.load, tc.agents, tc.patience), func(t *testing.T) {
			l := newLine(t, tc.load, tc.agents, tc.handling)
			l.patience = tc.patience
			l.run(20_000)
			if tc.patience > 0 && l.left == 0 {
				t.Error("nobody lost patience: the run shows nothing")
			}
		})
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

	left int // who lost patience
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
		if ev.Kind == call.LeftQueue {
			l.left++
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
