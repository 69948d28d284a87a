package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"hotline/call"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "token-of-the-test"

// desk is the state that the routes act on.
type desk struct {
	live   Live
	health Health
	err    error
	broken bool
	asked  []string
}

func (d *desk) Live(context.Context) (Live, error) {
	if d.broken {
		_ = d.asked[len(d.asked)] // as a fault of the program does
	}
	return d.live, d.err
}

func (d *desk) Health(context.Context) Health { return d.health }

func (d *desk) SetAgent(_ context.Context, agent call.AgentID, state call.AgentState, reason string) error {
	d.asked = append(d.asked, fmt.Sprintf("%s %s %q", agent, state, reason))
	return d.err
}

func (d *desk) Control(_ context.Context, id call.ID, c Control) error {
	target := ""
	if c.Target != nil {
		target = fmt.Sprintf("%+v", *c.Target)
	}
	d.asked = append(d.asked, strings.TrimSpace(fmt.Sprintf("%s %s %s %s%s", id, c.Agent, c.Do, target, c.Keys)))
	return d.err
}

func (d *desk) Assign(_ context.Context, id call.ID, agent call.AgentID, wait time.Duration) error {
	d.asked = append(d.asked, fmt.Sprintf("assign %s %s %s", id, agent, wait))
	return d.err
}

func (d *desk) Move(_ context.Context, id call.ID, queue call.QueueID) error {
	d.asked = append(d.asked, fmt.Sprintf("move %s %s", id, queue))
	return d.err
}

func (d *desk) DialOut(_ context.Context, agent call.AgentID, number string) (call.ID, error) {
	d.asked = append(d.asked, fmt.Sprintf("dial %s %s", agent, number))
	return "o-1", d.err
}

// served is a running server.
type served struct {
	t      *testing.T
	desk   *desk
	staff  *staff // nil where nobody is managed
	server *Server
	base   string
	log    bytes.Buffer
}

func serve(t *testing.T, d *desk, token string) *served {
	t.Helper()
	return serveWith(t, d, Options{Token: token})
}

