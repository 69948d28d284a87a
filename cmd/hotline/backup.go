package main

import (
	"fmt"

	"hotline/internal/app"
	"hotline/reports/sqlstore"
)

// backupCmd copies the ledger while the hotline runs.
type backupCmd struct {
	configFlag
	To string `arg:"" help:"New file for the copy." type:"path"`
}

// Run copies it.
func (c backupCmd) Run(e env) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if err := sqlstore.Backup(e.ctx, app.LedgerAt(cfg), c.To); err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.out, c.To)
	return err
}
