package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"hotline/call"
)

// rebuildCalls is how many calls Rebuild reads at once.
const rebuildCalls = 500

// Rebuild makes the tables of the reports anew from the events, as one transaction. Nothing is
// appended meanwhile; readers see the old tables until it is done. It tells how many calls
// there are.
func (s *Store) Rebuild(ctx context.Context) (calls int, err error) {
	if s.write == nil {
		return 0, errors.New("rebuild: the ledger was opened for reading only")
	}
	err = s.write.RunInTx(ctx, &sql.TxOptions{}, func(ctx context.Context, tx bun.Tx) error {
		if err := s.flavor.enter(ctx, tx); err != nil {
			return err
		}
		for _, table := range projected {
			if _, err := tx.NewDelete().Table(table).Where("1 = 1").Exec(ctx); err != nil {
				return err
			}
		}
		var err error
		calls, err = refold(ctx, tx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("rebuild the tables of the reports: %w", err)
	}
	return calls, nil
}

// refold folds every call of the ledger into empty tables.
func refold(ctx context.Context, tx bun.Tx) (calls int, err error) {
	last := ""
	for {
		var some []call.ID
		err := tx.NewSelect().Model((*row)(nil)).ColumnExpr("DISTINCT call").
			Where("call <> ''").Where("call > ?", last).OrderExpr("call").Limit(rebuildCalls).Scan(ctx, &some)
		if err != nil || len(some) == 0 {
			return calls, err
		}
		found, err := stories(ctx, tx, some)
		if err != nil {
			return calls, err
		}
		var all rows
		for _, id := range some {
			all.add(id, folded{}, fold(found[id]))
		}
		if err := all.write(ctx, tx); err != nil {
			return calls, err
		}
		calls, last = calls+len(some), string(some[len(some)-1])
	}
}

// fill makes the tables of the reports for a ledger that an older program has written.
func (s *Store) fill(ctx context.Context) error {
	var made, called bool
	err := s.write.NewSelect().ColumnExpr("EXISTS (SELECT 1 FROM calls)").
		ColumnExpr("EXISTS (SELECT 1 FROM events WHERE call <> '')").Scan(ctx, &made, &called)
	if err != nil || made || !called {
		return err
	}
	_, err = s.Rebuild(ctx)
	return err
}
