package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"hotline/call"
	"hotline/people"
)

// Accounts signs people in and out, and lets each see to his own account. It writes into the
// audit log what it does; errors are those of package people.
type Accounts interface {
	// From says where a request comes from: a Principal that is nobody yet.
	From(r *http.Request) people.Principal
	SignIn(ctx context.Context, in people.SignIn) (people.Signed, error)
	SignOut(ctx context.Context, by people.Principal) error
	EndAll(ctx context.Context, by people.Principal, user string) error
	Sessions(ctx context.Context, user string) ([]people.Session, error)
	EndSession(ctx context.Context, by people.Principal, user, session string) error
	ChangePassword(ctx context.Context, by people.Principal, old, fresh string) (people.Signed, error)
	OfferTOTP(ctx context.Context, by people.Principal, password string) (people.Factor, error)
	ConfirmTOTP(ctx context.Context, by people.Principal, code string) ([]string, people.Signed, error)
}

// Me is who makes the request.
type Me struct {
	ID      string           `json:"id" doc:"Random id; stands in the audit log."`
	Name    string           `json:"name" doc:"Name of sign-in, or of the token."`
	Roles   []people.Role    `json:"roles" nullable:"false" doc:"Roles. 角色"`
	Agent   call.AgentID     `json:"agent,omitempty" doc:"The agent that this person is. 座席"`
	Team    string           `json:"team,omitempty" doc:"Team. 班组"`
	Machine bool             `json:"machine" doc:"It is a program: it reads and never commands."`
	Rights  map[Right]string `json:"rights" nullable:"false" doc:"How far each right reaches: own, team or all. 权限"`
	// MustChange and MustEnroll say why somebody who has roles has no rights yet.
	MustChange bool `json:"must_change_password" doc:"Nothing else is open until the password is changed. 须修改密码"`
	MustEnroll bool `json:"must_add_second_factor" doc:"Nothing else is open until there is a second factor. 须绑定动态口令"`
}

// OwnSession is one sign-in of the user that is not over.
type OwnSession struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen" doc:"Last use, to a minute."`
	Expires time.Time `json:"expires" doc:"The end, however much it is used."`
	Address string    `json:"address" doc:"Where the sign-in came from."`
	Client  string    `json:"client" doc:"What the browser says it is."`
	Current bool      `json:"current" doc:"The one that asks."`
}

// meOf is what somebody is told of himself.
func meOf(a asker) Me {
	me := Me{
		ID: a.User, Name: a.Name, Roles: a.Roles, Agent: a.Agent, Team: a.Team, Machine: a.Machine,
		MustChange: a.MustChange, MustEnroll: a.MustEnroll, Rights: map[Right]string{},
	}
	if a.root {
		me.ID, me.Name, me.Machine = "root", "root", true
	}
	if me.Roles == nil {
		me.Roles = []people.Role{}
	}
	for _, r := range rights() {
		if scope := a.scope(r); scope != Nobody && r != Open {
			me.Rights[r] = scope.String()
		}
	}
	return me
}

// person is who asks, when it is a person: programs have no password and no sessions.
func person(ctx context.Context) (people.Principal, error) {
	a := askerOf(ctx)
	if a.root || a.Machine {
		return people.Principal{}, Problem{Status: http.StatusForbidden, Detail: "a token has no password and no sessions"}
	}
	return a.Principal, nil
}

// saidOf is an error of Accounts in the API's words. It says no more of a failed sign-in than
// that it failed.
func saidOf(err error) error {
	var wait people.TooManyError
	var p Problem
	switch {
	case errors.As(err, &wait):
		return later{Problem{Status: http.StatusTooManyRequests, Detail: wait.Error()}, wait.After}
	case errors.Is(err, people.ErrNotAudited):
		p = Problem{Status: http.StatusServiceUnavailable, Detail: "the audit log does not work now"}
	case errors.Is(err, people.ErrBusy):
		return later{Problem{Status: http.StatusServiceUnavailable, Detail: people.ErrBusy.Error()}, time.Second}
	case errors.Is(err, people.ErrCodeNeeded):
		p = Problem{Status: http.StatusUnauthorized, Field: "code", Detail: "code: " + people.ErrCodeNeeded.Error()}
	case errors.Is(err, people.ErrDenied):
		p = Problem{Status: http.StatusUnauthorized, Detail: people.ErrDenied.Error()}
	case errors.Is(err, people.ErrSignedOut):
		p = Problem{Status: http.StatusUnauthorized, Detail: people.ErrSignedOut.Error()}
	case errors.Is(err, people.ErrCode):
		return BadField("code", people.ErrCode.Error())
	case errors.Is(err, people.ErrUnknown):
		p = Problem{Status: http.StatusNotFound, Field: "session", Detail: "there is no such session"}
	case errors.Is(err, people.ErrChanged):
		p = Problem{Status: http.StatusConflict, Detail: "the account " + people.ErrChanged.Error()}
	default:
		return err
	}
	return p
}

// ownPassword is saidOf for deeds that ask for the password of somebody who is signed in:
// that it is wrong is a fault of one field, not of the session.
func ownPassword(err error) error {
	if errors.Is(err, people.ErrDenied) && !errors.Is(err, people.ErrNotAudited) {
		return BadField("password", "is wrong")
	}
	if errors.Is(err, people.ErrInvalid) {
		field, rule, _ := strings.Cut(err.Error(), ": "+people.ErrInvalid.Error()+": ")
		if field == "password" {
			return BadField("new_password", rule)
		}
		return Problem{Status: http.StatusConflict, Detail: rule}
	}
	return saidOf(err)
}
