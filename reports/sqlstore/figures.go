package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/sync/errgroup"

	"hotline/reports"
)

// counts are the rules of the figures that the database can count.
var counts = []reports.Rule{reports.AtEntry, reports.AtAnswer, reports.AtArrival}

// Counts tells whether Report can make a report: rings, dialled numbers and agents' time are in
// no table, and events that contradict each other are counted by who folds them.
func (s *Store) Counts(ctx context.Context, spec reports.Spec) (bool, error) {
	foreign := func(r reports.Rule) bool { return !slices.Contains(counts, r) }
	if len(spec.Only) == 0 || slices.ContainsFunc(spec.Only, foreign) || len(spec.Roster) > 0 {
		return false, nil
	}
	var contradicting bool
	err := s.read.NewSelect().ColumnExpr("EXISTS (SELECT 1 FROM calls WHERE contradictions > 0)").Scan(ctx, &contradicting)
	if err != nil {
		return false, fmt.Errorf("figures: %w", err)
	}
	return !contradicting, nil
}

// Report counts a report in the database, from the tables that Append keeps, with the limits of
// spec.Rules: figures, lines and head as reports.Build makes them of the same events, see
// reports.Counter. Counts tells whether it can. The error wraps reports.ErrInvalid for a spec
// without a meaning and reports.ErrUnknownEvent when the ledger holds a call that this program
// cannot count.
func (s *Store) Report(ctx context.Context, spec reports.Spec) (*reports.Report, error) {
	counter, err := reports.NewCounter(spec)
	if err != nil {
		return nil, err
	}
	if err := s.countable(ctx); err != nil {
		return nil, fmt.Errorf("figures: %w", err)
	}
	agent, line := counter.Apart()
	var stays, told, legs, calls []counted
	var group errgroup.Group
	ask := func(into *[]counted, q question) {
		group.Go(func() (err error) { *into, err = s.counts(ctx, spec.Period, counter.Lines(), q); return err })
	}
	ask(&stays, staysQuery(spec.Rules).apart(agent, line))
	ask(&told, toldQuery().apart(agent, line))
	ask(&legs, legsQuery().apart(agent, line))
	ask(&calls, callsQuery())
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("figures: %w", err)
	}
	for _, sums := range []struct {
		of  []counted
		sum func(counted) reports.Sum
	}{{stays, counted.stays}, {told, counted.toldSum}, {legs, counted.legs}, {calls, counted.calls}} {
		for _, n := range sums.of {
			counter.Add(sums.sum(n))
		}
	}
	return counter.Report()
}

// countable refuses to count while a call could not be folded.
func (s *Store) countable(ctx context.Context) error {
	var bad []unfoldedRow
	if err := s.read.NewSelect().Model(&bad).OrderExpr("call").Limit(1).Scan(ctx); err != nil {
		return err
	}
	if len(bad) > 0 {
		return fmt.Errorf("%w: call %s: %s", reports.ErrUnknownEvent, bad[0].Call, bad[0].Cause)
	}
	return nil
}

// question is what is asked of one table.
type question struct {
	table, time string
	where       string // as the index has it
	quarter     string // column, "" is quarter_ms
	by          []string
	columns     []column
}

// column is an aggregate with its values.
type column struct {
	text string
	args []any
}

// apart asks for agents and hotline numbers one by one.
func (q question) apart(agent, line bool) question {
	if agent {
		q.by = append(q.by, "agent")
	}
	if line {
		q.by = append(q.by, "line")
	}
	return q
}

// total is the sum of something as a whole number, 0 of nothing.
func total(what string) string { return "CAST(coalesce(sum(" + what + "), 0) AS BIGINT)" }

