package people_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"hotline/people"
)

func TestSignInRefuses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire(t, wang())
	off := o.hire(t, people.User{Name: "off"})
	u, err := o.User(t.Context(), off.Principal.User)
	if err != nil {
		t.Fatal(err)
	}
	u.Disabled = true
	if _, err := o.Save(t.Context(), o.admin, u); err != nil {
		t.Fatal(err)
	}
	_, once, err := o.Add(t.Context(), o.admin, people.User{Name: "late"})
	if err != nil {
		t.Fatal(err)
	}
	o.clock.pass(73 * time.Hour)
	for name, in := range map[string]people.SignIn{
		"wrong password":            {Name: "wang", Password: "wrong"},
		"no password":               {Name: "wang"},
		"no name":                   {Password: password},
		"unknown name":              {Name: "wan", Password: password},
		"disabled":                  {Name: "off", Password: password},
		"one-time password too old": {Name: "late", Password: once},
		"bytes that are no text":    {Name: "\xff\x00", Password: "\x00"},
		"a password without an end": {Name: "wang", Password: strings.Repeat(password, 10_000)},
		"a password and more":       {Name: "wang", Password: password + " "},
		"name as by SQL":            {Name: "wang' OR '1'='1", Password: "' OR '1'='1"},
	} {
		in.Address = "192.0.2.9"
		before := o.log.refused()
		signed, err := o.SignIn(t.Context(), in)
		if !errors.Is(err, people.ErrDenied) || signed.Token != "" {
			t.Errorf("%s: %v, want ErrDenied", name, err)
		}
		if after := o.log.refused(); after != before+1 {
			t.Errorf("%s: %d entries of the audit log", name, after-before)
		}
	}
	if _, err := o.SignIn(t.Context(), people.SignIn{Name: " WANG ", Password: password}); err != nil {
		t.Errorf("the right password: %v", err)
	}
	o.log.mu.Lock()
	defer o.log.mu.Unlock()
	for _, a := range o.log.acts {
		texts := []string{a.Object, a.By.Name}
		for _, detail := range a.Details {
			texts = append(texts, detail)
		}
		for _, text := range texts {
			if strings.Contains(text, password) || strings.Contains(text, once) || strings.Contains(text, "OR '1'") {
				t.Errorf("%s has what was typed: %q", a.Action, text)
			}
		}
	}
}

// TestGuessingIsSlowed: after wrong ones the right password has to wait, too, and is taken
// after that; the log has one entry for the closing, not one for each knock.
func TestGuessingIsSlowed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire(t, wang())
	for range 5 {
		_, err := o.SignIn(t.Context(), people.SignIn{Name: "wang", Password: "wrong"})
		if !errors.Is(err, people.ErrDenied) {
			t.Fatal(err)
		}
	}
	denied := o.log.refused()
	var tooMany people.TooManyError
	for range 10 {
		_, err := o.SignIn(t.Context(), people.SignIn{Name: "wang", Password: password})
		if !errors.As(err, &tooMany) || tooMany.After != time.Second {
			t.Fatalf("after five wrong ones: %v, want a second to wait", err)
		}
	}
	if n := o.log.refused() - denied; n != 1 || o.Stats().Throttled != 10 {
		t.Errorf("%d entries, %d counted; want 1 and 10", n, o.Stats().Throttled)
	}
	o.clock.pass(time.Second)
	o.signIn(t, "wang", password)
}

