package web

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"hotline/call"
)

// Feed is the ledger as it grows. Its numbers are without gaps.
type Feed interface {
	// After returns at most limit events with numbers above seq, in order.
	After(ctx context.Context, seq uint64, limit int) ([]call.Event, error)
	LastSeq(ctx context.Context) (uint64, error)
	// Grown returns a channel that is closed once events are added after the call.
	Grown() <-chan struct{}
}

const (
	tailPiece = 500         // events that are read at once
	lookAgain = time.Second // also when nobody says that the ledger has grown
)

// tail holds the newest events for all who listen, so that the ledger is read once however
// many they are.
type tail struct {
	feed  Feed
	parts *parts
	size  int // most events that are held
	log   *slog.Logger

	mu    sync.Mutex
	held  []call.Event  // without gaps, the newest last
	last  uint64        // number of the newest event
	ready bool          // last is known
	grown chan struct{} // closed and replaced whenever held grows
}

func newTail(feed Feed, parts *parts, size int, log *slog.Logger) *tail {
	return &tail{feed: feed, parts: parts, size: size, log: log, grown: make(chan struct{})}
}

// run reads the ledger until ctx ends.
func (t *tail) run(ctx context.Context) {
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		more := t.feed.Grown()
		if err := t.read(ctx); err != nil && ctx.Err() == nil {
			t.log.Warn("events cannot be read", "error", err)
			more = nil // try again later, not at once
		}
		select {
		case <-ctx.Done():
			return
		case <-more:
		case <-again.C:
		}
	}
}

// read takes in all that is new. It alone writes, from one goroutine, so it reads without mu.
func (t *tail) read(ctx context.Context) error {
	if !t.ready {
		last, err := t.feed.LastSeq(ctx)
		if err != nil {
			return fmt.Errorf("last event: %w", err)
		}
		t.mu.Lock()
		t.last, t.ready = last, true
		t.tell()
		t.mu.Unlock()
	}
	for {
		events, err := t.feed.After(ctx, t.last, tailPiece)
		if err != nil || len(events) == 0 {
			return err
		}
		t.parts.note(events)
		t.mu.Lock()
		t.held = append(t.held, events...)
		if over := len(t.held) - t.size; over > 0 {
			t.held = t.held[over:] // append moves them now and then, and so lets go of the old ones
		}
		t.last = events[len(events)-1].Seq
		t.tell()
		t.mu.Unlock()
	}
}

// tell wakes those who wait; mu is held.
func (t *tail) tell() {
	close(t.grown)
	t.grown = make(chan struct{})
}

// after returns what is held above seq and a channel that is closed when there is more; not
// whole when the next event above seq is held no more.
func (t *tail) after(seq uint64) (events []call.Event, grown <-chan struct{}, whole bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case seq >= t.last:
		return nil, t.grown, t.ready
	case len(t.held) == 0 || t.held[0].Seq > seq+1:
		return nil, t.grown, false
	}
	events = t.held[seq+1-t.held[0].Seq:]
	return events[:min(len(events), tailPiece)], t.grown, true
}

// parts knows which agents have a part in which calls, and since which event: by that an
// agent is told of his own calls alone. It remembers the latest calls and asks the ledger
// for others.
type parts struct {
	history History
	most    int // calls that are remembered

	mu    sync.Mutex
	calls map[call.ID]map[call.AgentID]uint64
	order []call.ID // the oldest first
}

func newParts(h History, most int) *parts {
	return &parts{history: h, most: most, calls: map[call.ID]map[call.AgentID]uint64{}}
}

// note takes in new events. A call of which not all was seen is left to the ledger.
func (p *parts) note(events []call.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range events {
		if e.Kind == call.Arrived {
			p.keep(e.Call)
		}
		if known := p.calls[e.Call]; known != nil {
			join(known, e)
		}
	}
}

// keep remembers a call, and forgets the oldest when there are too many.
func (p *parts) keep(id call.ID) map[call.AgentID]uint64 {
	if known := p.calls[id]; known != nil {
		return known
	}
	if len(p.order) >= p.most {
		delete(p.calls, p.order[0])
		p.order = p.order[1:]
	}
	p.calls[id] = map[call.AgentID]uint64{}
	p.order = append(p.order, id)
	return p.calls[id]
}

// join notes the first event that names an agent.
func join(known map[call.AgentID]uint64, e call.Event) {
	if first, ok := known[e.Agent]; e.Agent != "" && (!ok || e.Seq < first) {
		known[e.Agent] = e.Seq
	}
}

// any tells whether one of those who have a part in the call of e, by then, is meant. The
// story of a call that is not remembered is read whole: it holds e and all before it, so
// what is stored meanwhile cannot change the answer.
func (p *parts) any(ctx context.Context, e call.Event, meant func(call.AgentID) bool) (bool, error) {
	known, ok := p.of(e.Call)
	if !ok {
		story, err := p.history.Story(ctx, e.Call)
		if err != nil {
			return false, err
		}
		known = map[call.AgentID]uint64{}
		for _, of := range story {
			join(known, of)
		}
		p.mu.Lock()
		m := p.keep(e.Call)
		for _, of := range story {
			join(m, of)
		}
		p.mu.Unlock()
	}
	for agent, since := range known {
		if since <= e.Seq && meant(agent) {
			return true, nil
		}
	}
	return false, nil
}

// of is a copy of what is remembered of a call.
func (p *parts) of(id call.ID) (map[call.AgentID]uint64, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.calls[id]
	return maps.Clone(known), ok
}
