package app

import (
	"crypto/hmac"
	"crypto/sha1" // as RFC 6238 has it
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/audit"
	"hotline/configs"
	"hotline/internal/testbed"
	"hotline/people"
	"hotline/reports/sqlstore"
	"hotline/web"
)

// codeOf is the code that a telephone shows for a secret at a time.
func codeOf(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(at.Unix()/30)))
	sum := mac.Sum(nil)
	from := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[from:])&0x7fffffff%1_000_000)
}

// TestFirstAdministrator goes his way: a printed password that opens nothing but its own
// change, a second factor, and then his rights.
func TestFirstAdministrator(t *testing.T) {
	l := newLobby(t)
	once, err := l.staff.First(t.Context(), people.Principal{Name: "hotline"})
	if err != nil || once == "" {
		t.Fatalf("%q, %v", once, err)
	}
	if again, err := l.staff.First(t.Context(), people.Principal{}); again != "" || err != nil {
		t.Errorf("there is a second first one: %q, %v", again, err)
	}
	h := l.signIn(people.FirstUser, once, "")
	if !strings.Contains(h.text, `"must_change_password":true`) || strings.Contains(h.text, "live.read") {
		t.Errorf("with the printed password he is %s", h.text)
	}
	first := h.cookie
	if got := l.ask("GET", "/api/v1/live", "", first).status; got != http.StatusForbidden {
		t.Errorf("with the printed password: %d", got)
	}
	change := fmt.Sprintf(`{"password":%q,"new_password":%q}`, once, ownPassword)
	h = l.ask("POST", "/api/v1/account/password", change, first)
	second := h.cookie
	if h.status != http.StatusOK || !strings.Contains(h.text, `"must_add_second_factor":true`) {
		t.Fatalf("changed: %d %s", h.status, h.text)
	}
	if l.ask("GET", "/api/v1/session", "", first).status != http.StatusUnauthorized ||
		l.ask("GET", "/api/v1/live", "", second).status != http.StatusForbidden {
		t.Error("the first session lives, or the second one has rights without a second factor")
	}
	h = l.ask("POST", "/api/v1/account/second-factor", fmt.Sprintf(`{"password":%q}`, ownPassword), second)
	var offer struct{ Secret string }
	if err := json.Unmarshal([]byte(h.text), &offer); err != nil || offer.Secret == "" {
		t.Fatalf("offered: %d %s", h.status, h.text)
	}
	now := time.Now()
	h = l.ask("POST", "/api/v1/account/second-factor/confirm",
		fmt.Sprintf(`{"code":%q}`, codeOf(t, offer.Secret, now)), second)
	if h.status != http.StatusOK || !strings.Contains(h.text, `"live.read":"all"`) {
		t.Fatalf("confirmed: %d %s", h.status, h.text)
	}
	if got := l.ask("GET", "/api/v1/live", "", h.cookie).status; got != http.StatusOK {
		t.Errorf("with both: %d", got)
	}
	half := l.ask("POST", "/api/v1/session", fmt.Sprintf(`{"name":"admin","password":%q}`, ownPassword), "")
	if half.status != http.StatusUnauthorized || !strings.Contains(half.text, `"field":"code"`) || half.cookie != "" {
		t.Errorf("without a code: %d %s", half.status, half.text)
	}
	l.signIn("admin", ownPassword, codeOf(t, offer.Secret, now.Add(30*time.Second)))
	l.keepsSecrets(once, ownPassword, offer.Secret, first, second, h.cookie)
}