// TestOneTimePasswordOpensNoRights until a password of one's own takes its place.
func TestOneTimePasswordOpensNoRights(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, once, err := o.Add(t.Context(), o.admin, wang())
	if err != nil {
		t.Fatal(err)
	}
	signed := o.signIn(t, "wang", once)
	for _, p := range []people.Principal{signed.Principal, o.who(t, signed)} {
		if !p.MustChange || len(p.Roles) != 0 {
			t.Errorf("with a one-time password %+v", p)
		}
	}
	for name, fresh := range map[string]string{"the same": once, "too short": "a1b2c3d", "common": "Password123!"} {
		if _, err := o.ChangePassword(t.Context(), signed.Principal, once, fresh); !errors.Is(err, people.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if _, err := o.ChangePassword(t.Context(), signed.Principal, "wrong", password); !errors.Is(err, people.ErrDenied) {
		t.Errorf("a wrong old password: %v, want ErrDenied", err)
	}
	signed, err = o.ChangePassword(t.Context(), signed.Principal, once, password)
	if err != nil {
		t.Fatal(err)
	}
	if p := o.who(t, signed); p.MustChange || !slices.Equal(p.Roles, []people.Role{people.Junior, people.Senior}) {
		t.Errorf("with a password of his own %+v", p)
	}
	if _, err := o.SignIn(t.Context(), people.SignIn{Name: "wang", Password: once}); !errors.Is(err, people.ErrDenied) {
		t.Errorf("the one-time password again: %v", err)
	}
}

// enrol gives a user a second factor and returns its secret and the recovery codes.
func (o *office) enrol(t *testing.T, signed people.Signed) (string, []string, people.Signed) {
	t.Helper()
	factor, err := o.OfferTOTP(t.Context(), signed.Principal, password)
	if err != nil {
		t.Fatal(err)
	}
	codes, again, err := o.ConfirmTOTP(t.Context(), signed.Principal, o.code(t, factor.Secret))
	if err != nil {
		t.Fatal(err)
	}
	return factor.Secret, codes, again
}

func (o *office) code(t *testing.T, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, o.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first := o.hire(t, wang())
	if _, _, err := o.ConfirmTOTP(t.Context(), first.Principal, "000000"); !errors.Is(err, people.ErrCode) {
		t.Errorf("a code without an offer: %v", err)
	}
	secret, codes, signed := o.enrol(t, first)
	if o.alive(t, first) == nil || o.alive(t, signed) != nil {
		t.Error("not the session with the second factor alone lives")
	}
	try := func(what, code string, want error) {
		t.Helper()
		_, err := o.SignIn(t.Context(), people.SignIn{Name: "wang", Password: password, Code: code})
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	try("no code", " ", people.ErrCodeNeeded)
	try("the code that confirmed it", o.code(t, secret), people.ErrDenied)
	o.clock.pass(30 * time.Second)
	now := o.code(t, secret)
	try("a good code", now[:3]+" "+now[3:], nil)
	try("the same code again", now, people.ErrDenied)
	o.clock.pass(30 * time.Second)
	old := o.code(t, secret)
	o.clock.pass(2 * time.Minute)
	try("an old code", old, people.ErrDenied)
	try("a recovery code", strings.ToUpper(codes[3]), nil)
	try("a recovery code again", codes[3], people.ErrDenied)
	if err := o.ResetTOTP(t.Context(), o.admin, signed.Principal.User); err != nil {
		t.Fatal(err)
	}
	try("after a reset", "", nil)
}

// TestCodeIsUsedOnce: of many sign-ins with one code at the same moment one goes through.
func TestCodeIsUsedOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	secret, codes, _ := o.enrol(t, o.hire(t, wang()))
	for _, code := range []func() string{
		func() string { return o.code(t, secret) },
		func() string { return codes[0] },
	} {
		o.clock.pass(2 * time.Hour)
		var wait sync.WaitGroup
		in := people.SignIn{Name: "wang", Password: password, Code: code()}
		good := make(chan bool, 4)
		for range cap(good) {
			wait.Go(func() {
				_, err := o.SignIn(t.Context(), in)
				good <- err == nil
			})
		}
		wait.Wait()
		close(good)
		n := 0
		for ok := range good {
			if ok {
				n++
			}
		}
		if n != 1 {
			t.Errorf("one code signed in %d times", n)
		}
	}
}

// TestDemandedSecondFactor: a role that demands one is worth nothing before it is there.
func TestDemandedSecondFactor(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(o *people.Options) { o.SecondFactor = []people.Role{people.Senior} })
	signed := o.hire(t, wang())
	if p := o.who(t, signed); !p.MustEnroll || len(p.Roles) != 0 {
		t.Errorf("a senior without second factor is %+v", p)
	}
	_, _, signed = o.enrol(t, signed)
	if p := o.who(t, signed); p.MustEnroll || len(p.Roles) != 2 {
		t.Errorf("a senior with second factor is %+v", p)
	}
	if p := o.who(t, o.hire(t, people.User{Name: "li", Roles: []people.Role{people.Junior}})); p.MustEnroll {
		t.Errorf("a junior is asked for it: %+v", p)
	}
}

// TestNothingWithoutTheLog: what cannot be noted is not done.
func TestNothingWithoutTheLog(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	signed := o.hire(t, wang())
	u, err := o.User(t.Context(), signed.Principal.User)
	if err != nil {
		t.Fatal(err)
	}
	o.log.mu.Lock()
	o.log.broken = errors.New("disk full")
	o.log.mu.Unlock()
	ctx, changed := t.Context(), u
	changed.Team = "晚班"
	for name, act := range map[string]func() error{
		"sign-in": func() error {
			_, err := o.SignIn(ctx, people.SignIn{Name: "wang", Password: password})
			return err
		},
		"add":    func() error { _, _, err := o.Add(ctx, o.admin, people.User{Name: "li"}); return err },
		"save":   func() error { _, err := o.Save(ctx, o.admin, changed); return err },
		"reset":  func() error { _, err := o.ResetPassword(ctx, o.admin, u.ID); return err },
		"change": func() error { _, err := o.ChangePassword(ctx, signed.Principal, password, "another one"); return err },
	} {
		if err := act(); !errors.Is(err, people.ErrNotAudited) {
			t.Errorf("%s: %v, want ErrNotAudited", name, err)
		}
	}
	users, err := o.Users(ctx)
	if err != nil || len(users) != 2 || users[1].Team != u.Team || o.alive(t, signed) != nil {
		t.Errorf("something was done: %+v, %v", users, err)
	}
}
