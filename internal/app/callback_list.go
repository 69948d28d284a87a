package app

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"hotline/call"
	"hotline/callflow"
	"hotline/configs"
)

// mostCallbacks bounds the list of open callbacks of the house.
const mostCallbacks = 1000

// callback is somebody who wants to be called back.
type callback struct {
	asked   call.Event // CallbackAsked, which names number, line, queue and place
	tries   int        // calls that he did not answer, in this run of the controller
	next    time.Time  // not called before
	current call.ID    // the call for him that the engine knows; "" when he is not in its line
	dialled bool       // of current: his number was called
}

// callbacks is the list of open callbacks: a fold of the events as they are recorded. It
// decides nothing about agents; that is the engine's, in whose line each stands.
type callbacks struct {
	rules   map[call.QueueID]configs.Callback // of the queues that have them
	dialler *dialer
	now     func() time.Time

	mu      sync.Mutex
	open    map[call.ID]*callback // by the call that asked
	numbers map[string]*callback
	current map[call.ID]*callback
	wanted  map[call.ID]call.Event // the key was pressed, the engine has not let go of him yet
	again   map[call.ID]*callback  // calls that came in from a number that is to be called back
	off     []call.ID              // calls for somebody who is not to be called any more
}

func newCallbacks(c *configs.Config, d *dialer) *callbacks {
	b := &callbacks{
		rules: map[call.QueueID]configs.Callback{}, dialler: d, now: time.Now, open: map[call.ID]*callback{},
		numbers: map[string]*callback{}, current: map[call.ID]*callback{}, wanted: map[call.ID]call.Event{},
		again: map[call.ID]*callback{},
	}
	for _, q := range c.Queues {
		if q.Callback.Key != "" {
			b.rules[q.ID] = q.Callback
		}
	}
	return b
}

// May tells whether a caller can be called back.
func (b *callbacks) May(a callflow.Arrival, queue call.QueueID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, offered := b.rules[queue]
	return offered && len(b.open)+len(b.wanted) < mostCallbacks && b.dialler.kind(a.Number) == ""
}

// want takes note of a caller who pressed the key. Who waited is on the list when his stay in
// the queue has ended, which tells his place; anybody else when the event is recorded.
func (b *callbacks) want(a callflow.Arrival, queue call.QueueID, waited bool) call.Event {
	now := call.Stamp(b.now())
	ev := call.Event{
		Kind: call.CallbackAsked, At: now, Call: a.Call, Number: a.Number, Line: a.Line, Grade: a.Grade.ID,
		Queue: queue, Entered: now,
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if old := b.numbers[a.Number]; old != nil && old.asked.Queue == queue {
		ev.Entered = old.asked.Entered
	}
	if waited {
		b.wanted[a.Call] = ev
	}
	return ev
}

// note takes an event in and returns what follows from it for the ledger.
func (b *callbacks) note(ev call.Event) []call.Event {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case ev.Kind == call.CallbackAsked:
		return b.add(ev)
	case ev.Kind == call.CallbackEnded:
		b.drop(ev)
	case ev.Direction == call.CallBack:
		return b.noteBack(ev)
	case ev.Direction == call.Inbound:
		return b.noteCaller(ev)
	}
	return nil
}

// noteCaller hears of the calls that come in.
func (b *callbacks) noteCaller(ev call.Event) []call.Event {
	switch ev.Kind {
	case call.Arrived:
		if c := b.numbers[ev.Number]; c != nil {
			b.again[ev.Call] = c
		}
	case call.Queued:
		// He stands on his old place, see placeOf.
		if c := b.again[ev.Call]; c != nil && c.asked.Queue == ev.Queue {
			return b.end(c, call.CallbackAgain, ev.Call)
		}
	case call.Answered:
		if c := b.again[ev.Call]; c != nil {
			return b.end(c, call.CallbackAgain, ev.Call)
		}
	case call.LeftQueue:
		asked, ok := b.wanted[ev.Call]
		if !ok {
			return nil
		}
		delete(b.wanted, ev.Call)
		asked.Entered = ev.Entered
		if !ev.Place.IsZero() {
			asked.Entered = ev.Place
		}
		return []call.Event{asked}
	case call.Ended:
		delete(b.again, ev.Call)
		if asked, ok := b.wanted[ev.Call]; ok {
			delete(b.wanted, ev.Call)
			return []call.Event{asked}
		}
	default: // the others say nothing of a callback
	}
	return nil
}

