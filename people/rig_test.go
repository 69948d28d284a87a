package people_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	base "hotline/internal/sqlstore"
	"hotline/people"
	"hotline/people/sqlstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cheap is a cost that lets a test make hundreds of hashes.
func cheap() people.Cost { return people.Cost{Memory: 64, Passes: 1, Lanes: 1} }

// office is a service on a real store, with a clock of its own and a log that is kept.
type office struct {
	*people.Service
	gate  *people.Gate
	clock *clock
	log   *notes
	admin people.Principal
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// notes is an audit log in memory.
type notes struct {
	mu     sync.Mutex
	acts   []people.Act
	broken error
}

func (n *notes) Note(_ context.Context, a people.Act) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.broken != nil {
		return n.broken
	}
	n.acts = append(n.acts, a)
	return nil
}

// refused is how many sign-ins the log has as denied.
func (n *notes) refused() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	found := 0
	for _, a := range n.acts {
		if a.Action == "sign_in" && a.Outcome == people.Denied {
			found++
		}
	}
	return found
}

func newOffice(t *testing.T, change ...func(*people.Options)) *office {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), base.Place{Path: filepath.Join(t.TempDir(), "people.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	o := &office{
		clock: &clock{now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}, log: &notes{},
		admin: people.Principal{User: "console", Name: "console"},
	}
	opt := people.Options{
		Store: store, Journal: o.log, Hasher: people.NewHasher(cheap(), 2, 20), Idle: 30 * time.Minute,
		Longest: 12 * time.Hour, Now: o.clock.Now,
	}
	for _, c := range change {
		c(&opt)
	}
	if o.Service, err = people.New(opt); err != nil {
		t.Fatal(err)
	}
	o.gate = people.NewGate(o.Service, nil)
	// Somebody administers the office, so that others may lose that role.
	if _, err := o.First(t.Context(), o.admin); err != nil {
		t.Fatal(err)
	}
	return o
}

const password = "a good long password"

// hire makes a user with a password of his own, and signs him in.
func (o *office) hire(t *testing.T, u people.User) people.Signed {
	t.Helper()
	made, once, err := o.Add(t.Context(), o.admin, u)
	if err != nil {
		t.Fatal(err)
	}
	signed := o.signIn(t, made.Name, once)
	if signed, err = o.ChangePassword(t.Context(), signed.Principal, once, password); err != nil {
		t.Fatal(err)
	}
	return signed
}

func (o *office) signIn(t *testing.T, name, password string) people.Signed {
	t.Helper()
	signed, err := o.SignIn(t.Context(), people.SignIn{Name: name, Password: password, Address: "192.0.2.1"})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return signed
}

// alive is an error unless the session of a token lives.
func (o *office) alive(t *testing.T, signed people.Signed) error {
	t.Helper()
	p, err := o.Who(t.Context(), signed.Token, people.Principal{})
	if err == nil && p.User != signed.Principal.User {
		t.Errorf("the token of %s is that of %s", signed.Principal.Name, p.Name)
	}
	if err != nil && !errors.Is(err, people.ErrSignedOut) {
		t.Errorf("a dead token: %v, want ErrSignedOut", err)
	}
	return err
}

func (o *office) who(t *testing.T, signed people.Signed) people.Principal {
	t.Helper()
	p, err := o.Who(t.Context(), signed.Token, people.Principal{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func wang() people.User {
	return people.User{
		Name: "wang", Display: "王芳", Roles: []people.Role{people.Senior, people.Junior}, Team: "早班", Agent: "101",
	}
}
