package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
)

// migrate brings the database to the newest version and refuses one beyond it.
func (f flavor) migrate(ctx context.Context, db *bun.DB) error {
	p, err := f.provider(db)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	current, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("version of the ledger: %w", err)
	}
	if current > f.newest {
		return fmt.Errorf("%w: version %d, this program knows %d", ErrNewer, current, f.newest)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate from version %d: %w", current, err)
	}
	return nil
}

// checkVersion compares the version of a database with ours and changes nothing.
func (f flavor) checkVersion(ctx context.Context, db *bun.DB) error {
	var current int64
	err := db.NewSelect().Table(goose.DefaultTablename).
		ColumnExpr("coalesce(max(version_id), 0)").Where("is_applied").Scan(ctx, &current)
	if err != nil && strings.Contains(err.Error(), undefinedTable) {
		err, current = nil, 0 // an empty database of PostgreSQL
	}
	switch {
	case err != nil:
		return fmt.Errorf("version of the ledger: %w", err)
	case current > f.newest:
		return fmt.Errorf("%w: version %d, this program knows %d", ErrNewer, current, f.newest)
	case current < f.newest:
		return fmt.Errorf("%w: version %d, this program needs %d", ErrOlder, current, f.newest)
	}
	return nil
}
