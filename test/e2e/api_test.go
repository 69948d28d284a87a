package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	"hotline/call"
	"hotline/internal/phonesim"
	"hotline/test/e2e/testdata/apiclient"
	"hotline/test/house"
	"hotline/web"
	"hotline/web/webtest"
)

// strangerFor is how long a stranger tries the API of a running site.
var strangerFor = flag.Duration("stranger", 5*time.Second, "how long TestStrangerAtARunningSite tries")

// TestClientMadeOfTheDocument: a client that a generator made of the document alone follows
// a real call from the state of its agent to its recording and to the report, and a stream of
// events tells of it what the ledger holds.
func TestClientMadeOfTheDocument(t *testing.T) {
	h := house.Open(t, 1, nil)
	h.Agent(0, steady)
	c := clientOf(t, h)
	events := listen(t, h)
	agent := h.Asterisk.Agents[0].Name
	setState(t, c, agent, apiclient.Break)
	h.Until("the agent has his break", func() bool { return h.State(call.AgentID(agent)) == call.Break })
	setState(t, c, agent, apiclient.Ready)

	leg := h.Call(phonesim.CallOptions{From: house.Number(0), Talk: 3 * time.Second})
	h.Heard(leg)
	live, err := c.GetLiveWithResponse(t.Context())
	if err != nil || live.JSON200 == nil || len(*live.JSON200.Calls) != 1 || *(*live.JSON200.Calls)[0].Agent != agent {
		t.Fatalf("live: %v %s", err, live.Body)
	}
	h.Over(leg)
	stored := h.Settle()

	calls, err := c.ListCallsWithResponse(t.Context(), &apiclient.ListCallsParams{Agent: &agent})
	if err != nil || calls.JSON200 == nil || len(*calls.JSON200.Calls) != 1 {
		t.Fatalf("calls: %v %s", err, calls.Body)
	}
	one, err := c.GetCallWithResponse(t.Context(), (*calls.JSON200.Calls)[0].Id)
	if err != nil || one.JSON200 == nil || !one.JSON200.Over || len(*one.JSON200.Recordings) != 1 {
		t.Fatalf("call: %v %s", err, one.Body)
	}
	recording := (*one.JSON200.Recordings)[0]
	audio, err := c.GetRecordingAudioWithResponse(t.Context(), recording.Id, nil)
	if err != nil || audio.StatusCode() != http.StatusOK || int64(len(audio.Body)) != recording.Bytes {
		t.Errorf("recording of %d bytes: %v %d, %d bytes", recording.Bytes, err, audio.StatusCode(), len(audio.Body))
	}
	report, err := c.GetReportWithResponse(t.Context(), nil)
	if err != nil || report.JSON200 == nil || offered(*report.JSON200.Figures) != 1 {
		t.Errorf("report: %v %s", err, report.Body)
	}
	follow(t, events, stored)
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

// clientOf is the generated client with the token of the site.
func clientOf(t *testing.T, h *house.House) *apiclient.ClientWithResponses {
	t.Helper()
	hands := &http.Client{Timeout: 10 * time.Second}
	t.Cleanup(hands.CloseIdleConnections)
	c, err := apiclient.NewClientWithResponses("http://"+h.App.Addr(), apiclient.WithHTTPClient(hands),
		apiclient.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+h.Token)
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	return c
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

// setState asks for a state twice by one key, as who did not get the answer does.
func setState(t *testing.T, c *apiclient.ClientWithResponses, agent string, to apiclient.StateRequestState) {
	t.Helper()
	key, reason := fmt.Sprint("to ", to), "用餐"
	for range 2 {
		r, err := c.SetAgentStateWithResponse(t.Context(), agent, &apiclient.SetAgentStateParams{IdempotencyKey: &key},
			apiclient.StateRequest{State: to, Reason: &reason})
		if err != nil || r.StatusCode() != http.StatusNoContent {
			t.Fatalf("%s: %v %s", to, err, r.Body)
		}
	}
}

// offered is the total of a report.
func offered(rows []map[string]any) float64 {
	for _, row := range rows {
		if n, ok := row["offered"].(float64); ok && row["scope"] == "all" {
			return n
		}
	}
	return -1
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
