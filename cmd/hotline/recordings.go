package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/app"
	"hotline/recorder"
	"hotline/reports/sqlstore"
)

// recordingsCmd finds recordings by number, agent, date and length (S23).
type recordingsCmd struct {
	configFlag
	Call     string        `help:"Call id."`
	Number   string        `help:"End of the caller's number."`
	Agent    string        `help:"Agent who talked."`
	From     string        `help:"First day, 2006-01-02, in the site's zone."`
	To       string        `help:"Last day, inclusive."`
	Min      time.Duration `help:"At least this long."`
	Max      time.Duration `help:"At most this long."`
	Messages bool          `help:"Only those with a message of the caller; its begin and length are shown."`
	Limit    int           `help:"At most this many, the newest first." default:"100"`
	Verify   bool          `help:"Read each file again and compare it with its hash, length and times."`
	JSON     bool          `name:"json" help:"One JSON object per line."`
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
	store, err := sqlstore.OpenReadOnlyAt(e.ctx, app.LedgerAt(cfg))
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
		Messages: c.Messages,
	}
	var err error
	if f.From, err = day("from", c.From, zone, 0); err != nil {
		return f, err
	}
	if f.To, err = day("to", c.To, zone, 1); err != nil {
		return f, err
	}
	switch {
	case !f.From.IsZero() && !f.To.IsZero() && !f.To.After(f.From):
		err = fmt.Errorf("%w: --to %s: must not be before --from %s", errUsage, c.To, c.From)
	case c.Min < 0:
		err = fmt.Errorf("%w: --min %s: must not be negative", errUsage, c.Min)
	case c.Max < 0:
		err = fmt.Errorf("%w: --max %s: must not be negative", errUsage, c.Max)
	case c.Max > 0 && c.Max < c.Min:
		err = fmt.Errorf("%w: --max %s: must not be below --min %s", errUsage, c.Max, c.Min)
	case c.Limit < 1:
		err = fmt.Errorf("%w: --limit %d: must be at least 1", errUsage, c.Limit)
	}
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
		line := fmt.Sprintf("%s  %6s  %-16s %-10s %s %s",
			r.Recording.Begin.In(cfg.Zone()).Format(time.DateTime),
			r.Recording.Length.Duration().Round(time.Second), orDash(r.Number), orDash(names(r.Agents)), path, verdict)
		if m := r.Message; m != nil {
			line += fmt.Sprintf(" message %s from %s (%s)", rounded(m.Length), rounded(m.Offset), m.Reason)
		}
		if _, err := fmt.Fprintln(e.out, strings.TrimRight(line, " ")); err != nil {
			return err
		}
	}
	return failed
}

// rounded is a length in seconds for people.
func rounded(m call.Millis) time.Duration { return m.Duration().Round(time.Second) }

// orDash keeps a column where there is nothing to say: a withheld number, nobody who answered.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func names(agents []call.AgentID) string {
	out := make([]string, len(agents))
	for i, a := range agents {
		out[i] = string(a)
	}
	return strings.Join(out, ",")
}
