package app

import (
	"context"
	"errors"
	"net/http"
	"time"

	"hotline/configs"
	"hotline/reports"
	"hotline/reports/sqlstore"
	"hotline/web"
)

// issuesShown is how many days back issues are listed when nobody says how many.
const issuesShown = 31

// ListIssues lists the issues of a series, of all for "", whose periods begin on one of the
// days from and to or between them; "" is today, or 31 days before to. The error is a
// *reports.PeriodError for what is no day.
func ListIssues(
	ctx context.Context, cfg *configs.Config, ledger *sqlstore.Store, of reports.Series, from, to string,
) ([]reports.Issue, error) {
	grid := ReportSpec(cfg, time.Time{}).Grid
	last := grid.DayOf(time.Now())
	var err error
	if to != "" {
		if last, err = grid.Day("to", to); err != nil {
			return nil, err
		}
	}
	first := grid.DayOf(last.Start.AddDate(0, 0, -issuesShown))
	if from != "" {
		if first, err = grid.Day("from", from); err != nil {
			return nil, err
		}
	}
	return ledger.Issues(ctx, of, first.Start, last.End)
}

// IssueOf is a version, the newest for 0, of the issue of the period that holds a day. The error
// is a *reports.PeriodError for what is no day, and sqlstore.ErrNoIssue.
func IssueOf(
	ctx context.Context, cfg *configs.Config, ledger *sqlstore.Store, of reports.Series, date string, version int,
) (reports.Issue, error) {
	grid := ReportSpec(cfg, time.Time{}).Grid
	day, err := grid.Day("date", date)
	if err != nil {
		return reports.Issue{}, err
	}
	return ledger.Issue(ctx, of, of.PeriodOf(grid, day.Start).Start, version)
}

// Issues lists what was issued.
func (r records) Issues(ctx context.Context, f web.IssueFilter) ([]web.IssueInfo, error) {
	issues, err := ListIssues(ctx, r.cfg, r.ledger, reports.Series(f.Series), f.From, f.To)
	if err != nil {
		return nil, badPeriod(err)
	}
	out := make([]web.IssueInfo, len(issues))
	for i, issue := range issues {
		out[i] = r.issueInfo(issue)
	}
	return out, nil
}

// Issue is one version of what was issued.
func (r records) Issue(ctx context.Context, series, date string, version int) (web.Issue, error) {
	issue, err := IssueOf(ctx, r.cfg, r.ledger, reports.Series(series), date, version)
	if errors.Is(err, sqlstore.ErrNoIssue) {
		return web.Issue{}, web.Problem{Status: http.StatusNotFound, Field: "date", Detail: "date: " + err.Error()}
	}
	if err != nil {
		return web.Issue{}, badPeriod(err)
	}
	return web.Issue{IssueInfo: r.issueInfo(issue), Text: issue.Text, Figures: issue.Figures}, nil
}

func (r records) issueInfo(i reports.Issue) web.IssueInfo {
	grid := ReportSpec(r.cfg, time.Time{}).Grid
	return web.IssueInfo{
		Series: string(i.Series), From: i.Period.Start.In(grid.Zone), To: i.Period.End.In(grid.Zone), Version: i.Version,
		Author: i.Author, Made: i.Made.In(grid.Zone), Due: i.Series.Due(grid, i.Period), OnTime: i.OnTime(grid),
	}
}
