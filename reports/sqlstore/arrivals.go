package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"hotline/call"
)

// Arrivals selects calls by their arrival. An empty member does not select.
type Arrivals struct {
	From, To time.Time      // arrived in [From, To)
	Queue    call.QueueID   // was in this queue
	Agents   []call.AgentID // one of them answered
	Number   string         // the end of the caller's number
	// Begin and Call are where the list goes on: behind the call with this arrival and id. A
	// zero Begin is the head of the list.
	Begin time.Time
	Call  call.ID
	Limit int // the newest so many; 0 for DefaultLimit
}

// Arrived lists calls by arrival and then by id, the newest first.
func (s *Store) Arrived(ctx context.Context, f Arrivals) ([]call.ID, error) {
	q := s.read.NewSelect().TableExpr("events AS e").Column("e.call").
		// The kind stands in the text, not as a parameter, so that the partial index fits.
		Where("e.kind = 'arrived'").OrderExpr("e.at_ms DESC, e.call DESC")
	if !f.From.IsZero() {
		q = q.Where("e.at_ms >= ?", f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		q = q.Where("e.at_ms < ?", f.To.UnixMilli())
	}
	if !f.Begin.IsZero() {
		at := f.Begin.UnixMilli()
		q = q.Where("e.at_ms <= ?", at).Where("(e.at_ms < ? OR e.call < ?)", at, string(f.Call))
	}
	if f.Queue != "" {
		q = q.Where("EXISTS (?)", s.ofCall("queued").Where("a.queue = ?", string(f.Queue)))
	}
	if len(f.Agents) > 0 {
		q = q.Where("EXISTS (?)", s.ofCall("answered").Where("a.agent IN (?)", bun.List(f.Agents)))
	}
	if f.Number != "" {
		q = q.Where(`e.number LIKE ? ESCAPE '\'`, likeEnd(f.Number))
	}
	if f.Limit == 0 {
		f.Limit = DefaultLimit
	}
	var ids []call.ID
	if err := q.Limit(int64(f.Limit)).Scan(ctx, &ids); err != nil {
		return nil, fmt.Errorf("calls by arrival: %w", err)
	}
	return ids, nil
}

// ofCall selects the events of a kind that belong to the call of e.
func (s *Store) ofCall(kind string) *bun.SelectQuery {
	return s.read.NewSelect().TableExpr("events AS a").ColumnExpr("1").
		Where("a.call = e.call AND a.call <> ''").Where("a.kind = '" + kind + "'")
}