// keepsSecrets looks for what nobody may read in the log of the program and in the audit log,
// which must be whole.
func (l *lobby) keepsSecrets(secrets ...string) {
	l.t.Helper()
	for _, e := range l.entries() {
		fmt.Fprintln(&l.said, e)
	}
	for _, s := range secrets {
		if strings.Contains(l.said.String(), s) || strings.Contains(l.log.String(), s) {
			l.t.Errorf("%q stands in a log", s)
		}
	}
	noted, _, err := audit.ReadWitness(l.cfg.Audit.Witness)
	if err != nil {
		l.t.Fatal(err)
	}
	head, faults, err := audit.Verify(l.t.Context(), l.staff.Log, noted)
	if err != nil || len(faults) > 0 || head.Seq == 0 || len(noted) != int(head.Seq) {
		l.t.Errorf("the audit log: %d entries, %d noted, %v %v", head.Seq, len(noted), faults, err)
	}
}

func (l *lobby) entries() []audit.Entry {
	l.t.Helper()
	all, err := l.staff.Log.After(l.t.Context(), 0, 10_000)
	if err != nil {
		l.t.Fatal(err)
	}
	return all
}

// TestStolenCookieIsDeadAfterSignOut: whoever copied it has nothing.
func TestStolenCookieIsDeadAfterSignOut(t *testing.T) {
	l := newLobby(t)
	cookie := l.hire("wang", people.Senior)
	other := l.signIn("wang", ownPassword, "").cookie
	if h := l.ask("GET", "/api/v1/live", "", cookie); h.status != http.StatusOK {
		t.Fatalf("before: %d %s", h.status, h.text)
	}
	if h := l.ask("DELETE", "/api/v1/session", "", cookie); h.status != http.StatusNoContent || h.cookie != "-" {
		t.Errorf("signing out: %d, cookie %q", h.status, h.cookie)
	}
	if h := l.ask("GET", "/api/v1/live", "", cookie); h.status != http.StatusUnauthorized {
		t.Errorf("after signing out: %d", h.status)
	}
	if h := l.ask("GET", "/api/v1/live", "", other); h.status != http.StatusOK {
		t.Errorf("his other session: %d", h.status)
	}
	third := l.signIn("wang", ownPassword, "").cookie
	if h := l.ask("DELETE", "/api/v1/sessions", "", other); h.status != http.StatusNoContent {
		t.Errorf("signing out everywhere: %d", h.status)
	}
	for _, dead := range []string{other, third} {
		if h := l.ask("GET", "/api/v1/session", "", dead); h.status != http.StatusUnauthorized {
			t.Errorf("after signing out everywhere: %d", h.status)
		}
	}
}

// TestRightsOfRealSessions walks over every operation of the document in every role: what a
// session is told of its rights is what it has, and a dead one has none.
func TestRightsOfRealSessions(t *testing.T) {
	l := newLobby(t)
	ops := documented(t, l.ask("GET", "/api/v1/openapi.json", "", "").text)
	if len(ops) < 15 {
		t.Fatalf("the document has %d operations", len(ops))
	}
	// Administrators demand a second factor: TestFirstAdministrator sees to them.
	for _, role := range people.Roles()[:len(people.Roles())-1] {
		cookie := l.hire("user-"+string(role), role)
		var me web.Me
		if err := json.Unmarshal([]byte(l.ask("GET", "/api/v1/session", "", cookie).text), &me); err != nil {
			t.Fatal(err)
		}
		for _, op := range ops {
			if op.right == web.Self || op.right == web.Open {
				continue // they would end the session
			}
			h := l.ask(op.method, op.path, op.body, cookie)
			refused := h.status == http.StatusForbidden && strings.Contains(h.text, "the right "+string(op.right))
			if refused != (me.Rights[op.right] == "") || h.status == http.StatusUnauthorized || h.status >= 500 {
				t.Errorf("%s %s by %s, who has %v: %d %s", op.method, op.path, role, me.Rights, h.status, h.text)
			}
		}
		if h := l.ask("DELETE", "/api/v1/session", "", cookie); h.status != http.StatusNoContent {
			t.Fatalf("%s signs out: %d", role, h.status)
		}
		for _, op := range ops {
			if h := l.ask(op.method, op.path, op.body, cookie); op.right != web.Open && h.status != http.StatusUnauthorized {
				t.Errorf("%s %s by a session that is over: %d", op.method, op.path, h.status)
			}
		}
	}
}

