package acd

import (
	"cmp"
	"slices"
	"time"
)

// queue is one line of callers and who is free to serve it, both by level. At the end of
// every Apply nobody stands in a line that an idle agent may serve.
type queue struct {
	Queue
	index  int               // in the config
	levels []Level           // of its agents, each once, lowest first
	lines  []ordered[*stand] // callers whom no phone rings for; line i needs levels[i], the last a level nobody has
	idle   []ordered[*seat]  // agents who can be rung; idle[i] has levels[i]
	stages []stage           // what changes for those who wait, in the order of After
}

// stage is one entry of Queue.Widen.
type stage struct {
	after time.Duration
	level Level // that is enough from then on
}

// seat is an agent's place in one of his queues.
type seat struct {
	agent *agent
	queue *queue
	level Level
	tier  int // of level in queue.levels
	index int
}

func (s *seat) place() *int { return &s.index }

// stand is a caller's place in one queue.
type stand struct {
	caller *caller
	in     *ordered[*stand] // nil while a phone rings for him
	index  int
}

func (s *stand) place() *int { return &s.index }

func (s *stand) join(line *ordered[*stand]) {
	s.in = line
	line.add(s)
}

func (s *stand) leave() {
	if s.in != nil {
		s.in.remove(s)
		s.in = nil
	}
}

func newQueue(c Queue, index int) *queue {
	q := &queue{Queue: c, index: index}
	for _, w := range c.Widen {
		q.stages = append(q.stages, stage{after: w.After, level: w.Level})
	}
	slices.SortStableFunc(q.stages, func(a, b stage) int { return cmp.Compare(a.after, b.after) })
	return q
}

// seatAll gives each agent his seats, and each queue its levels when all of them are known.
func (e *Engine) seatAll(agents []Agent) {
	bySkill := map[Skill][]*queue{}
	for _, q := range e.queues {
		if q.Skill != "" {
			bySkill[q.Skill] = append(bySkill[q.Skill], q)
		}
	}
	for i, c := range agents {
		a := e.agents[i]
		served := map[*queue]bool{}
		for _, id := range c.Queues {
			served[e.queueByID[id]] = true
		}
		for skill := range c.Skills {
			for _, q := range bySkill[skill] {
				served[q] = true
			}
		}
		for q := range served {
			a.seats = append(a.seats, &seat{agent: a, queue: q, level: c.Skills[q.Skill], index: outside})
		}
		// A map has no order, and the engine must not have one of its own each time.
		slices.SortFunc(a.seats, func(x, y *seat) int { return x.queue.index - y.queue.index })
	}
	e.makeTiers()
}

func (e *Engine) makeTiers() {
	for _, a := range e.agents {
		for _, s := range a.seats {
			s.queue.levels = append(s.queue.levels, s.level)
		}
	}
	for _, q := range e.queues {
		slices.Sort(q.levels)
		q.levels = slices.Compact(q.levels)
		q.idle = make([]ordered[*seat], len(q.levels))
		q.lines = make([]ordered[*stand], len(q.levels)+1)
	}
	for _, a := range e.agents {
		for _, s := range a.seats {
			s.tier = s.queue.tier(s.level)
		}
	}
}

// tier is the place of the lowest level of the queue's agents that is enough, the number
// of levels when none is.
func (q *queue) tier(enough Level) int {
	i, _ := slices.BinarySearch(q.levels, enough)
	return i
}

// ready is how many agents would be rung at once for a caller without wishes.
func (q *queue) ready() int {
	n := 0
	for i := q.tier(q.MinLevel); i < len(q.idle); i++ {
		n += q.idle[i].len()
	}
	return n
}