func staysQuery(r reports.Rules) question {
	return question{
		table: "stays", time: "entered_ms", where: "1 = 1", by: []string{"queue", "outcome"},
		columns: []column{
			{"count(*) AS n", nil},
			{total("queueing") + " AS queued", nil},
			{"count(CASE WHEN wait_ms <= ? THEN 1 END) AS in_t", []any{int64(r.T)}},
			{"count(CASE WHEN wait_ms < ? THEN 1 END) AS short", []any{int64(r.Short)}},
			{total("CASE WHEN wait_ms < ? THEN wait_ms END") + " AS short_wait", []any{int64(r.Short)}},
			{total("wait_ms") + " AS wait", nil},
			{"max(wait_ms) AS max_wait", nil},
			{total("1 + ring_ms / ?") + " AS rings", []any{int64(r.RingCycle())}},
			{total("transferred") + " AS transferred", nil},
		},
	}
}

func toldQuery() question {
	q := question{table: "stays", time: "entered_ms", where: "told > 0", by: []string{"queue"}}
	q.quarter = "+quarter_ms" // SQLite would take the index of all stays, not that of the few that were told
	for _, c := range []string{"told", "told_p50", "told_p90", "told_over_ms", "told_under_ms"} {
		q.columns = append(q.columns, column{total(c) + " AS " + c, nil})
	}
	answered := total("CASE WHEN outcome = ? THEN told END") + " AS told_answered"
	q.columns = append(q.columns, column{answered, []any{string(reports.Answered)}})
	return q
}

func legsQuery() question {
	return question{
		table: "legs", time: "answer_ms", where: "talk_ms IS NOT NULL AND outbound = 0", by: []string{"queue"},
		columns: []column{
			{"count(*) AS n", nil},
			{total("talk_ms") + " AS talk", nil},
			{"count(wrap_ms) AS handled", nil},
			{total("CASE WHEN wrap_ms IS NOT NULL THEN talk_ms END") + " AS handling", nil},
			{total("wrap_ms") + " AS wrap", nil},
			{"count(hold_ms) AS held", nil},
			{total("hold_ms") + " AS hold", nil},
			{"count(CASE WHEN transfer = 'blind' THEN 1 END) AS blind", nil},
			{"count(CASE WHEN transfer = 'attended' THEN 1 END) AS attended", nil},
		},
	}
}

func callsQuery() question {
	return question{
		table: "calls", time: "arrived_ms", where: "fate > 0", by: []string{"line", "fate"},
		columns: []column{{"count(*) AS n", nil}},
	}
}

// counts asks for whole quarters of an hour, and for single times in those quarters through
// which one of the lines goes.
func (s *Store) counts(
	ctx context.Context, period reports.Interval, lines []time.Time, q question,
) ([]counted, error) {
	var all []counted
	fromMs, toMs, split := ceilMs(period.Start), ceilMs(period.End), splitBy(lines)
	quarter := bun.Safe(cmp.Or(q.quarter, "quarter_ms"))
	whole := s.ask(q, quarter).Where("? >= ? AND ? < ?", quarter, quarterOf(fromMs), quarter, toMs)
	if len(split) > 0 {
		whole = whole.Where("quarter_ms NOT IN (?)", bun.List(split))
	}
	if err := whole.Scan(ctx, &all); err != nil {
		return nil, err
	}
	if len(split) == 0 {
		return all, nil
	}
	var single []counted
	parts := s.ask(q, bun.Safe(q.time)).Where("? IN (?)", quarter, bun.List(split)).
		Where("? >= ? AND ? < ?", bun.Safe(q.time), fromMs, bun.Safe(q.time), toMs)
	if err := parts.Scan(ctx, &single); err != nil {
		return nil, err
	}
	return append(all, single...), nil
}

// ask is a question by a time.
func (s *Store) ask(q question, at bun.Safe) *bun.SelectQuery {
	query := s.read.NewSelect().Table(q.table).ColumnExpr("? AS at_ms", at).Where(q.where).GroupExpr("?", at)
	for _, c := range q.by {
		query = query.Column(c).GroupExpr("?", bun.Ident(c))
	}
	for _, c := range q.columns {
		query = query.ColumnExpr(c.text, c.args...)
	}
	return query
}
