package web

import (
	"flag"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hotline/web/webtest"
)

// strangerFor is how long a stranger tries the API.
var strangerFor = flag.Duration("stranger", 2*time.Second, "how long TestStrangerFindsNoFault tries")

// inside sends requests to a handler without a network.
type inside struct{ http.Handler }

// RoundTrip answers a request by the handler.
func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:9"
	i.ServeHTTP(w, r)
	return w.Result(), nil
}

// TestStrangerFindsNoFault: whatever is made of the document, good and bad, is answered as
// the document says, and never by a fault of ours.
func TestStrangerFindsNoFault(t *testing.T) {
	l := &ledger{}
	l.add(oneCall(exampleCall, exampleAgent)...)
	s, err := Listen(t.Context(), Options{
		Listen: "127.0.0.1:0", Token: token, Desk: &desk{}, Gate: door{}, Accounts: &accounts{}, Staff: &staff{}, Reports: l,
		History: l, Recordings: l, Feed: l, Audit: l, Limits: Limits{PerAddress: 1e9, PerUser: 1e9},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.listener.Close() })
	who := webtest.Stranger{
		Base: "http://hotline", Client: inside{s.http.Handler}, Token: token, Seed: rand.Uint64(), Rude: true,
	}
	out, err := who.Run(t.Context(), *strangerFor)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("seed %d, %d requests, answers %v", who.Seed, out.Requests, out.Statuses)
	for _, fault := range out.Faults {
		t.Error(fault)
	}
	for _, status := range []int{200, 204, 400, 401, 404, 422} {
		if out.Statuses[status] == 0 {
			t.Errorf("he never met with %d: he does not get far", status)
		}
	}
}

// TestStrangerSeesFaults: an API that breaks its promises is found out.
func TestStrangerSeesFaults(t *testing.T) {
	const doc = `{"paths":{"/x":{"get":{"operationId":"x","responses":{"200":{}}}}}}`
	typed := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, text)
		}
	}
	for want, answer := range map[string]http.HandlerFunc{
		"":                    typed("{}"),
		": 500":               func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"not in the document": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"is no JSON":          typed("<html>"),
	} {
		mux := http.NewServeMux()
		mux.HandleFunc("/api/v1/openapi.json", typed(doc))
		mux.HandleFunc("/x", answer)
		who := webtest.Stranger{Base: "http://x", Client: inside{mux}}
		out, err := who.Run(t.Context(), 20*time.Millisecond)
		if err != nil || (len(out.Faults) == 0) != (want == "") {
			t.Fatalf("%q: %v %+v", want, err, out)
		}
		if want != "" && !strings.Contains(strings.Join(out.Faults, "\n"), want) {
			t.Errorf("%q: %v", want, out.Faults)
		}
	}
}
