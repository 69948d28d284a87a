package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline/people"
)

// staff is a Staff of one user and one token that notes what it is asked to do.
type staff struct {
	err   error
	asked []string
	seen  AuditFilter
}

func (f *staff) ask(by people.Principal, what string, of ...any) error {
	if f.err == nil {
		f.asked = append(f.asked, strings.TrimSpace(fmt.Sprintln(append([]any{by.Name + by.User, what}, of...)...)))
	}
	return f.err
}

func wang() people.User {
	return people.User{
		ID: "0f3a", Name: "wang", Display: "王芳", Roles: []people.Role{people.Senior}, Agent: exampleAgent, Version: 3,
		Created: exampleTime(),
	}
}

func (f *staff) Users(context.Context) ([]people.User, error) { return []people.User{wang()}, f.err }

func (f *staff) User(_ context.Context, id string) (people.User, error) {
	if id != "0f3a" {
		return people.User{}, people.ErrUnknown
	}
	return wang(), nil
}

func (f *staff) Add(_ context.Context, by people.Principal, u people.User) (people.User, string, error) {
	err := f.ask(by, "add", u.Name, u.Roles, u.Disabled)
	u.ID, u.Version = "0f3b", 1
	return u, "one-time", err
}

func (f *staff) Save(_ context.Context, by people.Principal, u people.User) (people.User, error) {
	err := f.ask(by, "save", u.ID, u.Version, u.Name, u.Roles, u.Team, u.Disabled, u.Created.Equal(exampleTime()))
	u.Version++
	return u, err
}

func (f *staff) ResetPassword(_ context.Context, by people.Principal, id string) (string, error) {
	return "one-time", f.ask(by, "password", id)
}

func (f *staff) ResetTOTP(_ context.Context, by people.Principal, id string) error {
	return f.ask(by, "second factor", id)
}

func (f *staff) EndAll(_ context.Context, by people.Principal, id string) error {
	return f.ask(by, "sign out", id)
}

func (f *staff) MachineTokens(context.Context) ([]people.Token, error) {
	return []people.Token{{ID: "9b1d", Name: "wall", Hash: "hash-of-it", Roles: []people.Role{people.Statistics}}}, f.err
}

func (f *staff) AddToken(_ context.Context, by people.Principal, t people.Token) (people.Token, string, error) {
	days := int(time.Until(t.Expires).Hours()/24 + 0.5)
	return t, "hlm_secret", f.ask(by, "token", t.Name, t.Roles, days)
}

func (f *staff) RemoveToken(_ context.Context, by people.Principal, id string) error {
	return f.ask(by, "no token", id)
}

func (f *staff) AuditEntries(_ context.Context, filter AuditFilter) ([]AuditEntry, error) {
	f.seen = filter
	var all []AuditEntry
	for seq := uint64(5); seq > 0; seq-- {
		if filter.Before == 0 || seq < filter.Before {
			all = append(all, AuditEntry{Seq: seq, Action: "x", Outcome: "allowed", Details: "{}"})
		}
	}
	return all[:min(len(all), filter.Limit)], f.err
}

// TestUsersByTheAPI: each command reaches the one whom it names, by the one who gives it, and
// is written down by who carries it out alone.
func TestUsersByTheAPI(t *testing.T) {
	s, l := withLedger(t)
	f := s.staff
	const admin = "X-Role: ad"
	for _, c := range []struct{ method, path, body, asked, has string }{
		{"GET", "/users", "", "", `"name":"wang"`},
		{"GET", "/users/0f3a", "", "", `"display":"王芳"`},
		{
			"POST", "/users", `{"name":"li","roles":["ja"],"agent":"a1002","disabled":true}`, "u-ad add li [ja] false",
			`"password":"one-time"`,
		},
		{
			"PUT", "/users/0f3a", `{"name":"wang","roles":["su","ja"],"team":"晚班","disabled":true}`,
			"u-ad save 0f3a 3 wang [su ja] 晚班 true true", `"disabled":true`,
		},
		{"POST", "/users/0f3a/password", `{}`, "u-ad password 0f3a", `"password":"one-time"`},
		{"DELETE", "/users/0f3a/sessions", "", "u-ad sign out 0f3a", ""},
		{"GET", "/tokens", "", "", `"name":"wall"`},
		{"POST", "/tokens", `{"name":"bi","roles":["st"],"days":30}`, "u-ad token bi [st] 30", `"token":"hlm_secret"`},
		{"DELETE", "/tokens/9b1d", "", "u-ad no token 9b1d", ""},
	} {
		f.asked, l.deeds = nil, nil
		r := s.do(c.method, "/api/v1"+c.path, c.body, admin, `If-Match: "3"`)
		if got := strings.Join(f.asked, "; "); r.StatusCode >= 300 || got != c.asked ||
			!strings.Contains(r.text, c.has) || strings.Contains(r.text, "hash-of-it") {
			t.Errorf("%s %s: %d %s, asked %q, want %q", c.method, c.path, r.StatusCode, r.text, got, c.asked)
		}
		if len(l.deeds) > 0 {
			t.Errorf("%s %s is written down twice", c.method, c.path)
		}
	}
	f.asked = nil
	s.do("POST", "/api/v1/users/0f3a/password", `{"second_factor":true}`, signed)
	if want := []string{"rootroot second factor 0f3a", "rootroot password 0f3a"}; !slices.Equal(f.asked, want) {
		t.Errorf("by the configured token: %q, want %q", f.asked, want)
	}
}

