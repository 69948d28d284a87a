package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // zones must be known on machines without a zone database

	"hotline/call"
	"hotline/configs"
	"hotline/internal/app"
	"hotline/reports"
	"hotline/reports/sqlstore"
)

// reportCmd prints the figures of a period from the ledger.
type reportCmd struct {
	configFlag
	From string       `help:"First day, 2006-01-02, or a time, 2006-01-02T15:04, in the site's zone; default today."`
	To   string       `help:"Last day, inclusive, or the time at which it ends; default the first day."`
	Step reports.Step `help:"Interval, one of ${enum}; default 1h or all." enum:",15m,30m,1h,1d,1w,1mo,all" default:""`

	By    []reports.Dimension `help:"Groups: queue, agent, team, line, weekday, hour or none; default queue."`
	Queue []call.QueueID      `help:"Only these queues."`
	Agent []call.AgentID      `help:"Only these agents: who answered, was rung or dialled."`
	Team  []string            `help:"Only agents of these teams."`
	Line  []string            `help:"Only calls to these hotline numbers."`

	Formula   reports.Formula `help:"Formula of the service level; --formula=list names them." default:"hotline"`
	Threshold time.Duration   `help:"Answered in time, inclusive; default as configured."`
	Short     time.Duration   `help:"An abandon below it is short; default as configured." default:"-1s"`
	Deviation float64         `help:"Percent by which a deviating agent's talk time differs from his team's." default:"30"`
	MinTalks  int64           `help:"Talks below which an agent is not judged." default:"20"`

	Compare reports.Back   `help:"Beside the report of before, one of ${enum}." enum:",period,week,month,year" default:""`
	Calls   reports.Column `help:"List the calls behind a number of calls: a column, as abandoned." placeholder:"COLUMN"`

	Format       reports.Format   `help:"text, csv, json or xlsx." enum:"text,csv,json,xlsx" default:"text"`
	Part         []reports.Part   `help:"Tables: figures, lines, late, surveys, breaks, metrics, deviations."`
	Column       []reports.Column `help:"Columns of the figures; --column=list explains them."`
	Lang         reports.Lang     `help:"Language: zh-CN or en." enum:"zh-CN,en" default:"zh-CN"`
	BOM          bool             `name:"bom" help:"Begin CSV with a byte order mark, for Excel."`
	Empty        bool             `help:"Show intervals without a call as well."`
	ClearNumbers bool             `help:"Show callers' numbers whole in lists of calls."`
}

// Run prints the report.
func (c reportCmd) Run(e env) error {
	if listed, err := c.explain(e); listed {
		return err
	}
	cfg, err := c.load()
	if err != nil {
		return err
	}
	order, err := c.order(cfg, time.Now())
	if err != nil {
		return err
	}
	if err := order.Spec.Validate(); err != nil {
		return err
	}
	store, err := sqlstore.OpenReadOnlyAt(e.ctx, app.LedgerAt(cfg))
	if err != nil {
		return err
	}
	return errors.Join(app.WriteReport(e.ctx, e.out, store, order), store.Close())
}

// explain prints a list that was asked for instead of a report.
func (c reportCmd) explain(e env) (bool, error) {
	switch {
	case c.Formula == "list":
		for _, f := range reports.Formulas() {
			if _, err := fmt.Fprintf(e.out, "%-18s %s\n", f, f.Text()); err != nil {
				return true, err
			}
		}
	case slices.Equal(c.Column, []reports.Column{"list"}):
		for _, d := range reports.Definitions() {
			if _, err := fmt.Fprintf(e.out, "%-24s %-4s %s | %s | %s | %s\n",
				d.Column, d.Metric, d.Chinese, d.English, d.Formula, d.Rule); err != nil {
				return true, err
			}
		}
	default:
		return false, nil
	}
	return true, nil
}

// order is the report that the flags ask for.
func (c reportCmd) order(cfg *configs.Config, now time.Time) (app.ReportOrder, error) {
	if err := c.check(); err != nil {
		return app.ReportOrder{}, err
	}
	spec := app.ReportSpec(cfg, now)
	spec.By, spec.Queues, spec.Agents, spec.OfTeams, spec.OfLines = c.By, c.Queue, c.Agent, c.Team, c.Line
	spec.Formula, spec.Empty = c.Formula, c.Empty
	spec.Deviance = reports.Deviance{Percent: c.Deviation, Talks: c.MinTalks}
	spec.Grid.Step = cmp.Or(c.Step, reports.StepFor(spec.By))
	if c.Threshold > 0 {
		spec.Rules.T = call.MillisOf(c.Threshold)
	}
	if c.Short >= 0 {
		spec.Rules.Short = call.MillisOf(c.Short)
	}
	order := app.ReportOrder{
		Compare: c.Compare,
		View: reports.View{
			Format: c.Format, Lang: c.Lang, BOM: c.BOM, ClearNumbers: c.ClearNumbers, Parts: c.Part, Columns: c.Column,
		},
	}
	if c.Calls != "" {
		order.Calls = &reports.Pick{Column: c.Calls}
	}
	var err error
	spec.Period, err = spec.Grid.Period(c.From, c.To, now)
	if wrong, ok := errors.AsType[*reports.PeriodError](err); ok {
		err = fmt.Errorf("%w: --%s: %s", errUsage, wrong.End, wrong.Rule)
	}
	order.Spec = spec
	return order, err
}

// check refuses flags that contradict each other or have no meaning.
func (c reportCmd) check() error {
	switch {
	case c.Threshold < 0:
		return fmt.Errorf("%w: --threshold %s: must not be negative", errUsage, c.Threshold)
	case c.Deviation <= 0:
		return fmt.Errorf("%w: --deviation %v: must be positive", errUsage, c.Deviation)
	case c.MinTalks <= 0:
		return fmt.Errorf("%w: --min-talks %d: must be positive", errUsage, c.MinTalks)
	case c.Calls != "" && c.Compare != "":
		return fmt.Errorf("%w: --calls %s: cannot come with --compare", errUsage, c.Calls)
	case len(c.Part) > 0 && (c.Calls != "" || c.Compare != ""):
		return fmt.Errorf("%w: --part %v: cannot come with --calls or --compare", errUsage, c.Part)
	}
	var calls []reports.Column
	if c.Calls != "" {
		calls = append(calls, c.Calls)
	}
	return errors.Join(oneOf("by", c.By, reports.Dimensions()), oneOf("part", c.Part, reports.Parts()),
		oneOf("column", c.Column, reports.Columns()), oneOf("calls", calls, reports.CallColumns()),
		oneOf("formula", []reports.Formula{c.Formula}, reports.Formulas()))
}

// oneOf refuses values of a flag that are none of those it can have.
func oneOf[T ~string](flag string, given, all []T) error {
	for _, v := range given {
		if !slices.Contains(all, v) {
			return fmt.Errorf("%w: --%s %q: must be one of %v", errUsage, flag, v, all)
		}
	}
	return nil
}
