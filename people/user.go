package people

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hotline/call"
)

var (
	// ErrInvalid is the cause of a refusal of a value; the error names the field and the rule.
	ErrInvalid = errors.New("invalid")
	// ErrTaken is returned for a name, or an agent, that another user has.
	ErrTaken = errors.New("taken by another user")
	// ErrUnknown is returned for a user, session or token that does not exist.
	ErrUnknown = errors.New("not known")
	// ErrChanged is returned when somebody else changed what is being saved in between.
	ErrChanged = errors.New("was changed by somebody else meanwhile")
	// ErrLastAdministrator is returned for what would leave nobody to make users.
	ErrLastAdministrator = errors.New("is the last administrator")
)

// User is a person who may sign in.
type User struct {
	ID       string // random, never reused; stands in the audit log
	Name     string // for signing in: lower case letters, digits, dot, hyphen, underscore
	Display  string // as shown; any script
	Roles    []Role // sorted, without doubles; none = may sign in and do nothing
	Team     string // "" = none
	Agent    call.AgentID
	Skills   map[string]int // levels 1 to 10 by skill, of the agent that this user is
	Disabled bool           // cannot sign in, and every session of his is over
	Created  time.Time
	Version  uint64 // raised by each change; SaveUser refuses an older one
}

// Account is a user with what proves that it is he.
type Account struct {
	User
	Credentials
}

// Credentials are what a user proves himself with. Nothing of it is ever shown.
type Credentials struct {
	Password   string    // PHC string of Argon2id; "" = none, so that nobody can sign in
	MustChange bool      // the password was made by somebody else
	Until      time.Time // a one-time password works until then; zero = no limit
	TOTP       string    // base32 secret of the second factor; "" = none
	Pending    string    // secret that is offered and not confirmed yet
	Step       int64     // the last 30 s step whose code was used; older ones are refused
	Recovery   []string  // SHA-256, in hex, of codes that each replace one code of the second factor
	Epoch      uint64    // sessions of an older one are over
	Revision   uint64    // raised by each change; SaveCredentials refuses an older one
}

// longest bounds every text of a user, in bytes.
const longest = 128

var (
	namePattern  = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)
	skillPattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$`)
)

// Normal returns the user with his name in lower case and his roles in order, each once.
func (u User) Normal() User {
	u.Name = NormalName(u.Name)
	u.Display, u.Team = strings.TrimSpace(u.Display), strings.TrimSpace(u.Team)
	if u.Display == "" {
		u.Display = u.Name
	}
	u.Roles = slices.Compact(slices.Sorted(slices.Values(u.Roles)))
	u.Skills = maps.Clone(u.Skills)
	return u
}

// NormalName is the form of a name by which users are found.
func NormalName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// Valid is an error that wraps ErrInvalid and names the field and its rule.
func (u User) Valid() error {
	if !namePattern.MatchString(u.Name) {
		return fmt.Errorf("name: %w: must be 1 to 64 of a-z, 0-9, dot, hyphen or underscore, not %q", ErrInvalid, u.Name)
	}
	for _, field := range []struct{ name, text string }{
		{"display", u.Display}, {"team", u.Team}, {"agent", string(u.Agent)},
	} {
		if !plain(field.text) {
			return fmt.Errorf("%s: %w: must be one line of at most %d bytes", field.name, ErrInvalid, longest)
		}
	}
	for _, r := range u.Roles {
		if err := r.Valid(); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	if len(u.Skills) > 0 && u.Agent == "" {
		return fmt.Errorf("skills: %w: only a user who is an agent has skills", ErrInvalid)
	}
	for skill, level := range u.Skills {
		if !skillPattern.MatchString(skill) || level < 1 || level > 10 {
			return fmt.Errorf("skills: %w: %q = %d: must be a word and a level from 1 to 10", ErrInvalid, skill, level)
		}
	}
	return nil
}

// plain reports whether a text is one short printable line.
func plain(text string) bool {
	return len(text) <= longest && utf8.ValidString(text) &&
		!strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}
