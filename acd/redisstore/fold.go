package redisstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"hotline/call"
)

const (
	dropChunk  = 500              // keys per drop, so that Redis is never busy for long
	resetLease = 10 * time.Second // a process that died while dropping holds others up so long
)

// place is where the counters stand.
type place struct {
	valid   bool   // there are counters that can be continued
	filling bool   // they are being filled anew
	config  string // the rules they were made by, as stored
	rawSeq  string // the number of the last applied event, as stored
	seq     uint64 // the same as a number
	mark    string // the fingerprint of that event
}

// place reads where the counters stand.
func (s *Store) place(ctx context.Context) (place, error) {
	values, err := s.redis.MGet(ctx, s.placeKeys()...).Result()
	if err != nil {
		return place{}, plain(err)
	}
	return readPlace(values), nil
}

// placeKeys are the keys that readPlace wants, in its order.
func (s *Store) placeKeys() []string {
	return []string{s.keys.config(), s.keys.seq(), s.keys.mark(), s.keys.filling()}
}

// readPlace understands the values of placeKeys.
func readPlace(values []any) place {
	var p place
	p.config, _ = values[0].(string)
	p.rawSeq, _ = values[1].(string)
	p.mark, _ = values[2].(string)
	p.filling = values[3] != nil
	var err error
	p.seq, err = strconv.ParseUint(p.rawSeq, 10, 64)
	p.valid = p.config != "" && err == nil
	return p
}

// apply adds a batch of events, which follow each other without a gap, to the counters.
// errMoved means that nothing was written and place must be read anew, ErrBroken that the
// counters are lost. A batch may safely be sent again after any error.
func (s *Store) apply(ctx context.Context, b *batch) error {
	keys, argv := b.script()
	reply, err := s.scripts.apply.Run(ctx, s.redis, keys, argv...).StringSlice()
	if err != nil {
		return plain(err)
	}
	if len(reply) != 2 {
		return fmt.Errorf("redis: apply answered %q", reply)
	}
	switch reply[0] {
	case "ok":
		return nil
	case "config", "moved":
		return errMoved
	default:
		return fmt.Errorf("%w: %s", ErrBroken, reply[1])
	}
}

// reset drops the counters that stand at p and declares empty ones valid, which stand at event
// base. ErrResetBusy means that another process is at it or that the counters have changed since.
func (s *Store) reset(ctx context.Context, p place, base uint64) error {
	token, lease := rand.Text(), resetLease.Milliseconds()
	ok, err := s.scripts.begin.Run(ctx, s.redis,
		[]string{s.keys.reset(), s.keys.config(), s.keys.seq(), s.keys.mark()},
		token, lease, p.config, p.rawSeq).Bool()
	if err = lost(ok, err); err != nil {
		return err
	}
	for {
		chunk, err := s.redis.ZRange(ctx, s.keys.index(), 0, dropChunk-1).Result()
		if err != nil {
			return plain(err)
		}
		if len(chunk) == 0 {
			break
		}
		ok, err := s.scripts.drop.Run(ctx, s.redis,
			append([]string{s.keys.reset(), s.keys.index()}, chunk...), token, lease).Bool()
		if err = lost(ok, err); err != nil {
			return err
		}
	}
	ok, err = s.scripts.finish.Run(ctx, s.redis,
		[]string{s.keys.reset(), s.keys.config(), s.keys.seq(), s.keys.index(), s.keys.filling()},
		token, s.rules.fingerprint(), base).Bool()
	return lost(ok, err)
}

// filled says that the counters, which were being filled anew, are full up to event seq.
// When they have moved since, it does nothing: whoever moved them will say so.
func (s *Store) filled(ctx context.Context, seq uint64) error {
	return plain(s.scripts.filled.Run(ctx, s.redis, []string{s.keys.seq(), s.keys.filling()}, seq).Err())
}

// lost turns the refusal of a reset script into an error.
func lost(ok bool, err error) error {
	switch {
	case err != nil:
		return plain(err)
	case !ok:
		return ErrResetBusy
	default:
		return nil
	}
}

// baseOf is the event before the first one that a ledger keeps: where a count begins anew.
func baseOf(ctx context.Context, l Ledger) (uint64, error) {
	events, err := l.After(ctx, 0, 1)
	if err != nil || len(events) == 0 {
		return 0, err
	}
	return events[0].Seq - 1, nil
}

// contiguous is the length of the part of events that follows seq without a gap.
func contiguous(seq uint64, events []call.Event) int {
	for i, ev := range events {
		if ev.Seq != seq+uint64(i)+1 {
			return i
		}
	}
	return len(events)
}
