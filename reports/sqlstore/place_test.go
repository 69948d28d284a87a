package sqlstore

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"hotline/internal/testbed"
)

func TestMain(m *testing.M) {
	if crashing() {
		crash()
	}
	goleak.VerifyTestMain(withDatabase{m})
}

// withDatabase ends the PostgreSQL that the tests have started, if any did.
type withDatabase struct{ tests *testing.M }

// Run runs the tests.
func (w withDatabase) Run() int {
	code := w.tests.Run()
	if !database.started {
		return code
	}
	if err := database.server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
		code = max(code, 1)
	}
	return code
}

// database is the PostgreSQL of all tests, started by the first that wants one.
var database struct {
	mu      sync.Mutex
	started bool
	server  *testbed.Postgres
}

// newDatabase is an empty database of PostgreSQL.
func newDatabase(t testing.TB) Place {
	t.Helper()
	database.mu.Lock()
	defer database.mu.Unlock()
	if !database.started {
		server, err := testbed.StartPostgres(context.WithoutCancel(t.Context()), testbed.PostgresOptions{})
		if err != nil {
			t.Fatal(err)
		}
		database.started, database.server = true, server
	}
	url, err := database.server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return Place{URL: url, Password: database.server.Password}
}

// EachPlace runs a test on each database, with a place where there is no ledger yet.
func EachPlace(t *testing.T, test func(t *testing.T, place Place)) {
	t.Helper()
	t.Run(sqliteFlavor.name, func(t *testing.T) {
		t.Parallel()
		test(t, Place{Path: filepath.Join(t.TempDir(), "ledger.db")})
	})
	t.Run(postgresFlavor.name, func(t *testing.T) {
		t.Parallel()
		test(t, newDatabase(t))
	})
}

// AnotherPlace is a place without a ledger in the same kind of database as p.
func AnotherPlace(t testing.TB, p Place) Place {
	t.Helper()
	if p.URL == "" {
		return Place{Path: filepath.Join(t.TempDir(), "ledger.db")}
	}
	return newDatabase(t)
}

// TestServersAreJudged: what cannot hold a ledger is refused by name.
func TestServersAreJudged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version, encoding string
		want              error
	}{
		{"150018", "UTF8", nil}, {"140000", "UTF8", nil}, {"130022", "UTF8", ErrTooOld}, {"150018", "LATIN1", ErrRefused},
	} {
		if err := judgeServer(c.version, c.encoding); !isOrNil(err, c.want) {
			t.Errorf("%s %s: %v, want %v", c.version, c.encoding, err, c.want)
		}
	}
}
