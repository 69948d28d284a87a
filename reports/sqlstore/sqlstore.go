// Package sqlstore is the call ledger: every fact about a call as one row of an
// append-only table, numbered from 1 without gaps, in SQLite or PostgreSQL. Figures, live
// counters and the index of recordings are folds of it and can be made again at any time.
package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/uptrace/bun"

	base "hotline/internal/sqlstore"
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
	if err := base.Create(path); err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	write, err := base.ConnectSQLite(ctx, path, base.ReadWrite, 1)
	if err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	if err := sqliteFlavor.migrate(ctx, write); err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger %s: %w", path, err), write.Close())
	}
	read, err := base.ConnectSQLite(ctx, path, base.ReadOnly, base.Readers)
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
	read, err := base.ConnectSQLite(ctx, path, base.ReadOnly, base.Readers)
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
