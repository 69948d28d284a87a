// Package sqlstore keeps users, sessions and tokens in SQL: in a SQLite file beside the ledger,
// or in the ledger's own database of PostgreSQL. Its statements and types are those that both
// know.
package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	base "hotline/internal/sqlstore"
	"hotline/people"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an open store of people. It is a people.Store.
type Store struct{ db *base.DB }

var _ people.Store = (*Store)(nil)

// lock is the number that transactions on users and sessions hold in PostgreSQL.
const lock = 7310579312460

// Open opens the store at a place, makes it when there is none and brings an older one up to
// date. A file's folder has to exist; the file is readable by its owner alone.
func Open(ctx context.Context, p base.Place) (*Store, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	db, err := base.Open(ctx, p, base.Schema{Name: "people", SQLite: files, Postgres: files, Lock: lock})
	if err != nil {
		return nil, err
	}
	return &Store{db: db}, nil
}

// Close ends every connection.
func (s *Store) Close() error { return s.db.Close() }

// taken turns the database's word for a name that exists into ours.
func taken(err error, what string) error {
	if err != nil && (strings.Contains(err.Error(), "UNIQUE") || strings.Contains(err.Error(), "unique")) {
		return fmt.Errorf("%s: %w", what, people.ErrTaken)
	}
	return err
}

// unknown turns the database's word for no row into ours.
func unknown(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return people.ErrUnknown
	}
	return err
}

// oneRow is an error unless a statement changed one row.
func oneRow(result sql.Result, err, otherwise error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return err
	}
	if n != 1 {
		return otherwise
	}
	return nil
}
