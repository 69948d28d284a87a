package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/reports"
	"hotline/reports/sqlstore"
	"hotline/web"
)

// records are the stored facts as the API reads them.
type records struct {
	cfg    *configs.Config
	ledger *sqlstore.Store
}

// Calls lists calls with their events.
func (r records) Calls(ctx context.Context, f web.CallFilter) ([][]call.Event, error) {
	ids, err := r.ledger.Arrived(ctx, sqlstore.Arrivals{
		From: f.From, To: f.To, Queue: f.Queue, Agents: f.Agents, Number: f.Number, Begin: f.Before.Begin,
		Call: f.Before.Call, Limit: f.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := make([][]call.Event, 0, len(ids))
	for _, id := range ids {
		story, err := r.ledger.Story(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, story)
	}
	return out, nil
}

// Story is every event of one call.
func (r records) Story(ctx context.Context, id call.ID) ([]call.Event, error) {
	return r.ledger.Story(ctx, id)
}

// Open opens the file of a recording. The root keeps a path of the ledger, whatever it says,
// within the store.
func (r records) Open(path string) (file io.ReadSeekCloser, err error) {
	root, err := os.OpenRoot(r.cfg.Recordings.Dir)
	if err != nil {
		return nil, fmt.Errorf("store of recordings: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	f, err := root.Open(filepath.FromSlash(path))
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	return f, nil
}

// Report makes a table of figures.
func (r records) Report(ctx context.Context, q web.ReportQuery, w io.Writer) error {
	spec, err := r.spec(q, time.Now())
	if err != nil {
		return err
	}
	view := reports.View{Format: reports.Format(q.Format), Lang: reports.Lang(q.Lang), BOM: q.BOM}
	for _, p := range q.Parts {
		view.Parts = append(view.Parts, reports.Part(p))
	}
	for _, c := range q.Columns {
		view.Columns = append(view.Columns, reports.Column(c))
	}
	report, err := reports.Build(r.ledger.Events(ctx, spec.Period.Start, spec.Period.End), spec)
	if err == nil {
		err = report.Write(w, view)
	}
	return invalid(err)
}

// invalid turns a rule that a report breaks into a refusal.
func invalid(err error) error {
	if errors.Is(err, reports.ErrInvalid) {
		return web.Problem{Status: http.StatusUnprocessableEntity, Detail: err.Error()}
	}
	return err
}

// maxDays bounds a report: years of quarters of an hour are no table that anybody reads.
const maxDays = 400

func (r records) spec(q web.ReportQuery, now time.Time) (reports.Spec, error) {
	grid := reports.Grid{
		Step: reports.Step(q.Step), Zone: r.cfg.Zone(), DayStart: time.Duration(r.cfg.Site.DayStart) * time.Minute,
	}
	spec := reports.Spec{
		Grid: grid, Formula: reports.Formula(q.Formula), Empty: q.Empty, Queues: q.Queues,
		Rules: reports.Rules{
			T: call.MillisOf(r.cfg.Figures.Threshold), Short: call.MillisOf(r.cfg.Figures.ShortAbandon),
		},
	}
	if q.Threshold > 0 {
		spec.Rules.T = q.Threshold
	}
	if q.Short >= 0 {
		spec.Rules.Short = q.Short
	}
	var err error
	if spec.Period, err = periodOf(q, grid, now); err != nil {
		return spec, err
	}
	return spec, invalid(spec.Validate())
}

// periodOf is the days that are asked for, today when none are.
func periodOf(q web.ReportQuery, grid reports.Grid, now time.Time) (reports.Interval, error) {
	first, last := grid.DayOf(now), grid.DayOf(now)
	switch {
	case q.From == "" && q.To != "":
		return first, web.BadField("to", "must come with from")
	case q.From != "":
		var err error
		if first, err = dayOf("from", q.From, grid); err != nil {
			return first, err
		}
		last = first
		if q.To != "" {
			if last, err = dayOf("to", q.To, grid); err != nil {
				return first, err
			}
		}
	}
	period := reports.Interval{Start: first.Start, End: last.End}
	switch days := period.End.Sub(period.Start).Hours() / 24; {
	case days <= 0:
		return period, web.BadField("to", "must not be before from")
	case days > maxDays:
		return period, web.BadField("to", fmt.Sprintf("must be at most %d days after from", maxDays))
	}
	return period, nil
}

// dayOf is the day that bears a date. Noon lies in it whenever the day begins.
func dayOf(field, date string, grid reports.Grid) (reports.Interval, error) {
	const noon = 12 * time.Hour
	d, err := time.ParseInLocation(time.DateOnly, date, grid.Zone)
	if err != nil || d.Year() < 2000 || d.Year() > 2999 {
		return reports.Interval{}, web.BadField(field, "must be a date such as 2026-01-31")
	}
	return grid.DayOf(d.Add(noon + grid.DayStart)), nil
}

// agents are all agents there are.
func (a *App) agents() []call.AgentID {
	out := make([]call.AgentID, 0, len(a.cfg.Agents))
	for _, g := range a.cfg.Agents {
		out = append(out, g.ID)
	}
	return out
}
