package people

import (
	"slices"

	"hotline/call"
)

// Principal is who makes a request, as found out by a Gate. The zero Principal is nobody
// and has no right.
type Principal struct {
	User  string       // random id of the user, or of the token when Machine
	Name  string       // name of sign-in, or of the token
	Roles []Role       // sorted, without doubles; what a request may do follows from them
	Agent call.AgentID // the agent that this person is; "" when none
	Team  string       // "" when none
	// Machine is set for a token of a program. A machine reads and never commands,
	// whatever its roles.
	Machine bool

	Session string // id of his session, for signing out and for lists; "" when Machine
	// MustChange and MustEnroll are set for somebody who has signed in with a password that
	// was made for him, or lacks the second factor that his roles demand. Roles is empty
	// then: all that is open to him is setting that right, and signing out.
	MustChange, MustEnroll bool

	Address string // IP address the request comes from
	Client  string // what the browser says it is, shortened
}

// Known reports whether somebody is signed in.
func (p Principal) Known() bool { return p.User != "" }

// Has reports whether the principal has one of the roles.
func (p Principal) Has(roles ...Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(p.Roles, r) })
}
