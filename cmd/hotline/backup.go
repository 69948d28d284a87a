package main

import (
	"errors"
	"fmt"

	"hotline/internal/app"
	"hotline/reports/sqlstore"
)

// backupCmd copies the ledger, the users and the audit log while the hotline runs.
type backupCmd struct {
	configFlag
	To string `arg:"" help:"New file for the ledger; users and audit log have its name and an ending." type:"path"`
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
	beside, err := app.BackupPeople(e.ctx, cfg, c.To)
	for _, file := range append([]string{c.To}, beside...) {
		if _, wrong := fmt.Fprintln(e.out, file); wrong != nil {
			return errors.Join(err, wrong)
		}
	}
	return err
}
