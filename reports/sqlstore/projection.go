package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"hotline/call"
	"hotline/reports"
)

// stayRow is one stay in the table stays: what reports.Stay says of it, with what the caller was
// told of his wait judged already.
type stayRow struct {
	bun.BaseModel `bun:"table:stays,alias:s"`

	Call        string `bun:"call,pk"`
	Queue       string `bun:"queue,pk"`
	EnteredMs   int64  `bun:"entered_ms,pk"`
	Line        string `bun:"line"`
	Queueing    int    `bun:"queueing"`
	Outcome     string `bun:"outcome"`
	WaitMs      int64  `bun:"wait_ms"`
	Agent       string `bun:"agent"`
	RingMs      int64  `bun:"ring_ms"`
	Transferred int    `bun:"transferred"`
	Told        int64  `bun:"told"`
	ToldP50     int64  `bun:"told_p50"`
	ToldP90     int64  `bun:"told_p90"`
	ToldOver    int64  `bun:"told_over_ms"`
	ToldUnder   int64  `bun:"told_under_ms"`
	QuarterMs   int64  `bun:"quarter_ms"`
}

// length is a length of time that may not be known.
type length struct {
	known bool
	ms    int64
}

// legRow is one agent's part in the table legs: what reports.Leg says of it.
type legRow struct {
	Call     string
	Agent    string
	AnswerMs int64
	Queue    string
	Line     string
	Outbound bool
	Talk     length
	Hold     length // known where he was held
	Wrap     length
	Transfer call.TransferKind
}

// callRow is one call in the table calls: where it came from and what became of it.
type callRow struct {
	bun.BaseModel `bun:"table:calls,alias:c"`

	Call           string       `bun:"call,pk"`
	Line           string       `bun:"line"`
	ArrivedMs      int64        `bun:"arrived_ms"`
	Fate           reports.Fate `bun:"fate"`
	Contradictions int          `bun:"contradictions"`
	QuarterMs      int64        `bun:"quarter_ms"`
}

// folded is what the events of one call come to.
type folded struct {
	call  callRow
	stays map[stayRow]bool
	legs  map[legRow]bool
	cause string // why they come to nothing; "" when they do
}

// fold makes the rows of one call of all its events.
func fold(events []call.Event) folded {
	f := folded{stays: map[stayRow]bool{}, legs: map[legRow]bool{}}
	all := func(yield func(call.Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
	for j, err := range reports.Journeys(all) {
		if err != nil {
			return folded{cause: err.Error()}
		}
		for _, s := range j.Stays {
			f.stays[stayOf(j, s)] = true
		}
		for _, l := range j.Legs {
			f.legs[legOf(j, l)] = true
		}
		f.call = callOf(j)
	}
	return f
}

// callOf is the row of a call.
func callOf(j reports.Journey) callRow {
	return callRow{
		Call: string(j.Call), Line: j.Line, ArrivedMs: j.Arrived.UnixMilli(), Fate: j.Fate(),
		Contradictions: j.Contradictions, QuarterMs: quarterOf(j.Arrived.UnixMilli()),
	}
}

// stayOf is the row of a stay.
func stayOf(j reports.Journey, s reports.Stay) stayRow {
	told := s.Calibration()
	return stayRow{
		Call: string(j.Call), Queue: string(s.Queue), EnteredMs: s.Entered.UnixMilli(), Line: j.Line,
		Queueing: number(s.Queueing), Outcome: string(s.End), WaitMs: int64(s.Wait), Agent: string(s.Agent),
		RingMs: int64(s.Ring), Transferred: number(s.Transferred), Told: told.Told, ToldP50: told.WithinP50,
		ToldP90: told.WithinP90, ToldOver: int64(told.Over), ToldUnder: int64(told.Under),
		QuarterMs: quarterOf(s.Entered.UnixMilli()),
	}
}

// number is 1 for true.
func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// legOf is the row of a leg.
func legOf(j reports.Journey, l reports.Leg) legRow {
	r := legRow{
		Call: string(j.Call), Agent: string(l.Agent), AnswerMs: l.Answer.UnixMilli(), Queue: string(l.Queue),
		Line: j.Line, Outbound: l.Outbound, Talk: length{l.TalkOver, int64(l.Talk)}, Wrap: length{l.WrapOver, int64(l.Wrap)},
		Transfer: l.Transfer,
	}
	if l.Hold > 0 || l.Holds > 0 {
		r.Hold = length{true, int64(min(l.Hold, l.Talk))}
	}
	return r
}

// project brings the rows of the calls of new events up to date, within the transaction that
// appends them. before holds the earlier events of those calls.
func project(ctx context.Context, tx bun.Tx, before map[call.ID][]call.Event, added []call.Event) error {
	after := map[call.ID][]call.Event{}
	for _, e := range added {
		if e.Call == "" {
			continue
		}
		if _, ok := after[e.Call]; !ok {
			after[e.Call] = slices.Clip(before[e.Call])
		}
		after[e.Call] = append(after[e.Call], e)
	}
	var changed rows
	for _, id := range callsOf(added) {
		changed.add(id, fold(before[id]), fold(after[id]))
	}
	return changed.write(ctx, tx)
}

// stories reads the events of calls.
func stories(ctx context.Context, tx bun.Tx, calls []call.ID) (map[call.ID][]call.Event, error) {
	found := map[call.ID][]call.Event{}
	if len(calls) == 0 {
		return found, nil
	}
	q := tx.NewSelect().Model((*row)(nil)).Column("seq", "body").
		Where("call <> ''").Where("call IN (?)", bun.List(calls)).OrderExpr("call, seq")
	err := each(ctx, q, func(e call.Event) bool {
		found[e.Call] = append(found[e.Call], e)
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("earlier events: %w", err)
	}
	return found, nil
}

// callsOf are the calls of events, each once.
func callsOf(events []call.Event) []call.ID {
	seen := map[call.ID]bool{"": true}
	var calls []call.ID
	for _, e := range events {
		if !seen[e.Call] {
			seen[e.Call] = true
			calls = append(calls, e.Call)
		}
	}
	return calls
}
