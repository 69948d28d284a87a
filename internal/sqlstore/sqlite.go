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

// Access says what a connection may do.
type Access string

// The kinds of access.
const (
	ReadWrite Access = "0"
	ReadOnly  Access = "1"
)

// Create makes an empty file that only its owner can read; one that is there stays as it is.
// SQLite would make it readable for all, and gives the rights of this file to its companions
// -wal and -shm.
func Create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// ConnectSQLite opens a pool of at most conns connections and proves it with one query, so
// that a file that is no database is found now and not with the first use.
func ConnectSQLite(ctx context.Context, path string, a Access, conns int) (*bun.DB, error) {
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

// CopySQLite makes a copy of the file at path, as it is at one moment, in a new file that only
// this user can read, also while another process writes it. The copy is whole by itself and on
// the disk when CopySQLite returns, and appears under its name only then.
func CopySQLite(ctx context.Context, path, to string) error {
	if _, err := os.Stat(to); err == nil {
		return fmt.Errorf("copy to %s: the file is there already", to)
	}
	part := to + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := vacuum(ctx, path, part); err != nil {
		return errors.Join(fmt.Errorf("copy to %s: %w", to, err), os.Remove(part))
	}
	return os.Rename(part, to)
}

// vacuum writes the copy and brings it to the disk.
func vacuum(ctx context.Context, path, part string) (err error) {
	if err := Create(part); err != nil {
		return err
	}
	// A connection that may only read does not write a copy either.
	db, err := ConnectSQLite(ctx, path, ReadWrite, 1)
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

// dsn names the file and the settings of every connection.
//
// synchronous is FULL: a write returns after its log is on the disk, so that nothing that was
// acknowledged is lost when the power fails. NORMAL would be safe against a crash of the
// process but may lose the last commits with the power; the difference is one fsync a commit,
// at most some ten a second, which no disk feels.
func dsn(path string, a Access) string {
	q := url.Values{
		"_busy_timeout": {"5000"}, // ms; another process may hold the lock for one transaction
		"_foreign_keys": {"1"},
		"_synchronous":  {"FULL"},
		"_txlock":       {"immediate"}, // who reads and then writes has the lock before he reads
		"_query_only":   {string(a)},
		"_defensive":    {"1"},
	}
	if a == ReadWrite {
		q.Set("_journal_mode", "WAL")
		// After a long read the log is cut back to this many bytes.
		q.Set("_pragma", "journal_size_limit(67108864)")
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return u.String()
}
