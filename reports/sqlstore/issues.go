package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"hotline/reports"
)

// ErrNoIssue is returned for an issue that there is not.
var ErrNoIssue = errors.New("no such issue")

// issueRow is one version of a report that was issued.
type issueRow struct {
	bun.BaseModel `bun:"table:issues,alias:i"`

	Series  string `bun:"series,pk"`
	FromMs  int64  `bun:"from_ms,pk"`
	ToMs    int64  `bun:"to_ms"`
	Version int    `bun:"version,pk"`
	Author  string `bun:"author"`
	MadeMs  int64  `bun:"made_ms"`
	Text    string `bun:"text"`
	Figures string `bun:"figures"`
}

// issue is a row as reports know it.
func (r issueRow) issue() reports.Issue {
	i := reports.Issue{
		Series: reports.Series(r.Series), Version: r.Version, Author: r.Author, Made: time.UnixMilli(r.MadeMs).UTC(),
		Period: reports.Interval{Start: time.UnixMilli(r.FromMs).UTC(), End: time.UnixMilli(r.ToMs).UTC()}, Text: r.Text,
	}
	if r.Figures != "" {
		i.Figures = json.RawMessage(r.Figures)
	}
	return i
}

// AddIssue keeps a report as its next version and returns that; an issue that says what the
// newest version says is that version. The version of the argument is not used. The error wraps
// reports.ErrInvalid for an issue without series, period or author.
func (s *Store) AddIssue(ctx context.Context, i reports.Issue) (version int, err error) {
	if err := i.Series.Validate(); err != nil {
		return 0, err
	}
	if i.Author == "" || !i.Period.End.After(i.Period.Start) {
		return 0, fmt.Errorf("%w: an issue needs an author and a period", reports.ErrInvalid)
	}
	row := issueRow{
		Series: string(i.Series), FromMs: i.Period.Start.UnixMilli(), ToMs: i.Period.End.UnixMilli(), Author: i.Author,
		MadeMs: i.Made.UnixMilli(), Text: i.Text, Figures: string(i.Figures),
	}
	err = s.write.RunInTx(ctx, &sql.TxOptions{}, func(ctx context.Context, tx bun.Tx) error {
		if err := s.flavor.enter(ctx, tx); err != nil {
			return err
		}
		before, err := newestIssue(ctx, tx, i.Series, i.Period.Start)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if row.Version = before.Version; before.Version > 0 && before.Text == row.Text && before.Figures == row.Figures {
			return nil
		}
		row.Version++
		_, err = tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("keep %s issue of %s: %w", i.Series, i.Period.Start.Format(time.DateOnly), err)
	}
	return row.Version, nil
}

// newestIssue is the last version of an issue.
func newestIssue(ctx context.Context, db bun.IDB, of reports.Series, begin time.Time) (issueRow, error) {
	var row issueRow
	err := db.NewSelect().Model(&row).Where("series = ?", string(of)).Where("from_ms = ?", begin.UnixMilli()).
		OrderExpr("version DESC").Limit(1).Scan(ctx)
	return row, err
}

// Issue returns a version of the issue whose period begins at a time, the newest for version 0.
// The error is ErrNoIssue when there is none.
func (s *Store) Issue(ctx context.Context, of reports.Series, begin time.Time, version int) (reports.Issue, error) {
	var row issueRow
	var err error
	if version == 0 {
		row, err = newestIssue(ctx, s.read, of, begin)
	} else {
		err = s.read.NewSelect().Model(&row).Where("series = ?", string(of)).Where("from_ms = ?", begin.UnixMilli()).
			Where("version = ?", version).Scan(ctx)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return reports.Issue{}, ErrNoIssue
	}
	if err != nil {
		return reports.Issue{}, fmt.Errorf("%s issue of %s: %w", of, begin.Format(time.DateOnly), err)
	}
	return row.issue(), nil
}

// Issues lists every version of the issues of a series, of all for "", whose periods begin in
// [from, to), the newest first and without text and figures.
func (s *Store) Issues(ctx context.Context, of reports.Series, from, to time.Time) ([]reports.Issue, error) {
	var rows []issueRow
	q := s.read.NewSelect().Model(&rows).ExcludeColumn("text", "figures").
		Where("from_ms >= ? AND from_ms < ?", from.UnixMilli(), to.UnixMilli()).
		OrderExpr("from_ms DESC, series, version DESC")
	if of != "" {
		q = q.Where("series = ?", string(of))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("issues: %w", err)
	}
	issues := make([]reports.Issue, len(rows))
	for i, r := range rows {
		issues[i] = r.issue()
	}
	return issues, nil
}

// Begin is when the first event of the ledger happened, zero when it is empty.
func (s *Store) Begin(ctx context.Context) (time.Time, error) {
	var ms []int64
	err := s.read.NewSelect().Model((*row)(nil)).Column("at_ms").OrderExpr("seq").Limit(1).Scan(ctx, &ms)
	if err != nil || len(ms) == 0 {
		return time.Time{}, err
	}
	return time.UnixMilli(ms[0]).UTC(), nil
}
