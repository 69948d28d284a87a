package web

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hotline/people"
)

// TestLargeBodiesAreRefusedWithoutMemory: 64 MB are answered by 413 at once, told of by their
// sender or not, and nothing of them is kept.
func TestLargeBodiesAreRefusedWithoutMemory(t *testing.T) {
	s := serve(t, &desk{}, token)
	before := heap()
	for name, length := range map[string]int64{"told": 64<<20 + 10, "not told": -1} {
		body := io.MultiReader(strings.NewReader(`{"state":"`), io.LimitReader(letters{}, 64<<20))
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.base+"/api/v1/agents/a/state", body)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = length
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			// The server had said no and closed; what was on its way met a closed door.
			t.Logf("%s: %v", name, err)
			continue
		}
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	const slack = 8 << 20
	if grown := heap() - before; grown > slack {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	if len(s.desk.asked) > 0 {
		t.Errorf("the desk was asked %q", s.desk.asked)
	}
}

// letters is text without end.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// FuzzBodies: whatever is sent as a body, the answer is a refusal that names the rule or a
// success, and the desk is asked for nothing that a rule forbids.
func FuzzBodies(f *testing.F) {
	for _, seed := range []string{
		`{"state":"ready"}`, `{"state":"break","reason":"x"}`, `[[[[`, `{"state":{"state":{}}}`, "\x00", "\xff", `""`, `null`,
		`{"state":null}`, `{"a":1e999}`, `{"state":"ready","State":"x"}`, `1`, `{"state":"\u0000"}`,
		strings.Repeat("[", 9999),
	} {
		f.Add([]byte(seed))
	}
	d := &desk{}
	s, err := Listen(f.Context(), Options{
		Listen: "127.0.0.1:0", Token: token, Desk: d, Limits: Limits{PerAddress: 1e9, PerUser: 1e9},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.listener.Close() })
	f.Fuzz(func(t *testing.T, body []byte) {
		d.asked = nil
		w := answerTo(t, s, "POST", "/api/v1/agents/a1001/state", body)
		switch {
		case w.Code == http.StatusNoContent:
			if len(d.asked) != 1 || strings.ContainsAny(d.asked[0], "\x00\n") {
				t.Errorf("%q asked for %q", body, d.asked)
			}
		case w.Code < 400 || w.Code >= 500 || len(d.asked) > 0:
			t.Errorf("%q: %d %s, asked %q", body, w.Code, w.Body, d.asked)
		case !strings.Contains(w.Body.String(), `"detail":"`):
			t.Errorf("%q: no detail in %s", body, w.Body)
		}
	})
}

// answerTo sends a request without a network.
func answerTo(t *testing.T, s *Server, method, path string, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(w, req)
	return w
}

// TestLimitOfRequests: twice the rate at once, then the rate, with the time to wait.
func TestLimitOfRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(2)
		for i := range 4 {
			if wait := l.take("a"); wait != 0 {
				t.Fatalf("request %d waits %s", i, wait)
			}
		}
		if wait := l.take("a"); wait != 500*time.Millisecond {
			t.Errorf("the fifth waits %s", wait)
		}
		if l.take("b") != 0 {
			t.Error("another one waits as well")
		}
		time.Sleep(500 * time.Millisecond)
		if l.take("a") != 0 || l.take("a") == 0 {
			t.Error("after half a second not just one goes through")
		}
		time.Sleep(time.Hour)
		for range 4 {
			l.take("a")
		}
		if l.take("a") == 0 {
			t.Error("an hour of rest saves up more than the burst")
		}
	})
}

// TestLimiterIsBounded: addresses without number take memory for so many, and one who was
// there before is not forgotten.
func TestLimiterIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(1)
		for l.take("old") == 0 {
		}
		for i := range 2 * maxBuckets {
			l.take(fmt.Sprint(i))
		}
		if n := len(l.buckets); n > maxBuckets+1 {
			t.Errorf("%d buckets", n)
		}
		if l.take("old") == 0 {
			t.Error("a flood of others made the first one free")
		}
		time.Sleep(time.Minute)
		l.take("new")
		if n := len(l.buckets); n > 1 {
			t.Errorf("%d buckets after a minute of rest", n)
		}
	})
}

