package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"hotline/call"
)

const (
	// bookMost bounds the numbers, and the calls, that the book knows. What was silent for
	// longest is forgotten first.
	bookMost = 50_000
	// bookMax bounds the reading of the ledger at the start. Calls come in meanwhile.
	bookMax = 10 * time.Second
	// bookMargin is how long a call may have lasted that still counts when it ended.
	bookMargin = time.Hour
)

// book is what is known of the earlier calls of each number: the agent who talked with it
// last and the place that it gave up last. It is a fold of the events as they are recorded,
// so that a caller's entry waits for no query.
type book struct {
	mu      sync.Mutex
	numbers *simplelru.LRU[string, *past]
	calls   *simplelru.LRU[call.ID, *stay]
}

// past is the last talk and the last abandoned stay of a number; a zero time means none.
type past struct {
	agent  call.AgentID
	talked time.Time // when the talk was over

	queue call.QueueID
	place time.Time // in that queue
	left  time.Time // when the caller hung up
}

// stay is a call whose end in the queue or in a talk may still come.
type stay struct {
	number string
	place  time.Time
}

// newBook makes a book of at most so many numbers, and calls, which must be above 0.
func newBook(most int) (*book, error) {
	numbers, err := simplelru.NewLRU[string, *past](most, nil)
	if err != nil {
		return nil, fmt.Errorf("book of earlier calls: %w", err)
	}
	calls, err := simplelru.NewLRU[call.ID, *stay](most, nil)
	if err != nil {
		return nil, fmt.Errorf("book of earlier calls: %w", err)
	}
	return &book{numbers: numbers, calls: calls}, nil
}

// entry is the value of a key, a new one when there was none.
func entry[K comparable, V any](in *simplelru.LRU[K, *V], key K) *V {
	v, known := in.Get(key)
	if !known {
		v = new(V)
		in.Add(key, v)
	}
	return v
}

// note takes an event in. Events of one call must come in their order; of several calls the
// later one counts, in whatever order they come, because the ledger is read beside the
// calls that run.
func (b *book) note(ev call.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ev.Kind == call.Arrived && ev.Number != "" {
		entry(b.calls, ev.Call).number = ev.Number
		return
	}
	c, known := b.calls.Get(ev.Call)
	// Where an agent waits for another the caller's place is not concerned. Whose talk ends
	// last has the caller, also after a consultation.
	if !known || ev.Direction != call.Inbound && ev.Kind != call.TalkEnded {
		return
	}
	switch ev.Kind {
	case call.Queued:
		c.place = ev.Entered
		if !ev.Place.IsZero() {
			c.place = ev.Place
			b.taken(c.number, ev)
		}
	case call.LeftQueue:
		if p := entry(b.numbers, c.number); ev.Outcome == call.Abandoned && ev.At.After(p.left) {
			p.queue, p.place, p.left = ev.Queue, c.place, ev.At
		}
	case call.TalkEnded:
		if p := entry(b.numbers, c.number); ev.At.After(p.talked) {
			p.agent, p.talked = ev.Agent, ev.At
		}
	default: // Ended may come before what the engine has to say: the call stays until there is no room
	}
}

// taken takes a place out of the book when a caller stands on it: nobody else of the same
// number gets it, too.
func (b *book) taken(number string, ev call.Event) {
	if p, known := b.numbers.Get(number); known && p.place.Equal(ev.Place) && !p.left.After(ev.At) {
		p.queue, p.place, p.left = "", time.Time{}, time.Time{}
	}
}

// of is the past of a number.
func (b *book) of(number string) past {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p, known := b.numbers.Get(number); known {
		return *p
	}
	return past{}
}

// startBook reads the ledger for the last hours beside the start, when the settings ask for
// it: a number whose past is not read yet is treated like a new one.
func (a *App) startBook(ctx context.Context) error {
	window := time.Duration(0)
	for _, q := range a.cfg.Queues {
		window = max(window, q.StickyFor, q.ResumePlace)
	}
	if window == 0 {
		return nil
	}
	var err error
	if a.book, err = newBook(bookMost); err != nil {
		return err
	}
	reading, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookMax)
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.readBook(reading, time.Now().Add(-window-bookMargin))
	}()
	a.parts.Push("book", func(ctx context.Context) error {
		cancel()
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return nil
}

func (a *App) readBook(ctx context.Context, since time.Time) {
	for ev, err := range a.ledger.Events(ctx, since, time.Now()) {
		if err != nil {
			if !errors.Is(ctx.Err(), context.Canceled) {
				a.log.Warn("earlier calls are not all known: some who redial are treated like new callers", "error", err)
			}
			return
		}
		a.book.note(ev)
	}
}
