package sqlstore

import (
	"context"
	"fmt"

	base "hotline/internal/sqlstore"
)

// Place says where a ledger is: in a file of SQLite, or in a database of PostgreSQL.
type Place = base.Place

// OpenAt opens the ledger at a place for writing and brings its tables up to date. For a file
// see Open. For PostgreSQL the error wraps ErrUnreachable, ErrRefused or ErrTooOld where one
// of them is the cause, and ErrNewer as Open does.
func OpenAt(ctx context.Context, p Place) (*Store, error) {
	if p.URL == "" {
		return Open(ctx, p.Path)
	}
	s, err := openPostgres(ctx, p, base.ReadWrite)
	if err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", p, err)
	}
	return s, nil
}

// OpenReadOnlyAt opens the ledger at a place for reports, as OpenReadOnly does a file.
func OpenReadOnlyAt(ctx context.Context, p Place) (*Store, error) {
	if p.URL == "" {
		return OpenReadOnly(ctx, p.Path)
	}
	s, err := openPostgres(ctx, p, base.ReadOnly)
	if err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", p, err)
	}
	return s, nil
}
