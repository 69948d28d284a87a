package people

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Options are what a Service needs.
type Options struct {
	Store   Store
	Journal Journal
	Hasher  *Hasher
	// Idle ends a session that is not used, Longest each; both > 0.
	Idle, Longest time.Duration
	// SecondFactor are the roles that are worth nothing without one: a user who has one of
	// them has no role at all until he has confirmed a second factor.
	SecondFactor []Role
	Issuer       string           // shown by the telephone beside the codes
	Now          func() time.Time // nil = time.Now
	Log          *slog.Logger     // nil = discard
}

// Service is the rules of who may come in. It knows neither HTTP nor rights: package web
// asks it who somebody is and decides what he may do.
type Service struct {
	opt      Options
	store    Store
	now      func() time.Time
	throttle *throttle
	log      *slog.Logger
}

// New returns a Service. The error names the option that is missing.
func New(o Options) (*Service, error) {
	switch {
	case o.Store == nil, o.Journal == nil, o.Hasher == nil:
		return nil, errors.New("people: Store, Journal and Hasher must be set")
	case o.Idle <= 0 || o.Longest <= 0:
		return nil, errors.New("people: Idle and Longest must be above 0")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Issuer == "" {
		o.Issuer = "hotline"
	}
	t, err := newThrottle(o.Now)
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	return &Service{opt: o, store: o.Store, now: o.Now, throttle: t, log: o.Log}, nil
}

// Stats are counts since the start.
type Stats struct {
	Throttled uint64 // sign-ins that were refused because of wrong ones before
	Busy      uint64 // sign-ins that were refused because too many waited
}

// Stats returns the counts.
func (s *Service) Stats() Stats {
	return Stats{Throttled: s.throttle.closed(), Busy: s.opt.Hasher.Refused()}
}

// sweepEvery is how often dead sessions are removed. They are refused before, too.
const sweepEvery = 10 * time.Minute

// Run removes dead sessions until ctx ends. tell gets the outcome of each round.
func (s *Service) Run(ctx context.Context, tell func(error)) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		_, err := s.Sweep(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		tell(err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Sweep removes dead sessions once and returns how many.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	bound, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	n, err := s.store.Sweep(bound, s.now(), s.now().Add(-s.opt.Idle))
	if err != nil {
		return n, fmt.Errorf("remove dead sessions: %w", err)
	}
	return n, nil
}

// note writes a deed into the audit log.
func (s *Service) note(ctx context.Context, a Act) error {
	if err := s.opt.Journal.Note(ctx, a); err != nil {
		s.log.Error("audit log cannot be written", "action", a.Action, "error", err)
		return fmt.Errorf("%w: %w", ErrNotAudited, err)
	}
	return nil
}

// do carries a deed out after it has been noted, and notes it again if it fails: a deed
// without an entry is never possible, an entry without a deed says so in the next one.
func (s *Service) do(ctx context.Context, a Act, deed func() error) error {
	if err := s.note(ctx, a); err != nil {
		return err
	}
	err := deed()
	if err != nil {
		a.Outcome, a.Details = Failed, map[string]string{"error": err.Error()}
		return errors.Join(err, s.note(context.WithoutCancel(ctx), a))
	}
	return nil
}

// allowed is a deed about a user that is about to be done.
func allowed(by Principal, action string, u User) Act {
	return Act{By: by, Action: action, Object: "user " + u.Name, Outcome: Allowed}
}

// denied is a deed about a user that is not done, and why.
func denied(by Principal, action string, u User, why string) Act {
	return Act{
		By: by, Action: action, Object: "user " + u.Name, Outcome: Denied, Details: map[string]string{"reason": why},
	}
}

// own returns the account of a person who is signed in. A machine has none.
func (s *Service) own(ctx context.Context, by Principal) (Account, error) {
	if !by.Known() || by.Machine {
		return Account{}, ErrSignedOut
	}
	a, err := s.store.Account(ctx, by.User)
	if errors.Is(err, ErrUnknown) {
		return Account{}, ErrSignedOut
	}
	return a, err
}
