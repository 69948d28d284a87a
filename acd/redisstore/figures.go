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

// Figures gives the counters of one queue for each interval of the grid, see Series.
//
// ErrRebuilding comes, here and from the other readers, in place of counters that are
// missing, too low for the moment or made by other rules.
func (s *Store) Figures(ctx context.Context, queue call.QueueID, from, to time.Time) ([]Counter, error) {
	return s.Series(ctx, Quarter, queue, from, to)
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

// TeamsToday gives the counters of the site's day that holds at for teams: those of the
// agents who are in each of them now, added up. A team without agents has zeros.
func (s *Store) TeamsToday(ctx context.Context, at time.Time, teams ...string) ([]AgentCounter, error) {
	var agents []call.AgentID
	for _, team := range teams {
		agents = append(agents, s.teams[team]...)
	}
	rows, err := s.AgentsToday(ctx, at, agents...)
	if err != nil {
		return nil, err
	}
	_, start := s.rules.day(at)
	out := make([]AgentCounter, len(teams))
	for i, team := range teams {
		out[i].Start = start
		for range s.teams[team] {
			out[i].Add(rows[0])
			rows = rows[1:]
		}
	}
	return out, nil
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

// counter is a pointer to a counter that can list its cells.
type counter[C any] interface {
	*C
	counts
	Add(C)
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

// empty tells whether nothing was counted.
func empty(cells []cell) bool {
	for _, c := range cells {
		if *c.value != 0 {
			return false
		}
	}
	return true
}

// usable tells whether the counters that stand at p are whole and made by our rules.
func (s *Store) usable(p place) bool {
	return p.valid && !p.filling && p.config == s.rules.fingerprint()
}

// hashes gives all fields of each key, and where the counters stood at that moment. A key
// that holds no hash is no error: its fields are nil.
func (s *Store) hashes(ctx context.Context, keys []string) ([]map[string]string, place, error) {
	replies := make([]*redis.MapStringStringCmd, len(keys))
	var stand *redis.SliceCmd
	_, err := s.redis.TxPipelined(ctx, func(p redis.Pipeliner) error {
		stand = p.MGet(ctx, s.placeKeys()...)
		for i, key := range keys {
			replies[i] = p.HGetAll(ctx, key)
		}
		return nil
	})
	if err != nil && !startsWith(err, "WRONGTYPE") {
		return nil, place{}, plain(err)
	}
	out := make([]map[string]string, len(keys))
	for i, reply := range replies {
		if reply.Err() == nil {
			out[i] = reply.Val()
		}
	}
	return out, readPlace(stand.Val()), nil
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
	if !s.usable(readPlace(stand.Val())) {
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
