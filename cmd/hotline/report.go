package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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
	From string `help:"First day, 2006-01-02, or a time, 2006-01-02T15:04, in the site's zone; default today."`
	To   string `help:"Last day, inclusive, or the time at which it ends; default the first day."`
	Step string `help:"Interval, one of ${enum}; default 1h or all." enum:",15m,30m,1h,1d,1w,1mo,all" default:""`

	By    []string `help:"Groups: queue, agent, team, line, weekday, hour or none; default queue."`
	Queue []string `help:"Only these queues."`
	Agent []string `help:"Only these agents: who answered, was rung or dialled."`
	Team  []string `help:"Only agents of these teams."`
	Line  []string `help:"Only calls to these hotline numbers."`

	Formula   string        `help:"Formula of the service level; --formula=list names them." default:"hotline"`
	Threshold time.Duration `help:"Answered in time, inclusive; default as configured."`
	Short     time.Duration `help:"An abandon below it is short; default as configured." default:"-1s"`
	Deviation float64       `help:"Percent by which a deviating agent's talk time differs from his team's." default:"30"`
	MinTalks  int64         `help:"Talks below which an agent is not judged." default:"20"`

	Compare string `help:"Beside the same report of before, one of ${enum}." enum:",period,week,month,year" default:""`
	Calls   string `help:"List the calls behind a number of calls: a column, as abandoned." placeholder:"COLUMN"`

	Format       string   `help:"text, csv, json or xlsx." enum:"text,csv,json,xlsx" default:"text"`
	Part         []string `help:"Tables: figures, lines, late, surveys, breaks, metrics, deviations."`
	Column       []string `help:"Columns of the figures; --column=list explains them."`
	Lang         string   `help:"Language: zh-CN or en." enum:"zh-CN,en" default:"zh-CN"`
	BOM          bool     `name:"bom" help:"Begin CSV with a byte order mark, for Excel."`
	Empty        bool     `help:"Show intervals without a call as well."`
	ClearNumbers bool     `help:"Show callers' numbers whole in lists of calls."`
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
	spec, err := c.spec(cfg, time.Now())
	if err != nil {
		return err
	}
	if err := spec.Validate(); err != nil {
		return err
	}
	store, err := sqlstore.OpenReadOnlyAt(e.ctx, app.LedgerAt(cfg))
	if err != nil {
		return err
	}
	return errors.Join(c.print(e, store, spec), store.Close())
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
	case slices.Equal(c.Column, []string{"list"}):
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

// print makes the report and writes it in the form that was asked for.
func (c reportCmd) print(e env, store *sqlstore.Store, spec reports.Spec) error {
	build := func(s reports.Spec) (*reports.Report, error) {
		calls := store.Events(e.ctx, s.Period.Start, s.Period.End)
		if !s.TellsOfAgents() {
			return reports.Build(calls, s)
		}
		return reports.BuildWithStates(calls, store.Changes(e.ctx, s.Period.Start, s.Period.End), s)
	}
	if c.Calls != "" {
		pick := reports.Pick{Column: reports.Column(c.Calls)}
		return reports.WriteCalls(e.out, store.Events(e.ctx, spec.Period.Start, spec.Period.End), spec, pick, c.view())
	}
	report, err := build(spec)
	if err != nil {
		return err
	}
	if c.Compare == "" {
		return report.Write(e.out, c.view())
	}
	before := spec
	if before.Period, err = spec.Grid.Before(spec.Period, reports.Back(c.Compare)); err != nil {
		return err
	}
	earlier, err := build(before)
	if err != nil {
		return err
	}
	comparison, err := reports.Compare(report, earlier)
	if err != nil {
		return err
	}
	return comparison.Write(e.out, c.view())
}

func (c reportCmd) spec(cfg *configs.Config, now time.Time) (reports.Spec, error) {
	if err := c.check(); err != nil {
		return reports.Spec{}, err
	}
	spec := reports.Spec{
		Grid: reports.Grid{
			Step: c.step(), Zone: cfg.Zone(), DayStart: time.Duration(cfg.Site.DayStart) * time.Minute,
		},
		Rules: c.rules(cfg), Formula: reports.Formula(c.Formula), Empty: c.Empty, Now: now,
		OfTeams: c.Team, OfLines: c.Line, Teams: map[call.AgentID]string{},
		Deviance: reports.Deviance{Percent: c.Deviation, Talks: c.MinTalks},
	}
	for _, a := range cfg.Agents {
		if a.Team != "" {
			spec.Teams[a.ID] = a.Team
		}
	}
	for _, d := range c.By {
		spec.By = append(spec.By, reports.Dimension(d))
	}
	for _, q := range c.Queue {
		spec.Queues = append(spec.Queues, call.QueueID(q))
	}
	for _, a := range c.Agent {
		spec.Agents = append(spec.Agents, call.AgentID(a))
	}
	var err error
	spec.Period, err = c.period(spec.Grid, now)
	return spec, err
}

