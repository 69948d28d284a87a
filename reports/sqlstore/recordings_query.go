package sqlstore

import "github.com/uptrace/bun"

// query builds the search of a filter. What a recording says of itself is in the table
// recordings; number and agents come from the events of its call.
func (s *Store) query(f Filter) *bun.SelectQuery {
	arrived := s.read.NewSelect().TableExpr("events AS a").Column("a.body").
		Where("a.call = r.call AND a.call <> ''").Where("a.kind = 'arrived'").OrderExpr("a.seq").Limit(1)
	agents := s.read.NewSelect().TableExpr("events AS a").ColumnExpr(s.flavor.agents).
		Where("a.call = r.call AND a.call <> ''").Where("a.kind = 'answered'")

	message := s.read.NewSelect().TableExpr("events AS a").Column("a.body").
		Where("a.call = r.call").Where("a.kind = 'messaged'").OrderExpr("a.seq").Limit(1)

	q := s.read.NewSelect().Model((*recordingRow)(nil)).Column("r.seq").ColumnExpr("e.body AS body").
		ColumnExpr("coalesce((?), '') AS arrived", arrived).ColumnExpr("(?) AS agents", agents).
		ColumnExpr("coalesce((?), '') AS message", message).
		Join("JOIN events AS e ON e.seq = r.seq").OrderExpr("r.begin_ms DESC, r.seq DESC")
	if f.Call != "" {
		q = q.Where("r.call = ?", string(f.Call))
	}
	if !f.From.IsZero() {
		q = q.Where("r.begin_ms >= ?", f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		q = q.Where("r.begin_ms < ?", f.To.UnixMilli())
	}
	if f.MinLength > 0 {
		q = q.Where("r.length_ms >= ?", int64(f.MinLength))
	}
	if f.MaxLength > 0 {
		q = q.Where("r.length_ms <= ?", int64(f.MaxLength))
	}
	if f.Agent != "" {
		q = q.Where("EXISTS (?)", s.read.NewSelect().TableExpr("events AS a").ColumnExpr("1").
			Where("a.call = r.call").Where("a.kind = 'answered'").Where("a.agent = ?", string(f.Agent)))
	}
	if f.Number != "" {
		q = q.Where("EXISTS (?)", s.read.NewSelect().TableExpr("events AS a").ColumnExpr("1").
			Where("a.call = r.call AND a.call <> ''").Where("a.kind = 'arrived'").
			Where(`a.number LIKE ? ESCAPE '\'`, likeEnd(f.Number)))
	}
	if f.Messages {
		q = q.Where("EXISTS (?)", message)
	}
	if f.Limit == 0 {
		f.Limit = DefaultLimit
	}
	return q.Limit(int64(f.Limit))
}
