package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline/call"
)

// ledger is a store of facts in memory: History, Recordings, Reports, Feed and Audit.
type ledger struct {
	mu     sync.Mutex
	events []call.Event
	grown  chan struct{}
	asked  []string
	err    error
	deeds  []Deed
	audit  error
	report func(w io.Writer) error
}

func (l *ledger) add(events ...call.Event) {
	l.quietly(events...)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grown != nil {
		close(l.grown)
		l.grown = nil
	}
}

// quietly adds events and tells nobody.
func (l *ledger) quietly(events ...call.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		e.Seq = uint64(len(l.events)) + 1
		if e.At.IsZero() {
			e.At = exampleTime().Add(time.Duration(e.Seq) * time.Second)
		}
		l.events = append(l.events, e)
	}
}

func (l *ledger) Grown() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grown == nil {
		l.grown = make(chan struct{})
	}
	return l.grown
}

func (l *ledger) LastSeq(context.Context) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(len(l.events)), l.err
}

func (l *ledger) After(_ context.Context, seq uint64, limit int) ([]call.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := min(int(seq), len(l.events))
	return slices.Clone(l.events[from:min(from+limit, len(l.events))]), l.err
}

func (l *ledger) Story(_ context.Context, id call.ID) ([]call.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return keep(l.events, func(e call.Event) bool { return e.Call == id }), l.err
}

// Calls lists the calls in the order of their ids, the last first.
func (l *ledger) Calls(ctx context.Context, f CallFilter) ([][]call.Event, error) {
	l.mu.Lock()
	l.asked = append(l.asked, fmt.Sprintf("%s %s %q %v %q %d", f.From.Format("15:04"), f.To.Format("15:04"), f.Queue,
		f.Agents, f.Number, f.Limit))
	var ids []call.ID
	for _, e := range l.events {
		if e.Kind == call.Arrived && (f.Before.Call == "" || e.Call < f.Before.Call) {
			ids = append(ids, e.Call)
		}
	}
	l.mu.Unlock()
	slices.Sort(ids)
	slices.Reverse(ids)
	var out [][]call.Event
	for _, id := range ids[:min(len(ids), f.Limit)] {
		story, err := l.Story(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, story)
	}
	return out, l.err
}

const audio = "RIFF....WAVE, as it were"

type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }

func (l *ledger) Open(path string) (io.ReadSeekCloser, error) {
	if path != "2026/03/02/c1.wav" && path != "2026/03/02/"+exampleCall+".wav" {
		return nil, fmt.Errorf("open: %w", fs.ErrNotExist)
	}
	return nopCloser{strings.NewReader(audio)}, l.err
}

func (l *ledger) Report(_ context.Context, q ReportQuery, w io.Writer) error {
	return l.write(q, w)
}

func (l *ledger) ReportCalls(_ context.Context, q ReportCallsQuery, w io.Writer) error {
	return l.write(q, w)
}

func (l *ledger) Issues(_ context.Context, f IssueFilter) ([]IssueInfo, error) {
	l.asked = append(l.asked, fmt.Sprintf("%+v", f))
	return []IssueInfo{exampleIssue().IssueInfo}, l.err
}

func (l *ledger) Issue(_ context.Context, series, date string, version int) (Issue, error) {
	l.asked = append(l.asked, fmt.Sprint(series, " ", date, " ", version))
	return exampleIssue(), l.err
}

func (l *ledger) write(q any, w io.Writer) error {
	l.mu.Lock()
	l.asked = append(l.asked, fmt.Sprintf("%+v", q))
	l.mu.Unlock()
	if l.report != nil {
		return l.report(w)
	}
	_, err := io.WriteString(w, `{"about":{},"figures":[{"offered":1}]}`)
	return errors.Join(err, l.err)
}

func (l *ledger) Note(_ context.Context, d Deed) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deeds = append(l.deeds, d)
	return l.audit
}

const sum = "9f86d081884c7d659f86d0819f86d081884c7d659f86d0819f86d081884c7d65"

// oneCall is the story of a call that an agent takes.
func oneCall(id call.ID, agent call.AgentID) []call.Event {
	return []call.Event{
		{Kind: call.Arrived, Call: id, Number: "13800000001", Line: "10000"},
		{Kind: call.Queued, Call: id, Queue: "q1", Entered: exampleTime()},
		{Kind: call.Offered, Call: id, Queue: "q1", Agent: agent, Entered: exampleTime()},
		{Kind: call.Answered, Call: id, Queue: "q1", Agent: agent, Wait: 3000, Entered: exampleTime()},
		{Kind: call.Dialled, Call: id, Agent: agent, Target: "number:02112345678"},
		{Kind: call.TalkEnded, Call: id, Queue: "q1", Agent: agent, Talk: 60_000, Entered: exampleTime()},
		{Kind: call.Surveyed, Call: id, Score: 4},
		{
			Kind: call.Ended, Call: id, Ending: call.Ending{Class: call.ClassAnswered, Reason: call.CallerHungUp}, Total: 64_000,
		},
		{Kind: call.Recorded, Call: id, Recording: &call.Recording{
			Path: "2026/03/02/" + string(id) + ".wav", SHA256: sum, Length: 64_000, Begin: exampleTime(),
		}},
	}
}