// TestUsersAreChangedByWhoReadThem: a change of what somebody else changed meanwhile is
// refused, and each refusal says what it is about.
func TestUsersAreChangedByWhoReadThem(t *testing.T) {
	s, _ := withLedger(t)
	const body, path = `{"name":"wang","roles":[]}`, "/api/v1/users/0f3a"
	if tag := s.do("GET", path, "", signed).Header.Get("ETag"); tag != `"3"` {
		t.Errorf("ETag %s", tag)
	}
	for match, want := range map[string]int{"": 428, `"2"`: 412, `"3"`: 200} {
		header := []string{signed}
		if match != "" {
			header = append(header, "If-Match: "+match)
		}
		if r := s.do("PUT", path, body, header...); r.StatusCode != want {
			t.Errorf("If-Match %s: %d %s", match, r.StatusCode, r.text)
		}
	}
	for _, c := range []struct {
		err    error
		status int
		field  string
	}{
		{people.ErrChanged, 412, "If-Match"},
		{fmt.Errorf("user wang: %w", people.ErrTaken), 409, ""},
		{people.ErrLastAdministrator, 409, ""},
		{fmt.Errorf("skills: %w: only a user who is an agent has skills", people.ErrInvalid), 422, "skills"},
		{fmt.Errorf("%w: role: none", people.ErrInvalid), 422, "roles"},
		{people.ErrNotAudited, 503, ""},
		{errors.New("dial /run/secret.sock"), 500, ""},
	} {
		s.staff.err = c.err
		r := s.do("PUT", path, body, signed, `If-Match: "3"`)
		if r.StatusCode != c.status || r.problem.Field != c.field || strings.Contains(r.text, "secret") {
			t.Errorf("%v: %d %s", c.err, r.StatusCode, r.text)
		}
	}
	s.staff.err = people.ErrChanged
	for _, deed := range []string{"POST " + path + "/password", "DELETE " + path + "/sessions"} { // these name no version
		method, at, _ := strings.Cut(deed, " ")
		if r := s.do(method, at, `{"second_factor":true}`, signed); r.StatusCode != 409 || r.problem.Field != "" {
			t.Errorf("%s beside another: %d %s", deed, r.StatusCode, r.text)
		}
	}
	s.staff.err = nil
	if r := s.do("GET", "/api/v1/users/none", "", signed); r.StatusCode != 404 || r.problem.Field != "user" {
		t.Errorf("an unknown one: %d %s", r.StatusCode, r.text)
	}
	r := s.do("POST", "/api/v1/users", `{"name":"x","roles":[],"agent":"nobody"}`, signed)
	if r.StatusCode != http.StatusUnprocessableEntity || r.problem.Field != "agent" {
		t.Errorf("an agent of nobody: %d %s", r.StatusCode, r.text)
	}
}

// TestAuditPageByPage: every entry comes once, and that it was read is itself written down.
func TestAuditPageByPage(t *testing.T) {
	s, l := withLedger(t)
	var got []uint64
	path := "/api/v1/audit?limit=2&actor=wang&action=user.&object=o&outcome=denied&from=2026-01-01T00:00:00Z&" +
		"to=2026-01-02T00:00:00Z"
	for cursor := ""; ; {
		r := s.do("GET", path+cursor, "", "X-Role: ad")
		var page auditAnswer
		if err := json.Unmarshal([]byte(r.text), &page); err != nil || r.StatusCode != 200 || len(got) > 5 {
			t.Fatalf("%d %s", r.StatusCode, r.text)
		}
		for _, e := range page.Entries {
			got = append(got, e.Seq)
		}
		if page.Next == "" {
			break
		}
		cursor = "&cursor=" + page.Next
	}
	if !slices.Equal(got, []uint64{5, 4, 3, 2, 1}) || len(l.deeds) != 3 || l.deeds[0].Operation != "listAudit" {
		t.Errorf("entries %v, deeds %+v", got, l.deeds)
	}
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	want := AuditFilter{
		From: day, To: day.AddDate(0, 0, 1), Actor: "wang", Action: "user.", Object: "o", Outcome: "denied",
		Before: 2, Limit: 3,
	}
	if s.staff.seen != want {
		t.Errorf("asked %+v, want %+v", s.staff.seen, want)
	}
	if r := s.do("GET", "/api/v1/audit?cursor=x", "", signed); r.StatusCode != 422 {
		t.Errorf("a cursor of nothing: %d", r.StatusCode)
	}
}
