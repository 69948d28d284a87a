package sqlstore

import (
	"context"
	"errors"
	"fmt"

	base "hotline/internal/sqlstore"
)

// Backup copies the ledger in a file of SQLite, as it is at one moment, to a new file that only
// this user can read, also while another process writes the ledger. The copy is whole by itself
// and on the disk when Backup returns; it appears under its name only then. A ledger in
// PostgreSQL is refused: pg_dump is made for that.
func Backup(ctx context.Context, from Place, to string) (err error) {
	if from.URL != "" {
		return fmt.Errorf("backup of %s: a ledger in PostgreSQL is copied by pg_dump", from)
	}
	source, err := OpenReadOnly(ctx, from.Path) // refuses what is not a ledger of ours
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if err := base.CopySQLite(ctx, from.Path, to); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}