func TestLimitsAnswer(t *testing.T) {
	s := serveWith(t, &desk{}, Options{Token: token, Gate: door{}, Limits: Limits{PerAddress: 1e6, PerUser: 1}})
	for i, want := range []int{200, 200, 429} {
		r := s.do("GET", "/api/v1/live", "", "X-Role: su")
		if r.StatusCode != want || want == 429 && r.Header.Get("Retry-After") != "1" {
			t.Errorf("request %d: %d %s, wait %q", i, r.StatusCode, r.text, r.Header.Get("Retry-After"))
		}
	}
	if r := s.do("GET", "/api/v1/live", "", "X-Role: mh"); r.StatusCode != http.StatusOK {
		t.Errorf("another user: %d", r.StatusCode)
	}
	s = serveWith(t, &desk{}, Options{Token: token, Limits: Limits{PerAddress: 1}})
	for i, want := range []int{404, 404, 429} {
		if r := s.do("GET", "/nothing", ""); r.StatusCode != want {
			t.Errorf("request %d of the address: %d", i, r.StatusCode)
		}
	}
}

func TestAddresses(t *testing.T) {
	s := serve(t, &desk{}, token)
	for peer, want := range map[string]string{
		"10.0.0.7:81": "10.0.0.7", "[::ffff:10.0.0.7]:81": "10.0.0.7", "[2001:db8:1:2:3::4]:81": "2001:db8:1:2::/64",
		"@": "@", "[fe80::1%eth0]:1": "fe80::/64",
	} {
		if got := subscriberOf(s.server.from(&http.Request{RemoteAddr: peer})); got != want {
			t.Errorf("%s counts as %s, want %s", peer, got, want)
		}
	}
}

// behind are accounts behind a proxy, which says where requests come from.
type behind struct{ accounts }

func (*behind) From(r *http.Request) people.Principal {
	return people.Principal{Address: r.Header.Get("X-From")}
}

// TestClientsOfAProxyAreApart: the limit and the audit log see them, and not their proxy.
func TestClientsOfAProxyAreApart(t *testing.T) {
	l := &ledger{}
	s := serveWith(t, &desk{}, Options{
		Token: token, Gate: door{}, Accounts: &behind{}, Audit: l, Limits: Limits{PerAddress: 1},
	})
	for i, c := range []struct {
		from string
		want int
	}{{"10.0.0.7", 404}, {"10.0.0.7", 404}, {"10.0.0.7", 429}, {"10.0.0.8", 404}} {
		if r := s.do("GET", "/nothing", "", "X-From: "+c.from); r.StatusCode != c.want {
			t.Errorf("request %d, of %s: %d, want %d", i, c.from, r.StatusCode, c.want)
		}
	}
	s.do("POST", "/api/v1/agents/a/state", `{"state":"ready"}`, signed, "X-From: 2001:db8::7")
	if len(l.deeds) != 1 || l.deeds[0].Address != "2001:db8::7" {
		t.Errorf("deeds %+v", l.deeds)
	}
}

// TestHeadersOfSafety stand in every answer, refusals too.
func TestHeadersOfSafety(t *testing.T) {
	s := serve(t, &desk{}, token)
	for path, header := range map[string]string{"/api/v1/live": signed, "/api/v1/openapi.json": "X: 1", "/none": "X: 1"} {
		h := s.do("GET", path, "", header).Header
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" ||
			!strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'; frame-ancestors 'none'") ||
			h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, h)
		}
		if h.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s promises encryption without having it", path)
		}
	}
	if h := s.do("GET", "/healthz", "", "X-Forwarded-Proto: https").Header; h.Get("Strict-Transport-Security") == "" {
		t.Error("behind TLS nothing is promised")
	}
}

