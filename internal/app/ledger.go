package app

import (
	"context"
	"time"

	"hotline/configs"
	"hotline/reports/sqlstore"
)

// recoverMax bounds how long a start waits for what earlier runs left in the spool.
const recoverMax = 2 * time.Minute

// LedgerAt is the place of the ledger that the settings name.
func LedgerAt(cfg *configs.Config) sqlstore.Place {
	return sqlstore.Place{Path: cfg.Ledger.Path, URL: cfg.Ledger.URL, Password: cfg.Ledger.Password.Reveal()}
}

// recoverSpool brings into the ledger what earlier runs could not, before anybody reads there
// which calls are open. When that fails calls are taken nevertheless: the spool stays for the
// next start.
func (a *App) recoverSpool(ctx context.Context) error {
	bound, cancel := context.WithTimeout(ctx, recoverMax)
	defer cancel()
	batches, err := a.writer.Recover(bound)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		a.log.Error("ALARM: events of an earlier run stay in the spool", "folder", a.cfg.Ledger.Spool, "error", err)
	case batches > 0:
		a.log.Info("events of an earlier run came out of the spool", "batches", batches)
	}
	return nil
}
