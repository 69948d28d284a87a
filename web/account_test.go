package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hotline/people"
)

// accounts are Accounts that note what they are asked and answer as they are told.
type accounts struct {
	err   error
	asked []string
}

func (a *accounts) From(*http.Request) people.Principal {
	return people.Principal{Address: "192.0.2.7", Client: "browser"}
}

func (a *accounts) ask(what string) error {
	a.asked = append(a.asked, what)
	return a.err
}

func (a *accounts) signed(what string) (people.Signed, error) {
	if err := a.ask(what); err != nil {
		return people.Signed{}, err
	}
	return people.Signed{
		Token: "the-token", Session: people.Session{ID: "s1", Expires: time.Now().Add(time.Hour)},
		Principal: people.Principal{User: "u1", Name: "wang", Roles: []people.Role{people.Junior}, Agent: "a1"},
	}, nil
}

func (a *accounts) SignIn(_ context.Context, in people.SignIn) (people.Signed, error) {
	return a.signed(fmt.Sprintf("sign in %s %s %s from %s", in.Name, in.Password, in.Code, in.Address))
}

func (a *accounts) SignOut(_ context.Context, by people.Principal) error {
	return a.ask("sign out " + by.User)
}

func (a *accounts) EndAll(_ context.Context, by people.Principal, user string) error {
	return a.ask("end all of " + user + " by " + by.User)
}

func (a *accounts) Sessions(_ context.Context, user string) ([]people.Session, error) {
	return []people.Session{{ID: "s1", Hash: "secret", User: user}, {ID: "s2", User: user}}, a.ask("sessions of " + user)
}

func (a *accounts) EndSession(_ context.Context, by people.Principal, user, session string) error {
	return a.ask("end " + session + " of " + user + " by " + by.User)
}

func (a *accounts) ChangePassword(_ context.Context, by people.Principal, old, fresh string) (people.Signed, error) {
	return a.signed("password of " + by.User + ": " + old + " to " + fresh)
}

func (a *accounts) OfferTOTP(_ context.Context, by people.Principal, password string) (people.Factor, error) {
	return people.Factor{Secret: "ABC", URL: "otpauth://x"}, a.ask("offer " + by.User + " " + password)
}

func (a *accounts) ConfirmTOTP(_ context.Context, by people.Principal, code string) ([]string, people.Signed, error) {
	signed, err := a.signed("confirm " + by.User + " " + code)
	return []string{"r1"}, signed, err
}

// withAccounts serves accounts, with a log that is kept.
func withAccounts(t *testing.T) (*served, *accounts, *ledger) {
	t.Helper()
	a, l := &accounts{}, &ledger{}
	return serveWith(t, &desk{}, Options{Token: token, Gate: door{}, Accounts: a, Audit: l}), a, l
}

const rightSignIn = `{"name":"wang","password":"hush-hush","code":"123456"}`

// TestSignInSetsTheCookie that browsers keep to themselves, and tells nothing of the token.
func TestSignInSetsTheCookie(t *testing.T) {
	s, a, l := withAccounts(t)
	r := s.do("POST", "/api/v1/session", rightSignIn)
	cookie := r.Header.Get("Set-Cookie")
	for _, want := range []string{"__Host-hotline=the-token;", "Path=/", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie %q has no %s", cookie, want)
		}
	}
	if strings.Contains(cookie, "Domain") || strings.Contains(r.text, "the-token") {
		t.Errorf("cookie %q, answer %s", cookie, r.text)
	}
	var me Me
	if err := json.Unmarshal([]byte(r.text), &me); err != nil || me.Name != "wang" || me.Rights[AgentState] != "own" ||
		me.Rights[HookManage] != "" || me.Rights[Open] != "" {
		t.Errorf("%v %+v", err, me)
	}
	if want := "sign in wang hush-hush 123456 from 192.0.2.7"; len(a.asked) != 1 || a.asked[0] != want {
		t.Errorf("asked %q, want %s", a.asked, want)
	}
	if len(l.deeds) > 0 || strings.Contains(s.log.String(), "hush") {
		t.Errorf("written down besides: %+v %s", l.deeds, s.log.String())
	}
	// Who is signed in already leaves that session.
	if r = s.do("POST", "/api/v1/session", rightSignIn, "X-Role: ja", "X-Session: s0"); r.StatusCode != 200 ||
		a.asked[len(a.asked)-1] != "sign out u-ja" {
		t.Errorf("%d, asked %q", r.StatusCode, a.asked)
	}
}

