package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
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
	o, err := r.order(q.ReportScope, time.Now())
	if err != nil {
		return err
	}
	o.Spec.Formula, o.Spec.Empty = reports.Formula(q.Formula), q.Empty
	o.Spec.Deviance = reports.Deviance{Percent: q.Deviation, Talks: q.MinTalks}
	o.Compare = reports.Back(q.Compare)
	o.View.Parts, o.View.Columns = words[reports.Part](q.Parts), words[reports.Column](q.Columns)
	return invalid(WriteReport(ctx, w, r.ledger, o))
}

// ReportCalls makes the list of the calls behind a number.
func (r records) ReportCalls(ctx context.Context, q web.ReportCallsQuery, w io.Writer) error {
	o, err := r.order(q.ReportScope, time.Now())
	if err != nil {
		return err
	}
	o.View.ClearNumbers = q.Clear
	o.Calls = &reports.Pick{Column: reports.Column(q.Column), Interval: o.Spec.Period}
	if !q.Since.IsZero() {
		o.Calls.Interval.Start = q.Since
	}
	if !q.Until.IsZero() {
		o.Calls.Interval.End = q.Until
	}
	if len(q.Cell) > 0 {
		values := map[reports.Dimension]string{}
		for _, c := range q.Cell {
			dimension, value, _ := strings.Cut(c, ":")
			values[reports.Dimension(dimension)] = value
		}
		g, err := o.Spec.GroupOf(values)
		if err != nil {
			return web.BadField("cell", err.Error())
		}
		o.Calls.Group = &g
	}
	return invalid(WriteReport(ctx, w, r.ledger, o))
}

// words are words of reports, as web spells them.
func words[T ~string](spelt []string) []T {
	var all []T
	for _, w := range spelt {
		all = append(all, T(w))
	}
	return all
}

// invalid turns a rule that a report breaks into a refusal.
func invalid(err error) error {
	if errors.Is(err, reports.ErrInvalid) {
		return web.Problem{Status: http.StatusUnprocessableEntity, Detail: err.Error()}
	}
	return err
}

// badPeriod turns what is wrong with a day or a time into a refusal.
func badPeriod(err error) error {
	if wrong, ok := errors.AsType[*reports.PeriodError](err); ok {
		return web.BadField(wrong.End, wrong.Rule)
	}
	return err
}

// maxDays bounds a report: years of quarters of an hour are no table that anybody reads.
const maxDays = 400

// order is what is the same for every report that a query asks for.
func (r records) order(q web.ReportScope, now time.Time) (ReportOrder, error) {
	spec := ReportSpec(r.cfg, now)
	spec.By, spec.Queues, spec.Agents = words[reports.Dimension](q.By), q.Queues, q.Agents
	spec.OfTeams, spec.OfLines = q.Teams, q.Lines
	spec.Grid.Step = cmp.Or(reports.Step(q.Step), reports.StepFor(spec.By))
	if q.Threshold > 0 {
		spec.Rules.T = q.Threshold
	}
	if q.Short >= 0 {
		spec.Rules.Short = q.Short
	}
	var err error
	spec.Period, err = spec.Grid.Period(q.From, q.To, now)
	switch {
	case err != nil:
		return ReportOrder{}, badPeriod(err)
	case spec.Period.End.Sub(spec.Period.Start).Hours()/24 > maxDays:
		return ReportOrder{}, web.BadField("to", fmt.Sprintf("must be at most %d days after from", maxDays))
	}
	view := reports.View{Format: reports.Format(q.Format), Lang: reports.Lang(q.Lang), BOM: q.BOM}
	return ReportOrder{Spec: spec, View: view}, nil
}

// agents are all agents there are.
func (a *App) agents() []call.AgentID {
	out := make([]call.AgentID, 0, len(a.cfg.Agents))
	for _, g := range a.cfg.Agents {
		out = append(out, g.ID)
	}
	return out
}
