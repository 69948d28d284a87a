package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// oneTimeFor is how long a password works that somebody else made.
const oneTimeFor = 72 * time.Hour

// errNotFirst is for the log when two processes start at the same moment.
var errNotFirst = errors.New("another process made the first user")

// Add makes a user and returns him with a one-time password, which he has to change at his
// first sign-in.
func (s *Service) Add(ctx context.Context, by Principal, u User) (User, string, error) {
	a, password, err := s.fresh(ctx, u)
	if err != nil {
		return User{}, "", err
	}
	act := allowed(by, "user.add", a.User)
	act.Details = described(a.User)
	if err := s.do(ctx, act, func() error { return s.store.AddUser(ctx, a) }); err != nil {
		return User{}, "", err
	}
	return a.User, password, nil
}

// FirstUser is the name of the administrator that First makes.
const FirstUser = "admin"

// First makes the user FirstUser with all rights when there is no user at all, and returns his
// one-time password; "" when there are users already.
func (s *Service) First(ctx context.Context, by Principal) (string, error) {
	users, err := s.store.Users(ctx)
	if err != nil || len(users) > 0 {
		return "", err // the usual start: no work and no entry in the log
	}
	a, password, err := s.fresh(ctx, User{Name: FirstUser, Display: Administrator.Label(), Roles: []Role{Administrator}})
	if err != nil {
		return "", err
	}
	err = s.do(ctx, allowed(by, "user.first", a.User), func() error {
		made, err := s.store.AddFirst(ctx, a)
		if err == nil && !made {
			return errNotFirst
		}
		return err
	})
	if errors.Is(err, errNotFirst) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return password, nil
}

// fresh is a new account with a one-time password.
func (s *Service) fresh(ctx context.Context, u User) (Account, string, error) {
	u = u.Normal()
	u.ID, u.Created, u.Version = newID(), s.now().UTC().Truncate(time.Millisecond), 1
	if err := u.Valid(); err != nil {
		return Account{}, "", err
	}
	password := readableSecret(4)
	hash, err := s.opt.Hasher.Hash(ctx, password)
	if err != nil {
		return Account{}, "", err
	}
	return Account{User: u, Credentials: Credentials{
		Password: hash, MustChange: true, Until: s.now().Add(oneTimeFor), Epoch: 1, Revision: 1,
	}}, password, nil
}

// Users returns all users by name.
func (s *Service) Users(ctx context.Context) ([]User, error) { return s.store.Users(ctx) }

// User returns the user of an id, or ErrUnknown.
func (s *Service) User(ctx context.Context, id string) (User, error) {
	a, err := s.store.Account(ctx, id)
	return a.User, err
}

// UserNamed returns the user of a name, or ErrUnknown.
func (s *Service) UserNamed(ctx context.Context, name string) (User, error) {
	a, err := s.store.AccountNamed(ctx, NormalName(name))
	return a.User, err
}

// Save changes a user: name, display, roles, team, agent, skills, disabled. Rights hold at
// once, and somebody who is disabled is signed out at once. ErrChanged when the version is
// not the newest, ErrLastAdministrator when no administrator would be left.
func (s *Service) Save(ctx context.Context, by Principal, u User) (User, error) {
	u = u.Normal()
	if err := u.Valid(); err != nil {
		return User{}, err
	}
	old, err := s.User(ctx, u.ID)
	if err != nil {
		return User{}, err
	}
	before, after := described(old), described(u)
	act := allowed(by, "user.change", old)
	act.Details = map[string]string{}
	for field, text := range after {
		if text != before[field] {
			act.Details[field] = before[field] + " -> " + text
		}
	}
	saved := User{}
	err = s.do(ctx, act, func() error {
		saved, err = s.store.SaveUser(ctx, u)
		return err
	})
	return saved, err
}

// described are the fields of a user for the audit log.
func described(u User) map[string]string {
	roles := make([]string, len(u.Roles))
	for i, r := range u.Roles {
		roles[i] = string(r)
	}
	skills := make([]string, 0, len(u.Skills))
	for skill, level := range u.Skills {
		skills = append(skills, fmt.Sprintf("%s=%d", skill, level))
	}
	slices.Sort(skills)
	return map[string]string{
		"name": u.Name, "display": u.Display, "roles": strings.Join(roles, ","), "team": u.Team,
		"agent": string(u.Agent), "skills": strings.Join(skills, ","), "disabled": strconv.FormatBool(u.Disabled),
	}
}

// ResetPassword gives a user a one-time password and returns it. His sessions are over.
func (s *Service) ResetPassword(ctx context.Context, by Principal, id string) (string, error) {
	a, err := s.store.Account(ctx, id)
	if err != nil {
		return "", err
	}
	password := readableSecret(4)
	c := a.Credentials
	if c.Password, err = s.opt.Hasher.Hash(ctx, password); err != nil {
		return "", err
	}
	c.MustChange, c.Until = true, s.now().Add(oneTimeFor)
	c.Epoch++
	err = s.do(ctx, allowed(by, "password.reset", a.User), func() error {
		return s.store.SaveCredentials(ctx, id, c)
	})
	if err != nil {
		return "", err
	}
	return password, nil
}

// proven returns the account of a person who is signed in and knows his password. A wrong one
// is a guess like one at the door.
func (s *Service) proven(ctx context.Context, by Principal, password, action string) (Account, error) {
	a, err := s.own(ctx, by)
	if err != nil {
		return Account{}, err
	}
	begun, err := s.begin(ctx, a.Name, by, action)
	if err != nil {
		return Account{}, err
	}
	defer begun.neutral()
	right, err := s.opt.Hasher.Verify(ctx, shortened(password, 4*mostPassword), a.Password)
	if err != nil {
		return Account{}, err
	}
	if !right {
		begun.wrong()
		return Account{}, errors.Join(ErrDenied, s.note(ctx, denied(by, action, a.User, "wrong password")))
	}
	return a, nil
}

// ChangePassword gives a signed-in user a password of his own choice. Every session of his
// is over, so that whoever knew the old one is out; the one that is returned takes the place
// of the one that asks. ErrDenied when the old password is wrong.
func (s *Service) ChangePassword(ctx context.Context, by Principal, old, fresh string) (Signed, error) {
	a, err := s.proven(ctx, by, old, "password.change")
	if err != nil {
		return Signed{}, err
	}
	if err := ValidPassword(fresh, a.Name); err != nil {
		return Signed{}, err
	}
	if old == fresh {
		return Signed{}, fmt.Errorf("password: %w: must not be the old one", ErrInvalid)
	}
	c := a.Credentials
	if c.Password, err = s.opt.Hasher.Hash(ctx, fresh); err != nil {
		return Signed{}, err
	}
	c.MustChange, c.Until = false, time.Time{}
	c.Epoch++
	err = s.do(ctx, allowed(by, "password.change", a.User), func() error {
		return s.store.SaveCredentials(ctx, a.ID, c)
	})
	if err != nil {
		return Signed{}, err
	}
	a.Credentials = c
	return s.open(ctx, a, by)
}
