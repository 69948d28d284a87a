package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hotline/call"
)

func (d *desk) Callbacks(context.Context) ([]Callback, error) {
	return []Callback{{
		Call: "c1", Number: "13800000001", Line: "10000", Queue: "complaints", Asked: time.Unix(60, 0).UTC(),
		Place: time.Unix(30, 0).UTC(), Tries: 1,
	}}, d.err
}

func (d *desk) CancelCallback(_ context.Context, asked call.ID) error {
	d.asked = append(d.asked, fmt.Sprintf("cancel %s", asked))
	return d.err
}

func TestPeers13CallbacksByTheAPI(t *testing.T) {
	s := serve(t, &desk{}, token)
	const want = `{"callbacks":[{"call":"c1","number":"13800000001","line":"10000","queue":"complaints",` +
		`"asked":"1970-01-01T00:01:00Z","place":"1970-01-01T00:00:30Z","tries":1}]}`
	r := s.do("GET", "/api/v1/callbacks", "", signed)
	if r.StatusCode != http.StatusOK || strings.TrimSpace(r.text) != want {
		t.Errorf("list: %d %s", r.StatusCode, r.text)
	}
	r = s.do("DELETE", "/api/v1/callbacks/c1", "", signed)
	if r.StatusCode != http.StatusNoContent || len(s.desk.asked) != 1 || s.desk.asked[0] != "cancel c1" {
		t.Errorf("cancel: %d %s, %v", r.StatusCode, r.text, s.desk.asked)
	}
	for _, method := range []string{"GET /api/v1/callbacks", "DELETE /api/v1/callbacks/c1"} {
		verb, path, _ := strings.Cut(method, " ")
		if r = s.do(verb, path, ""); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d", method, r.StatusCode)
		}
	}
	s.desk.err = Problem{Status: http.StatusNotFound, Field: "call", Detail: "nobody"}
	if r = s.do("DELETE", "/api/v1/callbacks/c2", "", signed); r.StatusCode != http.StatusNotFound {
		t.Errorf("a call that is not on the list: %d", r.StatusCode)
	}
}
