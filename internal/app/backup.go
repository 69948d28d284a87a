package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"hotline/configs"
	"hotline/internal/sqlstore"
)

// BackupPeople copies the SQLite files of users and of the audit log, and the witness, to new
// files whose names begin with to, also beside a running hotline, and returns the names. What
// is not there yet is left out. The witness goes first: a log that is longer than its witness
// is whole.
func BackupPeople(ctx context.Context, cfg *configs.Config, to string) ([]string, error) {
	var made []string
	for _, one := range []struct {
		from, to string
		copy     func(ctx context.Context, from, to string) error
	}{
		{cfg.Audit.Witness, to + ".audit-heads", copyFile},
		{cfg.Audit.Path, to + ".audit", sqlstore.CopySQLite},
		{cfg.People.Path, to + ".people", sqlstore.CopySQLite},
	} {
		_, err := os.Stat(one.from)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = one.copy(ctx, one.from, one.to)
		}
		if err != nil {
			return made, fmt.Errorf("backup of %s: %w", one.from, err)
		}
		made = append(made, one.to)
	}
	return made, nil
}

// copyFile copies a file that is only ever added to.
func copyFile(_ context.Context, from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, source)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
