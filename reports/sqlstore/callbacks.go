package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"hotline/call"
)

// Callbacks returns, in order, what the ledger says since a time of callbacks that were asked
// for and that ended.
func (s *Store) Callbacks(ctx context.Context, since time.Time) ([]call.Event, error) {
	var events []call.Event
	for e, err := range s.scan(ctx, s.callbacks(since)) {
		if err != nil {
			return nil, fmt.Errorf("callbacks: %w", err)
		}
		events = append(events, e)
	}
	return events, nil
}

// callbacks selects the events of Callbacks. The kinds stand in the text, not as parameters,
// so that the partial index fits; the plus keeps the database from reading the whole table for the
// order, which few rows need.
func (s *Store) callbacks(since time.Time) *bun.SelectQuery {
	return s.read.NewSelect().Model((*row)(nil)).Column("seq", "body").
		Where("kind = 'callback_asked' OR kind = 'callback_ended'").Where("at_ms >= ?", since.UnixMilli()).
		OrderExpr("+seq")
}
