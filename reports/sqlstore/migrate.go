package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
)

//go:embed migrations/*.sql
var migrations embed.FS

// newest is the version of the last file in migrations. A test holds the two together.
const newest int64 = 5

// provider runs the embedded migrations on db.
func provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
}

// migrate brings the database to the newest version and refuses one beyond it.
func migrate(ctx context.Context, db *sql.DB) error {
	p, err := provider(db)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	current, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("version of the ledger: %w", err)
	}
	if current > newest {
		return fmt.Errorf("%w: version %d, this program knows %d", ErrNewer, current, newest)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate from version %d: %w", current, err)
	}
	return nil
}

// checkVersion compares the version of a database with ours and changes nothing.
func checkVersion(ctx context.Context, db *bun.DB) error {
	var current int64
	err := db.NewSelect().Table(goose.DefaultTablename).
		ColumnExpr("coalesce(max(version_id), 0)").Where("is_applied").Scan(ctx, &current)
	switch {
	case err != nil:
		return fmt.Errorf("version of the ledger: %w", err)
	case current > newest:
		return fmt.Errorf("%w: version %d, this program knows %d", ErrNewer, current, newest)
	case current < newest:
		return fmt.Errorf("%w: version %d, this program needs %d", ErrOlder, current, newest)
	}
	return nil
}