// operation is one of the document, with its own examples.
type operation struct {
	method, path, body string
	right              web.Right
}

func documented(t *testing.T, document string) []operation {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Right      web.Right `json:"x-right"`
			Parameters []struct {
				Name, In string
				Schema   struct{ Examples []any }
			}
			RequestBody struct {
				Content map[string]struct{ Example json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal([]byte(document), &doc); err != nil {
		t.Fatal(err)
	}
	var all []operation
	for path, item := range doc.Paths {
		for method, op := range item {
			o := operation{
				method: strings.ToUpper(method), path: path, right: op.Right,
				body: string(op.RequestBody.Content["application/json"].Example),
			}
			for _, p := range op.Parameters {
				if p.In == "path" {
					o.path = strings.ReplaceAll(o.path, "{"+p.Name+"}", fmt.Sprint(p.Schema.Examples[0]))
				}
			}
			all = append(all, o)
		}
	}
	return all
}

// TestBadSignIns: whatever a stranger sends to the door is answered by 4xx, and costs no hash.
func TestBadSignIns(t *testing.T) {
	l := newLobby(t)
	l.hire("wang", people.Senior)
	for name, body := range map[string]string{
		"64 MB":              `{"name":"wang","password":"` + strings.Repeat("a", 64<<20) + `"}`,
		"64 MB of blanks":    strings.Repeat(" ", 64<<20),
		"nesting":            strings.Repeat("[", 60_000),
		"nesting inside":     `{"name":` + strings.Repeat("[", 30_000) + strings.Repeat("]", 30_000) + `}`,
		"NUL":                "{\"name\":\"wang\\u0000\",\"password\":\"x\"}",
		"a bare NUL":         "{\"name\":\"wang\x00\",\"password\":\"x\"}",
		"no UTF-8":           "{\"name\":\"wang\xff\xfe\",\"password\":\"x\"}",
		"a password of 2 KB": `{"name":"wang","password":"` + strings.Repeat("a", 2<<10) + `"}`,
		"no password":        `{"name":"wang"}`,
		"nothing":            ``,
		"a wrong type":       `{"name":"wang","password":7}`,
		"twice":              `{"name":"wang","password":"x","password":"` + ownPassword + `"}`,
		"a wrong one":        `{"name":"wang","password":"x"}`,
		"an unknown name":    `{"name":"' OR '1'='1","password":"x"}`,
	} {
		h := l.ask("POST", "/api/v1/session", body, "")
		if h.status < 400 || h.status > 499 || h.cookie != "" {
			t.Errorf("%s: %d %.200s", name, h.status, h.text)
		}
	}
}

// TestDeedsAreNoted with who did them and from where; what is denied, too.
func TestDeedsAreNoted(t *testing.T) {
	l := newLobby(t)
	cookie := l.hire("wang", people.Supervisor)
	l.ask("POST", "/api/v1/agents/a1001/state", `{"state":"ready"}`, cookie)
	l.ask("GET", "/metrics", "", cookie) // not served here
	l.ask("POST", "/api/v1/agents/a1001/calls", `{"number":"1"}`, cookie)
	all := l.entries()
	var got []string
	for _, e := range all[len(all)-2:] {
		got = append(got, fmt.Sprintf("%s %s %s %s %s", e.Actor, e.Address, e.Action, e.Object, e.Outcome))
	}
	want := []string{
		"wang 203.0.113.9 setAgentState /api/v1/agents/a1001/state allowed",
		"wang 203.0.113.9 dialOut /api/v1/agents/a1001/calls denied",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("noted\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if err := (deeds{l.staff.Log.log}).Note(t.Context(), web.Deed{
		Root: true, Address: "127.0.0.1", Operation: "getReport", Path: "/r", Query: "queue=q",
	}); err != nil {
		t.Fatal(err)
	}
	all = l.entries()
	if e := all[len(all)-1]; e.Actor != "root" || e.Address != "127.0.0.1" || e.Details != `{"query":"queue=q"}` {
		t.Errorf("by the configured token: %+v", e)
	}
}

// TestPeopleInPostgreSQL: users and the log are in the ledger's database, the witness on this
// machine.
func TestPeopleInPostgreSQL(t *testing.T) {
	server := testbed.RunPostgres(t, testbed.PostgresOptions{})
	url, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cfg := configs.Default()
	cfg.Ledger.URL, cfg.Ledger.Password = url, configs.NewSecret(server.Password)
	cfg.Ledger.Spool = filepath.Join(t.TempDir(), "spool")
	cfg.Complete()
	store, err := sqlstore.OpenAt(t.Context(), LedgerAt(cfg))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for run := range 2 { // what the first has left, the second finds
		p, err := OpenPeople(t.Context(), cfg, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		once, err := p.First(t.Context(), Console())
		if err != nil || (once != "") != (run == 0) {
			t.Errorf("start %d: %q, %v", run, once, err)
		}
		noted, _, err := audit.ReadWitness(cfg.Audit.Witness)
		if err != nil {
			t.Fatal(err)
		}
		head, faults, err := audit.Verify(t.Context(), p.Log, noted)
		if err != nil || head.Seq != 1 || len(noted) != 1 || len(faults) > 0 {
			t.Errorf("start %d: %d entries, %d noted, %v %v", run, head.Seq, len(noted), faults, err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestUsersManagedByTheAPI: who is made there comes in, has his roles at once, is out at once
// when he is disabled, and all of it can be read.
func TestUsersManagedByTheAPI(t *testing.T) {
	l := newLobby(t)
	l.hire("boss", people.Administrator) // somebody has to be left
	made := l.ask("POST", "/api/v1/users", `{"name":"li","roles":["ja"]}`, byToken)
	var user struct{ ID, Password string }
	if err := json.Unmarshal([]byte(made.text), &user); err != nil || made.status != http.StatusCreated {
		t.Fatalf("%d %s", made.status, made.text)
	}
	first := l.signIn("li", user.Password, "")
	change := fmt.Sprintf(`{"password":%q,"new_password":%q}`, user.Password, ownPassword)
	cookie := l.ask("POST", "/api/v1/account/password", change, first.cookie).cookie
	if got := l.ask("GET", "/api/v1/users", "", cookie).status; got != http.StatusForbidden {
		t.Errorf("a junior manages users: %d", got)
	}
	save := func(body, match string) int {
		return l.ask("PUT", "/api/v1/users/"+user.ID, body, byToken, "If-Match", match).status
	}
	if got := save(`{"name":"li","roles":["su"]}`, `"1"`); got != http.StatusOK {
		t.Errorf("changed: %d", got)
	}
	if me := l.ask("GET", "/api/v1/session", "", cookie).text; !strings.Contains(me, `"roles":["su"]`) {
		t.Errorf("after the change he is %s", me)
	}
	if got := save(`{"name":"li","roles":["su"],"disabled":true}`, `"1"`); got != http.StatusPreconditionFailed {
		t.Errorf("an old version: %d", got)
	}
	if got := save(`{"name":"li","roles":["su"],"disabled":true}`, `"2"`); got != http.StatusOK {
		t.Errorf("disabled: %d", got)
	}
	if got := l.ask("GET", "/api/v1/session", "", cookie).status; got != http.StatusUnauthorized {
		t.Errorf("a disabled one is in: %d", got)
	}
	log := l.ask("GET", "/api/v1/audit?action=user.", "", byToken)
	for _, want := range []string{`"action":"user.add","object":"user li"`, `{\"roles\":\"ja -> su\"}`, `"actor":"root"`} {
		if !strings.Contains(log.text, want) {
			t.Errorf("the log has no %s: %s", want, log.text)
		}
	}
	l.keepsSecrets(user.Password, ownPassword, first.cookie, cookie)
}
