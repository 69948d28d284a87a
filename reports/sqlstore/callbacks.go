package sqlstore

import (
	"context"
	"fmt"
	"time"

	"hotline/call"
)

// Callbacks returns, in order, what the ledger says since a time of callbacks that were asked
// for and that ended.
func (s *Store) Callbacks(ctx context.Context, since time.Time) ([]call.Event, error) {
	// The kinds stand in the text, not as parameters, so that the partial index fits.
	q := s.read.NewSelect().Model((*row)(nil)).Column("seq", "body").
		Where("kind = 'callback_asked' OR kind = 'callback_ended'").Where("at_ms >= ?", since.UnixMilli()).OrderExpr("seq")
	var events []call.Event
	for e, err := range s.scan(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("callbacks: %w", err)
		}
		events = append(events, e)
	}
	return events, nil
}