// withLedger serves a ledger with two calls, of agents of two teams.
func withLedger(t *testing.T) (*served, *ledger) {
	t.Helper()
	l := &ledger{}
	l.add(oneCall("c1", exampleAgent)...)
	l.add(oneCall("c2", "b1")...)
	f := &staff{}
	s := serveWith(t, &desk{health: Health{OK: true}}, Options{
		Token: token, Gate: door{}, Accounts: &accounts{}, Staff: f, Team: teamOf,
		Limits:  Limits{PerAddress: 1e6, PerUser: 1e6},
		Agents:  func() []call.AgentID { return []call.AgentID{exampleAgent, "a1002", "b1"} },
		Reports: l, Issues: l, History: l, Recordings: l, Feed: l, Audit: l, Hooks: &shelf{},
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") }),
	})
	s.staff = f
	return s, l
}

func TestCallsByTheAPI(t *testing.T) {
	s, l := withLedger(t)
	const all = "/api/v1/calls"
	r := s.do("GET", all+"?from=2026-03-02T00:00:00Z&to=2026-03-02T09:00:00Z&queue=q1&agent=b1&number=0001&limit=1", "",
		signed)
	var page callsAnswer
	if err := json.Unmarshal([]byte(r.text), &page); err != nil || r.StatusCode != 200 {
		t.Fatalf("%d %s", r.StatusCode, r.text)
	}
	if got, want := l.asked[0], `00:00 09:00 "q1" [b1] "0001" 2`; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
	want := CallSummary{
		ID: "c2", Number: "13800000001", Line: "10000", Begin: exampleTime().Add(10 * time.Second), Queue: "q1",
		Agents: []call.AgentID{"b1"}, Wait: 3000, Talk: 60_000, Total: 64_000, Over: true, Score: 4, Recorded: true,
		Ending: call.Ending{Class: call.ClassAnswered, Reason: call.CallerHungUp},
	}
	if len(page.Calls) != 1 || fmt.Sprint(page.Calls[0]) != fmt.Sprint(want) || page.Next == "" {
		t.Errorf("page %+v, want %+v", page, want)
	}
	// The second page is the last.
	r = s.do("GET", all+"?limit=1&cursor="+page.Next, "", signed)
	page = callsAnswer{}
	if err := json.Unmarshal([]byte(r.text), &page); err != nil || len(page.Calls) != 1 || page.Calls[0].ID != "c1" ||
		page.Next != "" {
		t.Errorf("%v %s", err, r.text)
	}
	for query, field := range map[string]string{
		"?cursor=x":     "cursor",
		"?cursor=!!":    "cursor",
		"?limit=0":      "limit",
		"?limit=501":    "limit",
		"?limit=x":      "limit",
		"?number=1%25":  "number",
		"?from=monday":  "from",
		"?order=newest": "order",
		"?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z": "to",
	} {
		if r = s.do("GET", all+query, "", signed); r.StatusCode != 422 || r.problem.Field != field {
			t.Errorf("%s: %d %s", query, r.StatusCode, r.text)
		}
	}
}

// TestCallsOfOthersDoNotExist: for an agent there are his own calls and no others, and
// numbers are masked for most.
func TestCallsOfOthersDoNotExist(t *testing.T) {
	s, l := withLedger(t)
	mine := []string{"X-Role: ja", "X-Agent: " + exampleAgent}
	if r := s.do("GET", "/api/v1/calls", "", mine...); r.StatusCode != 200 || !strings.Contains(r.text, "138******01") {
		t.Errorf("%d %s", r.StatusCode, r.text)
	}
	if r := s.do("GET", "/api/v1/calls", "", "X-Role: sa", "X-Agent: a1002"); r.StatusCode != 200 {
		t.Errorf("%d %s", r.StatusCode, r.text)
	}
	want := []string{`00:00 00:00 "" [a1001] "" 51`, `00:00 00:00 "" [a1001 a1002] "" 51`}
	if !slices.Equal(l.asked, want) {
		t.Errorf("asked %q, want %q", l.asked, want)
	}
	for name, header := range map[string][]string{
		"a stranger's": {"X-Role: ja", "X-Agent: b1"}, "nobody": {"X-Role: ja"},
	} {
		if r := s.do("GET", "/api/v1/calls?agent="+exampleAgent, "", header...); strings.TrimSpace(r.text) != `{"calls":[]}` {
			t.Errorf("%s list: %s", name, r.text)
		}
		for _, path := range []string{"/api/v1/calls/c1", recordingPathOf("c1"), recordingPathOf("c1") + "/audio"} {
			if r := s.do("GET", path, "", header...); r.StatusCode != 404 || r.problem.Status != 404 {
				t.Errorf("%s %s: %d %s", name, path, r.StatusCode, r.text)
			}
		}
	}
	r := s.do("GET", "/api/v1/calls/c1", "", mine...)
	if r.StatusCode != 200 || strings.Contains(r.text, "13800000001") || strings.Contains(r.text, "02112345678") ||
		!strings.Contains(r.text, `"id":"c1~9f86d081884c7d659f86d081"`) {
		t.Errorf("%d %s", r.StatusCode, r.text)
	}
	if r = s.do("GET", "/api/v1/calls/c1", "", "X-Role: su"); !strings.Contains(r.text, "13800000001") {
		t.Errorf("a supervisor does not see the number: %s", r.text)
	}
	if r = s.do("GET", "/api/v1/calls?number=01", "", mine...); r.StatusCode != 403 {
		t.Errorf("numbers can be tried: %d %s", r.StatusCode, r.text)
	}
	if r = s.do("GET", "/api/v1/calls/c9", "", signed); r.StatusCode != 404 || r.problem.Field != "call" {
		t.Errorf("%d %s", r.StatusCode, r.text)
	}
}

