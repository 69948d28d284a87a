package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"hotline/acd/redisstore"
	"hotline/call"
	"hotline/configs"
	"hotline/reports"
	"hotline/reports/sqlstore"
)

// ErrEmbedded says that the counters are inside the controller's process, where no other one
// can look.
var ErrEmbedded = errors.New("redis.addr is empty: the counters end with the controller")

// OpenFigures opens the counters of a site for another process than its controller. It does
// not connect. The error is ErrEmbedded, or one of redisstore.
func OpenFigures(cfg *configs.Config, log *slog.Logger) (*redisstore.Store, error) {
	if cfg.Redis.Embedded() {
		return nil, ErrEmbedded
	}
	redisstore.LogLibrary(log)
	return redisstore.Open(redisOptions(cfg, log))
}

// Stats are the counters of a site beside its ledger, for another process than the
// controller.
type Stats struct {
	figures *redisstore.Store
	ledger  *sqlstore.Store
}

// OpenStats opens both, the ledger for reading. The error is that of OpenFigures or of the
// ledger.
func OpenStats(ctx context.Context, cfg *configs.Config, log *slog.Logger) (*Stats, error) {
	figures, err := OpenFigures(cfg, log)
	if err != nil {
		return nil, err
	}
	ledger, err := sqlstore.OpenReadOnlyAt(ctx, LedgerAt(cfg))
	if err != nil {
		return nil, errors.Join(err, figures.Close())
	}
	return &Stats{figures: figures, ledger: ledger}, nil
}

// Verify is redisstore's, over a time whose zero ends are open.
func (s *Stats) Verify(ctx context.Context, span reports.Interval) (redisstore.Verdict, error) {
	return s.figures.Verify(ctx, s.ledger, redisstore.Span{From: span.Start, To: span.End})
}

// Rebuild is redisstore's.
func (s *Stats) Rebuild(ctx context.Context) (seq uint64, err error) {
	return s.figures.Rebuild(ctx, s.ledger)
}

// Close ends both.
func (s *Stats) Close() error { return errors.Join(s.figures.Close(), s.ledger.Close()) }

// redisOptions say how the site's Redis is reached and what its counters mean. All processes
// of a site must agree on the latter.
func redisOptions(cfg *configs.Config, log *slog.Logger) redisstore.Options {
	o := redisstore.Options{
		Addr: cfg.Redis.Addr, Username: cfg.Redis.Username, Password: cfg.Redis.Password.Reveal(),
		DB: cfg.Redis.DB, Logger: log, Rules: rulesOf(cfg),
		Addrs: cfg.Redis.Addrs, Cluster: cfg.Redis.Cluster,
		SentinelMaster: cfg.Redis.SentinelMaster, SentinelPassword: cfg.Redis.SentinelPassword.Reveal(),
	}
	if len(o.Addrs) > 0 {
		o.Addr = "" // that of the settings is a default
	}
	return o
}

func rulesOf(cfg *configs.Config) redisstore.Rules {
	r := redisstore.Rules{
		Within: cfg.Figures.Threshold, Short: cfg.Figures.ShortAbandon, Zone: cfg.Zone(),
		DayStart: time.Duration(cfg.Site.DayStart) * time.Minute,
	}
	if r.Short == 0 {
		r.Short = redisstore.NoShort
	}
	return r
}

// FiguresOf brings counters of Redis into the form that the formulas take. What the
// counters do not hold stays zero: AbandonedInT, Lost and HandledTalk.
func FiguresOf(c redisstore.Counter) reports.Figures {
	return reports.Figures{
		Offered: c.Offered, Answered: c.Answered, Abandoned: c.Abandoned - c.Short, Short: c.Short,
		TimedOut: c.TimedOut, LeftEmpty: c.LeftEmpty, Overflowed: c.Overflowed, Callback: c.Callback,
		ToMessage: c.ToMessage,
		Waiting:   c.Waiting(), AnsweredInT: c.AnsweredIn, Queued: c.Queued,
		AnsweredWait: call.Millis(c.WaitAnswered), AbandonedWait: call.Millis(c.WaitAbandoned - c.WaitShort),
		ShortWait: call.Millis(c.WaitShort), MaxWait: call.Millis(c.MaxWait),
		Talks: c.Talks, Talk: call.Millis(c.Talk), Handled: c.Wraps, Wrap: call.Millis(c.Wrap),
	}
}

// serviceLevel is the live figure in percent by the default formula, nil without a call.
func serviceLevel(c redisstore.Counter) *float64 {
	level, err := FiguresOf(c).ServiceLevel(reports.DefaultFormula)
	share, ok := level.Value()
	if err != nil || !ok {
		return nil
	}
	percent := 100 * share
	return &percent
}
