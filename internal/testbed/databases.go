package testbed

import (
	"context"
	"fmt"
	"os"
	"sync"
)

// Databases gives each test of a package an empty database of PostgreSQL, all on one server,
// which the first that asks starts. The zero value is ready; Around ends the server.
type Databases struct {
	mu     sync.Mutex
	server *Postgres
}

// New returns the URL of an empty database and the password of its owner.
func (d *Databases) New(ctx context.Context) (url, password string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.server == nil {
		// The server outlives the test that starts it.
		if d.server, err = StartPostgres(context.WithoutCancel(ctx), PostgresOptions{}); err != nil {
			d.server = nil
			return "", "", err
		}
	}
	url, err = d.server.NewDatabase(ctx)
	return url, d.server.Password, err
}

// Tests are what a *testing.M is.
type Tests interface{ Run() int }

// Around returns tests that end the server, if one was started, before they are over: for
// goleak.VerifyTestMain.
func (d *Databases) Around(t Tests) Tests { return around{d, t} }

type around struct {
	databases *Databases
	tests     Tests
}

// Run runs the tests.
func (a around) Run() int {
	code := a.tests.Run()
	if a.databases.server == nil {
		return code
	}
	if err := a.databases.server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
		code = max(code, 1)
	}
	return code
}
