// Package storetest is what every people.Store must do. A store's own tests call Run.
package storetest

import (
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"hotline/people"
)

// Run tests a store; open returns a new, empty one.
func Run(t *testing.T, open func(t *testing.T) people.Store) {
	for name, test := range map[string]func(t *testing.T, s people.Store){
		"accounts come back as they were":      accountsComeBack,
		"names and agents are one user's":      namesAreUnique,
		"the first user is one":                firstIsOne,
		"a user is saved by one of two":        savedByOne,
		"the last administrator stays":         lastAdministrator,
		"credentials are saved by one of many": credentialsByOne,
		"a session counts in its epoch":        sessionsCount,
		"sessions end one by one":              sessionsEnd,
		"dead sessions are swept":              sessionsSwept,
		"tokens come, are used and go":         tokens,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// start is a fixed moment of a whole millisecond, which is what a store keeps.
func start() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC) }

// account is a complete one.
func account(id, name string) people.Account {
	return people.Account{
		User: people.User{
			ID: id, Name: name, Display: "王 " + name, Roles: []people.Role{people.Administrator, people.Junior},
			Team: "早班", Created: start(), Version: 1,
		},
		Credentials: people.Credentials{
			Password: "$argon2id$x", MustChange: true, Until: start().Add(time.Hour), TOTP: "T", Pending: "P", Step: 7,
			Recovery: []string{"a", "b"}, Epoch: 1, Revision: 1,
		},
	}
}

func add(t *testing.T, s people.Store, a people.Account) {
	t.Helper()
	if err := s.AddUser(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

func accountsComeBack(t *testing.T, s people.Store) {
	a := account("1", "wang")
	a.Agent, a.Skills = "101", map[string]int{"english": 3}
	add(t, s, a)
	add(t, s, account("2", "li"))
	for name, get := range map[string]func() (people.Account, error){
		"id":   func() (people.Account, error) { return s.Account(t.Context(), "1") },
		"name": func() (people.Account, error) { return s.AccountNamed(t.Context(), "wang") },
	} {
		got, err := get()
		if err != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("by %s: %+v, %v; want %+v", name, got, err, a)
		}
	}
	if _, err := s.Account(t.Context(), "3"); !errors.Is(err, people.ErrUnknown) {
		t.Errorf("an id of nobody: %v, want ErrUnknown", err)
	}
	if _, err := s.AccountNamed(t.Context(), "Wang"); !errors.Is(err, people.ErrUnknown) {
		t.Errorf("a name of nobody: %v, want ErrUnknown", err)
	}
	users, err := s.Users(t.Context())
	if err != nil || len(users) != 2 || users[0].Name != "li" || users[1].Name != "wang" {
		t.Errorf("users %+v, %v; want li and wang", users, err)
	}
}

func namesAreUnique(t *testing.T, s people.Store) {
	a, b, c := account("1", "wang"), account("2", "wang"), account("3", "li")
	a.Agent, c.Agent = "101", "101"
	add(t, s, a)
	for _, other := range []people.Account{b, c} {
		if err := s.AddUser(t.Context(), other); !errors.Is(err, people.ErrTaken) {
			t.Errorf("%s as agent %q: %v, want ErrTaken", other.Name, other.Agent, err)
		}
	}
	c.Agent = ""
	add(t, s, c)
	add(t, s, account("4", "zhao")) // a second one without agent
	c.Name = "wang"
	if _, err := s.SaveUser(t.Context(), c.User); !errors.Is(err, people.ErrTaken) {
		t.Errorf("renamed to a name that is taken: %v, want ErrTaken", err)
	}
}

func firstIsOne(t *testing.T, s people.Store) {
	var wait sync.WaitGroup
	made := make(chan bool, 4)
	for _, id := range []string{"1", "2", "3", "4"} {
		wait.Go(func() {
			first, err := s.AddFirst(t.Context(), account(id, "user"+id))
			if err != nil {
				t.Error(err)
			}
			made <- first
		})
	}
	wait.Wait()
	close(made)
	n := 0
	for first := range made {
		if first {
			n++
		}
	}
	users, err := s.Users(t.Context())
	if err != nil || n != 1 || len(users) != 1 {
		t.Errorf("%d were first, %d users, %v; want 1 and 1", n, len(users), err)
	}
}

func savedByOne(t *testing.T, s people.Store) {
	add(t, s, account("1", "wang"))
	add(t, s, account("2", "li"))
	u := account("1", "wang").User
	u.Display, u.Roles, u.Team, u.Agent = "x", []people.Role{people.Senior}, "晚班", "102"
	u.Skills, u.Disabled = map[string]int{"fault": 1}, true
	saved, err := s.SaveUser(t.Context(), u)
	u.Version = 2
	if err != nil || !reflect.DeepEqual(saved, u) {
		t.Fatalf("saved %+v, %v; want %+v", saved, err, u)
	}
	a, err := s.Account(t.Context(), "1")
	want := account("1", "wang").Credentials
	want.Epoch, want.Revision = 2, 2
	if err != nil || !reflect.DeepEqual(a.Credentials, want) {
		t.Errorf("disabled with credentials %+v, %v; want those of before in another epoch: %+v", a.Credentials, err, want)
	}
	u.Version = 1
	if _, err := s.SaveUser(t.Context(), u); !errors.Is(err, people.ErrChanged) {
		t.Errorf("an old version: %v, want ErrChanged", err)
	}
	u.ID = "3"
	if _, err := s.SaveUser(t.Context(), u); err == nil {
		t.Error("nobody was saved")
	}
}

func lastAdministrator(t *testing.T, s people.Store) {
	add(t, s, account("1", "wang"))
	junior := account("2", "li")
	junior.Roles = []people.Role{people.Junior}
	add(t, s, junior)
	for name, change := range map[string]func(u *people.User){
		"disabled":     func(u *people.User) { u.Disabled = true },
		"another role": func(u *people.User) { u.Roles = []people.Role{people.Junior} },
	} {
		u := account("1", "wang").User
		change(&u)
		if _, err := s.SaveUser(t.Context(), u); !errors.Is(err, people.ErrLastAdministrator) {
			t.Errorf("%s: %v, want ErrLastAdministrator", name, err)
		}
	}
	if a, err := s.Account(t.Context(), "1"); err != nil || !reflect.DeepEqual(a, account("1", "wang")) {
		t.Errorf("after refusals: %+v, %v; want no change", a, err)
	}
}

func credentialsByOne(t *testing.T, s people.Store) {
	add(t, s, account("1", "wang"))
	want := people.Credentials{
		Password: "p", TOTP: "t", Pending: "q", Step: 9, Recovery: []string{"c"}, Epoch: 5, Revision: 1,
	}
	var wait sync.WaitGroup
	errs := make(chan error, 8)
	for range 8 {
		wait.Go(func() { errs <- s.SaveCredentials(t.Context(), "1", want) })
	}
	wait.Wait()
	close(errs)
	saved := 0
	for err := range errs {
		switch {
		case err == nil:
			saved++
		case !errors.Is(err, people.ErrChanged):
			t.Error(err)
		}
	}
	a, err := s.Account(t.Context(), "1")
	want.Revision = 2
	if err != nil || saved != 1 || !reflect.DeepEqual(a.Credentials, want) {
		t.Errorf("saved %d times, %+v, %v; want once, %+v", saved, a.Credentials, err, want)
	}
	if !reflect.DeepEqual(a.User, account("1", "wang").User) {
		t.Errorf("the user became %+v", a.User)
	}
}
