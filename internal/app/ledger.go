package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
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

// checkLedger looks whether the ledger can be kept where the settings say.
func checkLedger(ctx context.Context, cfg *configs.Config) Finding {
	if cfg.Ledger.URL == "" {
		return folder("ledger", filepath.Dir(cfg.Ledger.Path), 0)
	}
	place := LedgerAt(cfg)
	f := Finding{Name: "ledger", Detail: place.String(), Bad: true}
	store, err := sqlstore.OpenReadOnlyAt(ctx, place)
	switch {
	case err == nil:
		f.Bad = false
		err = store.Close()
	case errors.Is(err, sqlstore.ErrOlder):
		f.Bad = false
		f.Detail += ": its tables are made or brought up to date by the next start, or by hotline migrate"
		return f
	case errors.Is(err, sqlstore.ErrUnreachable):
		f.Fix = "start PostgreSQL, or correct ledger.url: nothing answers there"
	case errors.Is(err, sqlstore.ErrRefused):
		f.Fix = "correct ledger.url or ledger.password_file, or let the user into the database (pg_hba.conf, GRANT)"
	case errors.Is(err, sqlstore.ErrTooOld):
		f.Fix = fmt.Sprintf("install PostgreSQL %d or newer", sqlstore.OldestPostgres)
	case errors.Is(err, sqlstore.ErrNewer):
		f.Fix = "install the hotline that has written it, or a newer one"
	default:
		f.Fix = "look at the log of PostgreSQL"
	}
	if err != nil {
		f.Detail, f.Bad = err.Error(), true
	}
	return f
}
