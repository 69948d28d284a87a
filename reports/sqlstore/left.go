package sqlstore

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/uptrace/bun"

	"hotline/call"
)

// Left is what an earlier run of the controller left behind: what the next one takes up.
type Left struct {
	// Calls holds the whole story, in order, of each call that has not ended, that some
	// agent's last state belongs to, or that ended among the last events: a run that was
	// killed may have written a call's end and not what came of it.
	Calls map[call.ID][]call.Event
	// Agents holds each agent's last change of state.
	Agents map[call.AgentID]call.Event
}

// lastEvents is how far back from the end of the ledger an ended call may lack its rest. A
// killed run loses the events of a batch at most.
const lastEvents = 2000

// Left looks back to since: what is older is over, whatever the ledger says. Of the agents
// it looks for those named.
func (s *Store) Left(ctx context.Context, since time.Time, agents []call.AgentID) (Left, error) {
	left := Left{Calls: map[call.ID][]call.Event{}, Agents: map[call.AgentID]call.Event{}}
	if err := s.lastStates(ctx, since, agents, left.Agents); err != nil {
		return Left{}, fmt.Errorf("agents' last states: %w", err)
	}
	open := s.read.NewSelect().Model((*row)(nil)).Column("call").
		Where("kind = 'arrived'").Where("at_ms >= ?", since.UnixMilli()).
		Where("NOT EXISTS (SELECT 1 FROM events AS x WHERE x.call = e.call AND x.call <> '' AND x.kind = 'ended')")
	atWork := []string{""} // IN () is no SQL; no call has this id
	for _, e := range left.Agents {
		if e.Call != "" {
			atWork = append(atWork, string(e.Call))
		}
	}
	last, err := s.LastSeq(ctx)
	if err != nil {
		return Left{}, err
	}
	ended := s.read.NewSelect().Model((*row)(nil)).Column("call").
		Where("kind = 'ended'").Where("seq > ?", max(last, lastEvents)-lastEvents)
	q := s.read.NewSelect().Model((*row)(nil)).Column("seq", "body").Where("call <> ''").
		Where("(call IN (?) OR call IN (?) OR call IN ?)", open, ended, bun.Tuple(atWork)).OrderExpr("call, seq")
	err = each(ctx, q, func(e call.Event) bool {
		left.Calls[e.Call] = append(left.Calls[e.Call], e)
		return true
	})
	if err != nil {
		return Left{}, fmt.Errorf("calls left open: %w", err)
	}
	return left, nil
}

// page is how many events lastStates reads at once: a database may send all that it was asked
// for, however early the reader has enough.
const page = 1000

// lastStates reads the ledger backwards until every agent was met.
func (s *Store) lastStates(
	ctx context.Context, since time.Time, agents []call.AgentID, found map[call.AgentID]call.Event,
) error {
	missing := make(map[call.AgentID]bool, len(agents))
	for _, a := range agents {
		missing[a] = true
	}
	before := uint64(math.MaxInt64)
	for more := len(missing) > 0; more; {
		read := 0
		q := s.read.NewSelect().Model((*row)(nil)).Column("seq", "body").
			Where("kind = 'agent_changed'").Where("seq < ?", before).OrderExpr("seq DESC").Limit(page)
		err := each(ctx, q, func(e call.Event) bool {
			if missing[e.Agent] {
				found[e.Agent] = e
				delete(missing, e.Agent)
			}
			read, before = read+1, e.Seq
			more = len(missing) > 0 && !e.At.Before(since)
			return more
		})
		if err != nil {
			return err
		}
		more = more && read == page
	}
	return nil
}