// TestKeysOfCommands: a command with a key acts once, and its answer comes again.
func TestKeysOfCommands(t *testing.T) {
	s := serveWith(t, &desk{}, Options{Token: token, Gate: door{}})
	const path, body, key = "/api/v1/agents/wang/calls", `{"number":"110"}`, "Idempotency-Key: k1"
	r := s.do("POST", path, body, signed, key)
	again := s.do("POST", path, body, signed, key)
	if r.StatusCode != 202 || again.StatusCode != 202 || r.text != again.text ||
		again.Header.Get("Idempotency-Replayed") == "" {
		t.Errorf("%d %s, then %d %s", r.StatusCode, r.text, again.StatusCode, again.text)
	}
	if len(s.desk.asked) != 1 {
		t.Errorf("it was carried out %d times", len(s.desk.asked))
	}
	for what, r := range map[string]reply{
		"another body": s.do("POST", path, `{"number":"119"}`, signed, key),
		"another path": s.do("POST", "/api/v1/agents/li/calls", body, signed, key),
		"a long key":   s.do("POST", path, body, signed, "Idempotency-Key: "+strings.Repeat("k", 65)),
	} {
		if r.StatusCode != 422 || r.problem.Field != "Idempotency-Key" {
			t.Errorf("%s: %d %s", what, r.StatusCode, r.text)
		}
	}
	if r = s.do("POST", path, body, key, "X-Role: ja", "X-Agent: wang"); r.Header.Get("Idempotency-Replayed") != "" {
		t.Error("the answer went to another user")
	}
	if r = s.do("POST", path, strings.Repeat(" ", maxBody+1), signed, "Idempotency-Key: k9"); r.StatusCode != 413 {
		t.Errorf("large body: %d", r.StatusCode)
	}
	// What may be different next time is not kept.
	s.desk.err = io.ErrUnexpectedEOF
	if r = s.do("POST", path, body, signed, "Idempotency-Key: k2"); r.StatusCode != 500 {
		t.Fatalf("%d", r.StatusCode)
	}
	s.desk.err = nil
	if r = s.do("POST", path, body, signed, "Idempotency-Key: k2"); r.StatusCode != 202 {
		t.Errorf("after the fault: %d %s", r.StatusCode, r.text)
	}
}

// TestAnswersAreBounded: by number and by time, the oldest go first.
func TestAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newAnswers()
		done := &copied{ResponseWriter: &bare{header: http.Header{}}, status: 204, body: bytes.Buffer{}}
		key := func(i int) (b [32]byte) { copy(b[:], fmt.Sprint(i)); return b }
		for i := range maxAnswers + 10 {
			if k.begin(key(i), key(0)) != nil {
				t.Fatalf("key %d is known", i)
			}
			if a := k.begin(key(i), key(0)); a == nil || a.done {
				t.Fatalf("key %d is not being carried out", i)
			}
			k.end(key(i), done)
		}
		if len(k.known) > maxAnswers || k.order.Len() != len(k.known) {
			t.Errorf("%d answers, %d in order", len(k.known), k.order.Len())
		}
		if k.begin(key(maxAnswers), key(0)) == nil || k.begin(key(0), key(0)) != nil {
			t.Error("not the oldest went first")
		}
		time.Sleep(answerFor)
		if k.begin(key(maxAnswers), key(0)) != nil {
			t.Error("an answer is kept for longer than it is")
		}
	})
}

// TestBrokenOperation: a fault of the program is an answer, not a cut connection.
func TestBrokenOperation(t *testing.T) {
	s := serve(t, &desk{}, token)
	s.desk.broken = true
	r := s.do("GET", "/api/v1/live", "", signed)
	if r.StatusCode != 500 || r.problem.Status != 500 || strings.Contains(r.text, "range") {
		t.Errorf("%d %s", r.StatusCode, r.text)
	}
	if !strings.Contains(s.log.String(), "operation broke") {
		t.Errorf("log %s", s.log.String())
	}
}
