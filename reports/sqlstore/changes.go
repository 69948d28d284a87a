package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"math"
	"time"

	"hotline/call"
)

// changesSlack is how far before and after a period Changes looks. A state that is longer is
// known from its end, if that lies in reach.
const changesSlack = 24 * time.Hour

// Changes yields changes of agents' states in the order of event numbers: all of [from, to)
// and of a day around it, so that a state which began before or ends after is known. An
// error ends the sequence.
//
// There is no index of changes: the arrivals of calls around tell between which numbers the
// time lies, and events are numbered as they happen.
func (s *Store) Changes(ctx context.Context, from, to time.Time) iter.Seq2[call.Event, error] {
	return func(yield func(call.Event, error) bool) {
		first, err := s.arrival(ctx, "at_ms < ?", from.Add(-changesSlack), "at_ms DESC", 0)
		if err != nil {
			yield(call.Event{}, err)
			return
		}
		last, err := s.arrival(ctx, "at_ms >= ?", to.Add(changesSlack), "at_ms", math.MaxInt64)
		if err != nil {
			yield(call.Event{}, err)
			return
		}
		q := s.read.NewSelect().Model((*row)(nil)).Column("seq", "body").
			Where("kind = 'agent_changed'").Where("seq BETWEEN ? AND ?", first, last).OrderExpr("seq")
		for e, err := range s.scan(ctx, q) {
			if !yield(e, err) {
				return
			}
		}
	}
}

// arrival is the number of the arrival next to a time, or else the one given.
func (s *Store) arrival(ctx context.Context, side string, at time.Time, order string, none int64) (int64, error) {
	var seq int64
	err := s.read.NewSelect().Model((*row)(nil)).Column("seq").
		// The kind stands in the text, not as a parameter, so that the partial index fits.
		Where("kind = 'arrived'").Where(side, at.UnixMilli()).OrderExpr(order).Limit(1).Scan(ctx, &seq)
	if errors.Is(err, sql.ErrNoRows) {
		return none, nil
	}
	return seq, err
}
