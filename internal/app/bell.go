package app

import (
	"context"
	"sync"

	"hotline/call"
	"hotline/reports/sqlstore"
)

// bell tells those who wait that the ledger has grown.
type bell struct {
	mu   sync.Mutex
	next chan struct{} // nil while nobody waits
}

// ring wakes all who wait.
func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}

// wait returns a channel that is closed by the next ring.
func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

// feed is the ledger as it grows, for the API.
type feed struct {
	ledger *sqlstore.Store
	bell   *bell
}

// After returns events above a number.
func (f feed) After(ctx context.Context, seq uint64, limit int) ([]call.Event, error) {
	return f.ledger.After(ctx, seq, limit)
}

// LastSeq is the number of the newest event.
func (f feed) LastSeq(ctx context.Context) (uint64, error) { return f.ledger.LastSeq(ctx) }

// Grown returns a channel that is closed when events are stored.
func (f feed) Grown() <-chan struct{} { return f.bell.wait() }
