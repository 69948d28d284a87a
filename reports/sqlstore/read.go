package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/uptrace/bun"

	"hotline/call"
)

// LastSeq is the number of the last event in the ledger, 0 when it is empty.
func (s *Store) LastSeq(ctx context.Context) (uint64, error) {
	last, err := lastSeq(ctx, s.read)
	if err != nil {
		return 0, fmt.Errorf("last event: %w", err)
	}
	return last, nil
}

// lastSeq reads the last number with the eyes of db: within a transaction its own inserts
// count.
func lastSeq(ctx context.Context, db bun.IDB) (uint64, error) {
	var last uint64
	err := db.NewSelect().Model((*row)(nil)).ColumnExpr("coalesce(max(seq), 0)").Scan(ctx, &last)
	return last, err
}

// After returns at most limit events with numbers above seq in their order: what a fold
// has still to take in. None means that the fold is up to date.
func (s *Store) After(ctx context.Context, seq uint64, limit int) ([]call.Event, error) {
	if limit <= 0 {
		return nil, fmt.Errorf("events after %d: limit %d is not positive", seq, limit)
	}
	q := s.read.NewSelect().Model((*row)(nil)).Column("seq", "body").
		Where("seq > ?", seq).OrderExpr("seq").Limit(int64(limit))
	var events []call.Event
	for e, err := range s.scan(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("events after %d: %w", seq, err)
		}
		events = append(events, e)
	}
	return events, nil
}

// Events yields every event of the calls that arrived, entered a queue, were answered, rang a
// phone or dialled a number in [from, to), from their first to their last event even where those lie outside. They come
// call by call, in the order of call id and number, so that a fold needs to remember one
// call at a time. An error ends the sequence. The sequence holds a connection while it is
// consumed, and sees one state of the ledger however long that takes.
func (s *Store) Events(ctx context.Context, from, to time.Time) iter.Seq2[call.Event, error] {
	return s.scan(ctx, s.calls(from, to))
}

// calls selects the events of Events.
func (s *Store) calls(from, to time.Time) *bun.SelectQuery {
	a, b := from.UnixMilli(), to.UnixMilli()
	// The kinds stand in the text, not as parameters, so that the partial indexes fit.
	calls := s.touched("kind = 'arrived'", "at_ms", a, b).
		Union(s.touched("kind = 'queued'", "entered_ms", a, b)).
		Union(s.touched("kind = 'talk_ended'", "answer_ms", a, b)).
		Union(s.touched("kind = 'offered' OR kind = 'dialled'", "at_ms", a, b))
	return s.read.NewSelect().Model((*row)(nil)).Column("seq", "body").
		Where("call <> ''").Where("call IN (?)", calls).OrderExpr("call, seq")
}

// touched selects the calls that have an event of some kinds with its time in [a, b).
func (s *Store) touched(kinds, column string, a, b int64) *bun.SelectQuery {
	return s.read.NewSelect().Model((*row)(nil)).Column("call").
		Where(kinds).Where("? >= ? AND ? < ?", bun.Ident(column), a, bun.Ident(column), b)
}

// Story returns every event of one call in order; none when the ledger does not know it.
func (s *Store) Story(ctx context.Context, id call.ID) ([]call.Event, error) {
	q := s.read.NewSelect().Model((*row)(nil)).Column("seq", "body").
		Where("call <> ''").Where("call = ?", string(id)).OrderExpr("seq")
	var events []call.Event
	for e, err := range s.scan(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("events of call %s: %w", id, err)
		}
		events = append(events, e)
	}
	return events, nil
}

// scan runs a query for numbers and bodies.
func (s *Store) scan(ctx context.Context, q *bun.SelectQuery) iter.Seq2[call.Event, error] {
	return func(yield func(call.Event, error) bool) {
		if err := each(ctx, q, func(e call.Event) bool { return yield(e, nil) }); err != nil {
			yield(call.Event{}, err)
		}
	}
}

// each calls fn for every event of a query until fn has enough.
func each(ctx context.Context, q *bun.SelectQuery, fn func(call.Event) bool) (err error) {
	rows, err := q.Rows(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var seq uint64
		var body []byte
		if err := rows.Scan(&seq, &body); err != nil {
			return err
		}
		e, err := event(seq, body)
		if err != nil {
			return err
		}
		if !fn(e) {
			return nil
		}
	}
	return rows.Err()
}