// noteBack hears of the calls to those who are called back.
func (b *callbacks) noteBack(ev call.Event) []call.Event {
	c := b.current[ev.Call]
	switch {
	case c == nil:
	case ev.Kind == call.Dialled && string(ev.Leg) == string(ev.Call)+customerPart:
		c.dialled = true
	case ev.Kind == call.Connected && string(ev.Leg) == string(ev.Call)+customerPart:
		return b.end(c, call.CallbackReached, ev.Call)
	case ev.Kind == call.Ended:
		delete(b.current, ev.Call)
		rule := b.rules[c.asked.Queue]
		c.current, c.next = "", b.now()
		if c.dialled {
			c.tries++
			c.next = c.next.Add(rule.Pause)
		}
		c.dialled = false
		if c.tries >= rule.Tries {
			return b.end(c, call.CallbackFailed, ev.Call)
		}
	}
	return nil
}

// add takes a callback into the list, in place of another one of the same number.
func (b *callbacks) add(asked call.Event) []call.Event {
	var follows []call.Event
	if old := b.numbers[asked.Number]; old != nil {
		follows = b.end(old, call.CallbackTwice, asked.Call)
	}
	c := &callback{asked: asked}
	b.open[asked.Call], b.numbers[asked.Number] = c, c
	return follows
}

// end is the event that ends a callback; it leaves the list when that is recorded.
func (b *callbacks) end(c *callback, why call.CallbackEnd, of call.ID) []call.Event {
	if b.open[c.asked.Call] != c {
		return nil
	}
	b.forget(c)
	if c.current != "" && why != call.CallbackReached {
		b.off = append(b.off, c.current)
	}
	ev := c.asked
	ev.Kind, ev.At, ev.Seq, ev.Reason, ev.Of = call.CallbackEnded, call.Stamp(b.now()), 0, string(why), of
	return []call.Event{ev}
}

// drop takes out a callback that ended in an earlier run.
func (b *callbacks) drop(ev call.Event) {
	if c := b.open[ev.Call]; c != nil && c.asked.Number == ev.Number {
		b.forget(c)
	}
}

func (b *callbacks) forget(c *callback) {
	delete(b.open, c.asked.Call)
	delete(b.current, c.current)
	if b.numbers[c.asked.Number] == c {
		delete(b.numbers, c.asked.Number)
	}
}

// placeOf is the place that a number keeps in a queue, zero when none.
func (b *callbacks) placeOf(number string, queue call.QueueID) time.Time {
	if b == nil {
		return time.Time{}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.numbers[number]; c != nil && c.asked.Queue == queue {
		return c.asked.Entered
	}
	return time.Time{}
}

// rung is the callback that a call was entered for, nil when it is none, or none any more.
func (b *callbacks) rung(id call.ID) *callback {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.current[id]
}

// list are copies of the open callbacks in the order of their places.
func (b *callbacks) list() []callback {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]callback, 0, len(b.open))
	for _, c := range b.open {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(x, y callback) int {
		if c := x.asked.Entered.Compare(y.asked.Entered); c != 0 {
			return c
		}
		return x.asked.At.Compare(y.asked.At)
	})
	return out
}

// cancel takes one off the list; false when it is not on it.
func (b *callbacks) cancel(id call.ID, why call.CallbackEnd) ([]call.Event, bool) {
	if b == nil {
		return nil, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.open[id]
	if c == nil {
		return nil, false
	}
	return b.end(c, why, ""), true
}

// enter says that a call stands in the engine's line for a callback; false when it is none
// any more, or has one.
func (b *callbacks) enter(asked, id call.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.open[asked]
	if c == nil || c.current != "" {
		return false
	}
	c.current = id
	b.current[id] = c
	return true
}

// out takes a callback out of the engine's line, for a later time.
func (b *callbacks) out(asked call.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.open[asked]; c != nil && c.current != "" {
		delete(b.current, c.current)
		b.off = append(b.off, c.current)
		c.current = ""
	}
}

// takeOff returns the calls for those who are not to be called any more, once.
func (b *callbacks) takeOff() []call.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.off
	b.off = nil
	return out
}

// readCallbacks restores the list from the ledger.
func (a *App) readCallbacks(ctx context.Context) error {
	events, err := a.ledger.Callbacks(ctx, time.Now().Add(-configs.MaxKeep))
	if err != nil {
		return fmt.Errorf("callbacks: %w", err)
	}
	for _, ev := range events {
		a.callbacks.note(ev)
	}
	return nil
}
