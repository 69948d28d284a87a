package web

import (
	"encoding/json"
	"net/http"
	"testing"
)

// TestS46IssuesByTheAPI lists issues and reads one.
func TestS46IssuesByTheAPI(t *testing.T) {
	s, l := withLedger(t)
	r := s.do("GET", "/api/v1/issues?series=monthly&from=2026-01-01&to=2026-03-31", "", signed)
	var list issuesAnswer
	if err := json.Unmarshal([]byte(r.text), &list); err != nil || r.StatusCode != 200 || len(list.Issues) != 1 ||
		list.Issues[0] != exampleIssue().IssueInfo {
		t.Errorf("%d %v %s", r.StatusCode, err, r.text)
	}
	r = s.do("GET", "/api/v1/issues/daily/2026-03-02?version=2", "", "X-Role: su")
	var one struct {
		Version int
		Figures struct{ Whole, Queues map[string]any }
	}
	if err := json.Unmarshal([]byte(r.text), &one); err != nil || r.StatusCode != 200 || one.Version != 1 ||
		one.Figures.Queues["about"] == nil {
		t.Errorf("%d %v %s", r.StatusCode, err, r.text)
	}
	if want := "{Series:monthly From:2026-01-01 To:2026-03-31}"; len(l.asked) != 2 || l.asked[0] != want ||
		l.asked[1] != "daily 2026-03-02 2" {
		t.Errorf("asked %q, want %q and the second version of a day", l.asked, want)
	}
	for path, field := range map[string]string{
		"/api/v1/issues?series=hourly":               "series",
		"/api/v1/issues?from=soon":                   "from",
		"/api/v1/issues/hourly/2026-03-02":           "series",
		"/api/v1/issues/daily/today":                 "date",
		"/api/v1/issues/daily/2026-03-02?version=-1": "version",
	} {
		if r = s.do("GET", path, "", signed); r.StatusCode != 422 || r.problem.Field != field {
			t.Errorf("%s: %d %s", path, r.StatusCode, r.text)
		}
	}
	// Figures of all are not for those who may read their own or their team's.
	for _, role := range []string{"ja", "sa"} {
		for _, path := range []string{"/api/v1/issues", "/api/v1/issues/daily/2026-03-02"} {
			if r = s.do("GET", path, "", "X-Role: "+role, "X-Agent: a1001"); r.StatusCode != http.StatusForbidden {
				t.Errorf("%s by %s: %d %s", path, role, r.StatusCode, r.text)
			}
		}
	}
	if len(l.asked) != 2 {
		t.Errorf("asked %q", l.asked)
	}
}
