package main

import (
	"errors"
	"fmt"
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
	From      string        `help:"First day, 2006-01-02, in the site's zone; default today."`
	To        string        `help:"Last day, inclusive; default the first day."`
	Step      string        `help:"Interval: 15m, 30m, 1h or 1d." enum:"15m,30m,1h,1d" default:"1h"`
	Queue     []string      `help:"Only these queues."`
	Formula   string        `help:"Formula of the service level; --formula=list names them." default:"hotline"`
	Threshold time.Duration `help:"Answered in time, inclusive; default as configured."`
	Short     time.Duration `help:"An abandon below it is short; default as configured." default:"-1s"`
	Format    string        `help:"text, csv or json." enum:"text,csv,json" default:"text"`
	Part      []string      `help:"Tables: figures, lines, late, surveys."`
	Column    []string      `help:"Columns of the figures."`
	Lang      string        `help:"Language: zh-CN or en." enum:"zh-CN,en" default:"zh-CN"`
	BOM       bool          `name:"bom" help:"Begin CSV with a byte order mark, for Excel."`
	Empty     bool          `help:"Show intervals without a call as well."`
}

// Run prints the report.
func (c reportCmd) Run(e env) error {
	if c.Formula == "list" {
		for _, f := range reports.Formulas() {
			if _, err := fmt.Fprintf(e.out, "%-18s %s\n", f, f.Text()); err != nil {
				return err
			}
		}
		return nil
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
	report, err := reports.Build(store.Events(e.ctx, spec.Period.Start, spec.Period.End), spec)
	if err == nil {
		err = report.Write(e.out, c.view())
	}
	return errors.Join(err, store.Close())
}

func (c reportCmd) spec(cfg *configs.Config, now time.Time) (reports.Spec, error) {
	switch {
	case c.From == "" && c.To != "":
		return reports.Spec{}, fmt.Errorf("%w: --to %s: must come with --from", errUsage, c.To)
	case c.Threshold < 0:
		return reports.Spec{}, fmt.Errorf("%w: --threshold %s: must not be negative", errUsage, c.Threshold)
	}
	grid := reports.Grid{
		Step: reports.Step(c.Step), Zone: cfg.Zone(), DayStart: time.Duration(cfg.Site.DayStart) * time.Minute,
	}
	spec := reports.Spec{Grid: grid, Rules: c.rules(cfg), Formula: reports.Formula(c.Formula), Empty: c.Empty}
	for _, q := range c.Queue {
		spec.Queues = append(spec.Queues, call.QueueID(q))
	}
	if c.From == "" {
		spec.Period = grid.DayOf(now)
		return spec, nil
	}
	if c.To == "" {
		c.To = c.From
	}
	// Noon lies in the day that bears the date, whenever the day begins.
	first, err := day("from", c.From, grid.Zone, 0)
	if err != nil {
		return spec, err
	}
	last, err := day("to", c.To, grid.Zone, 0)
	if err != nil {
		return spec, err
	}
	const noon = 12 * time.Hour
	spec.Period = reports.Interval{
		Start: grid.DayOf(first.Add(noon + grid.DayStart)).Start, End: grid.DayOf(last.Add(noon + grid.DayStart)).End,
	}
	return spec, nil
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
	v := reports.View{Format: reports.Format(c.Format), Lang: reports.Lang(c.Lang), BOM: c.BOM}
	for _, p := range c.Part {
		v.Parts = append(v.Parts, reports.Part(p))
	}
	for _, col := range c.Column {
		v.Columns = append(v.Columns, reports.Column(col))
	}
	return v
}
