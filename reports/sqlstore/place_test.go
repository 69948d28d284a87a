package sqlstore

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"hotline/internal/testbed"
)

func TestMain(m *testing.M) {
	if crashing() {
		crash()
	}
	goleak.VerifyTestMain(databases.Around(m))
}

// databases are those of all tests of this package.
var databases testbed.Databases

// newDatabase is an empty database of PostgreSQL.
func newDatabase(t testing.TB) Place {
	t.Helper()
	url, password, err := databases.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return Place{URL: url, Password: password}
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
