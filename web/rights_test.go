package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"hotline/call"
	"hotline/people"
)

// door is a Gate that believes what a request says of itself.
type door struct{}

func (door) Principal(r *http.Request) (people.Principal, error) {
	switch word := r.Header.Get("X-Role"); word {
	case "":
		return people.Principal{}, nil
	case "locked":
		return people.Principal{}, ErrLocked
	case "stranger":
		return people.Principal{}, fmt.Errorf("session: %w", ErrUnauthorized)
	case "broken":
		return people.Principal{}, errors.New("dial /run/secret.sock")
	default:
		agent := call.AgentID(r.Header.Get("X-Agent"))
		return people.Principal{
			User: "u-" + word, Roles: []people.Role{people.Role(word)}, Agent: agent, Team: teamOf(agent),
			Machine: r.Header.Get("X-Machine") != "", Session: r.Header.Get("X-Session"),
		}, nil
	}
}

// closing is a door that can be shut, and counts who comes through on his own feet.
type closing struct {
	shut   atomic.Bool
	active atomic.Int64
}

func (c *closing) Principal(r *http.Request) (people.Principal, error) {
	if c.shut.Load() {
		return people.Principal{}, ErrUnauthorized
	}
	if !Passive(r.Context()) {
		c.active.Add(1)
	}
	return door{}.Principal(r)
}

// teamOf puts agents into teams by the first letter of their ids.
func teamOf(agent call.AgentID) string {
	if agent == "" {
		return ""
	}
	return string(agent)[:1]
}

// allowed is the table of rights by operation, written a second time: a row of scopes in the
// order of the roles. An operation that is not here is one that nobody thought of.
const allowed = `
                  ja  tc  rc  sa   sv  km  qi  dh  mh  st  su  ad
getLive           own own own team own no  all no  all all all all
setAgentState     own own own own  no  no  no  no  own no  all no
dialOut           own own own own  own no  no  no  own no  no  no
controlCall       own own own own  own no  no  no  own no  no  no
assignCall        no  no  no  no   no  no  no  no  all no  all no
moveCall          no  no  no  no   no  no  no  no  all no  all no
listCallbacks     no  no  no  all  no  no  no  no  all no  all no
cancelCallback    no  no  no  no   no  no  no  no  all no  all no
listCalls         own own own team own no  all no  all no  all no
getCall           own own own team own no  all no  all no  all no
streamEvents      own own own team own no  all no  all no  all no
getRecording      own own own own  own no  all no  all no  all no
getRecordingAudio own own own own  own no  all no  all no  all no
getReport         own own own team no  no  no  no  all all all no
listIssues        no  no  no  no   no  no  no  no  all all all no
getIssue          no  no  no  no   no  no  no  no  all all all no
listReportCalls   own own own team no  no  no  no  all no  all no
listHooks         no  no  no  no   no  no  no  no  no  no  no  all
createHook        no  no  no  no   no  no  no  no  no  no  no  all
getHook           no  no  no  no   no  no  no  no  no  no  no  all
updateHook        no  no  no  no   no  no  no  no  no  no  no  all
deleteHook        no  no  no  no   no  no  no  no  no  no  no  all
listDeadLetters   no  no  no  no   no  no  no  no  no  no  no  all
resendDeadLetter  no  no  no  no   no  no  no  no  no  no  no  all
getMetrics        no  no  no  no   no  no  no  no  no  all all all
listUsers         no  no  no  no   no  no  no  no  no  no  no  all
createUser        no  no  no  no   no  no  no  no  no  no  no  all
getUser           no  no  no  no   no  no  no  no  no  no  no  all
updateUser        no  no  no  no   no  no  no  no  no  no  no  all
resetPassword     no  no  no  no   no  no  no  no  no  no  no  all
signUserOut       no  no  no  no   no  no  no  no  no  no  no  all
listTokens        no  no  no  no   no  no  no  no  no  no  no  all
createToken       no  no  no  no   no  no  no  no  no  no  no  all
deleteToken       no  no  no  no   no  no  no  no  no  no  no  all
listAudit         no  no  no  no   no  no  no  no  no  no  no  all
signIn            all all all all  all all all all all all all all
getSession        own own own own  own own own own own own own own
signOut           own own own own  own own own own own own own own
listSessions      own own own own  own own own own own own own own
signOutEverywhere own own own own  own own own own own own own own
endSession        own own own own  own own own own own own own own
changePassword    own own own own  own own own own own own own own
offerSecondFactor own own own own  own own own own own own own own
confirmSecondFactor own own own own  own own own own own own own own
getHealth         all all all all  all all all all all all all all
getDocument       all all all all  all all all all all all all all
`

// open are the operations for everybody.
const open = " getHealth getDocument signIn "

// ofSelf are the operations of everybody who is signed in, whatever his roles, on himself; what
// they command a person alone has, and no token.
const ofSelf = " getSession signOut listSessions signOutEverywhere endSession changePassword " +
	"offerSecondFactor confirmSecondFactor "

