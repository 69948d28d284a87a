package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/people"
	"hotline/web"
)

// quiet is a desk at which everything goes well and nothing happens.
type quiet struct{}

func (quiet) Live(context.Context) (web.Live, error) { return web.Live{}, nil }
func (quiet) Health(context.Context) web.Health      { return web.Health{OK: true} }
func (quiet) SetAgent(context.Context, call.AgentID, call.AgentState, string) error {
	return nil
}
func (quiet) Control(context.Context, call.ID, web.Control) error                { return nil }
func (quiet) Assign(context.Context, call.ID, call.AgentID, time.Duration) error { return nil }
func (quiet) Move(context.Context, call.ID, call.QueueID) error                  { return nil }
func (quiet) DialOut(context.Context, call.AgentID, string) (call.ID, error)     { return "o-1", nil }
func (quiet) Callbacks(context.Context) ([]web.Callback, error)                  { return nil, nil }
func (quiet) CancelCallback(context.Context, call.ID) error                      { return nil }

// lobby is an API with real users, sessions and audit log.
type lobby struct {
	t     *testing.T
	cfg   *configs.Config
	staff *People
	base  string
	log   bytes.Buffer // what the program logs, read when all is over
	said  strings.Builder
}

func newLobby(t *testing.T) *lobby {
	t.Helper()
	l := &lobby{t: t, cfg: configs.Default()}
	l.cfg.Ledger.Path = filepath.Join(t.TempDir(), "ledger.db")
	l.cfg.People.Proxies = []string{"127.0.0.1"}
	l.cfg.Complete()
	log := slog.New(slog.NewTextHandler(&l.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cheap := people.Cost{Memory: 64, Passes: 1, Lanes: 1}
	var err error
	if l.staff, err = openPeople(t.Context(), l.cfg, log, nil, cheap); err != nil {
		t.Fatal(err)
	}
	s, err := web.Listen(t.Context(), web.Options{
		Listen: "127.0.0.1:0", Token: "of-the-settings", Desk: quiet{}, Gate: l.staff, Accounts: l.staff, Staff: l.staff,
		Audit: deeds{l.staff.Log.log}, Limits: web.Limits{PerAddress: 1e6, PerUser: 1e6}, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	l.base = "http://" + s.Addr()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := l.staff.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// byToken stands for a cookie where the token of the settings is shown instead.
const byToken = "-token-"

// heard is an answer, read whole.
type heard struct {
	status int
	text   string
	cookie string // value of the cookie that it sets; "" = none, "-" = it is taken away
}

// ask sends a request with the cookie of a session, "" = none, and further headers, name and
// value in turns.
func (l *lobby) ask(method, path, body, cookie string, header ...string) heard {
	l.t.Helper()
	r, err := http.NewRequestWithContext(l.t.Context(), method, l.base+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	for pair := range slices.Chunk(header, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	switch cookie {
	case "":
	case byToken:
		r.Header.Set("Authorization", "Bearer of-the-settings")
	default:
		r.AddCookie(&http.Cookie{Name: people.CookieName, Value: cookie})
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	h := heard{status: resp.StatusCode, text: string(raw)}
	for _, c := range resp.Cookies() {
		if h.cookie = c.Value; c.MaxAge < 0 {
			h.cookie = "-"
		}
	}
	return h
}

// signIn signs somebody in who must be let in.
func (l *lobby) signIn(name, password, code string) heard {
	l.t.Helper()
	h := l.ask("POST", "/api/v1/session", fmt.Sprintf(`{"name":%q,"password":%q,"code":%q}`, name, password, code), "")
	if h.status != http.StatusOK || h.cookie == "" {
		l.t.Fatalf("%s: %d %s", name, h.status, h.text)
	}
	return h
}

// hire makes a user with a password of his own and returns the cookie of his session.
func (l *lobby) hire(name string, roles ...people.Role) string {
	l.t.Helper()
	_, once, err := l.staff.Add(l.t.Context(), Console(), people.User{Name: name, Roles: roles})
	if err != nil {
		l.t.Fatal(err)
	}
	first := l.signIn(name, once, "")
	h := l.ask("POST", "/api/v1/account/password", fmt.Sprintf(`{"password":%q,"new_password":%q}`, once, ownPassword),
		first.cookie)
	if h.status != http.StatusOK || h.cookie == "" {
		l.t.Fatalf("%s: %d %s", name, h.status, h.text)
	}
	return h.cookie
}

const ownPassword = "plum rain over the bridge"
