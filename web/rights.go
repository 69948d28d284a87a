package web

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"hotline/people"
)

// Right is what an operation asks for. Each operation names one, else the server does not
// start.
type Right string

// The rights.
const (
	Open          Right = "open"           // everybody, without signing in: nothing of the hotline is told
	Self          Right = "self"           // one's own account, whoever is signed in
	LiveRead      Right = "live.read"      // queues, agents and calls as they are now
	HealthRead    Right = "health.read"    // what is wrong with a part
	MetricsRead   Right = "metrics.read"   // figures of the program for a monitor
	AgentState    Right = "agent.state"    // ready, break, offline
	CallDial      Right = "call.dial"      // call a number
	CallControl   Right = "call.control"   // hold, transfer, conference ...
	CallSteer     Right = "call.steer"     // give a waiting caller to an agent or a queue
	CallbackRead  Right = "callback.read"  // who is to be called back
	CallbackDrop  Right = "callback.drop"  // take somebody off that list
	ReportRead    Right = "report.read"    // figures: of queues for All, else of agents
	CallRead      Right = "call.read"      // what became of calls
	NumberRead    Right = "number.read"    // callers' numbers in full
	RecordingPlay Right = "recording.play" // find and hear recordings 放音
	UserManage    Right = "user.manage"    // who may sign in, and tokens of programs
	AuditRead     Right = "audit.read"     // who did what
	HookManage    Right = "hook.manage"    // send events to other programs
)

// Scope is how far a right goes.
type Scope int

// The scopes, each wider than the one before.
const (
	Nobody Scope = iota
	Own          // of the agent that the user is
	Team         // of the agents of his team as well
	All
)

// String is the word of a scope.
func (s Scope) String() string {
	switch s {
	case Nobody:
		return "nobody"
	case Own:
		return "own"
	case Team:
		return "team"
	case All:
		return "all"
	}
	return fmt.Sprintf("Scope(%d)", int(s))
}

// row is a line of the table of rights.
type row [12]Scope

// rowOf is the table of rights: a column for each role in the order of people.Roles. What
// stands in no row is denied. Rights whose things do not exist yet, such as the case that a
// recording belongs to, reach to the user's own calls: a right grows with what it is about.
func rowOf(r Right) row {
	const no, own, team, all = Nobody, Own, Team, All
	switch r {
	//                 JA   TC   RC   SA    SV   KM  QI   DH  MH   ST   SU   AD
	case Open:
		return row{all, all, all, all, all, all, all, all, all, all, all, all}
	case Self:
		return row{own, own, own, own, own, own, own, own, own, own, own, own}
	case LiveRead:
		return row{own, own, own, team, own, no, all, no, all, all, all, all}
	case HealthRead:
		return row{no, no, no, no, no, no, no, no, all, no, all, all}
	case MetricsRead:
		return row{no, no, no, no, no, no, no, no, no, all, all, all}
	case AgentState:
		return row{own, own, own, own, no, no, no, no, own, no, all, no}
	case CallDial, CallControl:
		return row{own, own, own, own, own, no, no, no, own, no, no, no}
	case CallSteer, CallbackDrop:
		return row{no, no, no, no, no, no, no, no, all, no, all, no}
	case CallbackRead:
		return row{no, no, no, all, no, no, no, no, all, no, all, no}
	case ReportRead:
		return row{own, own, own, team, no, no, no, no, all, all, all, no}
	case CallRead:
		return row{own, own, own, team, own, no, all, no, all, no, all, no}
	case NumberRead:
		return row{own, own, own, all, own, no, no, no, all, no, all, no}
	case RecordingPlay:
		return row{own, own, own, own, own, no, all, no, all, no, all, no}
	case HookManage, UserManage, AuditRead:
		return row{no, no, no, no, no, no, no, no, no, no, no, all}
	}
	return row{}
}

// rights are all rights there are.
func rights() []Right {
	return []Right{
		Open, Self, LiveRead, HealthRead, MetricsRead, AgentState, CallDial, CallControl, CallSteer, CallbackRead,
		CallbackDrop, ReportRead, CallRead, NumberRead, RecordingPlay, HookManage, UserManage, AuditRead,
	}
}

// granted is how far the right of a role goes.
func granted(r Right, role people.Role) Scope {
	if i := slices.Index(people.Roles(), role); i >= 0 {
		return rowOf(r)[i]
	}
	return Nobody
}

// rightKey is where an operation keeps its right.
const rightKey = "right"

// allow lets a request through to its operation when its right is granted. Whether a right
// that is narrower than All reaches to what is asked for, the operation looks itself.
func (s *Server) allow(ctx huma.Context, next func(huma.Context)) {
	right, _ := ctx.Operation().Metadata[rightKey].(Right)
	audited, _ := ctx.Operation().Metadata[auditKey].(bool)
	journaled, _ := ctx.Operation().Metadata[journalKey].(bool)
	a := askerOf(ctx.Context())
	p := Problem{}
	safe := ctx.Method() == http.MethodGet || ctx.Method() == http.MethodHead
	switch {
	case right == Open:
	case a.err != nil:
		p = s.refusal(a)
	case a.scope(right) == Nobody:
		p = Problem{Status: http.StatusForbidden, Detail: "the right " + string(right) + " is not yours"}
	case a.Machine && !safe:
		p = Problem{Status: http.StatusForbidden, Detail: "a token of a machine reads and never commands"}
	}
	if a.err == nil && (audited || !safe && !journaled || p.Status != 0) {
		p = s.noted(ctx, a, p)
	}
	if p.Status == 0 {
		next(ctx)
		return
	}
	_, w := humago.Unwrap(ctx)
	maps.Copy(w.Header(), headersOf(p, nil))
	writeProblem(w, p)
}
