package people_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"hotline/people"
)

// TestStolenCookieIsDead: whoever has copied a cookie has nothing any more after each of these.
func TestStolenCookieIsDead(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(o *office, p people.Principal) error{
		"sign-out":            func(o *office, p people.Principal) error { return o.SignOut(t.Context(), p) },
		"sign-out everywhere": func(o *office, p people.Principal) error { return o.EndAll(t.Context(), p, p.User) },
		"administrator's kill": func(o *office, p people.Principal) error {
			return o.EndSession(t.Context(), o.admin, p.User, p.Session)
		},
		"disabled and enabled": func(o *office, p people.Principal) error {
			u, err := o.User(t.Context(), p.User)
			for _, disabled := range []bool{true, false} {
				if err == nil {
					u.Disabled = disabled
					u, err = o.Save(t.Context(), o.admin, u)
				}
			}
			return err
		},
		"password change": func(o *office, p people.Principal) error {
			_, err := o.ChangePassword(t.Context(), p, password, "another good one")
			return err
		},
		"password reset": func(o *office, p people.Principal) error {
			_, err := o.ResetPassword(t.Context(), o.admin, p.User)
			return err
		},
		"second factor reset": func(o *office, p people.Principal) error { return o.ResetTOTP(t.Context(), o.admin, p.User) },
		"idle":                func(o *office, _ people.Principal) error { o.clock.pass(30 * time.Minute); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			signed := o.hire(t, wang())
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
			r.AddCookie(people.Cookie(signed))
			if p, err := o.gate.Who(r, false); err != nil || p.User != signed.Principal.User {
				t.Fatalf("before: %+v, %v", p, err)
			}
			if err := act(o, signed.Principal); err != nil {
				t.Fatal(err)
			}
			if p, err := o.gate.Who(r, false); !errors.Is(err, people.ErrSignedOut) || p.Known() {
				t.Errorf("the cookie opens for %+v, %v", p, err)
			}
			list, err := o.Sessions(t.Context(), signed.Principal.User)
			for _, s := range list {
				if s.ID == signed.Session.ID {
					t.Error("the session is still listed")
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSignInGivesANewToken, and so does a change of password; what is stored opens nothing.
func TestSignInGivesANewToken(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first := o.hire(t, wang())
	second := o.signIn(t, "wang", password)
	third, err := o.ChangePassword(t.Context(), second.Principal, password, "another good one")
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string]bool{first.Token: true, second.Token: true, third.Token: true}
	if len(tokens) != 3 || len(third.Token) < 43 {
		t.Errorf("tokens are not three of 256 bits: %v", tokens)
	}
	if o.alive(t, first) == nil || o.alive(t, second) == nil || o.alive(t, third) != nil {
		t.Error("not the last one alone opens")
	}
	if _, err := o.Who(t.Context(), third.Session.Hash, people.Principal{}); !errors.Is(err, people.ErrSignedOut) {
		t.Errorf("what is stored opens: %v", err)
	}
}

func TestSessionsLiveWithUseAndEnd(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	signed := o.hire(t, wang())
	for begin := o.clock.Now(); o.clock.Now().Sub(begin) < 11*time.Hour; o.clock.pass(20 * time.Minute) {
		if err := o.alive(t, signed); err != nil {
			t.Fatalf("used every 20 minutes, dead after %s", o.clock.Now().Sub(begin))
		}
	}
	for range 5 {
		o.clock.pass(15 * time.Minute)
		_ = o.alive(t, signed)
	}
	if o.alive(t, signed) == nil {
		t.Error("used all the time it lives longer than its longest")
	}
	if n, err := o.Sweep(t.Context()); err != nil || n < 1 {
		t.Errorf("%d dead sessions swept, %v", n, err)
	}
}

func TestOwnSessionsAreListedAndBounded(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	signed := o.hire(t, wang())
	other := o.hire(t, people.User{Name: "li", Roles: []people.Role{people.Junior}})
	o.clock.pass(time.Second)
	second := o.signIn(t, "wang", password)
	list, err := o.Sessions(t.Context(), signed.Principal.User)
	if err != nil || len(list) != 2 || list[0].ID != second.Session.ID || list[1].ID != signed.Session.ID {
		t.Fatalf("sessions %+v, %v", list, err)
	}
	if list[0].Hash != "" || list[0].Address != "192.0.2.1" {
		t.Errorf("listed as %+v", list[0])
	}
	err = o.EndSession(t.Context(), signed.Principal, signed.Principal.User, other.Session.ID)
	if !errors.Is(err, people.ErrUnknown) || o.alive(t, other) != nil {
		t.Errorf("ended the session of another user as one's own: %v", err)
	}
	for range 25 {
		o.clock.pass(time.Second)
		o.signIn(t, "wang", password)
	}
	if list, err = o.Sessions(t.Context(), signed.Principal.User); err != nil || len(list) != 20 {
		t.Errorf("%d sessions, %v; want 20", len(list), err)
	}
	if o.alive(t, signed) == nil {
		t.Error("the oldest is still there")
	}
}

// TestLookingIsNoUse: a screen that is left open does not keep its session alive.
func TestLookingIsNoUse(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	signed := o.hire(t, wang())
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	r.AddCookie(people.Cookie(signed))
	for range 2 {
		o.clock.pass(14 * time.Minute)
		if p, err := o.gate.Who(r, true); err != nil || p.User != signed.Principal.User {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	o.clock.pass(2 * time.Minute)
	if _, err := o.gate.Who(r, true); !errors.Is(err, people.ErrSignedOut) {
		t.Errorf("after 30 minutes without use: %v, want ErrSignedOut", err)
	}
}

// TestAddressIsThatOfTheCaller: what a proxy of ours says is believed, from its end on, and
// what anybody else says is not.
func TestAddressIsThatOfTheCaller(t *testing.T) {
	t.Parallel()
	gate := people.NewGate(nil, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")})
	for _, c := range []struct{ remote, forwarded, want string }{
		{"192.0.2.7:99", "", "192.0.2.7"},
		{"192.0.2.7:99", "203.0.113.1", "192.0.2.7"},
		{"127.0.0.1:99", "203.0.113.1", "203.0.113.1"},
		{"127.0.0.1:99", "198.51.100.9, 203.0.113.1, 10.1.1.1", "203.0.113.1"},
		{"127.0.0.1:99", "203.0.113.1, nonsense", "127.0.0.1"},
		{"[::ffff:127.0.0.1]:99", "2001:db8::1", "2001:db8::1"},
		{"127.0.0.1:99", "", "127.0.0.1"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := gate.From(r).Address; got != c.want {
			t.Errorf("%s forwarded for %q is %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}

// TestRightsHoldAtOnce: a change of a user is true for his next request.
func TestRightsHoldAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	signed := o.hire(t, wang())
	u, err := o.User(t.Context(), signed.Principal.User)
	if err != nil {
		t.Fatal(err)
	}
	u.Roles, u.Team, u.Agent = []people.Role{people.Inspector}, "质检", ""
	if _, err := o.Save(t.Context(), o.admin, u); err != nil {
		t.Fatal(err)
	}
	p, err := o.Who(t.Context(), signed.Token, people.Principal{Address: "198.51.100.7"})
	want := people.Principal{
		User: u.ID, Name: "wang", Roles: []people.Role{people.Inspector}, Team: "质检", Session: signed.Session.ID,
		Address: "198.51.100.7",
	}
	if err != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("principal %+v, %v; want %+v", p, err, want)
	}
}

// TestMachinesRead and do nothing else, until their time is over or they are taken back.
func TestMachinesRead(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	made, secret, err := o.AddToken(t.Context(), o.admin, people.Token{
		Name: "wallboard", Roles: []people.Role{people.Statistics}, Expires: o.clock.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(token string) (people.Principal, error) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.Header.Set("Authorization", "Bearer "+token)
		return o.gate.Who(r, false)
	}
	p, err := ask(secret)
	if err != nil || !p.Machine || p.Name != "wallboard" || !p.Has(people.Statistics) || p.Has(people.Administrator) {
		t.Errorf("reading: %+v, %v", p, err)
	}
	if _, err := o.OfferTOTP(t.Context(), p, password); !errors.Is(err, people.ErrSignedOut) {
		t.Errorf("a machine has an account: %v", err)
	}
	for _, wrong := range []string{"", "hlm_", secret + "x", made.ID} {
		if _, err := ask(wrong); !errors.Is(err, people.ErrSignedOut) {
			t.Errorf("%q: %v, want ErrSignedOut", wrong, err)
		}
	}
	if all, err := o.MachineTokens(t.Context()); err != nil || len(all) != 1 || all[0].Used.IsZero() || all[0].Hash != "" {
		t.Errorf("tokens %+v, %v", all, err)
	}
	o.clock.pass(time.Hour)
	if _, err := ask(secret); !errors.Is(err, people.ErrSignedOut) {
		t.Errorf("after its time: %v, want ErrSignedOut", err)
	}
	if err := o.RemoveToken(t.Context(), o.admin, made.ID); err != nil {
		t.Error(err)
	}
	if all, err := o.MachineTokens(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("after it was taken back: %+v, %v", all, err)
	}
}
