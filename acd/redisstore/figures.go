package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/call"
)

const (
	// readChunk is the number of hashes read in one round trip, so that a long range does
	// not hold up those who read the live figures.
	readChunk = 500
	// maxRange bounds a range; a longer one is a mistake of the caller.
	maxRange = 2 * 366 * 24 * time.Hour
)

// ErrRange says that a range of time is reversed or longer than two years.
var ErrRange = errors.New("range of figures")

// Figures gives the counters of one queue for each interval that begins in [from, to) and
// in which something was counted, in order of time. from is rounded down to the grid.
//
// ErrRebuilding comes, here and from the other readers, in place of counters that are
// missing, too low for the moment or made by other rules.
func (s *Store) Figures(ctx context.Context, queue call.QueueID, from, to time.Time) ([]Counter, error) {
	starts, err := grid(from, to)
	if err != nil {
		return nil, err
	}
	return ranged(ctx, s, starts, func(at time.Time) (string, *Counter) {
		return s.keys.queue(queue, at), &Counter{Start: at}
	})
}

// AgentFigures gives the counters of one agent as Figures does those of a queue.
func (s *Store) AgentFigures(ctx context.Context, agent call.AgentID, from, to time.Time) ([]AgentCounter, error) {
	starts, err := grid(from, to)
	if err != nil {
		return nil, err
	}
	return ranged(ctx, s, starts, func(at time.Time) (string, *AgentCounter) {
		return s.keys.agent(agent, at), &AgentCounter{Start: at}
	})
}

// Today gives the counters of the site's day that holds at, one for each queue asked for
// and in that order, in one round trip. A queue without calls has zeros.
func (s *Store) Today(ctx context.Context, at time.Time, queues ...call.QueueID) ([]Counter, error) {
	name, start := s.rules.day(at)
	return all(ctx, s, queues, func(q call.QueueID) (string, *Counter) {
		return s.keys.queueDay(q, name), &Counter{Start: start}
	})
}

// AgentsToday gives the counters of the site's day that holds at for agents, as Today does
// for queues.
func (s *Store) AgentsToday(ctx context.Context, at time.Time, agents ...call.AgentID) ([]AgentCounter, error) {
	name, start := s.rules.day(at)
	return all(ctx, s, agents, func(a call.AgentID) (string, *AgentCounter) {
		return s.keys.agentDay(a, name), &AgentCounter{Start: start}
	})
}

// LinesToday gives the counters of the site's day that holds at for hotline numbers; the
// empty number stands for all lines together.
func (s *Store) LinesToday(ctx context.Context, at time.Time, lines ...string) ([]LineCounter, error) {
	name, start := s.rules.day(at)
	return all(ctx, s, lines, func(line string) (string, *LineCounter) {
		return s.keys.lineDay(line, name), &LineCounter{Start: start}
	})
}

// Applied is the number of the last event that the counters hold; 0 also when there are no
// valid counters.
func (s *Store) Applied(ctx context.Context) (uint64, error) {
	p, err := s.place(ctx)
	if err != nil || !p.valid || p.config != s.rules.fingerprint() {
		return 0, err
	}
	return p.seq, nil
}

// grid lists the starts of the intervals that begin in [from, to), from rounded down.
func grid(from, to time.Time) ([]time.Time, error) {
	if to.Before(from) || to.Sub(from) > maxRange {
		return nil, fmt.Errorf("%w: from %s to %s", ErrRange,
			from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))
	}
	var starts []time.Time
	if to.Equal(from) {
		return starts, nil
	}
	for at := interval(from); at.Before(to); at = at.Add(Interval) {
		starts = append(starts, at)
	}
	return starts, nil
}

// counter is a pointer to a counter that can list its cells.
type counter[C any] interface {
	*C
	counts
}

// all reads one counter for each name.
func all[N, C any, P counter[C]](ctx context.Context, s *Store, names []N, of func(N) (string, P)) ([]C, error) {
	rows := make([]C, 0, len(names))
	for start := 0; start < len(names); start += readChunk {
		chunk := names[start:min(start+readChunk, len(names))]
		keys, values := make([]string, len(chunk)), make([]P, len(chunk))
		cells := make([][]cell, len(chunk))
		for i, name := range chunk {
			keys[i], values[i] = of(name)
			cells[i] = values[i].cells()
		}
		if err := s.read(ctx, keys, cells); err != nil {
			return nil, err
		}
		for _, v := range values {
			rows = append(rows, *v)
		}
	}
	return rows, nil
}

// ranged reads one counter for each moment and leaves out those in which nothing was
// counted.
func ranged[C any, P counter[C]](ctx context.Context, s *Store, starts []time.Time,
	of func(time.Time) (string, P),
) ([]C, error) {
	rows, err := all(ctx, s, starts, of)
	if err != nil {
		return nil, err
	}
	kept := rows[:0]
	for i := range rows {
		if !empty(P(&rows[i]).cells()) {
			kept = append(kept, rows[i])
		}
	}
	return kept, nil
}

// empty tells whether nothing was counted.
func empty(cells []cell) bool {
	for _, c := range cells {
		if *c.value != 0 {
			return false
		}
	}
	return true
}

// read fills the cells of each key in one round trip and one transaction, so that they all
// show the state after the same event.
func (s *Store) read(ctx context.Context, keys []string, cells [][]cell) error {
	replies := make([]*redis.SliceCmd, len(keys))
	var stand *redis.SliceCmd
	_, err := s.redis.TxPipelined(ctx, func(p redis.Pipeliner) error {
		stand = p.MGet(ctx, s.placeKeys()...)
		for i, key := range keys {
			fields := make([]string, len(cells[i]))
			for j, c := range cells[i] {
				fields[j] = c.field
			}
			replies[i] = p.HMGet(ctx, key, fields...)
		}
		return nil
	})
	if err != nil {
		return plain(err)
	}
	if p := readPlace(stand.Val()); !p.valid || p.filling || p.config != s.rules.fingerprint() {
		return ErrRebuilding
	}
	for i, reply := range replies {
		for j, v := range reply.Val() {
			text, ok := v.(string)
			if !ok {
				continue // the field was never counted
			}
			if *cells[i][j].value, err = strconv.ParseInt(text, 10, 64); err != nil {
				return fmt.Errorf("redis: %s %s: %w", keys[i], cells[i][j].field, err)
			}
		}
	}
	return nil
}