// check refuses flags that contradict each other or have no meaning.
func (c reportCmd) check() error {
	switch {
	case c.From == "" && c.To != "":
		return fmt.Errorf("%w: --to %s: must come with --from", errUsage, c.To)
	case c.Threshold < 0:
		return fmt.Errorf("%w: --threshold %s: must not be negative", errUsage, c.Threshold)
	case c.Deviation <= 0:
		return fmt.Errorf("%w: --deviation %v: must be positive", errUsage, c.Deviation)
	case c.MinTalks <= 0:
		return fmt.Errorf("%w: --min-talks %d: must be positive", errUsage, c.MinTalks)
	case c.Calls != "" && c.Compare != "":
		return fmt.Errorf("%w: --calls %s: cannot come with --compare", errUsage, c.Calls)
	case len(c.Part) > 0 && c.Calls+c.Compare != "":
		return fmt.Errorf("%w: --part %s: cannot come with --calls or --compare", errUsage, strings.Join(c.Part, ","))
	}
	calls := []string{}
	if c.Calls != "" {
		calls = append(calls, c.Calls)
	}
	return errors.Join(oneOf("by", c.By, reports.Dimensions()), oneOf("part", c.Part, reports.Parts()),
		oneOf("column", c.Column, reports.Columns()), oneOf("calls", calls, reports.CallColumns()),
		oneOf("formula", []string{c.Formula}, reports.Formulas()))
}

// oneOf refuses values of a flag that are none of those it can have.
func oneOf[T ~string](flag string, given []string, all []T) error {
	for _, v := range given {
		if !slices.Contains(all, T(v)) {
			return fmt.Errorf("%w: --%s %q: must be one of %v", errUsage, flag, v, all)
		}
	}
	return nil
}

// step is the interval: one hour where the figures of hours follow each other, and the whole
// period where hours or weekdays are laid over each other.
func (c reportCmd) step() reports.Step {
	switch {
	case c.Step != "":
		return reports.Step(c.Step)
	case slices.Contains(c.By, string(reports.ByWeekday)), slices.Contains(c.By, string(reports.ByHour)):
		return reports.Whole
	}
	return reports.Hour
}

// period is the time of the report. Of two days the last belongs to it, of two times the last
// is its end.
func (c reportCmd) period(grid reports.Grid, now time.Time) (reports.Interval, error) {
	if c.From == "" {
		return grid.DayOf(now), nil
	}
	if c.To == "" {
		c.To = c.From
	}
	first, err := moment("from", c.From, grid)
	if err != nil {
		return reports.Interval{}, err
	}
	last, err := moment("to", c.To, grid)
	return reports.Interval{Start: first.Start, End: last.End}, err
}

// moment reads a day of the grid, or a time, which is an interval without length.
func moment(field, text string, grid reports.Grid) (reports.Interval, error) {
	if strings.Contains(text, "T") {
		at, err := time.ParseInLocation("2006-01-02T15:04", text, grid.Zone)
		if err != nil {
			err = fmt.Errorf("%w: --%s %q: must be a time such as 2026-01-31T09:15", errUsage, field, text)
		}
		return reports.Interval{Start: at, End: at}, err
	}
	d, err := day(field, text, grid.Zone, 0)
	if err != nil {
		return reports.Interval{}, err
	}
	// Noon lies in the day that bears the date, whenever the day begins.
	const noon = 12 * time.Hour
	return grid.DayOf(d.Add(noon + grid.DayStart)), nil
}

func (c reportCmd) rules(cfg *configs.Config) reports.Rules {
	r := reports.Rules{T: call.MillisOf(cfg.Figures.Threshold), Short: call.MillisOf(cfg.Figures.ShortAbandon)}
	if c.Threshold > 0 {
		r.T = call.MillisOf(c.Threshold)
	}
	if c.Short >= 0 {
		r.Short = call.MillisOf(c.Short)
	}
	return r
}

func (c reportCmd) view() reports.View {
	v := reports.View{
		Format: reports.Format(c.Format), Lang: reports.Lang(c.Lang), BOM: c.BOM, ClearNumbers: c.ClearNumbers,
	}
	for _, p := range c.Part {
		v.Parts = append(v.Parts, reports.Part(p))
	}
	for _, col := range c.Column {
		v.Columns = append(v.Columns, reports.Column(col))
	}
	return v
}
