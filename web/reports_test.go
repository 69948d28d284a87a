package web

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

func TestReportsByTheAPI(t *testing.T) {
	s, l := withLedger(t)
	r := s.do("GET", "/api/v1/reports?from=2026-03-02&to=2026-03-03&step=15m&queue=a,b&part=figures,late&column=offered"+
		"&formula=hotline&threshold_ms=20000&short_ms=0&empty=true&by=agent,hour&agent=a1001&team=day,night&line=10000"+
		"&compare=week&deviation_pct=12.5&min_talks=3", "", signed)
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "application/json" ||
		!strings.Contains(r.text, `"offered":1`) {
		t.Errorf("%d %s", r.StatusCode, r.text)
	}
	want := "{ReportScope:{From:2026-03-02 To:2026-03-03 Step:15m By:[agent hour] Queues:[a b] Agents:[a1001] " +
		"Teams:[day night] Lines:[10000] Threshold:20000 Short:0 Format:json Lang:zh-CN BOM:false} " +
		"Parts:[figures late] Columns:[offered] Formula:hotline Compare:week Deviation:12.5 MinTalks:3 Empty:true}"
	if len(l.asked) != 1 || l.asked[0] != want {
		t.Errorf("asked %q, want %q", l.asked, want)
	}
	for format, media := range map[string]string{"csv": csvType, "xlsx": xlsxType} {
		r = s.do("GET", "/api/v1/reports?format="+format, "", signed)
		if r.StatusCode != 200 || r.Header.Get("Content-Type") != media ||
			!strings.Contains(r.Header.Get("Content-Disposition"), "report."+format) {
			t.Errorf("%d %v", r.StatusCode, r.Header)
		}
	}
	if got := l.asked[1]; !strings.Contains(got, "Step: By:[] ") || !strings.Contains(got, "Short:-1") ||
		!strings.Contains(got, "Deviation:30 MinTalks:20") {
		t.Errorf("defaults %s", got)
	}
	for query, field := range map[string]string{
		"step=5m": "step", "format=pdf": "format", "from=2026-03-02T09:00:00": "from", "threshold_ms=-1": "threshold_ms",
		"x=1": "x", "by=colour": "by", "by=queue,queue": "by", "part=all": "part", "compare=decade": "compare",
		"deviation_pct=0": "deviation_pct", "min_talks=0": "min_talks",
	} {
		r = s.do("GET", "/api/v1/reports?"+query, "", signed)
		if r.StatusCode != 422 || !strings.HasPrefix(r.problem.Field, field) {
			t.Errorf("%s: %d %s", query, r.StatusCode, r.text)
		}
	}
	l.report = func(io.Writer) error { return BadField("column", "is none of the columns") }
	if r = s.do("GET", "/api/v1/reports?format=csv", "", signed); r.StatusCode != 422 || r.problem.Field != "column" ||
		r.Header.Get("Content-Disposition") != "" {
		t.Errorf("%d %s %v", r.StatusCode, r.text, r.Header)
	}
}

// TestS47CallsBehindANumberByTheAPI asks for the calls of a cell.
func TestS47CallsBehindANumberByTheAPI(t *testing.T) {
	s, l := withLedger(t)
	const of = "/api/v1/reports/calls"
	r := s.do("GET", of+"?from=2026-03-02&by=team,queue&column=abandoned&cell=queue:a&cell=team:day,%20early&format=csv"+
		"&interval_from=2026-03-02T01:00:00Z&interval_to=2026-03-02T02:00:00Z", "", signed)
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != csvType ||
		!strings.Contains(r.Header.Get("Content-Disposition"), "calls.csv") {
		t.Errorf("%d %v %s", r.StatusCode, r.Header, r.text)
	}
	for _, want := range []string{
		"By:[team queue]", "Column:abandoned", "Cell:[queue:a team:day, early]", "Since:2026-03-02 01:00:00",
		"Until:2026-03-02 02:00:00", "Clear:true",
	} {
		if !strings.Contains(l.asked[0], want) {
			t.Errorf("asked %s, want %s in it", l.asked[0], want)
		}
	}
	if r = s.do("GET", of+"?cell=queue", "", signed); r.StatusCode != 422 || r.problem.Field != "cell" {
		t.Errorf("a cell without a value: %d %s", r.StatusCode, r.text)
	}
	if s.do("GET", of, "", "X-Role: sa", "X-Agent: a1001"); !strings.Contains(l.asked[1], "Agents:[a1001 a1002]") ||
		!strings.Contains(l.asked[1], "Clear:true") {
		t.Errorf("a senior asked %s", l.asked[1])
	}
	// Who hears of calls and not of figures, or the other way round, sees no list.
	for _, role := range []string{"qi", "st", "sv"} {
		if r = s.do("GET", of, "", "X-Role: "+role); r.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d %s", role, r.StatusCode, r.text)
		}
	}
	if len(l.asked) != 2 {
		t.Errorf("asked %q", l.asked)
	}
}

