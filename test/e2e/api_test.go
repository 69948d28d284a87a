package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/coder/websocket"

	"hotline/call"
	"hotline/internal/phonesim"
	"hotline/test/house"
	"hotline/web"
	"hotline/web/webtest"
)

// strangerFor is how long a stranger tries the API of a running site.
var strangerFor = flag.Duration("stranger", 5*time.Second, "how long TestStrangerAtARunningSite tries")

// TestClientMadeOfTheDocument: a client that a generator makes of the document alone follows
// a real call from the state of its agent to its recording and to the report, and a stream of
// events tells of it what the ledger holds.
func TestClientMadeOfTheDocument(t *testing.T) {
	h := house.Open(t, 1, nil)
	h.Agent(0, steady)
	step := follower(t, h)
	events := listen(t, h)
	agent := h.Asterisk.Agents[0].Name
	step("break", agent)
	h.Until("the agent has his break", func() bool { return h.State(call.AgentID(agent)) == call.Break })
	step("ready", agent)
	leg := h.Call(phonesim.CallOptions{From: house.Number(0), Talk: 3 * time.Second})
	h.Heard(leg)
	step("talking", agent)
	h.Over(leg)
	stored := h.Settle()
	step("after", agent)
	follow(t, events, stored)
}

// follower makes the client of the document that the site serves, builds the program of
// testdata/follower with it and returns how to run a step of it.
func follower(t *testing.T, h *house.House) func(step, agent string) {
	t.Helper()
	dir, site := t.TempDir(), "http://"+h.App.Addr()
	if err := os.CopyFS(dir, os.DirFS("testdata/follower")); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOTLINE_URL="+site, "HOTLINE_TOKEN="+h.Token)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "openapi.json"), document(t, site), 0o600); err != nil {
		t.Fatal(err)
	}
	run("go", "generate", ".")
	run("go", "build", "-o", "follower", ".")
	return func(step, agent string) {
		t.Helper()
		run(filepath.Join(dir, "follower"), step, agent)
	}
}

// document is the document of the API as a site serves it, to who has not signed in.
func document(t *testing.T, site string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site+"/api/v1/openapi.json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	hands := &http.Client{Timeout: 10 * time.Second}
	defer hands.CloseIdleConnections()
	resp, err := hands.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // all of it is read
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("document: %s %v", resp.Status, err)
	}
	return raw
}

// follow holds a stream against the ledger.
func follow(t *testing.T, conn *websocket.Conn, stored []call.Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for next := uint64(1); next <= uint64(len(stored)); {
		_, raw, err := conn.Read(ctx)
		if err != nil {
			t.Fatalf("before event %d of %d: %v", next, len(stored), err)
		}
		var m web.EventMessage
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		if m.Type != "event" {
			continue
		}
		if e := stored[next-1]; m.Seq != next || m.Event.Kind != e.Kind || m.Event.Call != e.Call {
			t.Fatalf("event %d %s, want %d %s", m.Seq, m.Event.Kind, next, e.Kind)
		}
		next++
	}
}

// listen opens the stream of all events there are.
func listen(t *testing.T, h *house.House) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), "ws://"+h.App.Addr()+"/api/v1/events?after=0", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + h.Token}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

// TestStrangerAtARunningSite: whatever somebody sends who knows the document alone, a running
// hotline answers as the document says, and never by a fault of its own. With -stranger=10m
// he tries for longer.
func TestStrangerAtARunningSite(t *testing.T) {
	h := house.Open(t, 1, nil)
	h.Agent(0, steady)
	hands := &http.Transport{}
	defer hands.CloseIdleConnections()
	who := webtest.Stranger{
		Base: "http://" + h.App.Addr(), Client: hands, Token: h.Token, Seed: rand.Uint64(), Rude: true,
		Pause: 12 * time.Millisecond, // below the limit of requests
	}
	out, err := who.Run(t.Context(), *strangerFor)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("seed %d, %d requests, answers %v", who.Seed, out.Requests, out.Statuses)
	for _, fault := range out.Faults {
		t.Error(fault)
	}
	if out.Statuses[http.StatusOK] == 0 || out.Statuses[http.StatusUnprocessableEntity] == 0 {
		t.Error("he does not get far")
	}
}
