package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Issues are the reports of days, weeks and months as they were issued.
type Issues interface {
	// Issues lists every version, the newest first. What is wrong with the filter is a Problem.
	Issues(ctx context.Context, f IssueFilter) ([]IssueInfo, error)
	// Issue is a version of the issue of the period that holds a day of the site, the newest
	// for 0. One that there is not is a Problem.
	Issue(ctx context.Context, series, date string, version int) (Issue, error)
}

// IssueFilter selects issues. An empty member takes its default.
type IssueFilter struct {
	Series string `query:"series" enum:"daily,weekly,monthly" doc:"Only these. 日报、周报、月报"`
	From   string `query:"from" format:"date" maxLength:"10" doc:"Period begins on this day or later; default 31 days before the last. 起始日" example:"2026-03-02"` //nolint:lll // a tag is one line
	To     string `query:"to" format:"date" maxLength:"10" doc:"Period begins on this day or before; default today. 截止日" example:"2026-03-31"`                    //nolint:lll // as above
}

// IssueInfo is one version of an issue as a line of a list.
type IssueInfo struct {
	Series  string    `json:"series" enum:"daily,weekly,monthly" doc:"日报、周报、月报"`
	From    time.Time `json:"from" doc:"起"`
	To      time.Time `json:"to" doc:"止"`
	Version int       `json:"version" doc:"From 1 on; a later one corrects those before. 版本"`
	Author  string    `json:"author" doc:"Who had it made; hotline for what is made by itself. 编制人"`
	Made    time.Time `json:"made" doc:"编制时间"`
	Due     time.Time `json:"due" doc:"When the first version must be there. 上报时限"`
	OnTime  bool      `json:"on_time" doc:"Made when it was due or before. 及时"`
}

// Issue is one version with what it says.
type Issue struct {
	IssueInfo
	Text    string          `json:"text" doc:"For people, in Chinese. 正文"`
	Figures json.RawMessage `json:"figures" doc:"For programs: whole and queues, each as a report. 数据"`
}

type issuesAnswer struct {
	Issues []IssueInfo `json:"issues"`
}

func exampleIssue() Issue {
	begin := exampleTime().Truncate(24 * time.Hour)
	return Issue{
		IssueInfo: IssueInfo{
			Series: "daily", From: begin, To: begin.AddDate(0, 0, 1), Version: 1, Author: "hotline",
			Made: begin.AddDate(0, 0, 1).Add(5 * time.Hour), Due: begin.AddDate(0, 0, 2), OnTime: true,
		},
		Text:    "时间: 2026-03-02 00:00 - 2026-03-03 00:00\n",
		Figures: json.RawMessage(`{"whole":{"about":{}},"queues":{"about":{}}}`),
	}
}

func (s *Server) registerIssues() {
	add(s, operation{
		id: "listIssues", method: http.MethodGet, path: "/api/v1/issues", tag: reportTag, right: ReportRead,
		audited: true, summary: "Reports that were issued, the newest first", chinese: "已发布的日报、周报、月报",
		about: "Every version stands there. A period with one version that was made on time was reported on time " +
			"without error (上报及时无错误). Only for those whose right reaches to all.",
		answer: issuesAnswer{[]IssueInfo{exampleIssue().IssueInfo}},
	}, s.listIssues)
	add(s, operation{
		id: "getIssue", method: http.MethodGet, path: "/api/v1/issues/{series}/{date}", tag: reportTag, right: ReportRead,
		audited: true, summary: "A report as it was issued", chinese: "已发布报表正文",
		about:  "Only for those whose right reaches to all.",
		answer: exampleIssue(), errors: map[int]any{http.StatusNotFound: nil},
	}, s.getIssue)
}

type issuesOutput struct{ Body issuesAnswer }

func (s *Server) listIssues(ctx context.Context, f *IssueFilter) (*issuesOutput, error) {
	if err := readsAll(ctx); err != nil {
		return nil, err
	}
	issues, err := s.o.Issues.Issues(ctx, *f)
	if err != nil {
		return nil, err
	}
	return &issuesOutput{issuesAnswer{issues}}, nil
}

// IssuePath names an issue. The library sees exported types alone.
type IssuePath struct {
	Series  string `path:"series" enum:"daily,weekly,monthly" doc:"日报、周报、月报" example:"daily"`
	Date    string `path:"date" format:"date" maxLength:"10" doc:"A day of the period. 日期" example:"2026-03-02"`
	Version int    `query:"version" minimum:"0" maximum:"1000000" doc:"0 = the newest. 版本"`
}

type issueOutput struct{ Body Issue }

func (s *Server) getIssue(ctx context.Context, in *IssuePath) (*issueOutput, error) {
	if err := readsAll(ctx); err != nil {
		return nil, err
	}
	issue, err := s.o.Issues.Issue(ctx, in.Series, in.Date, in.Version)
	if err != nil {
		return nil, err
	}
	return &issueOutput{issue}, nil
}

// readsAll refuses those who may read the figures of some agents only: an issue is of all.
func readsAll(ctx context.Context) error {
	if askerOf(ctx).scope(ReportRead) == All {
		return nil
	}
	return Problem{Status: http.StatusForbidden, Detail: "issues are of all agents, and your right is not"}
}
