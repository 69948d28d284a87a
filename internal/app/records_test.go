package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/reports"
	"hotline/reports/sqlstore"
	"hotline/web"
)

// factsOf are the facts of one call, and a store of recordings with one file.
func factsOf(t *testing.T) records {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlstore.Open(t.Context(), filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	at := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC) // nine in the morning in Shanghai
	if _, err := store.Append(t.Context(), []call.Event{
		{Kind: call.Arrived, At: at, Call: "c1", Number: "13800000001", Line: "10000"},
		{Kind: call.Queued, At: at, Call: "c1", Queue: "q", Entered: at},
		{
			Kind: call.LeftQueue, At: at.Add(20 * time.Second), Call: "c1", Queue: "q", Entered: at, Wait: 20_000,
			Outcome: call.Abandoned,
		},
	}); err != nil {
		t.Fatal(err)
	}
	c := configs.Default()
	c.Site.TimeZone, c.Recordings.Dir = "Asia/Shanghai", filepath.Join(dir, "recordings")
	c.Figures.Threshold, c.Figures.ShortAbandon = 15*time.Second, 5*time.Second
	if err := os.MkdirAll(filepath.Join(c.Recordings.Dir, "2026"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"2026/c1.wav": "sound", "../secret": "secret"} {
		if err := os.WriteFile(filepath.Join(c.Recordings.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return records{cfg: c, ledger: store}
}

func TestCallsForTheAPI(t *testing.T) {
	calls, err := factsOf(t).Calls(t.Context(), web.CallFilter{Queue: "q", Number: "01", Limit: 5})
	if err != nil || len(calls) != 1 || len(calls[0]) != 3 || calls[0][2].Kind != call.LeftQueue {
		t.Errorf("%v %v", calls, err)
	}
}

// TestRecordingsStayInTheirStore: no path of the ledger leads out of it.
func TestRecordingsStayInTheirStore(t *testing.T) {
	r := factsOf(t)
	f, err := r.Open("2026/c1.wav")
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := io.ReadAll(f); string(raw) != "sound" || errors.Join(err, f.Close()) != nil {
		t.Errorf("%q %v", raw, err)
	}
	for _, path := range []string{"../secret", "2026/../../secret", "/etc/passwd"} {
		if _, err := r.Open(path); err == nil {
			t.Errorf("%s is opened", path)
		}
	}
	if _, err := r.Open("2026/c2.wav"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
}

func TestReportsForTheAPI(t *testing.T) {
	r := factsOf(t)
	day := web.ReportQuery{
		ReportScope: web.ReportScope{From: "2026-03-02", Step: "1d", Format: "csv", Lang: "en", Short: -1},
		Columns:     []string{"offered", "abandoned"},
	}
	const total = "\nall,,2026-03-02T00:00:00+08:00,2026-03-03T00:00:00+08:00,1,1,"
	var out bytes.Buffer
	if err := r.Report(t.Context(), day, &out); err != nil || !strings.Contains(out.String(), total) {
		t.Errorf("%v\n%s", err, out.String())
	}
	// The limits of the query take the place of the site's.
	out.Reset()
	day.Threshold, day.Short = 60_000, 30_000
	if err := r.Report(t.Context(), day, &out); err != nil || !strings.Contains(out.String(), ",1,0,") {
		t.Errorf("%v\n%s", err, out.String())
	}
	for name, c := range map[string]struct {
		change func(*web.ReportQuery)
		field  string
	}{
		"end alone":     {func(q *web.ReportQuery) { q.From, q.To = "", "2026-03-02" }, "to"},
		"no date":       {func(q *web.ReportQuery) { q.From = "2026-02-30" }, "from"},
		"old date":      {func(q *web.ReportQuery) { q.From = "0001-01-01" }, "from"},
		"far date":      {func(q *web.ReportQuery) { q.From = "9999-12-31" }, "from"},
		"no last date":  {func(q *web.ReportQuery) { q.To = "soon" }, "to"},
		"end first":     {func(q *web.ReportQuery) { q.To = "2026-03-01" }, "to"},
		"two years":     {func(q *web.ReportQuery) { q.To = "2028-03-01" }, "to"},
		"column":        {func(q *web.ReportQuery) { q.Columns = []string{"luck"} }, ""},
		"part":          {func(q *web.ReportQuery) { q.Parts = []string{"luck"} }, ""},
		"formula":       {func(q *web.ReportQuery) { q.Formula = "luck" }, ""},
		"short above T": {func(q *web.ReportQuery) { q.Short = 60_000 }, ""},
		"comparison":    {func(q *web.ReportQuery) { q.Compare, q.Parts = "week", []string{"late"} }, ""},
		"hours and all": {func(q *web.ReportQuery) { q.By = []string{"hour", "none"} }, ""},
	} {
		out.Reset()
		q := day
		c.change(&q)
		var p web.Problem
		if err := r.Report(t.Context(), q, &out); !errors.As(err, &p) || p.Status != http.StatusUnprocessableEntity ||
			p.Field != c.field || p.Detail == "" || out.Len() > 0 {
			t.Errorf("%s: %v %q", name, err, out.String())
		}
	}
}

// TestS47CallsBehindEachRow asks for a report by groups and, with the words of each row, for
// the calls behind its numbers.
func TestS47CallsBehindEachRow(t *testing.T) {
	r := factsOf(t)
	scope := web.ReportScope{
		From: "2026-03-02", By: []string{"line", "weekday", "agent", "hour"}, Step: "15m", Format: "json", Lang: "en",
		Short: -1,
	}
	var out bytes.Buffer
	if err := r.Report(t.Context(), web.ReportQuery{ReportScope: scope, Columns: []string{"offered"}}, &out); err != nil {
		t.Fatal(err)
	}
	var report struct{ Figures []map[string]any }
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || len(report.Figures) != 3 {
		t.Fatalf("%v %s", err, out.String())
	}
	for _, row := range report.Figures {
		q := web.ReportCallsQuery{ReportScope: scope, Column: "abandoned"}
		if row["scope"] == "interval" {
			q.Since, q.Until = timeOf(t, row["from"]), timeOf(t, row["to"])
		}
		if row["scope"] != "all" {
			for _, d := range scope.By {
				q.Cell = append(q.Cell, d+":"+row[d].(string))
			}
		}
		out.Reset()
		if err := r.ReportCalls(t.Context(), q, &out); err != nil || strings.Count(out.String(), `"call":"c1"`) != 1 ||
			!strings.Contains(out.String(), "138******01") {
			t.Errorf("behind %v: %v %s", row, err, out.String())
		}
	}
	q := web.ReportCallsQuery{
		ReportScope: scope, Column: "abandoned", Clear: true,
		Cell: []string{"line:10000", "weekday:1", "agent:", "hour:9:00"},
	}
	out.Reset()
	if err := r.ReportCalls(t.Context(), q, &out); err != nil || !strings.Contains(out.String(), "13800000001") {
		t.Errorf("numbers in clear: %v %s", err, out.String())
	}
	q.Cell[3] = "hour:10:00"
	out.Reset()
	if err := r.ReportCalls(t.Context(), q, &out); err != nil || strings.Contains(out.String(), "c1") {
		t.Errorf("an hour later: %v %s", err, out.String())
	}
	for field, spoil := range map[string]func(*web.ReportCallsQuery){
		"cell": func(q *web.ReportCallsQuery) { q.Cell = q.Cell[1:] },
		"":     func(q *web.ReportCallsQuery) { q.Column = "asa_ms" },
		"to":   func(q *web.ReportCallsQuery) { q.To = "2026-03-01" },
	} {
		bad := q
		spoil(&bad)
		var p web.Problem
		if err := r.ReportCalls(t.Context(), bad, io.Discard); !errors.As(err, &p) || p.Status != 422 || p.Field != field {
			t.Errorf("%q: %v", field, err)
		}
	}
}

func timeOf(t *testing.T, text any) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text.(string))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestReportsByTeamBesideAWeekBefore: the teams of the site, agents' time and the comparison
// come from one query, as workbook too.
func TestReportsByTeamBesideAWeekBefore(t *testing.T) {
	r := factsOf(t)
	r.cfg.Agents = []configs.Agent{{ID: "a1001", Team: "early"}}
	at := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	if _, err := r.ledger.Append(t.Context(), []call.Event{
		{Kind: call.AgentChanged, At: at, Agent: "a1001", From: call.Offline, To: call.Ready},
		{Kind: call.AgentChanged, At: at.Add(time.Hour), Agent: "a1001", From: call.Ready, To: call.Offline, Held: 3_600_000},
	}); err != nil {
		t.Fatal(err)
	}
	q := web.ReportQuery{
		ReportScope: web.ReportScope{
			From: "2026-03-02", By: []string{"team"}, Step: "all", Format: "csv", Lang: "en", Short: -1,
		},
		Columns: []string{"ready_ms"}, Compare: "week",
	}
	var out bytes.Buffer
	const row = "group,early,2026-03-02T00:00:00+08:00,2026-03-03T00:00:00+08:00,2026-02-23T00:00:00+08:00," +
		"2026-02-24T00:00:00+08:00,ready_ms,3600000,"
	if err := r.Report(t.Context(), q, &out); err != nil || !strings.Contains(out.String(), row) {
		t.Errorf("%v\n%s", err, out.String())
	}
	q.Format = "xlsx"
	out.Reset()
	if err := r.Report(t.Context(), q, &out); err != nil || !strings.HasPrefix(out.String(), "PK") {
		t.Errorf("%v %.20q", err, out.String())
	}
}

// TestS46IssuesForTheAPI keeps an issue and reads it as the API does.
func TestS46IssuesForTheAPI(t *testing.T) {
	r := factsOf(t)
	made := time.Date(2026, 3, 3, 9, 0, 0, 0, r.cfg.Zone())
	if _, err := MakeIssue(t.Context(), r.cfg, r.ledger, reports.Issue{
		Series: reports.Daily, Period: reports.Interval{Start: made.AddDate(0, 0, -1)}, Author: "wang", Made: made,
	}); err != nil {
		t.Fatal(err)
	}
	list, err := r.Issues(t.Context(), web.IssueFilter{To: "2026-03-20"})
	if err != nil || len(list) != 1 || !list[0].OnTime || list[0].Author != "wang" || !list[0].Made.Equal(made) ||
		list[0].Due.Format(time.DateTime) != "2026-03-04 00:00:00" {
		t.Errorf("%v %+v", err, list)
	}
	if list, err = r.Issues(t.Context(), web.IssueFilter{}); err != nil || len(list) != 0 {
		t.Errorf("of the last days: %v %+v", err, list)
	}
	one, err := r.Issue(t.Context(), "daily", "2026-03-02", 0)
	if err != nil || !strings.Contains(one.Text, "服务水平") || !json.Valid(one.Figures) || one.Version != 1 {
		t.Errorf("%v %+v", err, one)
	}
	for status, date := range map[int]string{404: "2026-03-03", 422: "2026-02-30"} {
		var p web.Problem
		if _, err := r.Issue(t.Context(), "daily", date, 0); !errors.As(err, &p) || p.Status != status || p.Field != "date" {
			t.Errorf("%s: %v", date, err)
		}
	}
}
