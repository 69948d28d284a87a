package acd

import (
	"slices"
	"time"

	"hotline/call"
)

// queue is one line of callers and who is free to serve it, both by level. At the end of
// every Apply nobody stands in a line that an idle agent may serve, unless the engine halts.
type queue struct {
	Queue
	index    int               // in the config
	levels   []Level           // of its agents, each once, lowest first
	lines    []ordered[*stand] // callers whom no phone rings for; line i needs levels[i], the last a level nobody has
	backs    []ordered[*stand] // the same of callbacks
	idle     []ordered[*seat]  // agents who can be rung; idle[i] has levels[i]
	stages   []stage           // what changes for those who wait, in the order of After
	waits    int               // callers of the queue who stand in line
	staff    int               // agents who are signed in, those of the helping queues included
	deserted bool              // nobody was signed in for EmptyAfter
	timer    deadline          // runs while nobody is signed in, until deserted
	helps    []*queue          // the queues whose Help names this one
}

// stage is one entry of Queue.Widen, or of Queue.Help.
type stage struct {
	after  time.Duration
	level  Level  // that is enough from then on
	helper *queue // nil in a stage of Widen
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
	queue  *queue
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

// full says that one more caller may not wait.
func (q *queue) full() bool { return q.MaxWaiting > 0 && q.waits >= q.MaxWaiting }

// watch begins to count for how long nobody is signed in.
func (e *Engine) watch(q *queue) {
	if q.EmptyAfter > 0 {
		e.startIn(&q.timer, q.EmptyAfter)
	}
}

// signed counts the agents who are signed in when one comes or goes.
func (e *Engine) signed(a *agent, in bool) {
	for _, q := range a.staffs {
		if in {
			q.staff++
			q.deserted = false
			e.stop(&q.timer)
			continue
		}
		if q.staff--; q.staff == 0 {
			e.watch(q)
		}
	}
}

// expired sends all callers away who entered the queue, in their order: nobody has been
// there for too long. Callers of other queues that it helps wait on.
func (q *queue) expired(e *Engine) {
	q.deserted = true
	var waiting []*caller
	for i := range q.lines {
		for _, item := range q.lines[i].items {
			if s := item.member; s.caller.queue == q {
				waiting = append(waiting, s.caller)
			}
		}
	}
	slices.SortFunc(waiting, func(a, b *caller) int { return a.compare(b.rank) })
	for _, c := range waiting {
		e.sendAway(c, call.LeftEmpty)
	}
}
