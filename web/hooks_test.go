package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotline/call"
)

// shelf is a store of subscriptions.
type shelf struct {
	mu    sync.Mutex
	state []byte
	err   error
}

func (s *shelf) LoadHooks(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.err
}

func (s *shelf) SaveHooks(_ context.Context, state []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.state = state
	}
	return s.err
}

func (s *shelf) repaired() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = nil
}

// subscriber is a program that is sent events.
type subscriber struct {
	*httptest.Server
	got    chan string // number, kind and number of the caller
	secret string
	mu     sync.Mutex
	status int
}

func subscribe(t *testing.T) *subscriber {
	t.Helper()
	p := &subscriber{got: make(chan string, 100), status: http.StatusOK}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		p.mu.Lock()
		defer p.mu.Unlock()
		if err != nil || r.Header.Get(SignatureHeader) != Sign(p.secret, r.Header.Get(TimestampHeader), body) {
			w.WriteHeader(http.StatusForbidden)
			p.got <- "forged"
			return
		}
		var m EventMessage
		if err := json.Unmarshal(body, &m); err != nil || fmt.Sprint(m.Seq) != r.Header.Get(SequenceHeader) {
			p.got <- "garbled"
			return
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(p.status)
		p.got <- fmt.Sprint(m.Seq, " ", m.Event.Kind, " ", m.Event.Number)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *subscriber) answers(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = status
}

// TestHooksByTheAPI: a subscription is made, read, changed by who knows its version, and
// ended; its events are signed and come once.
func TestHooksByTheAPI(t *testing.T) {
	s, l := withLedger(t)
	p := subscribe(t)
	const all = "/api/v1/hooks"
	body := fmt.Sprintf(`{"url":%q,"kinds":["arrived","ended"]}`, p.URL)
	p.mu.Lock() // nothing is taken before the key is known
	r := s.do("POST", all, body, "X-Role: ad")
	var made newHookAnswer
	if err := json.Unmarshal([]byte(r.text), &made); err != nil || r.StatusCode != 201 || made.Secret == "" ||
		made.At != 18 {
		t.Fatalf("%d %s", r.StatusCode, r.text)
	}
	p.secret = made.Secret
	p.mu.Unlock()
	l.add(oneCall("n1", "a1")...)
	for _, want := range []string{"19 arrived 138******01", "26 ended "} {
		if got := <-p.got; got != want {
			t.Errorf("sent %q, want %q", got, want)
		}
	}
	one := all + "/" + made.ID
	for r = s.do("GET", one, "", "X-Role: ad"); !strings.Contains(r.text, `"at":27`); {
		r = s.do("GET", one, "", "X-Role: ad") // a change before that would send the last one again
	}
	tag := r.Header.Get("ETag")
	if r.StatusCode != 200 || tag == "" || strings.Contains(r.text, made.Secret) {
		t.Errorf("%d %s %s", r.StatusCode, tag, r.text)
	}
	full := strings.Replace(body, `{`, `{"numbers":true,`, 1)
	for name, c := range map[string]struct {
		method, body, match string
		status              int
		field               string
	}{
		"change unseen":    {"PUT", full, "", 428, "If-Match"},
		"end unseen":       {"DELETE", "", "", 428, "If-Match"},
		"an old version":   {"PUT", full, `"v0"`, 412, "If-Match"},
		"no encryption":    {"PUT", `{"url":"http://10.0.0.7/"}`, tag, 422, "url"},
		"another protocol": {"PUT", `{"url":"file:///etc/passwd"}`, tag, 422, "url"},
		"a password in it": {"PUT", `{"url":"https://u:p@x/"}`, tag, 422, "url"},
	} {
		if r = s.do(c.method, one, c.body, "X-Role: ad", "If-Match: "+c.match); r.StatusCode != c.status ||
			r.problem.Field != c.field {
			t.Errorf("%s: %d %s", name, r.StatusCode, r.text)
		}
	}
	if r = s.do("PUT", one, full, "X-Role: ad", "If-Match: "+tag); r.StatusCode != 200 || r.Header.Get("ETag") == tag {
		t.Errorf("%d %s", r.StatusCode, r.text)
	}
	l.add(oneCall("n2", "a1")[0])
	if got := <-p.got; got != "28 arrived 13800000001" {
		t.Errorf("after the change %q is sent", got)
	}
	if r = s.do("DELETE", one, "", "X-Role: ad", "If-Match: "+r.Header.Get("ETag")); r.StatusCode != 204 {
		t.Errorf("%d %s", r.StatusCode, r.text)
	}
	if r = s.do("GET", one, "", "X-Role: ad"); r.StatusCode != 404 {
		t.Errorf("%d %s", r.StatusCode, r.text)
	}
}

// TestDeadLetters: an event that is not taken however often is put aside, the next ones come,
// and it can be sent again. A redirect is not followed.
func TestDeadLetters(t *testing.T) {
	l, p, h := &ledger{}, subscribe(t), &hooks{store: &shelf{}, of: map[string]*kept{}, changed: make(chan struct{})}
	p.secret = "s"
	h.of["x"] = &kept{ID: "x", Version: 1, Secret: "s", Hook: Hook{URL: p.URL}}
	s := serveWith(t, &desk{}, Options{Token: token})
	c := newCourier(l, h, s.server.log)
	c.tries, c.first = 3, time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { c.run(ctx) })
	defer running.Wait()
	defer cancel()
	p.answers(http.StatusTemporaryRedirect)
	l.add(call.Event{Kind: call.StreamGap})
	for range 3 {
		if got := <-p.got; got != "1 stream_gap " {
			t.Fatalf("sent %q", got)
		}
	}
	for { // until it is put aside
		all, _ := h.all()
		if len(all[0].Letters) == 1 && all[0].Letters[0].Seq == 1 && all[0].Letters[0].Fault == "status 307" {
			break
		}
	}
	p.answers(http.StatusOK)
	l.add(call.Event{Kind: call.StreamGap})
	if got := <-p.got; got != "2 stream_gap " {
		t.Errorf("sent %q", got)
	}
}

