package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"

	"hotline/call"
	"hotline/people"
)

var (
	// ErrUnauthorized is returned by a Gate for a request that carries nothing that signs it
	// in: no session, no token, one that has ended or is not known.
	ErrUnauthorized = errors.New("sign in first")
	// ErrLocked is returned by a Gate for somebody who is known and may not come in now.
	ErrLocked = errors.New("signing in is locked")
)

// Gate finds out who makes a request. Any error but ErrUnauthorized and ErrLocked means
// that it cannot tell now; then nobody is let in. See Passive for requests that must not
// keep a session alive.
type Gate interface {
	Principal(r *http.Request) (people.Principal, error)
}

// asker is who makes a request.
type asker struct {
	people.Principal
	root bool             // came with the configured token: may do everything and is nobody
	err  error            // why he is not known
	from people.Principal // nobody, with the address of the request
}

type askerKey struct{}

// askerOf is who made the request that a context belongs to.
func askerOf(ctx context.Context) asker {
	a, ok := ctx.Value(askerKey{}).(asker)
	if !ok {
		a.err = ErrUnauthorized
	}
	return a
}

// key tells one asker from another: for limits and for keys of commands.
func (a asker) key() string {
	if a.root {
		return "root"
	}
	return "user " + a.User
}

// identify finds out who asks. A request of nobody goes on: what it may do, its operation
// says.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := s.asker(r)
		if s.o.Accounts != nil {
			a.from = s.o.Accounts.From(r)
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), askerKey{}, a)))
	})
}

func (s *Server) asker(r *http.Request) asker {
	if s.rootToken(r) {
		return asker{root: true}
	}
	if s.o.Gate == nil {
		return asker{err: ErrUnauthorized}
	}
	p, err := s.o.Gate.Principal(r)
	if err == nil && !p.Known() {
		err = ErrUnauthorized
	}
	if err != nil {
		return asker{err: err}
	}
	return asker{Principal: p}
}

// rootToken tells whether a request carries the configured token. Hashing first makes the
// comparison take the same time whatever the length.
func (s *Server) rootToken(r *http.Request) bool {
	got, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(got))
	return ok && subtle.ConstantTimeCompare(sum[:], s.token[:]) == 1
}

// refusal is why somebody is not let in at all.
func (s *Server) refusal(a asker) Problem {
	switch {
	case errors.Is(a.err, ErrUnauthorized):
		return Problem{Status: http.StatusUnauthorized, Detail: "a session or a valid bearer token is required"}
	case errors.Is(a.err, ErrLocked):
		return Problem{Status: http.StatusForbidden, Detail: ErrLocked.Error()}
	}
	s.log.Error("cannot tell who asks", "error", a.err)
	return Problem{Status: http.StatusServiceUnavailable, Detail: "signing in does not work now"}
}

// scope is how far somebody's right goes.
func (a asker) scope(r Right) Scope {
	if a.root {
		return All
	}
	widest := Nobody
	if r == Self && a.Known() {
		return Own // also of somebody without a role
	}
	for _, role := range a.Roles {
		widest = max(widest, granted(r, role))
	}
	return widest
}

// sees tells whether somebody's right reaches to what belongs to an agent.
func (s *Server) sees(a asker, r Right, agent call.AgentID) bool {
	switch a.scope(r) {
	case All:
		return true
	case Team:
		team := s.o.Team(agent)
		return agent != "" && (agent == a.Agent || team != "" && team == a.Team)
	case Own:
		return agent != "" && agent == a.Agent
	case Nobody:
	}
	return false
}

// onlyFor is the refusal of a deed for an agent whom the right of the asker does not reach.
func (s *Server) onlyFor(ctx context.Context, r Right, agent call.AgentID) error {
	if s.sees(askerOf(ctx), r, agent) {
		return nil
	}
	return Problem{Status: http.StatusForbidden, Field: "agent", Detail: "agent: your right does not reach to this agent"}
}
