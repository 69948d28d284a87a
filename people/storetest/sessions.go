package storetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"hotline/people"
)

func session(id, user string, epoch uint64) people.Session {
	return people.Session{
		ID: id, Hash: "hash of " + id, User: user, Epoch: epoch, Created: start(), Seen: start(),
		Expires: start().Add(time.Hour), Address: "192.0.2.1", Client: "browser",
	}
}

func begin(t *testing.T, s people.Store, one people.Session) {
	t.Helper()
	if err := s.AddSession(t.Context(), one); err != nil {
		t.Fatal(err)
	}
}

func sessionsCount(t *testing.T, s people.Store) {
	a := account("1", "wang")
	add(t, s, a)
	add(t, s, account("2", "li"))
	one, two := session("s1", "1", 1), session("s2", "1", 2)
	begin(t, s, one)
	got, owner, err := s.SessionOf(t.Context(), one.Hash)
	if err != nil || got != one || !reflect.DeepEqual(owner, a) {
		t.Errorf("session %+v of %+v, %v", got, owner, err)
	}
	if _, _, err := s.SessionOf(t.Context(), "s1"); !errors.Is(err, people.ErrUnknown) {
		t.Errorf("the id opens: %v", err)
	}
	for _, wrong := range []people.Session{two, session("s3", "9", 1)} {
		if err := s.AddSession(t.Context(), wrong); !errors.Is(err, people.ErrChanged) {
			t.Errorf("epoch %d of user %s: %v, want ErrChanged", wrong.Epoch, wrong.User, err)
		}
	}
	a.Credentials.Epoch = 2
	if err := s.SaveCredentials(t.Context(), "1", a.Credentials); err != nil {
		t.Fatal(err)
	}
	gone(t, s, one, "of an old epoch")
	begin(t, s, two)
	u := a.User
	u.Disabled = true
	u, err = s.SaveUser(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	gone(t, s, two, "of a user who is disabled")
	if err := s.AddSession(t.Context(), session("s3", "1", 3)); !errors.Is(err, people.ErrChanged) {
		t.Errorf("a session for a user who is disabled: %v, want ErrChanged", err)
	}
	u.Disabled = false
	if _, err := s.SaveUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	gone(t, s, two, "of before the user was disabled")
}

// gone checks that a session opens nothing and stands in no list.
func gone(t *testing.T, s people.Store, one people.Session, which string) {
	t.Helper()
	if _, _, err := s.SessionOf(t.Context(), one.Hash); !errors.Is(err, people.ErrUnknown) {
		t.Errorf("a session %s: %v, want ErrUnknown", which, err)
	}
	if list, err := s.SessionsOf(t.Context(), one.User); err != nil || len(list) != 0 {
		t.Errorf("a session %s is listed: %+v, %v", which, list, err)
	}
}

func sessionsEnd(t *testing.T, s people.Store) {
	add(t, s, account("1", "wang"))
	add(t, s, account("2", "li"))
	for i, one := range []people.Session{session("a", "1", 1), session("b", "1", 1), session("c", "2", 1)} {
		one.Created = start().Add(time.Duration(i) * time.Second)
		begin(t, s, one)
	}
	at := start().Add(time.Minute)
	for _, seen := range []time.Time{at, start()} { // the later one stays
		if err := s.Seen(t.Context(), "b", seen); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.SessionsOf(t.Context(), "1")
	if err != nil || len(list) != 2 || list[0].ID != "b" || list[1].ID != "a" || !list[0].Seen.Equal(at) {
		t.Errorf("sessions %+v, %v; want b, seen at %s, then a", list, err, at)
	}
	if err := s.EndSession(t.Context(), "1", "c"); !errors.Is(err, people.ErrUnknown) {
		t.Errorf("ending another user's session: %v, want ErrUnknown", err)
	}
	if err := s.EndSession(t.Context(), "1", "a"); err != nil {
		t.Error(err)
	}
	if list, err = s.SessionsOf(t.Context(), "1"); err != nil || len(list) != 1 || list[0].ID != "b" {
		t.Errorf("left are %+v, %v; want b", list, err)
	}
}

func sessionsSwept(t *testing.T, s people.Store) {
	add(t, s, account("1", "wang"))
	add(t, s, account("2", "li"))
	for id, change := range map[string]func(*people.Session){
		"good": func(*people.Session) {},
		"old":  func(one *people.Session) { one.Expires = start().Add(10 * time.Minute) },
		"idle": func(one *people.Session) { one.Seen = start().Add(-time.Minute) },
		"li":   func(one *people.Session) { one.User = "2" },
	} {
		one := session(id, "1", 1)
		change(&one)
		begin(t, s, one)
	}
	c := account("2", "li").Credentials
	c.Epoch++
	if err := s.SaveCredentials(t.Context(), "2", c); err != nil {
		t.Fatal(err)
	}
	n, err := s.Sweep(t.Context(), start().Add(10*time.Minute), start().Add(-time.Minute))
	if err != nil || n != 3 {
		t.Errorf("%d swept, %v; want 3", n, err)
	}
	if list, err := s.SessionsOf(t.Context(), "1"); err != nil || len(list) != 1 || list[0].ID != "good" {
		t.Errorf("left are %+v, %v; want good", list, err)
	}
}

func tokens(t *testing.T, s people.Store) {
	one := people.Token{
		ID: "1", Name: "wall", Hash: "h1", Roles: []people.Role{people.Statistics}, Created: start(), By: "wang",
		Expires: start().Add(time.Hour),
	}
	two, three := one, one
	two.ID, two.Name, two.Hash = "2", "bi", "h2"
	three.ID, three.Hash = "3", "h3"
	for _, token := range []people.Token{one, two} {
		if err := s.AddToken(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.AddToken(t.Context(), three); !errors.Is(err, people.ErrTaken) {
		t.Errorf("a name twice: %v, want ErrTaken", err)
	}
	one.Used = start().Add(time.Minute)
	if err := s.TokenUsed(t.Context(), "1", one.Used); err != nil {
		t.Error(err)
	}
	if got, err := s.TokenOf(t.Context(), "h1"); err != nil || !reflect.DeepEqual(got, one) {
		t.Errorf("token %+v, %v; want %+v", got, err, one)
	}
	if all, err := s.Tokens(t.Context()); err != nil || len(all) != 2 || all[0].Name != "bi" {
		t.Errorf("tokens %+v, %v; want bi and wall", all, err)
	}
	if err := s.RemoveToken(t.Context(), "1"); err != nil {
		t.Error(err)
	}
	if _, err := s.TokenOf(t.Context(), "h1"); !errors.Is(err, people.ErrUnknown) {
		t.Errorf("a token that was removed: %v, want ErrUnknown", err)
	}
	if err := s.RemoveToken(t.Context(), "1"); !errors.Is(err, people.ErrUnknown) {
		t.Errorf("removed again: %v, want ErrUnknown", err)
	}
}