// ofAgents are the operations that are done for an agent whom the request names.
const ofAgents = " setAgentState dialOut controlCall "

// ofCalls are the operations on a thing that does not exist for those whom it does not
// concern.
const ofCalls = " getCall getRecording getRecordingAudio "

func allowedScopes(t *testing.T) map[string]map[people.Role]string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(allowed), "\n")
	roles := strings.Fields(lines[0])
	if len(roles) != len(people.Roles()) {
		t.Fatalf("%d roles, there are %d", len(roles), len(people.Roles()))
	}
	out := map[string]map[people.Role]string{}
	for _, line := range lines[1:] {
		words := strings.Fields(line)
		if len(words) != len(roles)+1 {
			t.Fatalf("line %q", line)
		}
		out[words[0]] = map[people.Role]string{}
		for i, r := range roles {
			out[words[0]][people.Role(r)] = words[i+1]
		}
	}
	return out
}

// documented is an operation with a request that the document itself gives.
type documented struct{ id, method, path, body string }

// operationsOf reads every operation out of the document.
func operationsOf(t *testing.T, s *served) []documented {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			ID         string `json:"operationId"`
			Parameters []struct {
				Name   string
				In     string
				Schema struct{ Examples []any }
			}
			RequestBody struct {
				Content map[string]struct{ Example json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal([]byte(s.do("GET", "/api/v1/openapi.json", "").text), &doc); err != nil {
		t.Fatal(err)
	}
	var out []documented
	for path, item := range doc.Paths {
		for method, op := range item {
			d := documented{op.ID, strings.ToUpper(method), path, string(op.RequestBody.Content[jsonType].Example)}
			for _, p := range op.Parameters {
				if p.In == "path" {
					d.path = strings.ReplaceAll(d.path, "{"+p.Name+"}", fmt.Sprint(p.Schema.Examples[0]))
				}
			}
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b documented) int { return strings.Compare(a.id, b.id) })
	return out
}

// TestRightsOfRolesOverOperations walks over every operation of the document, so that none is
// added without somebody saying who may use it.
func TestRightsOfRolesOverOperations(t *testing.T) {
	s, l := withLedger(t)
	l.add(oneCall(exampleCall, exampleAgent)...)
	want := allowedScopes(t)
	for _, op := range operationsOf(t, s) {
		scopes, known := want[op.id]
		if !known {
			t.Errorf("%s is not in the table of rights", op.id)
			continue
		}
		delete(want, op.id)
		public := strings.Contains(open, " "+op.id+" ")
		for _, role := range people.Roles() {
			checkRight(t, s, op, role, scopes[role])
		}
		self := strings.Contains(ofSelf, " "+op.id+" ")
		checkRight(t, s, op, "xx", map[bool]string{true: "all", false: "no"}[public || self])
		for who, status := range map[string]int{"": 401, "stranger": 401, "locked": 403, "broken": 503} {
			r := s.do(op.method, op.path, op.body, "X-Role: "+who)
			if (r.StatusCode == status) == public || strings.Contains(r.text, "/run/secret") {
				t.Errorf("%s by %q: %d %s", op.id, who, r.StatusCode, r.text)
			}
		}
		if r := s.do(op.method, op.path, op.body, signed); granting(r) == (self && op.method != "GET") {
			t.Errorf("%s with the configured token: %d %s", op.id, r.StatusCode, r.text)
		}
	}
	for id := range want {
		t.Errorf("%s is in the table of rights and not in the document", id)
	}
}

// granting tells whether an answer means that the right was there. A stream asks for a
// handshake, and the subscription of the examples does not exist: both are beyond the right.
func granting(r reply) bool {
	return r.StatusCode < 400 || r.StatusCode == http.StatusUpgradeRequired || r.problem.Field == "hook" ||
		r.StatusCode == http.StatusPreconditionRequired
}

// checkRight asks for one operation in one role: about himself, about another one of his
// team, about a stranger, and by a machine.
func checkRight(t *testing.T, s *served, op documented, role people.Role, scope string) {
	t.Helper()
	named, hidden := strings.Contains(ofAgents, " "+op.id+" "), strings.Contains(ofCalls, " "+op.id+" ")
	for agent, reached := range map[string]bool{
		exampleAgent: scope != "no",
		"a1002":      scope == "team" || scope == "all" || scope == "own" && !named && !hidden,
		"b1001":      scope == "all" || scope != "no" && !named && !hidden,
	} {
		s.desk.asked = nil
		r := s.do(op.method, op.path, op.body, "X-Role: "+string(role), "X-Agent: "+agent)
		refusal := http.StatusForbidden
		if hidden && scope != "no" {
			refusal = http.StatusNotFound
		}
		if ok := granting(r); ok != reached || !ok && r.StatusCode != refusal {
			t.Errorf("%s by %s, who is %s: %d %s, want scope %s", op.id, role, agent, r.StatusCode, r.text, scope)
		}
		if !reached && len(s.desk.asked) > 0 {
			t.Errorf("%s by %s was carried out: %q", op.id, role, s.desk.asked)
		}
	}
	r := s.do(op.method, op.path, op.body, "X-Role: "+string(role), "X-Agent: "+exampleAgent, "X-Machine: yes")
	if ok := granting(r); ok != (scope != "no" && op.method == "GET" || op.id == "signIn") {
		t.Errorf("%s by a machine that is %s: %d %s", op.id, role, r.StatusCode, r.text)
	}
}

// TestRolesAddUp: who has two roles may do what either may.
func TestRolesAddUp(t *testing.T) {
	a := asker{Principal: people.Principal{Roles: []people.Role{people.Junior, people.Statistics}}}
	for right, want := range map[Right]Scope{
		AgentState: Own, ReportRead: All, LiveRead: All, CallRead: Own, CallSteer: Nobody, "wish": Nobody,
	} {
		if got := a.scope(right); got != want {
			t.Errorf("%s reaches to %s, want %s", right, got, want)
		}
	}
	if (asker{}).scope(LiveRead) != Nobody {
		t.Error("somebody without a role may see")
	}
	for _, r := range rights() {
		if rowOf(r) == (row{}) {
			t.Errorf("the right %s has no row", r)
		}
	}
}

// TestNobodyIsOfNoTeam: agents without a team are not of one team.
func TestNobodyIsOfNoTeam(t *testing.T) {
	s := &Server{o: Options{}.withDefaults()}
	a := asker{Principal: people.Principal{User: "u", Roles: []people.Role{people.Senior}, Agent: "a1"}}
	if !s.sees(a, CallRead, "a1") || s.sees(a, CallRead, "a2") || s.sees(a, CallRead, "") {
		t.Error("a senior without a team sees others, or not himself")
	}
}

// TestLiveShowsWhatIsYours: an agent sees himself, his queues and his call; numbers are
// masked for those who do not handle the call.
func TestLiveShowsWhatIsYours(t *testing.T) {
	l := Live{
		Queues: []LiveQueue{{ID: "q1"}, {ID: "q2"}, {ID: "q3"}},
		Agents: []LiveAgent{
			{ID: "a1", Queues: []call.QueueID{"q1"}, Call: "c1", Number: "13800000001"},
			{ID: "a2", Queues: []call.QueueID{"q2"}, Call: "c2", Number: "13800000002"},
			{ID: "b1", Queues: []call.QueueID{"q3"}, Number: "110"},
		},
		Calls: []LiveCall{
			{ID: "c1", Agent: "a1", Number: "13800000001", Parties: []LiveParty{{Number: "02112345678"}}},
			{ID: "c2", Agent: "a2", Number: "13800000002", Parties: []LiveParty{{Agent: "b1"}, {Number: "02112345678"}}},
			{ID: "c3", Number: "13800000003"},
		},
		Health: Health{Parts: []Part{{Name: "redis", Detail: "dial 10.0.0.7"}}},
	}
	s := &Server{o: Options{Team: teamOf}}
	for who, want := range map[string]string{
		"ja a1": "q1 | a1 13800000001 | c1 13800000001 02112345678 |",
		"ja b1": "q3 | b1 110 | c2 13800000002  02112345678 |",
		"ja":    "| | |",
		"sa a1": "q1 q2 | a1 13800000001 a2 13800000002 | c1 13800000001 02112345678 c2 13800000002  02112345678 |",
		"qi": "q1 q2 q3 | a1 138******01 a2 138******02 b1 110 | " +
			"c1 138******01 021******78 c2 138******02  021******78 c3 138******03 |",
		"su": "q1 q2 q3 | a1 13800000001 a2 13800000002 b1 110 | " +
			"c1 13800000001 02112345678 c2 13800000002  02112345678 c3 13800000003 | dial 10.0.0.7",
	} {
		role, agent, _ := strings.Cut(who, " ")
		p := people.Principal{User: "u", Roles: []people.Role{people.Role(role)}, Agent: call.AgentID(agent)}
		p.Team = teamOf(p.Agent)
		if got := inOneLine(s.liveFor(asker{Principal: p}, l)); got != want {
			t.Errorf("%s sees\n%s, want\n%s", who, got, want)
		}
	}
	if l.Calls[0].Number != "13800000001" || l.Calls[1].Parties[1].Number != "02112345678" || len(l.Agents) != 3 {
		t.Error("the live state itself was changed")
	}
}

// inOneLine is a live state in one line: queues, agents, calls, faults.
func inOneLine(l Live) string {
	var out []string
	for _, q := range l.Queues {
		out = append(out, string(q.ID))
	}
	out = append(out, "|")
	for _, g := range l.Agents {
		out = append(out, string(g.ID), g.Number)
	}
	out = append(out, "|")
	for _, c := range l.Calls {
		out = append(out, string(c.ID), c.Number)
		for _, p := range c.Parties {
			out = append(out, p.Number)
		}
	}
	out = append(out, "|", l.Health.Parts[0].Detail)
	return strings.TrimSpace(strings.Join(out, " "))
}
