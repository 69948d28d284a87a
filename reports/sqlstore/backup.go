package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"

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
	if _, err := os.Stat(to); err == nil {
		return fmt.Errorf("backup to %s: the file is there already", to)
	}
	source, err := OpenReadOnly(ctx, from.Path) // refuses what is not a ledger of ours
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	part := to + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("backup: %w", err)
	}
	if err := copyTo(ctx, from.Path, part); err != nil {
		return errors.Join(fmt.Errorf("backup to %s: %w", to, err), os.Remove(part))
	}
	return os.Rename(part, to)
}

// copyTo makes the copy and brings it to the disk.
func copyTo(ctx context.Context, path, part string) (err error) {
	if err := base.Create(part); err != nil {
		return err
	}
	// A connection that may only read does not write a copy either.
	db, err := base.ConnectSQLite(ctx, path, base.ReadWrite, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		return err
	}
	file, err := os.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
