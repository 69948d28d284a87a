package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"hotline/configs"
	"hotline/reports"
	"hotline/reports/sqlstore"
)

// issuesBy is the author of what nobody asked for.
const issuesBy = "hotline"

// MakeIssue makes the report that an issue names by its series and the begin of its period, by
// its author and as of the time it is made, and keeps it as its next version, unless it says
// what the newest one says. It returns what is kept. The error wraps reports.ErrInvalid for a
// period that is not over.
func MakeIssue(
	ctx context.Context, cfg *configs.Config, ledger *sqlstore.Store, i reports.Issue,
) (reports.Issue, error) {
	spec := ReportSpec(cfg, i.Made)
	i.Period = i.Series.PeriodOf(spec.Grid, i.Period.Start)
	if spec.Period = i.Period; i.Period.End.After(i.Made) {
		return i, fmt.Errorf("%w: the period of a %s issue is not over before %s", reports.ErrInvalid, i.Series,
			i.Period.End.Format(time.RFC3339))
	}
	ofAll, ofQueues := i.Series.IssueSpecs(spec)
	all, err := buildReport(ctx, ledger, ofAll)
	if err != nil {
		return i, err
	}
	queues, err := buildReport(ctx, ledger, ofQueues)
	if err != nil {
		return i, err
	}
	if i.Text, i.Figures, err = reports.WriteIssue(all, queues); err != nil {
		return i, err
	}
	version, err := ledger.AddIssue(ctx, i)
	if err != nil {
		return i, err
	}
	return ledger.Issue(ctx, i.Series, i.Period.Start, version)
}

// issuer makes the reports of days, weeks and months that are over. One goroutine owns it, that
// of run.
type issuer struct {
	nights

	cfg    *configs.Config
	ledger *sqlstore.Store
	alarm  func(error) // nil when it is over
	log    *slog.Logger
}

func (a *App) issuer() *issuer {
	return &issuer{
		nights: a.nightsAt(a.cfg.Figures.IssueAt), cfg: a.cfg, ledger: a.ledger,
		alarm: func(cause error) { a.health.set("issues", cause) }, log: a.log.With("part", "issues"),
	}
}

// run makes them once a day until ctx ends.
func (n *issuer) run(ctx context.Context) error { return n.each(ctx, n.issue) }

// issue makes what is missing. An error means that it must be tried again; the alarm is raised
// until a try succeeds, because a report may become late.
func (n *issuer) issue(ctx context.Context) error {
	err := n.issueMissing(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		n.log.Error("ALARM: reports are not issued; trying again later", "error", err)
	}
	n.alarm(err)
	return err
}

// issueMissing makes the issues that there are not, of periods that ended not long ago: for a
// hotline that was down for a week. Of the time before its first day, and of calls that are no
// longer kept, nothing is issued.
func (n *issuer) issueMissing(ctx context.Context) error {
	begin, err := n.ledger.Begin(ctx)
	if err != nil || begin.IsZero() {
		return err
	}
	kept, err := n.ledger.Kept(ctx)
	if err != nil {
		return err
	}
	now, grid := n.now(), ReportSpec(n.cfg, time.Time{}).Grid
	for _, of := range reports.AllSeries() {
		for _, p := range lastPeriods(of, grid, now) {
			if !p.End.After(begin) || p.Start.Before(kept) {
				continue
			}
			_, err := n.ledger.Issue(ctx, of, p.Start, 0)
			if err == nil {
				continue
			}
			if !errors.Is(err, sqlstore.ErrNoIssue) {
				return err
			}
			i, err := MakeIssue(ctx, n.cfg, n.ledger, reports.Issue{Series: of, Period: p, Author: issuesBy, Made: now})
			if err != nil {
				return err
			}
			n.log.Info("report issued", "series", of, "from", i.Period.Start, "version", i.Version,
				"on_time", i.OnTime(grid))
		}
	}
	return nil
}

// lastPeriods are the last ones that are over, the earliest first: seven days, four weeks, two
// months.
func lastPeriods(of reports.Series, grid reports.Grid, now time.Time) []reports.Interval {
	var periods []reports.Interval
	at := of.PeriodOf(grid, now).Start
	for range map[reports.Series]int{reports.Daily: 7, reports.Weekly: 4, reports.Monthly: 2}[of] {
		p := of.PeriodOf(grid, at.Add(-time.Nanosecond))
		periods, at = append(periods, p), p.Start
	}
	slices.Reverse(periods)
	return periods
}