// serveWith serves with further options; address, desk and log are set here.
func serveWith(t *testing.T, d *desk, o Options) *served {
	t.Helper()
	s := &served{t: t, desk: d}
	o.Listen, o.Desk, o.Log = "127.0.0.1:0", d, slog.New(slog.NewTextHandler(&s.log, nil))
	server, err := Listen(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s.server, s.base = server, "http://"+server.Addr()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return s
}

// reply is an answer, read whole.
type reply struct {
	*http.Response
	text    string
	problem Problem
}

// do sends a request; header is "Name: value" lines.
func (s *served) do(method, path, body string, header ...string) reply {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	r := reply{Response: resp, text: string(raw)}
	if resp.Header.Get("Content-Type") == "application/problem+json" {
		if err := json.Unmarshal(raw, &r.problem); err != nil {
			s.t.Errorf("%s %s: %v: %s", method, path, err, raw)
		}
	}
	return r
}

const signed = "Authorization: Bearer " + token

// Every refusal is a problem document that says what was wrong, and nothing reaches the desk.
func TestRefusals(t *testing.T) {
	const state = "/api/v1/agents/a1001/state"
	for name, c := range map[string]struct {
		method, path, body string
		header             []string
		status             int
		field, detail      string // detail: a part of it
	}{
		"no token":          {"GET", "/api/v1/live", "", nil, 401, "", "a session or a valid bearer token is required"},
		"wrong token":       {"GET", "/api/v1/live", "", []string{signed + "x"}, 401, "", "bearer token"},
		"another scheme":    {"GET", "/api/v1/live", "", []string{"Authorization: Basic " + token}, 401, "", "bearer token"},
		"bare token":        {"GET", "/api/v1/live", "", []string{"Authorization: " + token}, 401, "", "bearer token"},
		"token in the path": {"GET", "/api/v1/live?token=" + token, "", nil, 401, "", "bearer token"},
		"no token to set":   {"POST", state, `{"state":"ready"}`, nil, 401, "", "bearer token"},
		"unknown route":     {"GET", "/api/v1/wishes", "", []string{signed}, 404, "", "GET /api/v1/wishes is no route"},
		"root":              {"GET", "/", "", []string{signed}, 404, "", "GET / is no route"},
		"wrong method":      {"DELETE", "/api/v1/live", "", []string{signed}, 405, "", "DELETE /api/v1/live is no route"},
		"another site": {
			"POST", state, `{"state":"ready"}`,
			[]string{signed, "Sec-Fetch-Site: cross-site"},
			403, "", "other sites",
		},
		"no body":        {"POST", state, "", []string{signed}, 400, "", "request body is required"},
		"no JSON":        {"POST", state, "state=ready", []string{signed}, 400, "", "body: invalid character"},
		"half JSON":      {"POST", state, `{"state":`, []string{signed}, 400, "", "body: unexpected EOF"},
		"unknown key":    {"POST", state, `{"state":"ready","x":1}`, []string{signed}, 422, "x", "unexpected property"},
		"wrong type":     {"POST", state, `{"state":1}`, []string{signed}, 422, "state", "expected string"},
		"two objects":    {"POST", state, `{"state":"ready"}{}`, []string{signed}, 400, "", "after top-level value"},
		"unknown state":  {"POST", state, `{"state":"asleep"}`, []string{signed}, 422, "state", "ready, break, offline"},
		"engine's state": {"POST", state, `{"state":"talking"}`, []string{signed}, 422, "state", "ready, break, offline"},
		"no state":       {"POST", state, `{}`, []string{signed}, 422, "state", "state: must be given"},
		"an array":       {"POST", state, `[]`, []string{signed}, 422, "", "body: expected object"},
		"large body": {
			"POST", state, `{"reason":"` + strings.Repeat("x", maxBody) + `"}`,
			[]string{signed},
			413,
			"", "at most 65536 bytes",
		},
		"another type": {
			"POST", state, "<state/>", []string{signed, "Content-Type: application/xml"}, 415, "", "unknown content type",
		},
		"a member twice, in other letters": {
			"POST", state, `{"state":"ready","STATE":"asleep"}`, []string{signed}, 400, "", `member "STATE" comes twice`,
		},
		"a member twice, in old letters": {
			"POST", state, `{"state":"ready","\u017ftate":"asleep"}`, []string{signed}, 400, "", "comes twice",
		},
		"deep nesting": {
			"POST", state, strings.Repeat(`{"state":`, 17) + "1" + strings.Repeat("}", 17),
			[]string{signed},
			400,
			"", "nested at most 16 deep",
		},
		"NUL": {"POST", state, `{"state":"break","reason":"a\u0000"}`, []string{signed}, 400, "", "must not hold NUL"},
		"half a character": {
			"POST", state, `{"state":"break","reason":"\ud800"}`, []string{signed}, 400, "", "half a surrogate pair",
		},
		"invalid UTF-8": {
			"POST", state, "{\"state\":\"break\xff\"}", []string{signed}, 400, "", "body: must be UTF-8",
		},
		"invalid UTF-8 in the path": {"GET", "/api/v1/%ff", "", []string{signed}, 400, "path", "must be UTF-8"},
		"NUL in the path":           {"GET", "/api/v1/%00", "", []string{signed}, 400, "path", "control characters"},
		"invalid UTF-8 as a query":  {"GET", "/api/v1/live?x=%ff", "", []string{signed}, 400, "query", "must be UTF-8"},
		"NUL in the query":          {"GET", "/api/v1/live?%00=1", "", []string{signed}, 400, "query", "control characters"},
		"broken query":              {"GET", "/api/v1/live?a=%zz", "", []string{signed}, 400, "query", "well-formed"},
		"unknown parameter":         {"GET", "/api/v1/live?x=1", "", []string{signed}, 422, "x", "unknown query parameter"},
		"long id": {
			"POST", "/api/v1/agents/" + strings.Repeat("x", 65) + "/state", `{"state":"ready"}`,
			[]string{signed},
			422,
			"agent", "expected length <= 64",
		},
		"no reason": {"POST", state, `{"state":"break"}`, []string{signed}, 422, "reason", "must be given for a break"},
		"long reason": {
			"POST", state, `{"state":"break","reason":"` + strings.Repeat("x", 101) + `"}`,
			[]string{signed},
			422,
			"reason", "expected length <= 100",
		},
		"reason of many bytes": {
			"POST", state, `{"state":"break","reason":"` + strings.Repeat("饭", 34) + `"}`,
			[]string{signed},
			422,
			"reason", "at most 100 bytes",
		},
		"reason of two lines": {
			"POST", state, `{"state":"break","reason":"a\nb"}`, []string{signed}, 422, "reason", "printable",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, &desk{}, token)
			r := s.do(c.method, c.path, c.body, c.header...)
			want := Problem{Type: "about:blank", Title: http.StatusText(c.status), Status: c.status, Field: c.field}
			got := r.problem
			got.Detail, got.Errors = "", nil
			if r.StatusCode != c.status || !cmp.Equal(got, want) || !strings.Contains(r.problem.Detail, c.detail) {
				t.Errorf("%d %s", r.StatusCode, r.text)
			}
			if len(s.desk.asked) > 0 {
				t.Errorf("the desk was asked: %q", s.desk.asked)
			}
			if c.status == http.StatusUnauthorized && r.Header.Get("WWW-Authenticate") != `Bearer realm="hotline"` {
				t.Errorf("WWW-Authenticate is %q", r.Header.Get("WWW-Authenticate"))
			}
			if c.status == http.StatusMethodNotAllowed && r.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow is %q", r.Header.Get("Allow"))
			}
		})
	}
}

