package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"hotline/acd/redisstore"
	"hotline/call"
	"hotline/configs"
	"hotline/reports"
)

// namedMax is how many differences stand in the log.
const namedMax = 5

// nightly holds the counters in Redis against the ledger once a night, because a counter that
// somebody changed by hand, or a fault of our own, would show in no other way. On a difference
// it raises the alarm and has the counters rebuilt. One goroutine owns it, that of run.
type nightly struct {
	nights

	grid reports.Grid // of days of the site
	days int          // so many finished ones are compared

	verify  func(context.Context, redisstore.Span) (redisstore.Verdict, error)
	rebuild func(context.Context) error
	keeps   *retention  // what is deleted after the check; nil = nothing
	alarm   func(error) // nil when it is over
	log     *slog.Logger
}

// startNightly begins the work of the nights.
func (a *App) startNightly(ctx context.Context) error {
	if a.cfg.Figures.VerifyDays > 0 || a.cfg.Ledger.KeepDays > 0 {
		a.run(ctx, "nightly", a.nightly().run)
	}
	a.run(ctx, "issues", a.issuer().run)
	return nil
}

func (a *App) nightly() *nightly {
	ledger := gentle{a.ledger}
	grid := reports.Grid{Zone: a.cfg.Zone(), DayStart: time.Duration(a.cfg.Site.DayStart) * time.Minute}
	return &nightly{
		nights: a.nightsAt(a.cfg.Figures.VerifyAt),
		grid:   grid, days: a.cfg.Figures.VerifyDays, keeps: a.retention(grid),
		verify: func(ctx context.Context, span redisstore.Span) (redisstore.Verdict, error) {
			return a.redis.Verify(ctx, ledger, span)
		},
		rebuild: func(ctx context.Context) error {
			_, err := a.redis.Rebuild(ctx, a.ledger)
			return err
		},
		alarm: func(cause error) { a.health.set("figures", cause) },
		log:   a.log.With("part", "figures check"),
	}
}

// nightsAt are those of the site at a time of day.
func (a *App) nightsAt(at configs.ClockTime) nights {
	return nights{zone: a.cfg.Zone(), at: time.Duration(at) * time.Minute, now: time.Now, after: time.After}
}

// run compares, and deletes what is old, once a night until ctx ends.
func (n *nightly) run(ctx context.Context) error {
	return n.each(ctx, func(ctx context.Context) error {
		if err := n.check(ctx); err != nil {
			return err
		}
		n.keeps.forget(ctx, n.now())
		return nil
	})
}

// check compares the finished days. An error means that this could not be done and must be
// tried again.
func (n *nightly) check(ctx context.Context) error {
	if n.days == 0 {
		return nil
	}
	to := n.grid.DayOf(n.now()).Start
	span := redisstore.Span{From: n.grid.DayOf(to.AddDate(0, 0, -n.days)).Start, To: to}
	found, err := n.compare(ctx, span)
	if err != nil || len(found.Differences) == 0 {
		return err
	}
	n.alarm(fmt.Errorf("%d figures in Redis differ from the ledger", len(found.Differences)))
	named := found.Differences[:min(namedMax, len(found.Differences))]
	n.log.Error("ALARM: figures in Redis differ from the ledger and are rebuilt",
		"differences", len(found.Differences), "first", named)
	if err := n.rebuild(ctx); err != nil {
		n.log.Error("figures are not rebuilt", "error", err)
		return err
	}
	found, err = n.compare(ctx, span)
	if len(found.Differences) > 0 { // rebuilding again would give the same
		n.log.Error("ALARM: figures differ from the ledger after they were rebuilt", "figures", len(found.Differences))
	}
	return err
}

func (n *nightly) compare(ctx context.Context, span redisstore.Span) (redisstore.Verdict, error) {
	began := n.now()
	found, err := n.verify(ctx, span)
	switch {
	case ctx.Err() != nil:
		return found, ctx.Err()
	case err != nil:
		n.log.Warn("figures are not compared with the ledger; trying again later", "error", err)
		return found, err
	}
	n.log.Info("figures compared with the ledger", "from", span.From, "to", span.To, "counters", found.Counters,
		"differences", len(found.Differences), "took", n.now().Sub(began).Round(time.Millisecond))
	if len(found.Differences) == 0 {
		n.alarm(nil)
	}
	return found, nil
}

// gentle reads a ledger half of the time only, because calls go on at night as well.
type gentle struct{ redisstore.Ledger }

// After reads as the ledger does and then rests as long as that took.
func (g gentle) After(ctx context.Context, seq uint64, limit int) ([]call.Event, error) {
	began := time.Now()
	events, err := g.Ledger.After(ctx, seq, limit)
	if err != nil {
		return nil, err
	}
	rest := time.NewTimer(min(time.Since(began), time.Second))
	defer rest.Stop()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-rest.C:
		return events, nil
	}
}
