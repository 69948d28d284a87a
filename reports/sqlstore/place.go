package sqlstore

import (
	"context"
	"fmt"
	"net/url"
)

// Place says where a ledger is: in a file of SQLite, or in a database of PostgreSQL.
type Place struct {
	// Path is the file of SQLite.
	Path string
	// URL is the address of a PostgreSQL database, postgres://user@host:port/database with
	// the usual parameters behind it; it is used when it is not empty.
	URL string
	// Password is of the user in URL; "" when none is needed.
	Password string
}

// String names the place without any secret.
func (p Place) String() string {
	if p.URL == "" {
		return p.Path
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return "PostgreSQL" // the text may hold a password
	}
	u.RawQuery = ""
	return u.Redacted()
}

// OpenAt opens the ledger at a place for writing and brings its tables up to date. For a file
// see Open. For PostgreSQL the error wraps ErrUnreachable, ErrRefused or ErrTooOld where one
// of them is the cause, and ErrNewer as Open does.
func OpenAt(ctx context.Context, p Place) (*Store, error) {
	if p.URL == "" {
		return Open(ctx, p.Path)
	}
	s, err := openPostgres(ctx, p, readWrite)
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
	s, err := openPostgres(ctx, p, readOnly)
	if err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", p, err)
	}
	return s, nil
}
