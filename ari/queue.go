package ari

import "sync"

// queue holds messages between the reader, which never waits, and the consumer, which may
// be slow. When it is full, or an event cannot be read, it puts a mark at its end: the
// pump takes a snapshot when it comes to the mark, and what was lost is made up for.
type queue struct {
	mu        sync.Mutex
	items     []Message
	held      []Message // events of a new connection, until its Up goes before them
	holding   bool
	marked    bool // a mark waits in items or held
	dropping  bool // full: events are dropped until the pump comes to the mark
	closed    bool
	damage    string // why events could not be read since the last tick
	damageDue bool   // some of them have no mark yet
	lost      int    // dropped, for the mark that waits
	upLost    int    // dropped, for the Up that comes next
	limit     int
	wake      chan struct{} // holds a token while there may be something to take
}

// mark stands in the queue where events are missing. It never leaves the package.
type mark struct {
	reason string
	lost   int // set by take
}

func (*mark) message() {}

func newQueue(limit int) *queue {
	return &queue{limit: limit, wake: make(chan struct{}, 1)}
}

// event appends an event and reports whether there was room.
func (q *queue) event(e *Event) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dropping || len(q.items)+len(q.held) >= q.limit {
		q.lost++
		q.dropping = true
		q.putMark("queue full")
		return false
	}
	q.put(e)
	return true
}

// damaged marks the place of an event that could not be read and reports true. If that
// happened already since the last tick, the mark waits for the next: a type that can
// never be read must not cost a snapshot per event.
func (q *queue) damaged(reason string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lost++
	if q.damage != "" {
		q.damageDue = true
		return false
	}
	q.damage = reason
	q.putMark(reason)
	return true
}

// tick puts the mark for damage since the last mark. It is called every few seconds.
func (q *queue) tick() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.damageDue {
		q.putMark(q.damage)
	} else {
		q.damage = ""
	}
	q.damageDue = false
}

// hold begins a new connection: its events wait for release. Marks of the old connection
// go, since the Up brings a later snapshot than they would.
func (q *queue) hold() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.discardHeld()
	q.upLost += q.lost
	q.lost = 0
	q.holding = true
	q.marked, q.dropping, q.damageDue = false, false, false
	kept := q.items[:0]
	for _, m := range q.items {
		if _, ok := m.(*mark); !ok {
			kept = append(kept, m)
		}
	}
	clear(q.items[len(kept):])
	q.items = kept
}

// release puts up and then the held events behind what waits. A consumer so late that
// the queue is full gets only them: the snapshot in up says more than what is dropped.
func (q *queue) release(up *Up) {
	q.mu.Lock()
	defer q.mu.Unlock()
	up.Lost, q.upLost = q.upLost, 0
	if len(q.items) >= q.limit {
		up.supersede(q.items)
		q.items = nil
	}
	q.holding = false
	q.put(up)
	for _, m := range q.held {
		q.put(m)
	}
	q.held = nil
}

// down tells of a lost connection. Held events belong to a connection that never came up
// and go with it; the next Up makes up for them.
func (q *queue) down(cause error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.holding = false
	q.discardHeld()
	q.put(&Down{Cause: cause})
}

func (q *queue) discardHeld() {
	for _, m := range q.held {
		if _, ok := m.(*Event); ok {
			q.upLost++
		}
	}
	q.held = nil
}

// supersede takes over what must not be forgotten of messages that are dropped for up.
func (up *Up) supersede(list []Message) {
	for _, m := range list {
		switch m := m.(type) {
		case *Event:
			up.Lost++
		case *Up:
			up.Lost += m.Lost
			up.Gap += m.Gap
			up.Restarted = up.Restarted || m.Restarted
		}
	}
}

// close lets take report the end once the queue is empty.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.signal()
}

// take gives the oldest message, or nil. At a mark the queue keeps events again, so that
// those sent while the snapshot is taken follow it.
func (q *queue) take() (m Message, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return nil, q.closed
	}
	m = q.items[0]
	q.items[0] = nil
	q.items = q.items[1:]
	if found, ok := m.(*mark); ok {
		q.marked, q.dropping = false, false
		found.lost, q.lost = q.lost, 0
	}
	return m, false
}

// keepLost takes back the count of a mark whose snapshot could not be had.
func (q *queue) keepLost(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lost += n
}

func (q *queue) depth() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items) + len(q.held)
}

func (q *queue) putMark(reason string) {
	if !q.marked {
		q.marked = true
		q.put(&mark{reason: reason})
	}
}

// put appends under the lock.
func (q *queue) put(m Message) {
	switch m.(type) {
	case *Up, *Down:
		q.items = append(q.items, m)
	default:
		if q.holding {
			q.held = append(q.held, m)
			return
		}
		q.items = append(q.items, m)
	}
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}
