package app

import (
	"context"
	"time"
)

const (
	// lookAtClock bounds a wait for the night, so that a clock that was set is noticed.
	lookAtClock = time.Minute
	// nightlyAgain is between two attempts while Redis or the ledger is away.
	nightlyAgain = 10 * time.Minute
)

// nights does something once a day at a time of day of the site. One goroutine owns it.
type nights struct {
	zone  *time.Location
	at    time.Duration // time of day
	now   func() time.Time
	after func(time.Duration) <-chan time.Time
}

// each does it until ctx ends, again and again while that gives an error.
func (n *nights) each(ctx context.Context, do func(context.Context) error) error {
	for n.sleep(ctx) == nil {
		for do(ctx) != nil {
			select {
			case <-ctx.Done():
				return nil
			case <-n.after(nightlyAgain):
			}
		}
	}
	return nil
}

// sleep waits for the next time of day, or gives the error of a context that ended.
func (n *nights) sleep(ctx context.Context) error {
	next := n.next(n.now())
	for {
		left := next.Sub(n.now())
		if left <= 0 {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-n.after(min(left, lookAtClock)):
		}
	}
}

// next is the first time of day after now.
func (n *nights) next(now time.Time) time.Time {
	local := now.In(n.zone)
	for plus := 0; ; plus++ {
		at := time.Date(local.Year(), local.Month(), local.Day()+plus, 0, int(n.at/time.Minute), 0, 0, n.zone)
		if at.After(now) {
			return at
		}
	}
}
