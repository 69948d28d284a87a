package sqlstore

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/uptrace/bun/dialect"
	"go.uber.org/goleak"

	base "hotline/internal/sqlstore"
	"hotline/internal/testbed"
	"hotline/people"
	"hotline/people/storetest"
)

// databases are those of all tests of this package.
var databases testbed.Databases

func TestMain(m *testing.M) { goleak.VerifyTestMain(databases.Around(m)) }

// eachPlace runs a test on each database; store returns another empty one each time.
func eachPlace(t *testing.T, test func(t *testing.T, store func(t *testing.T) *Store)) {
	t.Helper()
	for name, place := range map[string]func(t *testing.T) base.Place{
		"SQLite": func(t *testing.T) base.Place {
			t.Helper()
			return base.Place{Path: filepath.Join(t.TempDir(), "people.db")}
		},
		"PostgreSQL": func(t *testing.T) base.Place {
			t.Helper()
			url, password, err := databases.New(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return base.Place{URL: url, Password: password}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) *Store {
				t.Helper()
				s, err := Open(t.Context(), place(t))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = s.Close() })
				return s
			})
		})
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, store func(t *testing.T) *Store) {
		storetest.Run(t, func(t *testing.T) people.Store { return store(t) })
	})
}

// schema is the text of every table and index.
func schema(t *testing.T, s *Store) string {
	t.Helper()
	query := `SELECT text FROM (
			SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable) AS text, table_name AS name
				FROM information_schema.columns WHERE table_schema = 'public'
			UNION ALL SELECT indexdef, tablename FROM pg_indexes WHERE schemaname = 'public'
			UNION ALL SELECT conname || pg_get_constraintdef(oid), conrelid::regclass::text FROM pg_constraint
				WHERE connamespace = 'public'::regnamespace
		) AS all_of_it WHERE name NOT LIKE 'goose_%' ORDER BY text`
	if s.db.Write.Dialect().Name() == dialect.SQLite {
		query = `SELECT coalesce(sql, name) FROM sqlite_schema
			WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%' ORDER BY name`
	}
	var all []string
	if err := s.db.Write.NewRaw(query).Scan(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

func TestMigrationsUpDownUp(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, store func(t *testing.T) *Store) {
		s := store(t)
		p, err := s.db.Migrations()
		if err != nil {
			t.Fatal(err)
		}
		first := schema(t, s)
		if !strings.Contains(first, "sessions_by_user") {
			t.Fatalf("the schema has no sessions:\n%s", first)
		}
		if _, err := p.DownTo(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if left := schema(t, s); left != "" {
			t.Errorf("after going down there is still\n%s", left)
		}
		if _, err := p.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		if second := schema(t, s); second != first {
			t.Errorf("going up again makes\n%s\nwant\n%s", second, first)
		}
	})
}

// TestFileIsPrivate: whoever reads it can try passwords at leisure.
func TestFileIsPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "people.db")
	s, err := Open(t.Context(), base.Place{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v; want a file of 0600", name, err)
		}
	}
}
