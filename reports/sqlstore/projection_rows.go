package sqlstore

import (
	"context"

	"github.com/uptrace/bun"

	"hotline/call"
)

// rows are the rows of the projection that a transaction changes.
type rows struct {
	calls    []callRow
	stays    []stayRow
	legs     []legTable
	unfolded []unfoldedRow
}

// projected are the tables of the rows.
var projected = []string{"calls", "stays", "legs", "unfolded"}

// legTable is legRow as the table has it.
type legTable struct {
	bun.BaseModel `bun:"table:legs,alias:l"`

	Call     string `bun:"call,pk"`
	Agent    string `bun:"agent,pk"`
	AnswerMs int64  `bun:"answer_ms,pk"`
	Queue    string `bun:"queue"`
	Line     string `bun:"line"`
	Outbound int    `bun:"outbound"`
	TalkMs   *int64 `bun:"talk_ms"`
	HoldMs   *int64 `bun:"hold_ms"`
	WrapMs   *int64 `bun:"wrap_ms"`
	Transfer string `bun:"transfer"`

	QuarterMs int64 `bun:"quarter_ms"`
}

// unfoldedRow is a call in the table unfolded.
type unfoldedRow struct {
	bun.BaseModel `bun:"table:unfolded,alias:u"`

	Call  string `bun:"call,pk"`
	Cause string `bun:"cause"`
}

// table is the row as it is stored.
func (l legRow) table() legTable {
	null := func(l length) *int64 {
		if !l.known {
			return nil
		}
		return &l.ms
	}
	return legTable{
		Call: l.Call, Agent: l.Agent, AnswerMs: l.AnswerMs, Queue: l.Queue, Line: l.Line, Outbound: number(l.Outbound),
		TalkMs: null(l.Talk), HoldMs: null(l.Hold), WrapMs: null(l.Wrap), Transfer: string(l.Transfer),
		QuarterMs: quarterOf(l.AnswerMs),
	}
}

// add takes what is new about a call. A story only grows, so no row of it ever goes.
func (r *rows) add(id call.ID, before, after folded) {
	if after.cause != "" {
		r.unfolded = append(r.unfolded, unfoldedRow{Call: string(id), Cause: after.cause})
		return
	}
	if after.call != before.call {
		r.calls = append(r.calls, after.call)
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
	if len(r.calls) > 0 {
		if err := put(ctx, tx, &r.calls, "call", "line", "arrived_ms", "fate", "contradictions", "quarter_ms"); err != nil {
			return err
		}
	}
	if len(r.stays) > 0 {
		err := put(ctx, tx, &r.stays, "call, queue, entered_ms", "line", "queueing", "outcome", "wait_ms", "agent", "ring_ms",
			"transferred", "told", "told_p50", "told_p90", "told_over_ms", "told_under_ms")
		if err != nil {
			return err
		}
	}
	if len(r.legs) > 0 {
		err := put(ctx, tx, &r.legs, "call, agent, answer_ms", "queue", "line", "outbound", "talk_ms", "hold_ms", "wrap_ms",
			"transfer")
		if err != nil {
			return err
		}
	}
	if len(r.unfolded) > 0 {
		_, err := tx.NewInsert().Model(&r.unfolded).On("CONFLICT (call) DO NOTHING").Returning("NULL").Exec(ctx)
		return err
	}
	return nil
}

// put inserts rows, or replaces what they say beside their key.
func put(ctx context.Context, tx bun.Tx, rows any, key string, columns ...string) error {
	q := tx.NewInsert().Model(rows).On("CONFLICT (" + key + ") DO UPDATE").Returning("NULL")
	for _, c := range columns {
		q = q.Set("? = EXCLUDED.?", bun.Ident(c), bun.Ident(c))
	}
	_, err := q.Exec(ctx)
	return err
}
