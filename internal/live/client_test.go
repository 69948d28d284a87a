package live

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
	"hotline/web"
)

// api answers every request the same way and keeps the last one.
type api struct {
	status int
	body   string
	seen   *http.Request
	sent   string
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	a.seen, a.sent = r, string(raw)
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

func (a *api) client(t *testing.T, token string) *Client {
	t.Helper()
	s := httptest.NewServer(a)
	t.Cleanup(s.Close)
	c := NewClient(strings.TrimPrefix(s.URL, "http://"), token)
	t.Cleanup(c.Close)
	return c
}

func TestClientReadsLive(t *testing.T) {
	a := &api{status: http.StatusOK, body: `{"site":"hotline","calls":[{"number":"13800138000"}]}`}
	got, err := a.client(t, "secret").Live(t.Context())
	want := web.Live{Site: "hotline", Calls: []web.LiveCall{{Number: "13800138000"}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if a.seen.URL.Path != "/api/v1/live" || a.seen.Header.Get("Authorization") != "Bearer secret" {
		t.Errorf("asked for %s with %q", a.seen.URL.Path, a.seen.Header.Get("Authorization"))
	}
}

func TestClientSetsAgent(t *testing.T) {
	a := &api{status: http.StatusNoContent}
	if err := a.client(t, "").SetAgent(t.Context(), "a 1/2", call.Break, "lunch"); err != nil {
		t.Fatal(err)
	}
	if got := a.seen.URL.EscapedPath(); got != "/api/v1/agents/a%201%2F2/state" || a.seen.Method != http.MethodPost {
		t.Errorf("%s %s", a.seen.Method, got)
	}
	if a.sent != `{"reason":"lunch","state":"break"}` || a.seen.Header.Get("Authorization") != "" {
		t.Errorf("sent %s with %q", a.sent, a.seen.Header.Get("Authorization"))
	}
}

// A refusal is told in the words of the API, an answer by somebody else by its status.
func TestClientTellsWhatIsWrong(t *testing.T) {
	for body, want := range map[string]string{
		`{"status":422,"detail":"state: must be ready"}`: "api: state: must be ready",
		`<html>`: "api: 422 Unprocessable Entity",
		``:       "api: 422 Unprocessable Entity",
	} {
		_, err := (&api{status: http.StatusUnprocessableEntity, body: body}).client(t, "").Live(t.Context())
		var p web.Problem
		if err == nil || err.Error() != want || !errors.As(err, &p) || p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %v, want %s", body, err, want)
		}
	}
	if _, err := (&api{status: http.StatusOK, body: "<html>"}).client(t, "").Live(t.Context()); err == nil {
		t.Error("a page is taken for the state")
	}
	if _, err := NewClient("127.0.0.1:1", "").Live(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "api: ") {
		t.Errorf("nobody there: %v", err)
	}
}
