package testbed

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// ariEvent is the part of an ARI event that these tests read.
type ariEvent struct {
	Type     string   `json:"type"`
	Args     []string `json:"args"`
	Playback struct {
		State string `json:"state"`
	} `json:"playback"`
	Channel struct {
		ID     string `json:"id"`
		State  string `json:"state"`
		Caller struct {
			Number string `json:"number"`
			Name   string `json:"name"`
		} `json:"caller"`
	} `json:"channel"`
}

// ariClient is a controller in small: an event stream and plain requests.
type ariClient struct {
	t      *testing.T
	server *Asterisk
	events chan ariEvent
}

// connectARI registers the application and reads events until the test ends.
func connectARI(t *testing.T, a *Asterisk) *ariClient {
	t.Helper()
	address := strings.Replace(a.ARIURL, "http://", "ws://", 1) + "/events?app=" + a.App
	header := http.Header{}
	request := &http.Request{Header: header}
	request.SetBasicAuth(a.ARIUser, a.ARIPassword)
	conn, response, err := websocket.Dial(t.Context(), address, &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatalf("event stream: %v", err)
	}
	if response.Body != nil {
		_ = response.Body.Close()
	}
	c := &ariClient{t: t, server: a, events: make(chan ariEvent, 1000)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			_, text, err := conn.Read(context.Background())
			if err != nil {
				return
			}
			var event ariEvent
			if err := json.Unmarshal(text, &event); err == nil {
				c.events <- event
			}
		}
	}()
	t.Cleanup(func() {
		_ = conn.CloseNow()
		<-ended
	})
	return c
}

// wait gives the first event that matches, or fails the test.
func (c *ariClient) wait(what string, match func(ariEvent) bool) ariEvent {
	c.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case event := <-c.events:
			if match(event) {
				return event
			}
		case <-limit:
			c.t.Fatalf("no event: %s", what)
		}
	}
}

// do sends one request and decodes the answer into result, if that is not nil.
func (c *ariClient) do(method, path string, query url.Values, result any) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method,
		c.server.ARIURL+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	request.SetBasicAuth(c.server.ARIUser, c.server.ARIPassword)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if response.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %s %s", method, path, response.Status, text)
	}
	if result != nil {
		if err := json.Unmarshal(text, result); err != nil {
			c.t.Fatal(err)
		}
	}
}
