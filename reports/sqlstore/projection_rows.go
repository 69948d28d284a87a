package sqlstore

import (
	"context"

	"github.com/uptrace/bun"

	"hotline/call"
)

// rows are the rows of the projection that a transaction changes.
type rows struct {
	stays    []stayRow
	legs     []legTable
	unfolded []unfoldedRow
}

// legTable is legRow as the table has it.
type legTable struct {
	bun.BaseModel `bun:"table:legs,alias:l"`

	Call        string `bun:"call,pk"`
	Agent       string `bun:"agent,pk"`
	AnswerMs    int64  `bun:"answer_ms,pk"`
	Queue       string `bun:"queue"`
	Direction   string `bun:"direction"`
	TalkMs      *int64 `bun:"talk_ms"`
	HoldMs      int64  `bun:"hold_ms"`
	WrapMs      *int64 `bun:"wrap_ms"`
	Transferred int    `bun:"transferred"`
}

// unfoldedRow is a call in the table unfolded.
type unfoldedRow struct {
	bun.BaseModel `bun:"table:unfolded,alias:u"`

	Call  string `bun:"call,pk"`
	Cause string `bun:"cause"`
}

// table is the row as it is stored.
func (l legRow) table() legTable {
	t := legTable{
		Call: l.Call, Agent: l.Agent, AnswerMs: l.AnswerMs, Queue: l.Queue, Direction: l.Direction, HoldMs: l.HoldMs,
		Transferred: number(l.Transferred),
	}
	if l.Talk.known {
		t.TalkMs = &l.Talk.ms
	}
	if l.Wrap.known {
		t.WrapMs = &l.Wrap.ms
	}
	return t
}

// add takes what is new about a call. A story only grows, so no row of it ever goes.
func (r *rows) add(id call.ID, before, after folded) {
	if after.cause != "" {
		r.unfolded = append(r.unfolded, unfoldedRow{Call: string(id), Cause: after.cause})
		return
	}
	for s := range after.stays {
		if !before.stays[s] {
			r.stays = append(r.stays, s)
		}
	}
	for l := range after.legs {
		if !before.legs[l] {
			r.legs = append(r.legs, l.table())
		}
	}
}

// write brings the rows into the tables.
func (r *rows) write(ctx context.Context, tx bun.Tx) error {
	if len(r.stays) > 0 {
		q := tx.NewInsert().Model(&r.stays).On("CONFLICT (call, queue, entered_ms) DO UPDATE").Returning("NULL")
		for _, c := range []string{"line", "queueing", "outcome", "wait_ms", "agent"} {
			q = q.Set("? = EXCLUDED.?", bun.Ident(c), bun.Ident(c))
		}
		if _, err := q.Exec(ctx); err != nil {
			return err
		}
	}
	if len(r.legs) > 0 {
		q := tx.NewInsert().Model(&r.legs).On("CONFLICT (call, agent, answer_ms) DO UPDATE").Returning("NULL")
		for _, c := range []string{"queue", "direction", "talk_ms", "hold_ms", "wrap_ms", "transferred"} {
			q = q.Set("? = EXCLUDED.?", bun.Ident(c), bun.Ident(c))
		}
		if _, err := q.Exec(ctx); err != nil {
			return err
		}
	}
	if len(r.unfolded) > 0 {
		_, err := tx.NewInsert().Model(&r.unfolded).On("CONFLICT (call) DO NOTHING").Returning("NULL").Exec(ctx)
		return err
	}
	return nil
}
