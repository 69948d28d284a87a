package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hotline/acd/redisstore"
	"hotline/ari"
)

// The end of a controller is the begin of the next one, so it comes in this order: nothing
// acts any more, the ledger is complete, the lease is given back, and then only whatever
// takes time (ADR 0013). Calls are Asterisk's and go on.

const (
	// stopEach bounds the stop of one part.
	stopEach = 4 * time.Second
	// drainLedger bounds how long the ledger's last events are waited for.
	drainLedger = 3 * time.Second
	// levelMax bounds how long the counters are waited for. They are right after the next
	// start in any case.
	levelMax = time.Second
)

// handOver lets a standby in. It is called when no part that acts or records is left. When
// the ledger cannot be completed the lease is kept until the process ends: another would
// go on from a story that has not been told to its end.
func (a *App) handOver(ctx context.Context) error {
	if errors.Is(a.lease.Check(ctx), redisstore.ErrLeaseLost) {
		return nil // another acts already, and our last events are not wanted
	}
	began := time.Now()
	if err := a.writer.Flush(ctx); err != nil {
		return fmt.Errorf("the lease is kept: %w", err)
	}
	if err := a.lease.Release(ctx); err != nil {
		a.log.Warn("the lease runs out by itself", "error", err)
		return nil
	}
	a.log.Info("lease given back", "after", time.Since(began).Round(time.Millisecond))
	return nil
}

// level waits until the counters have what the ledger has.
func (a *App) level(ctx context.Context) error {
	bound, cancel := context.WithTimeout(ctx, levelMax)
	defer cancel()
	if err := a.Settle(bound); err != nil {
		a.log.Warn("counters are behind; the next start brings them level", "error", err)
	}
	return nil
}

// partEnded takes note of a part that ended by itself: the process must stop. That another
// controller acts is an alarm, for two of them were started where one must act.
func (a *App) partEnded(name string, err error) {
	if errors.Is(err, ari.ErrReplaced) || errors.Is(err, redisstore.ErrLeaseLost) {
		a.log.Error("ALARM: another controller has taken over; stopping at once", "part", name, "error", err)
	} else {
		a.log.Error("a part ended by itself", "part", name, "error", err)
	}
	select {
	case a.failed <- err:
	default:
	}
}
