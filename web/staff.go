package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/call"
	"hotline/people"
)

// Staff manages who may sign in, and reads what they did. It writes into the audit log what it
// does; errors are those of package people.
type Staff interface {
	Users(ctx context.Context) ([]people.User, error)
	User(ctx context.Context, id string) (people.User, error)
	Add(ctx context.Context, by people.Principal, u people.User) (people.User, string, error)
	Save(ctx context.Context, by people.Principal, u people.User) (people.User, error)
	ResetPassword(ctx context.Context, by people.Principal, id string) (string, error)
	ResetTOTP(ctx context.Context, by people.Principal, id string) error
	EndAll(ctx context.Context, by people.Principal, user string) error

	MachineTokens(ctx context.Context) ([]people.Token, error)
	AddToken(ctx context.Context, by people.Principal, t people.Token) (people.Token, string, error)
	RemoveToken(ctx context.Context, by people.Principal, id string) error

	// AuditEntries returns the entries that fit, the newest first.
	AuditEntries(ctx context.Context, f AuditFilter) ([]AuditEntry, error)
}

// UserFields is what can be set of a user.
type UserFields struct {
	Name    string         `json:"name" maxLength:"64" doc:"Name of sign-in. 用户名"`
	Display string         `json:"display,omitempty" maxLength:"128" doc:"Name as shown. 姓名"`
	Roles   []people.Role  `json:"roles" maxItems:"12" nullable:"false" doc:"Roles. 角色"`
	Team    string         `json:"team,omitempty" maxLength:"128" doc:"Team. 班组"`
	Agent   call.AgentID   `json:"agent,omitempty" maxLength:"64" doc:"The agent that this person is. 座席"`
	Skills  map[string]int `json:"skills,omitempty" doc:"Levels from 1 to 10 by skill. 技能"`
	// Disabled is taken by a change alone: a new user may sign in.
	Disabled bool `json:"disabled,omitempty" doc:"Kept out; every session of his is over. 停用"`
}

// UserRecord is one user.
type UserRecord struct {
	ID string `json:"id" doc:"Random id; stands in the audit log."`
	UserFields
	Created time.Time `json:"created"`
}

// TokenRecord is one token of a program, without what opens.
type TokenRecord struct {
	ID      string        `json:"id"`
	Name    string        `json:"name"`
	Roles   []people.Role `json:"roles" nullable:"false" doc:"What it may read. 角色"`
	Created time.Time     `json:"created"`
	By      string        `json:"by" doc:"Name of the user who made it."`
	Expires time.Time     `json:"expires"`
	Used    *time.Time    `json:"used,omitempty" doc:"Last use, to a minute; absent = never."`
}

// AuditFilter says which entries are wanted; what is zero says nothing.
type AuditFilter struct {
	From, To time.Time // To exclusive
	Actor    string
	Action   string // with a dot at the end all that begin so
	Object   string
	Outcome  string
	Before   uint64 // only entries with a smaller number
	Limit    int
}

// AuditEntry is one entry of the audit log.
type AuditEntry struct {
	Seq     uint64    `json:"seq" doc:"From 1, without gaps."`
	At      time.Time `json:"at"`
	ActorID string    `json:"actor_id,omitempty" doc:"Id of the user or token; absent = nobody was signed in."`
	Actor   string    `json:"actor,omitempty" doc:"His name at that time. 操作人"`
	Address string    `json:"address,omitempty" doc:"Where it came from."`
	Action  string    `json:"action" doc:"Such as getRecordingAudio or user.add. 操作"`
	Object  string    `json:"object,omitempty" doc:"What it was done to. 对象"`
	Outcome string    `json:"outcome" enum:"allowed,denied,failed" doc:"What became of it. 结果"`
	Details string    `json:"details" doc:"A JSON object, as text: the text that was hashed."`
	Hash    string    `json:"hash" doc:"SHA-256 over the hash before and all this."`
}

// deedOf is who does something, for the log: the configured token has no user.
func deedOf(ctx context.Context) people.Principal {
	a := askerOf(ctx)
	if a.root {
		a.Principal = a.from
		a.User, a.Name = "root", "root"
	}
	return a.Principal
}

func recordOf(u people.User) UserRecord {
	return UserRecord{ID: u.ID, Created: u.Created, UserFields: UserFields{
		Name: u.Name, Display: u.Display, Roles: append([]people.Role{}, u.Roles...), Team: u.Team, Agent: u.Agent,
		Skills: u.Skills, Disabled: u.Disabled,
	}}
}

// user is what is asked for, laid over a user.
func (f UserFields) user(u people.User) people.User {
	u.Name, u.Display, u.Roles, u.Team, u.Agent = f.Name, f.Display, f.Roles, f.Team, f.Agent
	u.Skills, u.Disabled = f.Skills, f.Disabled
	return u
}

// knownAgent refuses an agent who does not exist: his user would see no call.
func (s *Server) knownAgent(agent call.AgentID) error {
	if agent == "" || slices.Contains(s.o.Agents(), agent) {
		return nil
	}
	return BadField("agent", "must be an agent of the hotline")
}

// ofStaff is an error of Staff in the API's words.
func ofStaff(err error, field string) error {
	switch {
	case errors.Is(err, people.ErrInvalid):
		at, rule, cut := strings.Cut(err.Error(), ": "+people.ErrInvalid.Error()+": ")
		if !cut { // a role says what it is by itself
			at, rule = "roles", strings.TrimPrefix(err.Error(), people.ErrInvalid.Error()+": ")
		}
		return BadField(at, rule)
	case errors.Is(err, people.ErrTaken), errors.Is(err, people.ErrLastAdministrator):
		return Problem{Status: http.StatusConflict, Detail: err.Error()}
	case errors.Is(err, people.ErrChanged):
		return stale
	case errors.Is(err, people.ErrUnknown):
		return Problem{Status: http.StatusNotFound, Field: field, Detail: "there is no such " + field}
	}
	return saidOf(err)
}

// ofDeed is ofStaff for what is done to a user without a version that was read: who was not the
// first of two has sent no If-Match to mend, and may try again.
func ofDeed(err error) error {
	if errors.Is(err, people.ErrChanged) {
		return Problem{Status: http.StatusConflict, Detail: "the user " + people.ErrChanged.Error()}
	}
	return ofStaff(err, "user")
}

// tagOf is the ETag of a version.
func tagOf(version uint64) string { return strconv.Quote(strconv.FormatUint(version, 10)) }
