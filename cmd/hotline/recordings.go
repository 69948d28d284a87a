package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/recorder"
	"hotline/reports/sqlstore"
)

// recordingsCmd finds recordings by number, agent, date and length (S23).
type recordingsCmd struct {
	configFlag
	Call   string        `help:"Call id."`
	Number string        `help:"End of the caller's number."`
	Agent  string        `help:"Agent who talked."`
	From   string        `help:"First day, 2006-01-02, in the site's zone."`
	To     string        `help:"Last day, inclusive."`
	Min    time.Duration `help:"At least this long."`
	Max    time.Duration `help:"At most this long."`
	Limit  int           `help:"At most this many, the newest first." default:"100"`
	Verify bool          `help:"Read each file again and compare it with its hash, length and times."`
	JSON   bool          `name:"json" help:"One JSON object per line."`
}

var errVerify = errors.New("recordings: at least one file is not as it was stored")

// Run prints a line per recording.
func (c recordingsCmd) Run(e env) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	filter, err := c.filter(cfg.Zone())
	if err != nil {
		return err
	}
	store, err := sqlstore.OpenReadOnly(e.ctx, cfg.Ledger.Path)
	if err != nil {
		return err
	}
	list, err := store.Recordings(e.ctx, filter)
	if err == nil {
		err = c.print(e, cfg, list)
	}
	return errors.Join(err, store.Close())
}

func (c recordingsCmd) filter(zone *time.Location) (sqlstore.Filter, error) {
	f := sqlstore.Filter{
		Call: call.ID(c.Call), Number: c.Number, Agent: call.AgentID(c.Agent),
		MinLength: call.MillisOf(c.Min), MaxLength: call.MillisOf(c.Max), Limit: c.Limit,
	}
	var err error
	if f.From, err = day("from", c.From, zone, 0); err != nil {
		return f, err
	}
	f.To, err = day("to", c.To, zone, 1)
	return f, err
}

// day reads a date as its midnight in the zone, plus so many days; "" is no limit.
func day(field, text string, zone *time.Location, plus int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	d, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: --%s %q: must be a date such as 2026-01-31", errUsage, field, text)
	}
	return d.AddDate(0, 0, plus), nil
}

func (c recordingsCmd) print(e env, cfg *configs.Config, list []sqlstore.Recorded) error {
	var failed error
	lines := json.NewEncoder(e.out)
	for _, r := range list {
		path := filepath.Join(cfg.Recordings.Dir, filepath.FromSlash(r.Recording.Path))
		verdict := ""
		if c.Verify {
			verdict = "ok"
			report, err := recorder.Verify(path)
			if err == nil {
				err = report.Matches(r.Recording)
			}
			if err != nil {
				verdict, failed = err.Error(), errVerify
			}
		}
		if c.JSON {
			if err := lines.Encode(r); err != nil {
				return err
			}
			continue
		}
		_, err := fmt.Fprintf(e.out, "%s  %6s  %-16s %-10v %s %s\n",
			r.Recording.Begin.In(cfg.Zone()).Format(time.DateTime),
			r.Recording.Length.Duration().Round(time.Second), r.Number, r.Agents, path, verdict)
		if err != nil {
			return err
		}
	}
	return failed
}
