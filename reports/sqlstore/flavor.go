package sqlstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/uptrace/bun"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// flavor is what the two databases do not have in common.
type flavor struct {
	name    string
	dialect goose.Dialect
	folder  string // of its migrations
	newest  int64  // version of the last file in folder; a test holds the two together
	// lock makes an appending transaction wait for the one before, so that each sees the last
	// number of all. "" where every writing transaction does so by itself.
	lock string
	// agents makes a JSON array of the agents who answered.
	agents string
}

var (
	sqliteFlavor = flavor{
		name: "SQLite", dialect: goose.DialectSQLite3, folder: "migrations/sqlite", newest: 11,
		agents: "json_group_array(a.agent ORDER BY a.seq)",
	}
	postgresFlavor = flavor{
		name: "PostgreSQL", dialect: goose.DialectPostgres, folder: "migrations/postgres", newest: 7,
		// The number is any that nobody else uses. A lock of the table would stop, and be
		// stopped by, its housekeeping.
		lock:   "SELECT pg_advisory_xact_lock(7310579312459)",
		agents: "coalesce(json_agg(a.agent ORDER BY a.seq), '[]')::text",
	}
)

// provider runs the embedded migrations on db.
func (f flavor) provider(db *bun.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, f.folder)
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if f.dialect == goose.DialectPostgres {
		one, err := lock.NewPostgresSessionLocker() // two controllers may start at once
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(one))
	}
	return goose.NewProvider(f.dialect, db.DB, files, options...)
}

// enter makes an appending transaction the only one until it ends.
func (f flavor) enter(ctx context.Context, tx bun.Tx) error {
	if f.lock == "" {
		return nil
	}
	if _, err := tx.ExecContext(ctx, f.lock); err != nil {
		return fmt.Errorf("wait for another writer: %w", err)
	}
	return nil
}