// TestSubscriberIsServedWhileNothingCanBeStored: a full disk costs him no event; his place is
// stored as soon as that works again.
func TestSubscriberIsServedWhileNothingCanBeStored(t *testing.T) {
	store := &shelf{err: errors.New("disk full")}
	l, p, h := &ledger{}, subscribe(t), &hooks{store: store, of: map[string]*kept{}, changed: make(chan struct{})}
	p.secret = "s"
	h.of["x"] = &kept{ID: "x", Version: 1, Secret: "s", Hook: Hook{URL: p.URL}}
	c := newCourier(l, h, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { c.run(ctx) })
	defer running.Wait()
	defer cancel()
	for i := range 3 {
		if i == 2 {
			store.repaired()
		}
		l.add(call.Event{Kind: call.StreamGap})
		select {
		case got := <-p.got:
			if want := fmt.Sprint(i+1, " stream_gap "); got != want {
				t.Errorf("sent %q, want %q", got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("event %d is not sent", i+1)
		}
	}
	for all, _ := h.all(); all[0].At != 3; all, _ = h.all() { // until the last one is noted
		runtime.Gosched()
	}
	if again, err := newHooks(t.Context(), store); err != nil || again.of["x"].At != 3 {
		t.Errorf("after a restart: %v %+v", err, again)
	}
}

// TestChangedSubscriptionHoldsAtOnce: what happens after a change is not sent as it was before.
func TestChangedSubscriptionHoldsAtOnce(t *testing.T) {
	l, p, h := &ledger{}, subscribe(t), &hooks{store: &shelf{}, of: map[string]*kept{}}
	before := kept{ID: "x", Version: 1, Hook: Hook{URL: p.URL}}
	h.of["x"] = &kept{ID: "x", Version: 2, Hook: Hook{URL: p.URL, Paused: true}}
	l.add(call.Event{Kind: call.StreamGap})
	newCourier(l, h, slog.New(slog.DiscardHandler)).serve(t.Context(), before)
	if len(p.got) > 0 {
		t.Errorf("sent %q", <-p.got)
	}
}

// TestDeadLettersByTheAPI: they are listed and sent again, and leave the list when taken.
func TestDeadLettersByTheAPI(t *testing.T) {
	p, l := subscribe(t), &ledger{}
	p.secret = "s"
	l.add(call.Event{Kind: call.StreamGap})
	state, err := json.Marshal([]kept{{
		ID: "x", Version: 1, Secret: "s", Hook: Hook{URL: p.URL}, At: 1, Letters: []DeadLetter{{Seq: 1, Fault: "status 500"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s := serveWith(t, &desk{}, Options{Token: token, History: l, Feed: l, Hooks: &shelf{state: state}})
	const dead = "/api/v1/hooks/x/dead"
	if r := s.do("GET", dead, "", signed); r.StatusCode != 200 || !strings.Contains(r.text, `"seq":1`) {
		t.Fatalf("%d %s", r.StatusCode, r.text)
	}
	p.answers(http.StatusInternalServerError)
	if r := s.do("POST", dead+"/1", "{}", signed); r.StatusCode != 409 {
		t.Errorf("not taken: %d %s", r.StatusCode, r.text)
	}
	p.answers(http.StatusOK)
	if r := s.do("POST", dead+"/1", "{}", signed); r.StatusCode != 204 {
		t.Errorf("taken: %d %s", r.StatusCode, r.text)
	}
	if r := s.do("POST", dead+"/1", "{}", signed); r.StatusCode != 404 || r.problem.Field != "seq" {
		t.Errorf("once more: %d %s", r.StatusCode, r.text)
	}
}

// TestPausesBetweenTries grow up to a limit.
func TestPausesBetweenTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hooks{store: &shelf{}, of: map[string]*kept{}}
		c := newCourier(&ledger{}, h, slog.New(slog.DiscardHandler))
		c.client.Transport = refusing{}
		begin := time.Now()
		k := kept{ID: "x", Hook: Hook{URL: "https://x"}}
		if letter := c.bring(t.Context(), &k, call.Event{Seq: 7}); letter == nil || letter.Seq != 7 || k.failed != 12 {
			t.Errorf("%+v after %d tries", letter, k.failed)
		}
		// 1 + 2 + 4 + ... + 256 s, then twice 5 minutes.
		if took := time.Since(begin); took != 511*time.Second+10*time.Minute {
			t.Errorf("given up after %s", took)
		}
	})
}

type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }

// TestSubscriptionsThatCannotBeStored did not happen, and there are not too many of them.
func TestSubscriptionsThatCannotBeStored(t *testing.T) {
	store := &shelf{}
	l := &ledger{}
	s := serveWith(t, &desk{}, Options{Token: token, History: l, Feed: l, Hooks: store})
	const body = `{"url":"http://127.0.0.1:9/"}`
	store.err = errors.New("disk full")
	if r := s.do("POST", "/api/v1/hooks", body, signed); r.StatusCode != 500 {
		t.Errorf("%d %s", r.StatusCode, r.text)
	}
	store.err = nil
	if r := s.do("GET", "/api/v1/hooks", "", signed); strings.TrimSpace(r.text) != `{"hooks":[]}` {
		t.Errorf("it happened: %s", r.text)
	}
	for range maxHooks {
		if r := s.do("POST", "/api/v1/hooks", body, signed); r.StatusCode != 201 {
			t.Fatalf("%d %s", r.StatusCode, r.text)
		}
	}
	if r := s.do("POST", "/api/v1/hooks", body, signed); r.StatusCode != 409 {
		t.Errorf("one too many: %d %s", r.StatusCode, r.text)
	}
	again, err := newHooks(t.Context(), store)
	if err != nil || len(again.of) != maxHooks {
		t.Errorf("after a restart: %v %d", err, len(again.of))
	}
}

// TestReachable: no name leads to the machine's surroundings.
func TestReachable(t *testing.T) {
	var refused []string
	for _, a := range []string{
		"169.254.169.254:80", "[fe80::1]:443", "0.0.0.0:80", "224.0.0.1:80", "[::ffff:169.254.169.254]:80", "x",
		"93.184.216.34:443", "127.0.0.1:80",
	} {
		if reachable(t.Context(), "tcp", a, nil) != nil {
			refused = append(refused, a)
		}
	}
	if want := []string{
		"169.254.169.254:80", "[fe80::1]:443", "0.0.0.0:80", "224.0.0.1:80", "[::ffff:169.254.169.254]:80", "x",
	}; !slices.Equal(refused, want) {
		t.Errorf("refused %q", refused)
	}
}