func recordingPathOf(id string) string { return "/api/v1/recordings/" + id + "~" + sum[:idLength] }

func TestRecordingsByTheAPI(t *testing.T) {
	s, l := withLedger(t)
	r := s.do("GET", recordingPathOf("c1"), "", signed)
	if r.StatusCode != 200 || !strings.Contains(r.text, `"length_ms":64000`) || strings.Contains(r.text, ".wav") {
		t.Errorf("%d %s", r.StatusCode, r.text)
	}
	path := recordingPathOf("c1") + "/audio"
	r = s.do("GET", path, "", signed)
	if r.StatusCode != 200 || r.text != audio || r.Header.Get("Content-Type") != "audio/wav" ||
		r.Header.Get("Accept-Ranges") != "bytes" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %q %v", r.StatusCode, r.text, r.Header)
	}
	if r = s.do("GET", path, "", signed, "Range: bytes=4-7"); r.StatusCode != 206 || r.text != audio[4:8] {
		t.Errorf("part: %d %q", r.StatusCode, r.text)
	}
	if r = s.do("GET", path, "", signed, "Range: bytes=999-"); r.StatusCode != 416 || r.problem.Status != 416 {
		t.Errorf("no such part: %d %q", r.StatusCode, r.text)
	}
	if r = s.do("GET", path, "", signed, `If-None-Match: "`+sum+`"`); r.StatusCode != 304 {
		t.Errorf("known file: %d", r.StatusCode)
	}
	// Whoever hears it, and how often: each time stands in the log.
	if len(l.deeds) != 4 || l.deeds[0].Operation != "getRecordingAudio" || !l.deeds[0].Root || l.deeds[0].Path != path {
		t.Errorf("deeds %+v", l.deeds)
	}
	for _, id := range []string{"c2", "c1~", "~", "c1~" + sum[1:idLength+1], "..%2f", "c9~" + sum[:idLength]} {
		if r = s.do("GET", "/api/v1/recordings/"+id+"/audio", "", signed); r.StatusCode != 404 {
			t.Errorf("%s: %d %s", id, r.StatusCode, r.text)
		}
	}
	if r = s.do("GET", recordingPathOf("c2")+"/audio", "", signed); r.StatusCode != 404 ||
		!strings.Contains(r.problem.Detail, "gone") || !strings.Contains(s.log.String(), "ALARM") {
		t.Errorf("a file that is gone: %d %s", r.StatusCode, r.text)
	}
}

// TestNothingIsDoneUnaudited: without the log nobody hears, commands or takes a report away.
func TestNothingIsDoneUnaudited(t *testing.T) {
	s, l := withLedger(t)
	l.audit = errors.New("disk full")
	for _, c := range [][]string{
		{"GET", recordingPathOf("c1") + "/audio", ""},
		{"GET", "/api/v1/reports", ""},
		{"POST", "/api/v1/agents/a1001/state", `{"state":"ready"}`},
	} {
		if r := s.do(c[0], c[1], c[2], signed); r.StatusCode != http.StatusServiceUnavailable || r.problem.Detail == "" {
			t.Errorf("%s: %d %s", c[1], r.StatusCode, r.text)
		}
	}
	if len(l.asked)+len(s.desk.asked) > 0 {
		t.Errorf("done all the same: %q %q", l.asked, s.desk.asked)
	}
	l.audit, l.deeds = nil, nil
	s.do("GET", "/api/v1/reports", "", "X-Role: qi", "X-Agent: a1001")
	if len(l.deeds) != 1 || !l.deeds[0].Denied || l.deeds[0].By.User != "u-qi" || l.deeds[0].Operation != "getReport" ||
		l.deeds[0].Address != "192.0.2.7" {
		t.Errorf("a try without the right: %+v", l.deeds)
	}
}