// TestSignInSaysLittle: what a stranger is told, and when he may come again.
func TestSignInSaysLittle(t *testing.T) {
	s, a, _ := withAccounts(t)
	for _, c := range []struct {
		err    error
		status int
		field  string
		after  string
	}{
		{people.ErrDenied, 401, "", ""},
		{people.ErrCodeNeeded, 401, "code", ""},
		{errors.Join(people.TooManyError{After: 1500 * time.Millisecond}, errors.New("x")), 429, "", "2"},
		{people.ErrBusy, 503, "", "1"},
		{errors.Join(people.ErrDenied, people.ErrNotAudited), 503, "", ""},
		{errors.New("dial /run/secret.sock"), 500, "", ""},
	} {
		a.err = c.err
		r := s.do("POST", "/api/v1/session", rightSignIn)
		if r.StatusCode != c.status || r.problem.Field != c.field || r.Header.Get("Retry-After") != c.after ||
			r.Header.Get("Set-Cookie") != "" || strings.Contains(r.text, "secret") ||
			(r.StatusCode == 401) != (r.Header.Get("WWW-Authenticate") != "") {
			t.Errorf("%v: %d %v %s", c.err, r.StatusCode, r.Header, r.text)
		}
	}
}

// TestOwnAccount: each sees to his own, and a token has none.
func TestOwnAccount(t *testing.T) {
	s, a, l := withAccounts(t)
	const who = "X-Role: ja"
	for _, c := range []struct{ method, path, body, asked, has string }{
		{"DELETE", "/session", "", "sign out u-ja", ""},
		{"DELETE", "/sessions", "", "end all of u-ja by u-ja", ""},
		{"DELETE", "/sessions/s2", "", "end s2 of u-ja by u-ja", ""},
		{"GET", "/sessions", "", "sessions of u-ja", `"id":"s1"`},
		{"POST", "/account/password", `{"password":"a","new_password":"b"}`, "password of u-ja: a to b", `"name":"wang"`},
		{"POST", "/account/second-factor", `{"password":"a"}`, "offer u-ja a", `"url":"otpauth://x"`},
		{"POST", "/account/second-factor/confirm", `{"code":"1"}`, "confirm u-ja 1", `"recovery_codes":["r1"]`},
	} {
		a.asked = nil
		r := s.do(c.method, "/api/v1"+c.path, c.body, who)
		if r.StatusCode >= 300 || len(a.asked) != 1 || a.asked[0] != c.asked || !strings.Contains(r.text, c.has) ||
			strings.Contains(r.text, "secret\"") && strings.Contains(c.path, "sessions") {
			t.Errorf("%s %s: %d %s, asked %q", c.method, c.path, r.StatusCode, r.text, a.asked)
		}
		if r = s.do(c.method, "/api/v1"+c.path, c.body, signed); c.method != "GET" && r.StatusCode != 403 {
			t.Errorf("%s %s by the configured token: %d", c.method, c.path, r.StatusCode)
		}
		if again := s.do(c.method, "/api/v1"+c.path, c.body); again.StatusCode != 401 {
			t.Errorf("%s %s by nobody: %d", c.method, c.path, again.StatusCode)
		}
	}
	if n := len(l.deeds); n > 0 {
		t.Errorf("%d deeds are written down twice", n)
	}
	for _, c := range []struct {
		err    error
		status int
		field  string
	}{
		{people.ErrDenied, 422, "password"},
		{fmt.Errorf("password: %w: must have at least 8 characters", people.ErrInvalid), 422, "new_password"},
		{fmt.Errorf("second factor: %w: there is one", people.ErrInvalid), 409, ""},
		{people.ErrChanged, 409, ""},
		{people.ErrSignedOut, 401, ""},
	} {
		a.err = c.err
		r := s.do("POST", "/api/v1/account/password", `{"password":"a","new_password":"b"}`, who)
		if r.StatusCode != c.status || r.problem.Field != c.field {
			t.Errorf("%v: %d %s", c.err, r.StatusCode, r.text)
		}
	}
}

// TestSessionsAreNotRepeated: the answer to a command with a key is kept for its repetition,
// but not one that holds a session.
func TestSessionsAreNotRepeated(t *testing.T) {
	s, a, _ := withAccounts(t)
	for range 2 {
		r := s.do("POST", "/api/v1/account/password", `{"password":"a","new_password":"b"}`, "X-Role: ja", keyHeader+": k")
		if r.StatusCode != 200 || r.Header.Get("Idempotency-Replayed") != "" {
			t.Errorf("%d %v", r.StatusCode, r.Header)
		}
	}
	if len(a.asked) != 2 {
		t.Errorf("asked %q", a.asked)
	}
}

// TestOtherSitesDoNotSignIn: nor out. A page elsewhere can make a browser send both.
func TestOtherSitesDoNotSignIn(t *testing.T) {
	s, a, _ := withAccounts(t)
	for _, method := range []string{"POST", "DELETE"} {
		r := s.do(method, "/api/v1/session", rightSignIn, "X-Role: ja", "Sec-Fetch-Site: cross-site")
		if r.StatusCode != 403 || len(a.asked) > 0 {
			t.Errorf("%s: %d, asked %q", method, r.StatusCode, a.asked)
		}
	}
}
