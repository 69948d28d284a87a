package people

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// machinePrefix tells a machine's token from others at sight, also for programs that
	// look for secrets in files.
	machinePrefix = "hlm_"
	longestToken  = 2 * 366 * 24 * time.Hour
)

// AddToken makes a token for a program that reads, such as a wallboard, and returns it with
// its secret, which is shown here and stored nowhere.
func (s *Service) AddToken(ctx context.Context, by Principal, t Token) (Token, string, error) {
	now := s.now()
	if !namePattern.MatchString(t.Name) {
		return Token{}, "", fmt.Errorf("name: %w: must be 1 to 64 of a-z, 0-9, dot, hyphen or underscore, not %q",
			ErrInvalid, t.Name)
	}
	if !t.Expires.After(now) || t.Expires.After(now.Add(longestToken)) {
		return Token{}, "", fmt.Errorf("expires: %w: must lie within the next two years", ErrInvalid)
	}
	if len(t.Roles) == 0 {
		return Token{}, "", fmt.Errorf("roles: %w: a token without a role may read nothing", ErrInvalid)
	}
	t.Roles = (User{Roles: t.Roles}).Normal().Roles
	names := make([]string, len(t.Roles))
	for i, r := range t.Roles {
		if err := r.Valid(); err != nil {
			return Token{}, "", fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		names[i] = string(r)
	}
	secret := machinePrefix + newToken()
	t.ID, t.Hash, t.By, t.Created, t.Used = newID(), hashOf(secret), by.Name, now, time.Time{}
	err := s.do(ctx, Act{
		By: by, Action: "token.add", Object: "token " + t.Name, Outcome: Allowed,
		Details: map[string]string{"roles": strings.Join(names, ","), "expires": t.Expires.UTC().Format(time.RFC3339)},
	}, func() error { return s.store.AddToken(ctx, t) })
	if err != nil {
		return Token{}, "", err
	}
	t.Hash = ""
	return t, secret, nil
}

// MachineTokens returns all tokens by name, without their hashes.
func (s *Service) MachineTokens(ctx context.Context) ([]Token, error) {
	all, err := s.store.Tokens(ctx)
	for i := range all {
		all[i].Hash = ""
	}
	return all, err
}

// RemoveToken takes a token back by its id; it is refused from then on.
func (s *Service) RemoveToken(ctx context.Context, by Principal, id string) error {
	all, err := s.store.Tokens(ctx)
	if err != nil {
		return err
	}
	for _, t := range all {
		if t.ID == id {
			return s.do(ctx, Act{By: by, Action: "token.remove", Object: "token " + t.Name, Outcome: Allowed},
				func() error { return s.store.RemoveToken(ctx, id) })
		}
	}
	return ErrUnknown
}

// Machine returns who shows the token of a machine, ErrSignedOut when it is none, or none
// any more.
func (s *Service) Machine(ctx context.Context, secret string, from Principal) (Principal, error) {
	if !strings.HasPrefix(secret, machinePrefix) {
		return Principal{}, ErrSignedOut
	}
	t, err := s.store.TokenOf(ctx, hashOf(secret))
	if errors.Is(err, ErrUnknown) {
		return Principal{}, ErrSignedOut
	}
	if err != nil {
		return Principal{}, err
	}
	now := s.now()
	if !now.Before(t.Expires) {
		return Principal{}, ErrSignedOut
	}
	if now.Sub(t.Used) >= seenEvery {
		if err := s.store.TokenUsed(ctx, t.ID, now); err != nil {
			return Principal{}, err
		}
	}
	return Principal{
		User: t.ID, Name: t.Name, Roles: t.Roles, Machine: true, Address: from.Address, Client: from.Client,
	}, nil
}