func TestLive(t *testing.T) {
	level := 85.5
	want := Live{Site: "hotline", Queues: []LiveQueue{{ID: "q", ServiceLevel: &level}, {ID: "r"}}, Calls: []LiveCall{}}
	s := serve(t, &desk{live: want}, token)
	r := s.do("GET", "/api/v1/live", "", signed)
	var got Live
	if err := json.Unmarshal([]byte(r.text), &got); err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%d %v", r.StatusCode, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", r.Header)
	}
	// A queue without a call has no service level; 0 % would be a lie.
	if !strings.Contains(r.text, `"service_level":null`) {
		t.Errorf("no null in %s", r.text)
	}
}

func TestSetAgent(t *testing.T) {
	s := serve(t, &desk{}, token)
	for body, want := range map[string]string{
		`{"state":"ready"}`:                 `a1001 ready ""`,
		`{"state":"offline"}`:               `a1001 offline ""`,
		`{"state":"break","reason":"午餐 1"}`: `a1001 break "午餐 1"`,
	} {
		s.desk.asked = nil
		r := s.do("POST", "/api/v1/agents/a1001/state", body, signed)
		if r.StatusCode != http.StatusNoContent || r.text != "" {
			t.Errorf("%s: %d %s", body, r.StatusCode, r.text)
		}
		if diff := cmp.Diff([]string{want}, s.desk.asked); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

// What the desk refuses is told; what breaks inside is for the log alone.
func TestErrorsOfTheDesk(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		field  string
		detail string
	}{
		"unknown agent": {fmt.Errorf("ask: %w", ErrUnknownAgent), 404, "agent", "ask: no such agent"},
		"a field":       {fmt.Errorf("ask: %w", BadField("state", "must wait")), 422, "state", "state: must wait"},
		"a fault":       {errors.New("dial /run/secret.sock"), 500, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, &desk{err: c.err}, token)
			r := s.do("POST", "/api/v1/agents/x/state", `{"state":"ready"}`, signed)
			if r.StatusCode != c.status || r.problem.Field != c.field || r.problem.Detail != c.detail {
				t.Errorf("%d %s", r.StatusCode, r.text)
			}
			inner := c.status == http.StatusInternalServerError
			if strings.Contains(r.text, "secret") || strings.Contains(s.log.String(), "secret") != inner {
				t.Errorf("answer %s, log %s", r.text, s.log.String())
			}
			if r = s.do("GET", "/api/v1/live", "", signed); r.StatusCode != c.status {
				t.Errorf("live: %d %s", r.StatusCode, r.text)
			}
		})
	}
}

// The health check needs no token, but tells strangers no details.
func TestHealth(t *testing.T) {
	d := &desk{health: Health{OK: true, Parts: []Part{{Name: "redis", OK: true}}}}
	s := serve(t, d, token)
	if r := s.do("GET", "/healthz", ""); r.StatusCode != http.StatusOK {
		t.Errorf("healthy: %d %s", r.StatusCode, r.text)
	}
	d.health = Health{Parts: []Part{{Name: "redis", Detail: "dial 10.0.0.7"}, {Name: "ledger", OK: true}}}
	const bare = `{"ok":false,"parts":[{"name":"redis","ok":false},{"name":"ledger","ok":true}]}`
	for header, want := range map[string]string{
		"X-None: 1":    bare,
		signed + "bad": bare,
		signed:         strings.Replace(bare, `"ok":false}`, `"ok":false,"detail":"dial 10.0.0.7"}`, 1),
	} {
		r := s.do("GET", "/healthz", "", header)
		if r.StatusCode != http.StatusServiceUnavailable || strings.TrimSpace(r.text) != want {
			t.Errorf("%s: %d %s, want 503 %s", header, r.StatusCode, r.text, want)
		}
	}
	if d.health.Parts[0].Detail == "" {
		t.Error("the desk's own health was changed")
	}
}

func TestListenRefusesWhatCannotWork(t *testing.T) {
	s := serve(t, &desk{}, "secret")
	taken := strings.TrimPrefix(s.base, "http://")
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"no desk":    {Options{Listen: "127.0.0.1:0", Token: "secret"}, "Desk is missing"},
		"no token":   {Options{Listen: "127.0.0.1:0", Desk: &desk{}}, "Token is missing"},
		"no address": {Options{Listen: "nowhere", Token: "secret", Desk: &desk{}}, "web: listen"},
		"taken port": {Options{Listen: taken, Token: "secret", Desk: &desk{}}, "address already in use"},
	} {
		if server, err := Listen(t.Context(), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v %v, want %q", name, server, err, c.want)
		}
	}
}

// A server whose time is over before it began ends all the same.
func TestRunEndsWithItsContext(t *testing.T) {
	server, err := Listen(t.Context(), Options{Listen: "127.0.0.1:0", Token: "secret", Desk: &desk{}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Run(ctx); err != nil {
		t.Error(err)
	}
}
