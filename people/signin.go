package people

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

var (
	// ErrDenied is the one answer to a wrong name, password or code, to a user who is
	// disabled and to a one-time password that is too old: a stranger learns nothing from it.
	ErrDenied = errors.New("name, password or code is wrong")
	// ErrCodeNeeded is returned for a right password of a user who has a second factor: the
	// same sign-in has to come again with a code.
	ErrCodeNeeded = errors.New("a code of the second factor is needed")
	// ErrSignedOut is returned for a token of no session: it never was one or is over.
	ErrSignedOut = errors.New("not signed in")
)

// TooManyError is returned while too many wrong guesses keep a name or an address closed.
type TooManyError struct{ After time.Duration }

// Error says how long to wait.
func (e TooManyError) Error() string {
	return fmt.Sprintf("too many wrong attempts: try again after %s", e.After.Round(time.Second))
}

// SignIn is what somebody shows at the door.
type SignIn struct {
	Name, Password string
	Code           string // of the second factor, or a recovery code; "" = none yet
	Address        string // IP address it comes from
	Client         string // what the browser says it is
}

// Signed is a session that has begun.
type Signed struct {
	Token     string // for the cookie; it is shown here and stored nowhere
	Session   Session
	Principal Principal
}

// SignIn begins a session. The errors are ErrDenied, ErrCodeNeeded, TooManyError, ErrBusy,
// ErrNotAudited, or a fault of the store.
func (s *Service) SignIn(ctx context.Context, in SignIn) (Signed, error) {
	name := shortened(NormalName(in.Name), 64)
	by := Principal{Address: in.Address, Client: shortened(in.Client, 200)}
	begun, err := s.begin(ctx, name, by, "sign_in")
	if err != nil {
		return Signed{}, err
	}
	defer begun.neutral()
	a, why, err := s.examine(ctx, name, in)
	if err != nil {
		return Signed{}, err
	}
	if why != "" {
		begun.wrong()
		return Signed{}, errors.Join(ErrDenied, s.note(ctx, denied(by, "sign_in", a.User, why)))
	}
	by.User, by.Name = a.ID, a.Name
	if err := s.note(ctx, allowed(by, "sign_in", a.User)); err != nil {
		return Signed{}, err
	}
	if err := s.renew(ctx, &a, in.Password); err != nil {
		return Signed{}, err
	}
	signed, err := s.open(ctx, a, by)
	if err == nil {
		begun.right()
	}
	return signed, err
}

// examine looks at name, password and code. An unknown name takes the same way as a known
// one: the work of a comparison, one answer.
func (s *Service) examine(ctx context.Context, name string, in SignIn) (a Account, why string, err error) {
	a, err = s.store.AccountNamed(ctx, name)
	if err != nil && !errors.Is(err, ErrUnknown) {
		return a, "", err
	}
	right, err := s.opt.Hasher.Verify(ctx, shortened(in.Password, 4*mostPassword), a.Password)
	if err != nil {
		return a, "", err
	}
	if why = s.whyNot(a, right); why != "" || a.TOTP == "" {
		return a, why, nil
	}
	if strings.TrimSpace(in.Code) == "" {
		return a, "", ErrCodeNeeded
	}
	good, err := s.useCode(ctx, &a, in.Code)
	if err == nil && !good {
		why = "wrong code"
	}
	return a, why, err
}

// whyNot is the reason, for the log alone, why an account stays closed; "" when it opens.
// What the stranger typed as a name is not repeated: it may be a password.
func (s *Service) whyNot(a Account, right bool) string {
	switch {
	case a.ID == "":
		return "unknown name"
	case !right:
		return "wrong password"
	case a.Disabled:
		return "disabled"
	case !a.Until.IsZero() && s.now().After(a.Until):
		return "one-time password too old"
	}
	return ""
}

// begin starts a guess at what somebody proves himself with.
func (s *Service) begin(ctx context.Context, name string, by Principal, action string) (*attempt, error) {
	begun, wait, first := s.throttle.begin(name, by.Address)
	if begun != nil {
		return begun, nil
	}
	err := error(TooManyError{After: wait})
	if first {
		err = errors.Join(err, s.note(ctx, Act{
			By: by, Action: action, Outcome: Denied,
			Details: map[string]string{"reason": "too many wrong attempts", "wait": wait.Round(time.Second).String()},
		}))
	}
	return nil, err
}

// renew stores the password's hash anew when it was made at another cost.
func (s *Service) renew(ctx context.Context, a *Account, password string) error {
	if !s.opt.Hasher.Stale(a.Password) {
		return nil
	}
	hash, err := s.opt.Hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	c := a.Credentials
	c.Password = hash
	switch err := s.store.SaveCredentials(ctx, a.ID, c); {
	case errors.Is(err, ErrChanged): // then the next sign-in does it
	case err != nil:
		return err
	default:
		c.Revision++
		a.Credentials = c
	}
	return nil
}

// shortened cuts a text that a stranger sent to some bytes and takes away what could
// disturb a log.
func shortened(text string, most int) string {
	if len(text) > most {
		text = text[:most]
	}
	text = strings.ToValidUTF8(text, "?")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, text)
}
