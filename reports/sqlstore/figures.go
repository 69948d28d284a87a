package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
	"golang.org/x/sync/errgroup"

	"hotline/reports"
)

// Figures returns the figures of each queue in each interval of a report, as Rows of
// reports.Build for the same events: by queue, then by time, empty intervals only when
// spec.Empty asks for them. It counts in the database, from the tables that Append keeps, with
// the limits of spec.Rules. The error wraps reports.ErrInvalid for a spec without a meaning and
// reports.ErrUnknownEvent when the ledger holds a call that this program cannot count.
//
// The tables hold stays and talks by queue. Of the other figures (rings, holds, transfers,
// dialled numbers, arrivals, agents' time) the rows say nothing: they are 0. A spec that asks
// for other groups, or for some agents, teams or lines, is refused.
func (s *Store) Figures(ctx context.Context, spec reports.Spec) ([]reports.Row, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	byQueue := len(spec.By) == 0 || slices.Equal(spec.By, []reports.Dimension{reports.ByQueue})
	if !byQueue || len(spec.Agents)+len(spec.OfTeams)+len(spec.OfLines) > 0 {
		return nil, fmt.Errorf("%w: the tables of the ledger tell of queues alone", reports.ErrInvalid)
	}
	if err := s.countable(ctx); err != nil {
		return nil, fmt.Errorf("figures: %w", err)
	}
	c := newCount(spec)
	if err := s.alsoSeen(ctx, c); err != nil {
		return nil, fmt.Errorf("figures: %w", err)
	}
	var stays, legs []counted
	var group errgroup.Group
	group.Go(func() (err error) { stays, err = s.counts(ctx, c, staysQuery(spec.Rules)); return err })
	group.Go(func() (err error) { legs, err = s.counts(ctx, c, legsQuery()); return err })
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("figures: %w", err)
	}
	for _, n := range stays {
		if f := c.figures(n); f != nil {
			n.addStays(f)
		}
	}
	for _, n := range legs {
		if f := c.figures(n); f != nil {
			n.addLegs(f)
		}
	}
	return c.result(), nil
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

// alsoSeen makes rows for queues of which nothing is counted in the period, though an agent's
// part that is not over, or that he dialled himself, lies there: a report that shows empty
// intervals shows theirs.
func (s *Store) alsoSeen(ctx context.Context, c *count) error {
	if !c.spec.Empty {
		return nil
	}
	var queues []string
	err := s.read.NewSelect().Table("legs").ColumnExpr("DISTINCT queue").
		Where("talk_ms IS NULL OR direction = 'outbound'").
		Where("answer_ms >= ? AND answer_ms < ?", c.fromMs, c.toMs).Scan(ctx, &queues)
	for _, q := range queues {
		c.see(q)
	}
	return err
}

// question is what is asked of one table.
type question struct {
	table, time string
	where       string
	by          []string
	columns     []column
}

// column is an aggregate with its values.
type column struct {
	text string
	args []any
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
		},
	}
}

func legsQuery() question {
	return question{
		// As the index has it.
		table: "legs", time: "answer_ms", where: "talk_ms IS NOT NULL AND direction <> 'outbound'", by: []string{"queue"},
		columns: []column{
			{"count(*) AS n", nil},
			{total("talk_ms") + " AS talk", nil},
			{"count(wrap_ms) AS handled", nil},
			{total("CASE WHEN wrap_ms IS NOT NULL THEN talk_ms END") + " AS handling", nil},
			{total("wrap_ms") + " AS wrap", nil},
		},
	}
}

// counts asks for whole quarters of an hour, and for single times in those quarters through
// which a line of the grid goes.
func (s *Store) counts(ctx context.Context, c *count, q question) ([]counted, error) {
	var all []counted
	whole := s.ask(q, "quarter_ms").
		Where("quarter_ms >= ? AND quarter_ms < ?", c.fromMs-c.fromMs%quarterMs, c.toMs)
	if len(c.split) > 0 {
		whole = whole.Where("quarter_ms NOT IN (?)", bun.List(c.split))
	}
	if err := whole.Scan(ctx, &all); err != nil {
		return nil, err
	}
	if len(c.split) == 0 {
		return all, nil
	}
	var single []counted
	parts := s.ask(q, q.time).Where("quarter_ms IN (?)", bun.List(c.split)).
		Where("? >= ? AND ? < ?", bun.Ident(q.time), c.fromMs, bun.Ident(q.time), c.toMs)
	if err := parts.Scan(ctx, &single); err != nil {
		return nil, err
	}
	return append(all, single...), nil
}

// ask is a question by a column of time.
func (s *Store) ask(q question, at string) *bun.SelectQuery {
	query := s.read.NewSelect().Table(q.table).ColumnExpr("? AS at_ms", bun.Ident(at)).Where(q.where).
		GroupExpr("?", bun.Ident(at))
	for _, c := range q.by {
		query = query.Column(c).GroupExpr("?", bun.Ident(c))
	}
	for _, c := range q.columns {
		query = query.ColumnExpr(c.text, c.args...)
	}
	return query
}
