package web

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestS16CallControlByTheAPI(t *testing.T) {
	const control = "/api/v1/calls/c1/control"
	s := serve(t, &desk{}, token)
	for _, c := range []struct{ path, body, want, answer string }{
		{control, `{"agent":"wang","do":"hold"}`, "c1 wang hold", ""},
		{
			control, `{"agent":"wang","do":"transfer","target":{"agent":"li"}}`,
			"c1 wang transfer {Agent:li Queue: Level: Number:}", "",
		},
		{
			control, `{"agent":"wang","do":"consult","target":{"queue":"seniors","level":"manager"}}`,
			"c1 wang consult {Agent: Queue:seniors Level:manager Number:}", "",
		},
		{
			control, `{"agent":"wang","do":"transfer","target":{"level":"senior"}}`,
			"c1 wang transfer {Agent: Queue: Level:senior Number:}", "",
		},
		{control, `{"agent":"wang","do":"keys","keys":"1*#A"}`, "c1 wang keys 1*#A", ""},
		{"/api/v1/calls/c1/assign", `{"agent":"li","wait_ms":20000}`, "assign c1 li 20s", ""},
		{"/api/v1/calls/c1/move", `{"queue":"seniors"}`, "move c1 seniors", ""},
		{"/api/v1/agents/wang/calls", `{"number":"110"}`, "dial wang 110", `{"call":"o-1"}` + "\n"},
	} {
		s.desk.asked = nil
		r := s.do("POST", c.path, c.body, signed)
		want := http.StatusNoContent
		if c.answer != "" {
			want = http.StatusAccepted
		}
		if r.StatusCode != want || r.text != c.answer {
			t.Errorf("%s: %d %s", c.body, r.StatusCode, r.text)
		}
		if diff := cmp.Diff([]string{c.want}, s.desk.asked); diff != "" {
			t.Errorf("%s: %s", c.body, diff)
		}
	}
}

func TestCallControlRefuses(t *testing.T) {
	const control, assign, move, dial = "/api/v1/calls/c1/control", "/api/v1/calls/c1/assign", "/api/v1/calls/c1/move",
		"/api/v1/agents/wang/calls"
	s := serve(t, &desk{}, token)
	for _, c := range []struct {
		path, body string
		status     int
		field      string
	}{
		{control, `{"agent":"wang","do":"hold","loud":1}`, 422, "loud"},
		{control, `{"do":"hold"}`, 422, "agent"},
		{control, `{"agent":"wang","do":"dance"}`, 422, "do"},
		{control, `{"agent":"wang","do":"hold resume"}`, 422, "do"},
		{control, `{"agent":"wang","do":""}`, 422, "do"},
		{control, `{"agent":"wang","do":"transfer"}`, 422, "target"},
		{control, `{"agent":"wang","do":"hold","target":{"agent":"li"}}`, 422, "target"},
		{control, `{"agent":"wang","do":"transfer","target":{}}`, 422, "target"},
		{control, `{"agent":"wang","do":"transfer","target":{"agent":"li","queue":"a"}}`, 422, "target"},
		{control, `{"agent":"wang","do":"transfer","target":{"agent":"li","level":"senior"}}`, 422, "target"},
		{control, `{"agent":"wang","do":"hold","keys":"1"}`, 422, "keys"},
		{control, `{"agent":"wang","do":"keys"}`, 422, "keys"},
		{control, `{"agent":"wang","do":"keys","keys":"E"}`, 422, "keys"},
		{assign, `{"wait_ms":1}`, 422, "agent"},
		{assign, `{"agent":"li","wait_ms":-1}`, 422, "wait_ms"},
		{assign, `{"agent":"li","wait_ms":3600001}`, 422, "wait_ms"},
		{move, `{}`, 422, "queue"},
		{dial, `{}`, 422, "number"},
	} {
		r := s.do("POST", c.path, c.body, signed)
		if r.StatusCode != c.status || r.problem.Field != c.field || r.problem.Detail == "" {
			t.Errorf("%s: %d %s, want %d for %q", c.body, r.StatusCode, r.text, c.status, c.field)
		}
		if r = s.do("POST", c.path, c.body); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d", c.path, r.StatusCode)
		}
	}
	if len(s.desk.asked) > 0 {
		t.Errorf("the desk was asked %q", s.desk.asked)
	}
	s.desk.err = Problem{Status: http.StatusConflict, Detail: "not now"}
	for path, body := range map[string]string{
		control: `{"agent":"wang","do":"hold"}`, assign: `{"agent":"li"}`, move: `{"queue":"a"}`, dial: `{"number":"1"}`,
	} {
		if r := s.do("POST", path, body, signed); r.StatusCode != http.StatusConflict || r.problem.Detail != "not now" {
			t.Errorf("%s: %d %s", path, r.StatusCode, r.text)
		}
	}
}
