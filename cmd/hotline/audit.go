package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"hotline/audit"
	"hotline/configs"
	"hotline/internal/app"
)

// auditCmd reads the log of who did what.
type auditCmd struct {
	List   auditListCmd   `cmd:"" help:"Print entries, the oldest first."`
	Verify auditVerifyCmd `cmd:"" help:"Check that nothing was changed, taken out or cut off."`
}

// withAudit opens the log of the configuration, which must be there.
func (f configFlag) withAudit(e env, do func(*app.AuditLog, *configs.Config) error) error {
	cfg, err := f.load()
	if err != nil {
		return err
	}
	if err := app.AuditExists(cfg); err != nil {
		return err
	}
	log, err := app.OpenAudit(e.ctx, cfg, slog.New(slog.NewTextHandler(e.errOut, nil)), nil)
	if err != nil {
		return err
	}
	return errors.Join(do(log, cfg), log.Close())
}

type auditListCmd struct {
	configFlag
	From    string        `help:"First day, 2006-01-02, in the site's zone."`
	To      string        `help:"Last day, inclusive."`
	Actor   string        `help:"Only what this user or token did."`
	Action  string        `help:"Only this action, such as getRecordingAudio; with a dot at the end all that begin so."`
	Object  string        `help:"Only what was done to this."`
	Outcome audit.Outcome `help:"allowed, denied or failed." enum:",allowed,denied,failed" default:""`
	Limit   int           `help:"At most this many, the newest." default:"100"`
	JSON    bool          `name:"json" help:"One JSON object per line."`
}

// Run prints a line per entry.
func (c auditListCmd) Run(e env) error {
	return c.withAudit(e, func(log *app.AuditLog, cfg *configs.Config) error {
		from, err := day("from", c.From, cfg.Zone(), 0)
		if err != nil {
			return err
		}
		to, err := day("to", c.To, cfg.Zone(), 1)
		if err != nil {
			return err
		}
		if c.Limit < 1 {
			return fmt.Errorf("%w: --limit %d: must be at least 1", errUsage, c.Limit)
		}
		found, err := log.Find(e.ctx, audit.Filter{
			From: from, To: to, Actor: c.Actor, Action: c.Action, Object: c.Object, Outcome: c.Outcome, Limit: c.Limit,
		})
		if err != nil {
			return err
		}
		for _, entry := range slices.Backward(found) {
			if err := c.print(e, entry, cfg.Zone()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c auditListCmd) print(e env, entry audit.Entry, zone *time.Location) error {
	if c.JSON {
		return json.NewEncoder(e.out).Encode(entry)
	}
	_, err := fmt.Fprintf(e.out, "%d  %s  %-7s  %s  %s  %s  %s  %s\n", entry.Seq, entry.At.In(zone).Format(time.DateTime),
		entry.Outcome, orDash(entry.Actor), orDash(entry.Address), entry.Action, orDash(entry.Object), entry.Details)
	return err
}

type auditVerifyCmd struct {
	configFlag
	Head []string `help:"A head that was noted elsewhere, as this command prints it: NUMBER:HASH." placeholder:"HEAD"`
}

// errAudit is the end of a check that found something.
var errAudit = errors.New("audit: the log is not as it was written")

// Run reads the whole log and holds it against its witness and the heads that are given.
func (c auditVerifyCmd) Run(e env) error {
	return c.withAudit(e, func(log *app.AuditLog, cfg *configs.Config) error {
		noted, torn, err := audit.ReadWitness(cfg.Audit.Witness)
		if err != nil {
			return err
		}
		for _, text := range c.Head {
			head, err := audit.ParseHead(text)
			if err != nil {
				return fmt.Errorf("%w: --head: %w", errUsage, err)
			}
			noted = append(noted, head)
		}
		head, faults, err := audit.Verify(e.ctx, log, noted)
		if err != nil {
			return err
		}
		return c.print(e, head, faults, torn)
	})
}

func (c auditVerifyCmd) print(e env, head audit.Head, faults []audit.Fault, torn int) error {
	for _, f := range faults {
		if _, err := fmt.Fprintln(e.out, f); err != nil {
			return err
		}
	}
	if torn > 0 {
		if _, err := fmt.Fprintf(e.out, "%d lines of the witness cannot be read\n", torn); err != nil {
			return err
		}
	}
	if len(faults) > 0 {
		return errAudit
	}
	_, err := fmt.Fprintf(e.out, "%d entries, whole; head %s\n", head.Seq, head)
	return err
}
