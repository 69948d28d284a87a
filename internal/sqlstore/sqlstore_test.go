package sqlstore_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/uptrace/bun"
	"go.uber.org/goleak"

	"hotline/internal/sqlstore"
	"hotline/internal/testbed"
)

// databases are those of all tests of this package.
var databases testbed.Databases

func TestMain(m *testing.M) { goleak.VerifyTestMain(databases.Around(m)) }

// eachPlace runs a test on each database, with a place where there is no store yet.
func eachPlace(t *testing.T, test func(t *testing.T, p sqlstore.Place)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, sqlstore.Place{Path: filepath.Join(t.TempDir(), "x.db")})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		url, password, err := databases.New(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		test(t, sqlstore.Place{URL: url, Password: password})
	})
}

func file(sql string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("-- +goose Up\n" + sql + ";\n-- +goose Down\nDROP TABLE a;\n")}
}

func one() fstest.MapFS { return fstest.MapFS{"00001_a.sql": file("CREATE TABLE a (x INTEGER)")} }

func schema(name string, files fstest.MapFS) sqlstore.Schema {
	return sqlstore.Schema{Name: name, SQLite: files, Postgres: files, Lock: 1}
}

func open(t *testing.T, p sqlstore.Place, s sqlstore.Schema) *sqlstore.DB {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), p, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestNewerStoresAreRefused(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, p sqlstore.Place) {
		later := one()
		later["00002_b.sql"] = file("CREATE TABLE b (x INTEGER)")
		for _, step := range []struct {
			files fstest.MapFS
			want  error
		}{{one(), nil}, {later, nil}, {one(), sqlstore.ErrNewer}} {
			db, err := sqlstore.Open(t.Context(), p, schema("x", step.files))
			if !errors.Is(err, step.want) {
				t.Fatalf("opened with %d migrations: %v, want %v", len(step.files), err, step.want)
			}
			if err != nil {
				continue
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestStoresShareADatabase: the migrations of one are not taken for those of another.
func TestStoresShareADatabase(t *testing.T) {
	t.Parallel()
	url, password, err := databases.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := sqlstore.Place{URL: url, Password: password}
	open(t, p, schema("one", one()))
	two := open(t, p, schema("two", fstest.MapFS{"00001_b.sql": file("CREATE TABLE b (x INTEGER)")}))
	if _, err := two.Write.ExecContext(t.Context(), "INSERT INTO b VALUES (1)"); err != nil {
		t.Errorf("the second store has no table: %v", err)
	}
}

// TestTransactionsWaitForEachOther: what one has read does not change until its end, whoever
// else writes. Two that read the same number would write the same next one.
func TestTransactionsWaitForEachOther(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, p sqlstore.Place) {
		stores := []*sqlstore.DB{open(t, p, schema("x", one())), open(t, p, schema("x", one()))}
		var wait sync.WaitGroup
		for _, db := range append(stores, stores...) {
			wait.Go(func() {
				for range 10 {
					if err := db.Within(t.Context(), addNext); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		var rows, last int
		err := stores[0].Read.NewSelect().Table("a").ColumnExpr("count(*), max(x)").Scan(t.Context(), &rows, &last)
		if err != nil || rows != 40 || last != 40 {
			t.Errorf("%d rows, the last is %d, %v; want 40", rows, last, err)
		}
	})
}

// addNext adds the number after the highest.
func addNext(ctx context.Context, tx bun.Tx) error {
	var last int
	if err := tx.NewSelect().Table("a").ColumnExpr("coalesce(max(x), 0)").Scan(ctx, &last); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO a VALUES (?)", last+1)
	return err
}

func TestReadersDoNotWrite(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, p sqlstore.Place) {
		db := open(t, p, schema("x", one()))
		if _, err := db.Read.ExecContext(t.Context(), "DELETE FROM a"); err == nil {
			t.Error("a reader writes")
		}
	})
}

func TestSettingsOfFiles(t *testing.T) {
	t.Parallel()
	db := open(t, sqlstore.Place{Path: filepath.Join(t.TempDir(), "x.db")}, schema("x", one()))
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "query_only": "0",
	} {
		var got string
		if err := db.Write.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("writer: %s is %q, %v; want %q", pragma, got, err, want)
		}
	}
}

func TestWhatIsNoDatabaseIsFoundAtOnce(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]sqlstore.Place{
		"a folder that does not exist": {Path: filepath.Join(t.TempDir(), "none", "x.db")},
		"a folder":                     {Path: t.TempDir()},
		"an address of nothing":        {URL: "postgres://nobody:hush@127.0.0.1:1/none"},
	} {
		_, err := sqlstore.Open(t.Context(), p, schema("x", one()))
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
