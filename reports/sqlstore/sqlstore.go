// Package sqlstore is the call ledger: every fact about a call as one row of an
// append-only table, numbered from 1 without gaps, in SQLite or PostgreSQL. Figures, live
// counters and the index of recordings are folds of it and can be made again at any time.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the database driver "sqlite"
)

var (
	// ErrInvalid is the cause of a refusal to append an event that breaks a rule of the
	// ledger. Repeating the attempt cannot help.
	ErrInvalid = errors.New("invalid event")
	// ErrNewer is returned by Open for a ledger that a newer program has written: an
	// older one could misread it.
	ErrNewer = errors.New("the ledger was made by a newer program")
	// ErrOlder is returned by OpenReadOnly for a ledger that has still to be migrated.
	ErrOlder = errors.New("the ledger was made by an older program and is not migrated yet")
)

// readers is how many reports may read at the same time. Each holds a connection with a
// page cache of its own.
const readers = 4

// Store is an open ledger. Its methods may be called from several goroutines; readers
// never wait for the writer nor the writer for them.
type Store struct {
	flavor flavor
	write  *bun.DB // one connection; nil when opened for reading only
	read   *bun.DB
}

// Open opens the ledger in the file at path, makes it when there is none and brings an
// older one up to date. Its folder has to exist. The file is readable by its owner alone,
// because it holds callers' numbers. The error wraps ErrNewer when a newer program has
// written the file.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := create(path); err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	write, err := connect(ctx, path, readWrite, 1)
	if err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	if err := sqliteFlavor.migrate(ctx, write); err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger %s: %w", path, err), write.Close())
	}
	read, err := connect(ctx, path, readOnly, readers)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger %s: %w", path, err), write.Close())
	}
	s := &Store{flavor: sqliteFlavor, write: write, read: read}
	if err := s.fill(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger %s: %w", path, err), s.Close())
	}
	return s, nil
}

// OpenReadOnly opens an existing ledger for reports. Nothing is made or migrated: a wrong
// path is an error wrapping fs.ErrNotExist instead of an empty report. It may be used
// beside a running server.
func OpenReadOnly(ctx context.Context, path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	read, err := connect(ctx, path, readOnly, readers)
	if err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	if err := sqliteFlavor.checkVersion(ctx, read); err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger %s: %w", path, err), read.Close())
	}
	return &Store{flavor: sqliteFlavor, read: read}, nil
}

// Close ends every connection. Events that were appended are safe without it.
func (s *Store) Close() error {
	err := s.read.Close()
	if s.write != nil {
		err = errors.Join(err, s.write.Close())
	}
	return err
}

// create makes an empty file that only its owner can read. SQLite would make it readable
// for all, and gives the rights of this file to its companions -wal and -shm.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// access says what a connection may do.
type access string

const (
	readWrite access = "0"
	readOnly  access = "1"
)

// connect opens a pool of at most conns connections and proves it with one query, so that
// a file that is no database is found now and not with the first call.
func connect(ctx context.Context, path string, a access, conns int) (*bun.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	sqldb, err := sql.Open("sqlite", dsn(abs, a))
	if err != nil {
		return nil, err
	}
	sqldb.SetMaxOpenConns(conns)
	sqldb.SetMaxIdleConns(conns)
	db := bun.NewDB(sqldb, sqlitedialect.New())
	var tables int
	if err := db.NewSelect().Table("sqlite_schema").ColumnExpr("count(*)").Scan(ctx, &tables); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// dsn names the file and the settings of every connection.
//
// synchronous is FULL: an append returns after its log is on the disk, so that nothing
// that was acknowledged is lost when the power fails. NORMAL would be safe against a crash
// of the process but may lose the last commits with the power; the difference is one fsync
// a batch, at most some ten a second, which no disk feels.
func dsn(path string, a access) string {
	q := url.Values{
		"_busy_timeout": {"5000"}, // ms; another process may hold the lock for one batch
		"_foreign_keys": {"1"},
		"_synchronous":  {"FULL"},
		"_txlock":       {"immediate"}, // a batch takes the write lock before it reads the last number
		"_query_only":   {string(a)},
		"_defensive":    {"1"},
	}
	if a == readWrite {
		q.Set("_journal_mode", "WAL")
		// After a long report the log is cut back to this many bytes.
		q.Set("_pragma", "journal_size_limit(67108864)")
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return u.String()
}
