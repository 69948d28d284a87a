package app

import (
	"context"

	"hotline/acd/redisstore"
	"hotline/call"
	"hotline/reports/sqlstore"
)

// fenced keeps a controller that is not the active one any more from writing: after a stop of
// the whole process its batch would tell a story that another has told meanwhile.
type fenced struct {
	*sqlstore.Store
	lease *redisstore.Lease
}

// Append writes a batch if we may still act.
func (f fenced) Append(ctx context.Context, events []call.Event) ([]call.Event, error) {
	if err := f.lease.Check(ctx); err != nil {
		return nil, err
	}
	return f.Store.Append(ctx, events)
}
