// Package check looks at everything that the hotline needs before it runs: hotline check.
package check

import (
	"context"
	"fmt"
	"time"

	"hotline/configs"
)

// Finding is one thing that Run looked at.
type Finding struct {
	Name   string // what was looked at
	Detail string // what was found
	Fix    string // what to do, when Bad or Warn
	Bad    bool   // the hotline cannot work like this
	Warn   bool   // it works, but not well
}

// clockMax is how far the clocks of Asterisk and Redis may be from ours: figures compare
// times to 50 ms, and HTTP tells Asterisk's clock in whole seconds.
const clockMax = 2 * time.Second

// Run looks at everything the hotline needs, without changing anything. It goes on after
// a fault, so that one run shows all of them.
func Run(ctx context.Context, cfg *configs.Config) []Finding {
	var out []Finding
	out = append(out, asterisk(ctx, cfg)...)
	out = append(out, redis(ctx, cfg)...)
	out = append(out, ledger(ctx, cfg))
	out = append(out, staff(cfg)...)
	out = append(out, folders(cfg)...)
	out = append(out, lines(cfg, time.Now())...)
	out = append(out, ringLimits(cfg)...)
	return out
}

func clock(f Finding, theirs, ours time.Time) Finding {
	apart := ours.Sub(theirs).Abs()
	f.Detail = fmt.Sprintf("%s apart", apart.Round(time.Millisecond))
	if apart > clockMax {
		f.Bad, f.Fix = true, "synchronise the clocks of both machines (NTP)"
	}
	return f
}

// ringLimits warns of queues whose phones ring so long that a third agent cannot answer in
// time any more when two do not pick up (S1). It works, so it is no fault.
func ringLimits(cfg *configs.Config) []Finding {
	var out []Finding
	for _, q := range cfg.Queues {
		if two := 2 * q.RingFor; two >= cfg.Figures.Threshold {
			out = append(out, Finding{
				Name: "ring limit", Warn: true,
				Detail: fmt.Sprintf("queue %s: when two agents do not pick up, %s of the %s for an answer are gone",
					q.ID, two, cfg.Figures.Threshold),
				Fix: "set ring_for of the queue below half of figures.threshold",
			})
		}
	}
	return out
}

// lines says of each line what it does with a caller now, and until when.
func lines(cfg *configs.Config, now time.Time) []Finding {
	out := make([]Finding, 0, len(cfg.Lines))
	for _, l := range cfg.Lines {
		service := cfg.ServiceAt(l)
		s, until := service(now), "no change in the next days"
		if next, ok := configs.NextChange(service, now); ok {
			until = "until " + next.In(cfg.Zone()).Format("Mon 2006-01-02 15:04")
		}
		state := fmt.Sprintf("open, queue %s", s.Queue)
		if !s.Open {
			state = "closed"
		}
		out = append(out, Finding{Name: "line " + l.Number, Detail: state + ", " + until})
	}
	return out
}
