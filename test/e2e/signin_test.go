package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotline/people"
	"hotline/test/house"
	"hotline/web"
)

// visitor is a browser: it keeps the cookie that it was given.
type visitor struct {
	t      *testing.T
	api    string
	hands  *http.Client
	cookie *http.Cookie
}

func newVisitor(t *testing.T, api string) *visitor {
	t.Helper()
	v := &visitor{t: t, api: api, hands: &http.Client{Timeout: 20 * time.Second}}
	t.Cleanup(v.hands.CloseIdleConnections)
	return v
}

// ask sends a request and returns the status and the text of the answer.
func (v *visitor) ask(method, path, body string) (status int, text string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.api+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	if v.cookie != nil {
		r.AddCookie(v.cookie)
	}
	resp, err := v.hands.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.Body.Close() != nil {
		v.t.Fatal(err)
	}
	for _, c := range resp.Cookies() {
		if c.Name == people.CookieName && c.MaxAge >= 0 {
			v.cookie = &http.Cookie{Name: c.Name, Value: c.Value}
		}
	}
	return resp.StatusCode, string(raw)
}

// must is ask where the answer has to be a success.
func (v *visitor) must(method, path, body string) string {
	v.t.Helper()
	status, text := v.ask(method, path, body)
	if status >= 300 {
		v.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	return text
}

// enter signs in with a one-time password and changes it.
func (v *visitor) enter(name, once, fresh string) web.Me {
	v.t.Helper()
	v.must("POST", "/api/v1/session", fmt.Sprintf(`{"name":%q,"password":%q}`, name, once))
	if status, _ := v.ask("GET", "/api/v1/live", ""); status != http.StatusForbidden {
		v.t.Errorf("%s sees the hotline with a one-time password: %d", name, status)
	}
	text := v.must("POST", "/api/v1/account/password", fmt.Sprintf(`{"password":%q,"new_password":%q}`, once, fresh))
	var me web.Me
	if err := json.Unmarshal([]byte(text), &me); err != nil {
		v.t.Fatal(err)
	}
	return me
}

// TestSignInToARunningHotline: the first administrator comes in by the printed password, a
// supervisor whom the command line makes reads a report and leaves, his cookie is dead, and
// the audit log is whole and tells it all.
func TestSignInToARunningHotline(t *testing.T) {
	hotline := program(t)
	d := startDemo(t, hotline, temporary(t), "--no-phones", "--agents", "1")
	config := d.settings()
	const secret = "plum rain over the bridge"
	admin := newVisitor(t, d.access.API)
	if me := admin.enter(d.access.User, d.access.Once, secret); me.MustEnroll || me.Rights[web.UserManage] != "all" {
		t.Errorf("the first administrator of a demo, which wants no second factor, is %+v", me)
	}
	made := finish(t, hotline, "user", "add", "boss", "--role", "su", "--config", config)
	_, once, found := strings.Cut(strings.TrimSpace(made.out), "one-time password ")
	if made.code != 0 || !found {
		t.Fatalf("user add: %+v", made)
	}
	boss := newVisitor(t, d.access.API)
	if me := boss.enter("boss", once, secret); me.Rights[web.ReportRead] != "all" {
		t.Errorf("the supervisor is %+v", me)
	}
	today := time.Now().Format(time.DateOnly)
	report := "/api/v1/reports?from=" + today + "&to=" + today
	if text := boss.must("GET", report, ""); !strings.Contains(text, `"figures"`) {
		t.Errorf("the report: %.300s", text)
	}
	if status, text := boss.ask("GET", "/api/v1/hooks", ""); status != http.StatusForbidden {
		t.Errorf("what is an administrator's: %d %s", status, text)
	}
	boss.must("DELETE", "/api/v1/session", "")
	if status, _ := boss.ask("GET", report, ""); status != http.StatusUnauthorized {
		t.Errorf("the cookie opens after signing out: %d", status)
	}
	d.tells(hotline, config, once, secret, d.access.Once, boss.cookie.Value)
	d.end(syscall.SIGINT)
}

// TestFirstStartPrintsAPassword: once, to standard output and not into the log, and it opens.
// Who is signed in stays so over a restart.
func TestFirstStartPrintsAPassword(t *testing.T) {
	h := house.OpenOutside(t, 1, nil)
	c := h.Controller(house.Build(t), "only")
	acts := func() bool { return len(h.Live().Agents) == 1 }
	h.Until("it acts", acts)
	var once string
	h.Until("it has printed the password", func() bool {
		_, once, _ = strings.Cut(c.Said(), "user admin\none-time password ")
		return strings.HasSuffix(once, "\n")
	})
	once = strings.TrimSpace(once)
	admin := newVisitor(t, "http://"+c.Addr())
	if me := admin.enter("admin", once, "plum rain over the bridge"); !me.MustEnroll {
		t.Errorf("the first administrator is %+v", me)
	}
	c.End()
	c.Start()
	h.Until("it acts again", acts)
	admin.api = "http://" + c.Addr()
	admin.must("GET", "/api/v1/session", "")
	if strings.Count(c.Said(), "password") != 1 || strings.Contains(c.Log(), once) {
		t.Errorf("it said %q", c.Said())
	}
}

// tells looks into the audit log by the command line: it is whole, has what was done, and
// holds no secret; nor does what the program has said.
func (d *demoRun) tells(hotline, config string, secrets ...string) {
	d.t.Helper()
	if r := finish(d.t, hotline, "audit", "verify", "--config", config); r.code != 0 ||
		!strings.Contains(r.out, "entries, whole") {
		d.t.Errorf("audit verify: %+v", r)
	}
	r := finish(d.t, hotline, "audit", "list", "--json", "--config", config)
	for _, want := range []string{
		`"action":"user.first"`, `"action":"password.change"`, `"action":"user.add"`, `"action":"getReport"`,
		`"action":"listHooks","object":"/api/v1/hooks","outcome":"denied"`, `"action":"sign_out"`,
	} {
		if !strings.Contains(r.out, want) {
			d.t.Errorf("the audit log has no %s:\n%s", want, r.out)
		}
	}
	for _, s := range secrets {
		if strings.Contains(r.out, s) || strings.Contains(d.said(), s) {
			d.t.Errorf("%q stands in a log", s)
		}
	}
}
