package people

import (
	"context"
	"errors"
	"time"
)

const (
	// seenEvery is how exactly the last use is known. A request that finds it newer than
	// this writes nothing.
	seenEvery = time.Minute
	// maxSessions is how many a user has at the same time; the oldest goes for one more.
	maxSessions = 20
)

// open begins a session of an account whose owner has proved himself.
func (s *Service) open(ctx context.Context, a Account, by Principal) (Signed, error) {
	token, now := newToken(), s.now()
	session := Session{
		ID: newID(), Hash: hashOf(token), User: a.ID, Epoch: a.Epoch, Created: now, Seen: now,
		Expires: now.Add(s.opt.Longest), Address: by.Address, Client: by.Client,
	}
	err := s.store.AddSession(ctx, session)
	if errors.Is(err, ErrChanged) {
		return Signed{}, ErrDenied // disabled, or given another password, a moment ago
	}
	if err != nil {
		return Signed{}, err
	}
	all, err := s.store.SessionsOf(ctx, a.ID)
	if err != nil {
		return Signed{}, err
	}
	for i := maxSessions; i < len(all); i++ {
		if err := s.store.EndSession(ctx, a.ID, all[i].ID); err != nil && !errors.Is(err, ErrUnknown) {
			return Signed{}, err
		}
	}
	return Signed{Token: token, Session: session, Principal: s.principal(a, session, by)}, nil
}

// principal is who a session stands for. Somebody who owes a password or a second factor has no
// role: he can do what everybody can do to his own account, and nothing else.
func (s *Service) principal(a Account, session Session, by Principal) Principal {
	p := Principal{
		User: a.ID, Name: a.Name, Agent: a.Agent, Team: a.Team, Session: session.ID,
		Address: by.Address, Client: by.Client,
		MustChange: a.MustChange, MustEnroll: a.TOTP == "" && s.demands(a.User),
	}
	if !p.MustChange && !p.MustEnroll {
		p.Roles = a.Roles
	}
	return p
}

// Who returns who shows the token of a session, which is used by that. from gives the address
// and the client of the request. ErrSignedOut when the token is of no living session.
func (s *Service) Who(ctx context.Context, token string, from Principal) (Principal, error) {
	session, a, err := s.living(ctx, token)
	if err != nil {
		return Principal{}, err
	}
	if now := s.now(); now.Sub(session.Seen) >= min(seenEvery, s.opt.Idle/4) {
		if err := s.store.Seen(ctx, session.ID, now); err != nil {
			return Principal{}, err
		}
	}
	return s.principal(a, session, from), nil
}

// Peek is Who for somebody who asks for nothing: the session's time of idleness goes on.
func (s *Service) Peek(ctx context.Context, token string, from Principal) (Principal, error) {
	session, a, err := s.living(ctx, token)
	if err != nil {
		return Principal{}, err
	}
	return s.principal(a, session, from), nil
}

// living returns the session of a token with its account, ErrSignedOut when there is none or
// it is over.
func (s *Service) living(ctx context.Context, token string) (Session, Account, error) {
	session, a, err := s.store.SessionOf(ctx, hashOf(token))
	if errors.Is(err, ErrUnknown) {
		return Session{}, Account{}, ErrSignedOut
	}
	if err != nil {
		return Session{}, Account{}, err
	}
	if now := s.now(); !now.Before(session.Expires) || now.Sub(session.Seen) >= s.opt.Idle {
		return Session{}, Account{}, ErrSignedOut
	}
	return session, a, nil
}

// SignOut ends the session of a principal.
func (s *Service) SignOut(ctx context.Context, by Principal) error {
	return s.endSession(ctx, by, by.User, by.Session, "sign_out")
}

// Sessions returns the living sessions of a user, the newest first, without the hashes of
// their tokens.
func (s *Service) Sessions(ctx context.Context, user string) ([]Session, error) {
	all, err := s.store.SessionsOf(ctx, user)
	if err != nil {
		return nil, err
	}
	living, now := []Session{}, s.now()
	for _, one := range all {
		if now.Before(one.Expires) && now.Sub(one.Seen) < s.opt.Idle {
			one.Hash = ""
			living = append(living, one)
		}
	}
	return living, nil
}

// EndSession ends a session of a user: one of his own, or any by an administrator.
// ErrUnknown when the user has no such session.
func (s *Service) EndSession(ctx context.Context, by Principal, user, session string) error {
	return s.endSession(ctx, by, user, session, "session.end")
}

func (s *Service) endSession(ctx context.Context, by Principal, user, session, action string) error {
	a, err := s.store.Account(ctx, user)
	if err != nil {
		return err
	}
	act := allowed(by, action, a.User)
	act.Details = map[string]string{"session": session}
	return s.do(ctx, act, func() error { return s.store.EndSession(ctx, user, session) })
}

// EndAll ends every session of a user, the one that asks included.
func (s *Service) EndAll(ctx context.Context, by Principal, user string) error {
	a, err := s.store.Account(ctx, user)
	if err != nil {
		return err
	}
	c := a.Credentials
	c.Epoch++
	return s.do(ctx, allowed(by, "sign_out.everywhere", a.User), func() error {
		return s.store.SaveCredentials(ctx, user, c)
	})
}
