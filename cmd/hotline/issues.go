package main

import (
	"errors"
	"fmt"
	"time"

	"hotline/configs"
	"hotline/internal/app"
	"hotline/reports"
	"hotline/reports/sqlstore"
)

// issuesCmd is about reports of days, weeks and months as they were issued.
type issuesCmd struct {
	List issuesListCmd `cmd:"" help:"Print what was issued, the newest first."`
	Show issuesShowCmd `cmd:"" help:"Print a report as it was issued."`
	Make issuesMakeCmd `cmd:"" help:"Make a report anew; it is kept as a further version when it says something else."`
}

// withIssues opens the ledger of the configuration for one command.
func (f configFlag) withIssues(e env, write bool, do func(*configs.Config, *sqlstore.Store) error) error {
	cfg, err := f.load()
	if err != nil {
		return err
	}
	open := sqlstore.OpenReadOnlyAt
	if write {
		open = sqlstore.OpenAt
	}
	ledger, err := open(e.ctx, app.LedgerAt(cfg))
	if err != nil {
		return err
	}
	err = do(cfg, ledger)
	if errors.Is(err, sqlstore.ErrNoIssue) {
		err = fmt.Errorf("%w: %w", errUsage, err)
	}
	return errors.Join(err, ledger.Close())
}

// printIssue prints one version as a line.
func printIssue(e env, cfg *configs.Config, i reports.Issue) error {
	grid, when := app.ReportSpec(cfg, time.Time{}).Grid, "late"
	if i.OnTime(grid) {
		when = "on time"
	}
	_, err := fmt.Fprintf(e.out, "%-7s  %s - %s  version %d  %s  %s  by %s\n", i.Series,
		i.Period.Start.In(grid.Zone).Format("2006-01-02 15:04"), i.Period.End.In(grid.Zone).Format("2006-01-02 15:04"),
		i.Version, i.Made.In(grid.Zone).Format("2006-01-02 15:04:05"), when, i.Author)
	return err
}

// issuesListCmd lists issues.
type issuesListCmd struct {
	configFlag
	Series reports.Series `help:"Only those of one series: ${enum}." enum:",daily,weekly,monthly" default:""`
	From   string         `help:"Periods that begin on this day or later; default 31 days ago." placeholder:"DATE"`
	To     string         `help:"Periods that begin on this day or before; default today." placeholder:"DATE"`
}

// Run prints a line for each version.
func (c issuesListCmd) Run(e env) error {
	return c.withIssues(e, false, func(cfg *configs.Config, ledger *sqlstore.Store) error {
		found, err := app.ListIssues(e.ctx, cfg, ledger, c.Series, c.From, c.To)
		if err != nil {
			return err
		}
		for _, i := range found {
			if err := printIssue(e, cfg, i); err != nil {
				return err
			}
		}
		return nil
	})
}

// issueName names an issue on the command line.
type issueName struct {
	Series reports.Series `arg:"" help:"daily, weekly or monthly." enum:"daily,weekly,monthly"`
	Date   string         `arg:"" help:"A day of the period, 2006-01-02."`
}

// issuesShowCmd prints an issue.
type issuesShowCmd struct {
	configFlag
	issueName
	Version int  `help:"0 is the newest." default:"0"`
	JSON    bool `name:"json" help:"The figures as JSON instead of the text."`
}

// Run prints the issue as it was.
func (c issuesShowCmd) Run(e env) error {
	return c.withIssues(e, false, func(cfg *configs.Config, ledger *sqlstore.Store) error {
		i, err := app.IssueOf(e.ctx, cfg, ledger, c.Series, c.Date, c.Version)
		if err != nil {
			return err
		}
		if c.JSON {
			_, err = e.out.Write(i.Figures)
			return err
		}
		_, err = fmt.Fprint(e.out, i.Text)
		return err
	})
}

// issuesMakeCmd makes an issue by hand.
type issuesMakeCmd struct {
	configFlag
	issueName
	Author string `help:"Who has it made." required:""`
}

// Run makes the issue and prints its line: that of the newest version when nothing has changed.
func (c issuesMakeCmd) Run(e env) error {
	return c.withIssues(e, true, func(cfg *configs.Config, ledger *sqlstore.Store) error {
		day, err := app.ReportSpec(cfg, time.Time{}).Grid.Day("date", c.Date)
		if err != nil {
			return err
		}
		i, err := app.MakeIssue(e.ctx, cfg, ledger, reports.Issue{
			Series: c.Series, Period: day, Author: c.Author, Made: time.Now(),
		})
		if err != nil {
			return err
		}
		return printIssue(e, cfg, i)
	})
}
