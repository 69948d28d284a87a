package webtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Stranger sends requests to an API that he knows by its document alone.
type Stranger struct {
	Base   string            // such as http://127.0.0.1:8080
	Client http.RoundTripper // how requests are sent
	Token  string            // bearer token
	Seed   uint64            // the same seed makes the same requests
	Skip   []string          // ids of operations that are left alone
	Rude   bool              // some requests come without the token
	// Pause is the least time between two requests, for an API that limits them.
	Pause time.Duration
}

// Outcome is what a stranger met with.
type Outcome struct {
	Requests int
	Statuses map[int]int
	// Faults are answers that break a promise: a status of 500 and above, one that the
	// document does not name, an error that is no problem document. At most 20 are kept.
	Faults []string
}

const mostFaults = 20

// Run reads the document and sends requests until ctx ends or the time is over.
func (s *Stranger) Run(ctx context.Context, during time.Duration) (Outcome, error) {
	out := Outcome{Statuses: map[int]int{}}
	raw, err := s.document(ctx)
	if err != nil {
		return out, err
	}
	doc, err := read(raw)
	if err != nil {
		return out, err
	}
	m := &maker{doc: doc, rand: rand.New(rand.NewPCG(s.Seed, 1))}
	pace := time.NewTicker(max(s.Pause, time.Microsecond))
	defer pace.Stop()
	for end := time.Now().Add(during); time.Now().Before(end) && ctx.Err() == nil; <-pace.C {
		op := doc.operations[out.Requests%len(doc.operations)]
		out.Requests++
		if slices.Contains(s.Skip, op.ID) {
			continue
		}
		if fault := s.try(ctx, m, op, out.Statuses); fault != "" && len(out.Faults) < mostFaults {
			out.Faults = append(out.Faults, fault)
		}
	}
	return out, ctx.Err()
}

func (s *Stranger) document(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Base+"/api/v1/openapi.json", http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := s.Client.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	return raw, resp.Body.Close()
}

// try sends one request and says what is wrong with its answer.
func (s *Stranger) try(ctx context.Context, m *maker, op operation, statuses map[int]int) string {
	asked := m.request(op)
	req, err := http.NewRequestWithContext(ctx, asked.method, s.Base+asked.target, strings.NewReader(asked.body))
	if err != nil {
		return "" // a target that no client can send
	}
	for name, value := range asked.header {
		req.Header.Set(name, value)
	}
	if !s.Rude || !m.one(10) {
		req.Header.Set("Authorization", "Bearer "+s.Token)
	}
	resp, err := s.Client.RoundTrip(req)
	if err != nil {
		if strings.Contains(err.Error(), "invalid header") {
			return "" // refused by the client itself
		}
		return fmt.Sprintf("%s: no answer: %v", asked, err)
	}
	text, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // all of it was read
	statuses[resp.StatusCode]++
	switch {
	case err != nil:
		return fmt.Sprintf("%s: %d, cut: %v", asked, resp.StatusCode, err)
	case resp.StatusCode >= http.StatusInternalServerError && op.ID != "getHealth":
		return fmt.Sprintf("%s: %d %s", asked, resp.StatusCode, text)
	case asked.elsewhere:
		return ""
	}
	if broken := promised(op, asked.method, resp, text); broken != "" {
		return fmt.Sprintf("%s: %d %s: %s", asked, resp.StatusCode, broken, text)
	}
	return ""
}

// promised says which promise of the document an answer breaks.
func promised(op operation, method string, resp *http.Response, text []byte) string {
	if resp.StatusCode == http.StatusNotModified {
		return ""
	}
	if _, told := op.Responses[strconv.Itoa(resp.StatusCode)]; !told {
		return "is not in the document"
	}
	kind := resp.Header.Get("Content-Type")
	if resp.StatusCode >= http.StatusBadRequest && op.ID != "getHealth" && kind != "application/problem+json" {
		return "is no problem document but " + kind
	}
	if method == http.MethodHead || !strings.HasSuffix(kind, "json") {
		return ""
	}
	var body map[string]any
	if err := json.Unmarshal(text, &body); err != nil {
		return "is no JSON"
	}
	if kind == "application/problem+json" && (body["type"] == nil || body["title"] == nil || body["status"] == nil) {
		return "lacks a member of a problem"
	}
	return ""
}