// TestReportsReachAsFarAsTheRight: an agent gets his own figures, a senior those of his team,
// who leads those of queues; whoever asks for others gets nothing.
func TestReportsReachAsFarAsTheRight(t *testing.T) {
	s, l := withLedger(t)
	for _, c := range []struct{ role, agent, query, want string }{
		{"ja", "a1001", "", "[a1001]"},
		{"ja", "a1001", "agent=a1001", "[a1001]"},
		{"ja", "a1001", "agent=a1002", ""},
		{"ja", "a1001", "agent=a1001,a1002", ""},
		{"ja", "a1001", "by=team&team=b", "[a1001]"},
		{"ja", "", "", ""}, // he is no agent
		{"sa", "a1001", "", "[a1001 a1002]"},
		{"sa", "a1001", "agent=a1002", "[a1002]"},
		{"sa", "a1001", "agent=b1", ""},
		{"st", "", "", "[]"},
		{"st", "", "agent=b1", "[b1]"},
		{"su", "", "agent=a1001,b1", "[a1001 b1]"},
		{"qi", "", "", ""},
	} {
		l.asked = nil
		r := s.do("GET", "/api/v1/reports?"+c.query, "", "X-Role: "+c.role, "X-Agent: "+c.agent)
		if c.want == "" {
			if r.StatusCode != http.StatusForbidden || len(l.asked) > 0 {
				t.Errorf("%+v: %d %s %q", c, r.StatusCode, r.text, l.asked)
			}
			continue
		}
		if r.StatusCode != 200 || !strings.Contains(l.asked[0], "Agents:"+c.want+" ") {
			t.Errorf("%+v: %d %q", c, r.StatusCode, l.asked)
		}
	}
}

// TestReportThatBreaksIsCut: nobody takes a part for the whole.
func TestReportThatBreaksIsCut(t *testing.T) {
	s, l := withLedger(t)
	l.report = func(w io.Writer) error {
		if _, err := io.WriteString(w, strings.Repeat("x", 1<<16)); err != nil {
			return err
		}
		return errors.New("the ledger is gone")
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.base+"/api/v1/reports", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Errorf("%d bytes pass for a whole report", n)
	}
}

// TestReportsAtOnce: no more are made side by side than may be.
func TestReportsAtOnce(t *testing.T) {
	s, l := withLedger(t)
	begun, goOn := make(chan struct{}), make(chan struct{})
	l.report = func(w io.Writer) error {
		begun <- struct{}{}
		<-goOn
		_, err := io.WriteString(w, "{}")
		return err
	}
	var made sync.WaitGroup
	for range reportsAtOnce {
		made.Go(func() { s.do("GET", "/api/v1/reports", "", signed) })
	}
	for range reportsAtOnce {
		<-begun
	}
	if r := s.do("GET", "/api/v1/reports", "", signed); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one more: %d", r.StatusCode)
	}
	close(goOn)
	made.Wait()
	go func() { <-begun }()
	if r := s.do("GET", "/api/v1/reports", "", signed); r.StatusCode != 200 {
		t.Errorf("after the others: %d", r.StatusCode)
	}
}
