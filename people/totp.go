package people

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

const (
	totpPeriod    = 30 // seconds
	totpSkew      = 1  // steps by which a telephone's clock may be wrong
	recoveryCodes = 10
)

// ErrCode is returned for a code that does not confirm a second factor.
var ErrCode = errors.New("the code is wrong, or was used before")

// stepOf returns the time step whose code it is, and false when there is none or one that
// is not after the last step used: a code that somebody saw is of no use to him (ASVS 6.5.1).
func stepOf(secret, code string, now time.Time, last int64) (int64, bool) {
	code = plainCode(code)
	this := now.Unix() / totpPeriod
	for step := this - totpSkew; step <= this+totpSkew; step++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(step), hotp.ValidateOpts{
			Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
		})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && step > last {
			return step, true
		}
	}
	return 0, false
}

// useCode takes a code of the second factor, or a recovery code, off an account. It
// reports false when the code is wrong or used.
func (s *Service) useCode(ctx context.Context, a *Account, code string) (bool, error) {
	c := a.Credentials
	if step, ok := stepOf(c.TOTP, code, s.now(), c.Step); ok {
		c.Step = step
	} else if at := slices.Index(c.Recovery, hashOf(plainCode(code))); at >= 0 {
		c.Recovery = slices.Delete(slices.Clone(c.Recovery), at, at+1)
	} else {
		return false, nil
	}
	switch err := s.store.SaveCredentials(ctx, a.ID, c); {
	case errors.Is(err, ErrChanged):
		return false, nil // somebody used it at the same moment
	case err != nil:
		return false, err
	}
	c.Revision++
	a.Credentials = c
	return true, nil
}

// Factor is a second factor that is offered to a user.
type Factor struct {
	Secret string // base32, for typing it in
	URL    string // otpauth://, for a picture that a telephone reads
}

// OfferTOTP makes a secret for the user's telephone. It counts only when ConfirmTOTP has
// seen a code of it. ErrDenied when the password is wrong: who finds a screen that is left
// open must not bind it to a telephone of his own.
func (s *Service) OfferTOTP(ctx context.Context, by Principal, password string) (Factor, error) {
	a, err := s.proven(ctx, by, password, "totp.offer")
	if err != nil {
		return Factor{}, err
	}
	if a.TOTP != "" {
		return Factor{}, fmt.Errorf("second factor: %w: there is one; it has to be reset first", ErrInvalid)
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: s.opt.Issuer, AccountName: a.Name, Period: totpPeriod})
	if err != nil {
		return Factor{}, fmt.Errorf("second factor: %w", err)
	}
	a.Pending = key.Secret()
	if err := s.store.SaveCredentials(ctx, a.ID, a.Credentials); err != nil {
		return Factor{}, err
	}
	return Factor{Secret: key.Secret(), URL: key.URL()}, nil
}

// ConfirmTOTP makes the offered secret the user's second factor when the code is one of it,
// and returns recovery codes, which are shown once. Every session of the user is over, since
// it began without the second factor; the one that is returned takes the place of his.
func (s *Service) ConfirmTOTP(ctx context.Context, by Principal, code string) ([]string, Signed, error) {
	a, err := s.own(ctx, by)
	if err != nil {
		return nil, Signed{}, err
	}
	begun, err := s.begin(ctx, a.Name, by, "totp.confirm")
	if err != nil {
		return nil, Signed{}, err
	}
	defer begun.neutral()
	step, ok := stepOf(a.Pending, code, s.now(), a.Step)
	if a.Pending == "" || !ok {
		begun.wrong()
		return nil, Signed{}, errors.Join(ErrCode, s.note(ctx, denied(by, "totp.confirm", a.User, "wrong code")))
	}
	c, codes := a.Credentials, make([]string, recoveryCodes)
	c.TOTP, c.Pending, c.Step, c.Recovery = a.Pending, "", step, nil
	c.Epoch++
	for i := range codes {
		codes[i] = readableSecret(2)
		c.Recovery = append(c.Recovery, hashOf(plainCode(codes[i])))
	}
	err = s.do(ctx, allowed(by, "totp.confirm", a.User), func() error {
		return s.store.SaveCredentials(ctx, a.ID, c)
	})
	if err != nil {
		return nil, Signed{}, err
	}
	a.Credentials = c
	signed, err := s.open(ctx, a, by)
	return codes, signed, err
}

// ResetTOTP takes the second factor away from a user who lost his telephone. His sessions
// are over.
func (s *Service) ResetTOTP(ctx context.Context, by Principal, id string) error {
	a, err := s.store.Account(ctx, id)
	if err != nil {
		return err
	}
	c := a.Credentials
	c.TOTP, c.Pending, c.Recovery = "", "", nil
	c.Epoch++
	return s.do(ctx, allowed(by, "totp.reset", a.User), func() error {
		return s.store.SaveCredentials(ctx, id, c)
	})
}

// demands reports whether a user must have a second factor.
func (s *Service) demands(u User) bool {
	return slices.ContainsFunc(s.opt.SecondFactor, func(r Role) bool { return slices.Contains(u.Roles, r) })
}
