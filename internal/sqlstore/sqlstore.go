// Package sqlstore is what the stores in SQL have in common: where they are, how SQLite and
// PostgreSQL are opened so that nothing that was acknowledged is lost with the power, and,
// for the parts that keep facts beside the ledger (people, audit), migrations and
// transactions. What a store keeps, and how, is its own.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/uptrace/bun"
)

// ErrNewer is returned for a store that a newer program has written: an older one could
// misread it.
var ErrNewer = errors.New("the store was made by a newer program")

// Readers is how many may read at the same time; each holds a connection with its cache.
const Readers = 4

// Schema is a store's own part of a database.
type Schema struct {
	// Name of the store. The table of its migrations has it, since in PostgreSQL several
	// stores share a database.
	Name string
	// SQLite and Postgres hold the migrations, *.sql files at their roots.
	SQLite, Postgres fs.FS
	// Lock is a number that no other store uses. In PostgreSQL a transaction holds it from
	// its begin, as in SQLite it holds the file.
	Lock int64
}

// DB is an open store. Readers never wait for the writer nor the writer for them.
type DB struct {
	Write *bun.DB // one connection; see Within
	Read  *bun.DB

	schema   Schema
	postgres bool
}

// Open opens a store at a place, makes its tables when there are none and runs the
// migrations. A file's folder has to exist, and the file is readable by its owner alone. The
// error wraps ErrNewer when the store knows a later migration, and for PostgreSQL
// ErrUnreachable, ErrRefused or ErrTooOld.
func Open(ctx context.Context, p Place, s Schema) (*DB, error) {
	d := &DB{schema: s, postgres: p.URL != ""}
	err := d.open(ctx, p)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s %s: %w", s.Name, p, err), d.Close())
	}
	return d, nil
}

func (d *DB) open(ctx context.Context, p Place) (err error) {
	connect := func(ctx context.Context, a Access, conns int) (*bun.DB, error) {
		return ConnectPostgres(ctx, p, a, conns)
	}
	if !d.postgres {
		if err := Create(p.Path); err != nil {
			return err
		}
		connect = func(ctx context.Context, a Access, conns int) (*bun.DB, error) {
			return ConnectSQLite(ctx, p.Path, a, conns)
		}
	}
	if d.Write, err = connect(ctx, ReadWrite, 1); err != nil {
		return err
	}
	if err := d.migrate(ctx); err != nil {
		return Refusal(err)
	}
	d.Read, err = connect(ctx, ReadOnly, Readers)
	return err
}

// Close ends every connection. What was acknowledged is safe without it.
func (d *DB) Close() error {
	var errs []error
	for _, db := range []*bun.DB{d.Read, d.Write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Within runs one transaction of several statements. It waits for the one before, also of
// another process, so that what it reads does not change until its end.
func (d *DB) Within(ctx context.Context, do func(ctx context.Context, tx bun.Tx) error) error {
	return d.Write.RunInTx(ctx, &sql.TxOptions{}, func(ctx context.Context, tx bun.Tx) error {
		if d.postgres {
			if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(?)", d.schema.Lock); err != nil {
				return fmt.Errorf("wait for another writer: %w", err)
			}
		}
		return do(ctx, tx)
	})
}

// Migrations runs the files of the store on its database; tests go down and up with it.
func (d *DB) Migrations() (*goose.Provider, error) {
	dialect, files := goose.DialectSQLite3, d.schema.SQLite
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if d.postgres {
		dialect, files = goose.DialectPostgres, d.schema.Postgres
		one, err := lock.NewPostgresSessionLocker() // two processes may start at once
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(one), goose.WithTableName("goose_"+d.schema.Name))
	}
	p, err := goose.NewProvider(dialect, d.Write.DB, files, options...)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return p, nil
}

// migrate brings the database to the newest version and refuses one beyond it.
func (d *DB) migrate(ctx context.Context) error {
	p, err := d.Migrations()
	if err != nil {
		return err
	}
	current, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("version: %w", err)
	}
	sources := p.ListSources()
	if newest := sources[len(sources)-1].Version; current > newest {
		return fmt.Errorf("%w: version %d, this program knows %d", ErrNewer, current, newest)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate from version %d: %w", current, err)
	}
	return nil
}
