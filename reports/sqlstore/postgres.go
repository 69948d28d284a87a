package sqlstore

import (
	"context"
	"errors"

	base "hotline/internal/sqlstore"
)

// OldestPostgres is the first major version of PostgreSQL that may hold a ledger.
const OldestPostgres = base.OldestPostgres

var (
	// ErrUnreachable is the cause when no PostgreSQL answers at an address.
	ErrUnreachable = base.ErrUnreachable
	// ErrRefused is the cause when PostgreSQL answers and does not let us in: user, password,
	// name of the database or rights.
	ErrRefused = base.ErrRefused
	// ErrTooOld is the cause when PostgreSQL is older than OldestPostgres.
	ErrTooOld = base.ErrTooOld
)

// undefinedTable is PostgreSQL's code for a table that is not there.
const undefinedTable = "42P01"

// openPostgres connects to the database at p and brings its tables up to date, or, for
// reading only, demands that they are.
func openPostgres(ctx context.Context, p Place, a base.Access) (*Store, error) {
	s := &Store{flavor: postgresFlavor}
	var err error
	if a == base.ReadWrite {
		if s.write, err = base.ConnectPostgres(ctx, p, base.ReadWrite, 1); err != nil {
			return nil, err
		}
		if err := s.flavor.migrate(ctx, s.write); err != nil {
			return nil, errors.Join(base.Refusal(err), s.write.Close())
		}
	}
	if s.read, err = base.ConnectPostgres(ctx, p, base.ReadOnly, base.Readers); err == nil {
		err = s.flavor.checkVersion(ctx, s.read)
		if err == nil && s.write != nil {
			err = s.fill(ctx)
		}
		if err == nil {
			return s, nil
		}
		err = errors.Join(err, s.read.Close())
	}
	if s.write != nil {
		err = errors.Join(err, s.write.Close())
	}
	return nil, err
}
