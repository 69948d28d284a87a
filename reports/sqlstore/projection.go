package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"hotline/call"
	"hotline/reports"
)

// stayRow is one stay in the table stays: what reports.Stay says of it.
type stayRow struct {
	bun.BaseModel `bun:"table:stays,alias:s"`

	Call      string `bun:"call,pk"`
	Queue     string `bun:"queue,pk"`
	EnteredMs int64  `bun:"entered_ms,pk"`
	Line      string `bun:"line"`
	Queueing  int    `bun:"queueing"`
	Outcome   string `bun:"outcome"`
	WaitMs    int64  `bun:"wait_ms"`
	Agent     string `bun:"agent"`
}

// length is a length of time that may not be known yet.
type length struct {
	known bool
	ms    int64
}

// legRow is one agent's part in the table legs: what reports.Leg says of it and, of the same
// events, whether it was held and given away.
type legRow struct {
	Call        string
	Agent       string
	AnswerMs    int64
	Queue       string
	Direction   string
	Talk        length
	HoldMs      int64
	Wrap        length
	Transferred bool
}

// folded is what the events of one call come to.
type folded struct {
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
			f.legs[legOf(j.Call, l, events)] = true
		}
	}
	return f
}

// stayOf is the row of a stay.
func stayOf(j reports.Journey, s reports.Stay) stayRow {
	return stayRow{
		Call: string(j.Call), Queue: string(s.Queue), EnteredMs: s.Entered.UnixMilli(), Line: j.Line,
		Queueing: number(s.Queueing), Outcome: string(s.End), WaitMs: int64(s.Wait), Agent: string(s.Agent),
	}
}

// number is 1 for true.
func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// legOf is the row of a leg. That it was held is told by the event of its end, that it ended by
// a transfer by an event with the same offer.
func legOf(id call.ID, l reports.Leg, events []call.Event) legRow {
	r := legRow{
		Call: string(id), Agent: string(l.Agent), AnswerMs: l.Answer.UnixMilli(), Queue: string(l.Queue),
		Talk: length{l.TalkOver, int64(l.Talk)}, Wrap: length{l.WrapOver, int64(l.Wrap)},
	}
	if l.Outbound {
		r.Direction = string(call.Outbound)
	}
	var offer call.OfferID
	first := true
	for _, e := range events {
		ours := e.Kind == call.TalkEnded || e.Kind == call.WrapUpEnded
		if !ours || e.Agent != l.Agent || !e.Answer.Equal(l.Answer) {
			continue
		}
		if first && !l.Outbound {
			r.Direction = string(e.Direction)
		}
		first = false
		if e.Kind == call.TalkEnded {
			r.HoldMs, offer = int64(e.Hold), e.Offer
		}
	}
	for _, e := range events {
		if e.Kind == call.Transferred && e.Agent == l.Agent && offer != "" && e.Offer == offer {
			r.Transferred = true
		}
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
