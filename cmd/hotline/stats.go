package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hotline/configs"
	"hotline/internal/app"
	"hotline/reports"
)

// statsCmd is about the counters in Redis.
type statsCmd struct {
	Verify  statsVerifyCmd  `cmd:"" help:"Compare each counter in Redis with the ledger; exit code 1 on a difference."`
	Rebuild statsRebuildCmd `cmd:"" help:"Drop the counters in Redis and fold the ledger anew, beside a running hotline."`
}

// errDiffers says that Redis and the ledger differ.
var errDiffers = errors.New("redis differs from the ledger")

// statsVerifyCmd compares the counters.
type statsVerifyCmd struct {
	configFlag

	From string `help:"First day, as 2026-01-31; without it from the first counter on." placeholder:"DATE"`
	To   string `help:"Last day; without it up to now." placeholder:"DATE"`
	JSON bool   `help:"One difference a line as JSON."`
}

// Run prints each difference: key, field, what Redis holds and what the ledger gives.
func (c statsVerifyCmd) Run(e env) (err error) {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	days, err := c.days(cfg)
	if err != nil {
		return err
	}
	s, err := openStats(e, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	found, err := s.Verify(e.ctx, days)
	if err != nil {
		return err
	}
	lines := json.NewEncoder(e.out)
	for _, d := range found.Differences {
		if c.JSON {
			err = lines.Encode(d)
		} else {
			_, err = fmt.Fprintf(e.out, "%s\t%s\tredis=%s\tledger=%s\n", d.Key, d.Field, d.Redis, d.Ledger)
		}
		if err != nil {
			return err
		}
	}
	if len(found.Differences) > 0 {
		return fmt.Errorf("%w: %d differences in %d counters up to event %d", errDiffers,
			len(found.Differences), found.Counters, found.Seq)
	}
	if !c.JSON {
		_, err = fmt.Fprintf(e.out, "%d counters equal the ledger up to event %d\n", found.Counters, found.Seq)
	}
	return err
}

// days is the time of the days that were asked for; an end that is zero is open.
func (c statsVerifyCmd) days(cfg *configs.Config) (days reports.Interval, err error) {
	grid := reports.Grid{Zone: cfg.Zone(), DayStart: time.Duration(cfg.Site.DayStart) * time.Minute}
	// Noon lies in the day that bears the date, whenever the day begins.
	const noon = 12 * time.Hour
	first, err := day("from", c.From, grid.Zone, 0)
	if err != nil {
		return days, err
	}
	last, err := day("to", c.To, grid.Zone, 0)
	if err != nil {
		return days, err
	}
	if c.From != "" {
		days.Start = grid.DayOf(first.Add(noon + grid.DayStart)).Start
	}
	if c.To != "" {
		days.End = grid.DayOf(last.Add(noon + grid.DayStart)).End
	}
	if c.From != "" && c.To != "" && !days.End.After(days.Start) {
		return days, fmt.Errorf("%w: --to %s: must not be before --from %s", errUsage, c.To, c.From)
	}
	return days, nil
}

// statsRebuildCmd makes the counters anew.
type statsRebuildCmd struct {
	configFlag
}

// Run returns when the counters are level with the ledger.
func (c statsRebuildCmd) Run(e env) (err error) {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	s, err := openStats(e, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	began := time.Now()
	seq, err := s.Rebuild(e.ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.out, "rebuilt up to event %d in %s\n", seq, time.Since(began).Round(time.Millisecond))
	return err
}

// openStats opens the counters and the ledger of the site.
func openStats(e env, cfg *configs.Config) (*app.Stats, error) {
	s, err := app.OpenStats(e.ctx, cfg, logger(e.errOut, cfg.Log))
	if errors.Is(err, app.ErrEmbedded) {
		err = fmt.Errorf("%w: %w", errUsage, err)
	}
	return s, err
}
