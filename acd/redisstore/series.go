package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"hotline/call"
)

// Step is the width of the rows of a series.
type Step int

// The steps. Quarters of an hour and days are stored; hours are added up from the quarters
// and months from the days, so neither can differ from its parts.
const (
	Quarter Step = iota // Interval, of UTC and of every zone in use
	Hour                // of the site's clock
	Day                 // of the site, see Rules.DayStart
	Month               // of the site's days
)

// Series gives the counters of one queue in rows of a width, in order of time and without
// the rows in which nothing was counted. A row is whole: the first one is that which holds
// from, and the last one that which begins before to. Rows older than Rules.Cells (quarters
// and hours) or Rules.Keep (days and months) are gone. The error is ErrRange when the time
// is reversed or longer than two years.
func (s *Store) Series(ctx context.Context, by Step, queue call.QueueID, from, to time.Time) ([]Counter, error) {
	return series(ctx, s, by, from, to, func(p part) (string, *Counter) {
		if p.day != "" {
			return s.keys.queueDay(queue, p.day), &Counter{Start: p.row}
		}
		return s.keys.queue(queue, p.at), &Counter{Start: p.row}
	})
}

// AgentSeries gives the counters of one agent as Series does those of a queue.
func (s *Store) AgentSeries(
	ctx context.Context, by Step, agent call.AgentID, from, to time.Time,
) ([]AgentCounter, error) {
	return series(ctx, s, by, from, to, func(p part) (string, *AgentCounter) {
		if p.day != "" {
			return s.keys.agentDay(agent, p.day), &AgentCounter{Start: p.row}
		}
		return s.keys.agent(agent, p.at), &AgentCounter{Start: p.row}
	})
}

// TeamSeries gives the counters of a team as Series does those of a queue: those of the
// agents who are in it now, added up, for the past as well. So a team keeps nothing in Redis,
// and an agent who changes teams takes his figures with him.
func (s *Store) TeamSeries(ctx context.Context, by Step, team string, from, to time.Time) ([]AgentCounter, error) {
	var sum []AgentCounter
	for _, agent := range s.teams[team] {
		rows, err := s.AgentSeries(ctx, by, agent, from, to)
		if err != nil {
			return nil, err
		}
		sum = join(sum, rows)
	}
	return sum, nil
}

// LineSeries gives the counters of a hotline number as Series does those of a queue; the
// empty number stands for all lines together.
func (s *Store) LineSeries(ctx context.Context, by Step, line string, from, to time.Time) ([]LineCounter, error) {
	return series(ctx, s, by, from, to, func(p part) (string, *LineCounter) {
		if p.day != "" {
			return s.keys.lineDay(line, p.day), &LineCounter{Start: p.row}
		}
		return s.keys.line(line, p.at), &LineCounter{Start: p.row}
	})
}

// Breaks gives the breaks of one agent by reason, in rows of a day or a month; breaks are not
// kept by smaller steps and ErrRange says so.
func (s *Store) Breaks(
	ctx context.Context, by Step, agent call.AgentID, from, to time.Time,
) ([]BreakCounter, error) {
	if by != Day && by != Month {
		return nil, fmt.Errorf("%w: breaks by reason are kept by day", ErrRange)
	}
	parts, err := s.rules.parts(by, from, to)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(parts))
	for i, p := range parts {
		keys[i] = s.keys.breaksDay(agent, p.day)
	}
	hashes, stand, err := s.hashes(ctx, keys)
	if err != nil {
		return nil, err
	}
	if !s.usable(stand) {
		return nil, ErrRebuilding
	}
	var rows []BreakCounter
	for i, fields := range hashes {
		if len(fields) == 0 {
			continue
		}
		if n := len(rows); n == 0 || !rows[n-1].Start.Equal(parts[i].row) {
			rows = append(rows, BreakCounter{Start: parts[i].row, Reasons: make(map[string]int64)})
		}
		for reason, text := range fields {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("redis: %s %s: %w", keys[i], reason, err)
			}
			rows[len(rows)-1].Reasons[reason] += n
		}
	}
	return rows, nil
}

// halfDay leads from the beginning of a day into it, also where the clocks are changed at
// that very moment.
const halfDay = 12 * time.Hour

// part is a stored counter of a series: of an interval or, with a name, of a day.
type part struct {
	row time.Time // the row it is added to
	at  time.Time
	day string
}

// parts lists the stored counters of a series in order of time.
func (r Rules) parts(by Step, from, to time.Time) ([]part, error) {
	if to.Before(from) || to.Sub(from) > maxRange || by < Quarter || by > Month {
		return nil, fmt.Errorf("%w: from %s to %s", ErrRange,
			from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))
	}
	var out []part
	if from.Equal(to) {
		return out, nil
	}
	at := r.row(by, from)
	if by == Quarter || by == Hour {
		for row := at; row.Before(to); row = r.row(by, at) {
			out = append(out, part{row: row, at: at})
			at = at.Add(Interval)
		}
		return out, nil
	}
	at = at.Add(halfDay)
	for row := r.row(by, at); row.Before(to); row = r.row(by, at) {
		name, start := r.day(at)
		out = append(out, part{row: row, day: name})
		at = start.AddDate(0, 0, 1).Add(halfDay)
	}
	return out, nil
}

// row is the start of the row that holds t.
func (r Rules) row(by Step, t time.Time) time.Time {
	switch by {
	case Hour:
		t = interval(t)
		return t.Add(-time.Duration(t.In(r.Zone).Minute()) * time.Minute)
	case Day:
		_, start := r.day(t)
		return start
	case Month:
		_, start := r.day(t)
		noon := start.In(r.Zone).Add(halfDay)
		_, first := r.day(noon.AddDate(0, 0, 1-start.In(r.Zone).Day()))
		return first
	case Quarter:
	}
	return interval(t)
}

// series reads the parts of a series and adds them up to rows.
func series[C any, P counter[C]](
	ctx context.Context, s *Store, by Step, from, to time.Time, of func(part) (string, P),
) ([]C, error) {
	parts, err := s.rules.parts(by, from, to)
	if err != nil {
		return nil, err
	}
	read, err := all(ctx, s, parts, of)
	if err != nil {
		return nil, err
	}
	var rows []C
	var last time.Time // the start of the last of the rows
	for i := range read {
		switch {
		case empty(P(&read[i]).cells()):
		case len(rows) > 0 && parts[i].row.Equal(last):
			P(&rows[len(rows)-1]).Add(read[i])
		default:
			rows, last = append(rows, read[i]), parts[i].row
		}
	}
	return rows, nil
}

// join adds two series up, both in order of time.
func join(a, b []AgentCounter) []AgentCounter {
	out := make([]AgentCounter, 0, max(len(a), len(b)))
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Start.Before(b[0].Start):
			out, a = append(out, a[0]), a[1:]
		case len(a) == 0 || b[0].Start.Before(a[0].Start):
			out, b = append(out, b[0]), b[1:]
		default:
			a[0].Add(b[0])
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return out
}
