package ari

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The promise of the queue: an event reaches the consumer in its order, or a later Up or
// snapshot accounts for it. Checked against every mix of events, damage, reconnects and
// a consumer that is fast, slow or stalled.
func TestQueueLosesNothingInSilence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 8).Draw(t, "limit")
		q := newQueue(limit)
		sent, up := 0, false
		var got tally
		t.Repeat(map[string]func(*rapid.T){
			"event": func(t *rapid.T) {
				if !up {
					t.Skip("no connection")
				}
				sent++
				q.event(&Event{Digit: fmt.Sprint(sent)})
			},
			"damage": func(t *rapid.T) {
				if !up {
					t.Skip("no connection")
				}
				sent++
				q.damaged("test")
			},
			"tick": func(*rapid.T) { q.tick() },
			"reconnect": func(t *rapid.T) {
				if up {
					q.down(errors.New("lost"))
				}
				q.hold()
				for range rapid.IntRange(0, limit+2).Draw(t, "held") {
					sent++
					q.event(&Event{Digit: fmt.Sprint(sent)})
				}
				q.release(&Up{})
				up = true
			},
			"failed attempt": func(t *rapid.T) {
				q.hold()
				for range rapid.IntRange(0, limit+2).Draw(t, "held") {
					sent++
					q.event(&Event{Digit: fmt.Sprint(sent)})
				}
				if up { // one Down per outage
					q.down(errors.New("refused"))
				}
				up = false
			},
			"take": func(t *rapid.T) { got.take(t, q, rapid.Bool().Draw(t, "snapshot fails")) },
			"": func(t *rapid.T) {
				if n := q.depth(); n > limit+3 {
					t.Fatalf("%d messages with a limit of %d", n, limit)
				}
			},
		})
		q.hold()
		q.release(&Up{})
		for got.take(t, q, false) {
		}
		if got.seen+got.lost != sent {
			t.Fatalf("%d sent, %d delivered, %d accounted for as lost", sent, got.seen, got.lost)
		}
	})
}

// tally is what a consumer has got.
type tally struct {
	seen, lost, last int
}

func (c *tally) take(t *rapid.T, q *queue, snapshotFails bool) bool {
	m, _ := q.take()
	switch m := m.(type) {
	case nil:
		return false
	case *Event:
		var n int
		if _, err := fmt.Sscan(m.Digit, &n); err != nil || n <= c.last {
			t.Fatalf("event %q after %d", m.Digit, c.last)
		}
		c.last = n
		c.seen++
	case *Up:
		c.lost += m.Lost
	case *mark:
		if snapshotFails {
			q.keepLost(m.lost)
			break
		}
		c.lost += m.lost
	}
	return true
}

// A stalled consumer with a connection that comes and goes must not fill the memory with
// snapshots.
func TestQueueBoundsReconnects(t *testing.T) {
	q := newQueue(10)
	for i := range 1000 {
		q.hold()
		q.release(&Up{Gap: time.Second, Restarted: i == 500})
		q.down(errors.New("lost"))
		if n := q.depth(); n > 12 {
			t.Fatalf("%d messages", n)
		}
	}
	var gap time.Duration
	restarted := false
	for m, _ := q.take(); m != nil; m, _ = q.take() {
		if up, ok := m.(*Up); ok {
			gap += up.Gap
			restarted = restarted || up.Restarted
		}
	}
	if gap != 1000*time.Second || !restarted {
		t.Errorf("gap %v, restarted %v: the Ups that were dropped are forgotten", gap, restarted)
	}
}

// A mark of the old connection must not survive into the new one: its snapshot would be
// older than the Up, and the queue would drop until the pump came to it.
func TestQueueForgetsMarksOnReconnect(t *testing.T) {
	kinds := func(q *queue) (all string) {
		for m, _ := q.take(); m != nil; m, _ = q.take() {
			all += fmt.Sprintf("%T ", m)
		}
		return all
	}
	q := newQueue(10)
	q.event(&Event{})
	q.damaged("test")
	q.down(errors.New("lost"))
	q.hold()
	q.release(&Up{})
	q.event(&Event{})
	if got, want := kinds(q), "*ari.Event *ari.Down *ari.Up *ari.Event "; got != want {
		t.Errorf("queue %q, want %q", got, want)
	}
	q = newQueue(1)
	q.event(&Event{})
	q.event(&Event{})
	q.down(errors.New("lost"))
	q.hold()
	q.release(&Up{})
	q.event(&Event{})
	if got, want := kinds(q), "*ari.Up *ari.mark "; got != want {
		t.Errorf("full queue %q, want %q", got, want)
	}
}
