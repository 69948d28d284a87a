package acd

import (
	"math"
	"slices"
	"sync"
	"time"

	"hotline/call"
)

const (
	// handledMost is how many calls of a queue are remembered: enough for a steady ninth
	// tenth, few enough that a change of the day shows within the hour.
	handledMost = 200
	// handledLeast is how many make an experience.
	handledLeast = 20
)

// Work is how long the calls of a queue keep an agent busy, sorted. Both lists stand for
// their whole distribution: each value is as likely as any other.
type Work struct {
	Handling []time.Duration // from the answer to the end of the after-call work
	Ring     []time.Duration // from the ring to the answer; empty = answered at once
}

// Handled remembers the Work of the last 200 calls of each queue. It is a fold of the events
// as they are recorded, and safe for concurrent use.
type Handled struct {
	mu     sync.Mutex
	queues map[call.QueueID]*handled
}

type handled struct{ handling, ring lengths }

// lengths are the last so many lengths; the next one takes the place of the oldest.
type lengths struct {
	all  []time.Duration
	next int
}

func (l *lengths) add(d time.Duration) {
	if len(l.all) < handledMost {
		l.all = append(l.all, d)
		return
	}
	l.all[l.next] = d
	l.next = (l.next + 1) % handledMost
}

// NewHandled makes a memory without any call.
func NewHandled() *Handled { return &Handled{queues: map[call.QueueID]*handled{}} }

// Note takes an event in. What an agent dials himself is no work of a queue.
func (h *Handled) Note(ev call.Event) {
	if ev.Direction == call.Outbound || ev.Kind != call.WrapUpEnded && ev.Kind != call.Answered {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	q := h.queues[ev.Queue]
	if q == nil {
		q = &handled{}
		h.queues[ev.Queue] = q
	}
	if ev.Kind == call.Answered {
		q.ring.add(ev.Ring.Duration())
		return
	}
	q.handling.add(max(0, ev.At.Sub(ev.Answer)))
}

// Work is the experience with a queue. While there is little of it, calls are taken to last
// as talks do that end at any moment with the same chance, assumed on the average; false
// when nothing is assumed (0).
func (h *Handled) Work(queue call.QueueID, assumed time.Duration) (Work, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var w Work
	if q := h.queues[queue]; q != nil {
		w = Work{Handling: sortedLengths(q.handling.all), Ring: sortedLengths(q.ring.all)}
	}
	if len(w.Handling) >= handledLeast {
		return w, true
	}
	if assumed <= 0 {
		return Work{}, false
	}
	w.Handling = nil
	for i := range handledMost {
		part := (float64(i) + 0.5) / handledMost
		w.Handling = append(w.Handling, time.Duration(-math.Log(1-part)*float64(assumed)))
	}
	return w, true
}

func sortedLengths(l []time.Duration) []time.Duration {
	l = slices.Clone(l)
	slices.Sort(l)
	return l
}
