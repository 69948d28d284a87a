package app

import (
	"context"
	"fmt"
	"io"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/reports"
	"hotline/reports/sqlstore"
)

// ReportOrder is a report that somebody asks for.
type ReportOrder struct {
	Spec reports.Spec
	View reports.View
	// Compare sets the report beside the one of a period before; "" does not.
	Compare reports.Back
	// Calls asks for the calls behind a number in place of the figures; nil does not.
	Calls *reports.Pick
}

// ReportSpec is the report of a site that nothing more is known of: its zone, the begin of its
// days, its limits, its teams. It is made at now.
func ReportSpec(cfg *configs.Config, now time.Time) reports.Spec {
	spec := reports.Spec{
		Grid: reports.Grid{Zone: cfg.Zone(), DayStart: time.Duration(cfg.Site.DayStart) * time.Minute},
		Rules: reports.Rules{
			T: call.MillisOf(cfg.Figures.Threshold), Short: call.MillisOf(cfg.Figures.ShortAbandon),
		},
		Teams: map[call.AgentID]string{}, Now: now,
	}
	for _, a := range cfg.Agents {
		if a.Team != "" {
			spec.Teams[a.ID] = a.Team
		}
	}
	return spec
}

// WriteReport makes a report of a ledger and writes it. The error wraps reports.ErrInvalid for
// what cannot be made, and then nothing was written.
func WriteReport(ctx context.Context, w io.Writer, ledger *sqlstore.Store, o ReportOrder) error {
	switch {
	case o.Calls != nil && o.Compare != "":
		return fmt.Errorf("%w: a list of calls does not compare", reports.ErrInvalid)
	case len(o.View.Parts) > 0 && (o.Calls != nil || o.Compare != ""):
		return fmt.Errorf("%w: parts %v belong to a report alone", reports.ErrInvalid, o.View.Parts)
	case o.Calls != nil:
		if err := whole(ctx, ledger, o.Spec); err != nil {
			return err
		}
		calls := ledger.Events(ctx, o.Spec.Period.Start, o.Spec.Period.End)
		return reports.WriteCalls(w, calls, o.Spec, *o.Calls, o.View)
	}
	var err error
	if o.Spec.Only, err = o.View.Only(); err != nil {
		return err
	}
	report, err := makeReport(ctx, ledger, o.Spec, o.View)
	if err != nil {
		return err
	}
	if o.Compare == "" {
		return report.Write(w, o.View)
	}
	before := o.Spec
	if before.Period, err = o.Spec.Grid.Before(o.Spec.Period, o.Compare); err != nil {
		return err
	}
	earlier, err := makeReport(ctx, ledger, before, o.View)
	if err != nil {
		return err
	}
	comparison, err := reports.Compare(report, earlier)
	if err != nil {
		return err
	}
	return comparison.Write(w, o.View)
}

// makeReport lets the database count what it can, which is the faster by far, and folds the
// ledger for the rest.
func makeReport(
	ctx context.Context, ledger *sqlstore.Store, spec reports.Spec, v reports.View,
) (*reports.Report, error) {
	if v.Lists() {
		return buildReport(ctx, ledger, spec)
	}
	counts, err := ledger.Counts(ctx, spec)
	switch {
	case err != nil:
		return nil, err
	case !counts:
		return buildReport(ctx, ledger, spec)
	}
	if err := whole(ctx, ledger, spec); err != nil {
		return nil, err
	}
	return ledger.Report(ctx, spec)
}

// buildReport folds the ledger. Changes of agents' states are read where they have a place.
func buildReport(ctx context.Context, ledger *sqlstore.Store, spec reports.Spec) (*reports.Report, error) {
	if err := whole(ctx, ledger, spec); err != nil {
		return nil, err
	}
	calls := ledger.Events(ctx, spec.Period.Start, spec.Period.End)
	if !spec.TellsOfAgents() {
		return reports.Build(calls, spec)
	}
	return reports.BuildWithStates(calls, ledger.Changes(ctx, spec.Period.Start, spec.Period.End), spec)
}
