package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

const (
	// forgetPiece is how many events are deleted at once: appending waits meanwhile.
	forgetPiece = 5000
	// longestCall is how long after what is forgotten a call may go on that it cut.
	longestCall = 24 * time.Hour
)

// Old is the oldest piece of the ledger. The zero value is none.
type Old struct {
	First      uint64    // number of its first event
	UpTo       uint64    // number of its last event
	Before     time.Time // everything in it happened before
	Recordings []string  // files that it names
}

// Old finds the oldest piece of what happened before a time. It never reaches the last event,
// whose number the next one follows.
func (s *Store) Old(ctx context.Context, before time.Time) (Old, error) {
	var first, last uint64
	all := s.read.NewSelect().Model((*row)(nil)).ColumnExpr("coalesce(min(seq), 0), coalesce(max(seq), 0)")
	if err := all.Scan(ctx, &first, &last); err != nil {
		return Old{}, fmt.Errorf("old events: %w", err)
	}
	end := min(first+forgetPiece, last)
	young := s.read.NewSelect().Model((*row)(nil)).ColumnExpr("coalesce(min(seq), ?)", end).
		Where("seq < ?", end).Where("at_ms >= ?", before.UnixMilli())
	if err := young.Scan(ctx, &end); err != nil {
		return Old{}, fmt.Errorf("old events: %w", err)
	}
	if end <= first {
		return Old{}, nil
	}
	old := Old{First: first, UpTo: end - 1, Before: before}
	err := s.read.NewSelect().Table("recordings").Column("path").Where("seq <= ?", old.UpTo).OrderExpr("seq").
		Scan(ctx, &old.Recordings)
	if err != nil {
		return Old{}, fmt.Errorf("old recordings: %w", err)
	}
	return old, nil
}

// Forget deletes what Old found, and notes that it did, as one transaction. The files of its
// recordings must be gone before: nothing tells of them afterwards.
func (s *Store) Forget(ctx context.Context, old Old) error {
	if s.write == nil {
		return errors.New("forget: the ledger was opened for reading only")
	}
	if old.UpTo == 0 {
		return nil
	}
	err := s.write.RunInTx(ctx, &sql.TxOptions{}, func(ctx context.Context, tx bun.Tx) error {
		if err := s.flavor.enter(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO forgotten (up_to, before_ms, at_ms) VALUES (?, ?, ?)",
			old.UpTo, old.Before.UnixMilli(), time.Now().UnixMilli()); err != nil {
			return err
		}
		calls := tx.NewSelect().Model((*row)(nil)).Column("call").Where("call <> ''").Where("seq <= ?", old.UpTo)
		for _, table := range projected {
			if _, err := tx.NewDelete().Table(table).Where("call IN (?)", calls).Exec(ctx); err != nil {
				return err
			}
		}
		for _, table := range []string{"recordings", "events"} {
			if _, err := tx.NewDelete().Table(table).Where("seq <= ?", old.UpTo).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget events up to %d: %w", old.UpTo, err)
	}
	return nil
}

// Kept is since when the ledger holds every call as a whole; the zero time when it has
// forgotten none.
func (s *Store) Kept(ctx context.Context) (time.Time, error) {
	var ms sql.NullInt64
	if err := s.read.NewSelect().Table("forgotten").ColumnExpr("max(before_ms)").Scan(ctx, &ms); err != nil {
		return time.Time{}, fmt.Errorf("since when calls are kept: %w", err)
	}
	if !ms.Valid {
		return time.Time{}, nil
	}
	return time.UnixMilli(ms.Int64).Add(longestCall).UTC(), nil
}
