package redisstore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// verifyChunk is the number of hashes compared in one round trip.
	verifyChunk = 200
	// verifyBatch is the number of events read at once.
	verifyBatch = 1000
	// ending is the last part of a counter's life, in which it is not compared: the clocks of
	// Redis and of this machine decide apart from each other when it is over.
	ending = time.Hour
	// disorder bounds how far an event may stand in the ledger from where its time belongs,
	// but for those that are told late.
	disorder = 24 * time.Hour
)

// Span is a time by the site's days: counters of it begin in [From, To). Zero times are open
// ends.
type Span struct{ From, To time.Time }

// holds tells whether a counter that begins at t belongs to the span.
func (s Span) holds(t time.Time) bool {
	return (s.From.IsZero() || !t.Before(s.From)) && (s.To.IsZero() || t.Before(s.To))
}

// Difference is one number in which Redis and the ledger differ.
type Difference struct {
	Key    string `json:"key"`    // of the counter in Redis
	Field  string `json:"field"`  // "" = the whole counter
	Redis  string `json:"redis"`  // as stored; "" = nothing
	Ledger string `json:"ledger"` // as it should be; "" = nothing
}

// Verdict is what Verify has found.
type Verdict struct {
	Seq         uint64       `json:"seq"`      // the last event that both hold
	Counters    int          `json:"counters"` // hashes that were compared
	Differences []Difference `json:"differences"`
}

// Verify works every counter of a span out anew, by other code than that of the fold and from
// the ledger alone, and compares each with Redis. It changes nothing and may run beside
// controllers that fold: a counter is compared as of the event that Redis stood at when it was
// read. Differences come by key and field.
//
// ErrRebuilding says that there are no whole counters to compare, ErrForeignRules that they
// were made by other rules, ErrGap that the ledger has a hole.
func (s *Store) Verify(ctx context.Context, l Ledger, span Span) (Verdict, error) {
	p, err := s.place(ctx)
	if err == nil {
		err = s.verifiable(p)
	}
	if err != nil {
		return Verdict{}, err
	}
	v := &verification{store: s, ledger: l, slow: newRecount(s.keys, s.rules, span, s.now().Add(ending))}
	if v.slow.seq, err = v.skipTo(ctx, p.seq, span.From); err == nil && v.slow.seq == 0 {
		v.slow.seq, err = baseOf(ctx, l)
	}
	if err != nil {
		return Verdict{}, err
	}
	if err := v.advance(ctx, p.seq); err != nil {
		return Verdict{}, err
	}
	if err := v.compareAll(ctx); err != nil {
		return Verdict{}, err
	}
	slices.SortFunc(v.found, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Field, b.Field))
	})
	return Verdict{Seq: v.slow.seq, Counters: len(v.done), Differences: v.found}, nil
}

// verifiable tells why counters cannot be compared, if so.
func (s *Store) verifiable(p place) error {
	switch {
	case p.valid && p.config != s.rules.fingerprint():
		return fmt.Errorf("%w: %s", ErrForeignRules, p.config)
	case !s.usable(p):
		return ErrRebuilding
	default:
		return nil
	}
}

// verification is one run of Verify.
type verification struct {
	store  *Store
	ledger Ledger
	slow   *recount
	ahead  bool // Redis holds events that the ledger does not
	done   map[string]bool
	found  []Difference
}

// skipTo finds the event behind which all that counts in or after from stands. It goes back
// from last block by block until a whole block is older, because single events are told late.
func (v *verification) skipTo(ctx context.Context, last uint64, from time.Time) (uint64, error) {
	if from.IsZero() {
		return 0, nil
	}
	for end := last; end > 0; {
		begin := end - min(end, verifyBatch)
		events, err := v.ledger.After(ctx, begin, int(end-begin))
		if err != nil {
			return 0, fmt.Errorf("read the ledger after event %d: %w", begin, err)
		}
		old := len(events) > 0
		for _, ev := range events {
			old = old && ev.At.Before(from.Add(-disorder))
		}
		if old {
			return end, nil
		}
		end = begin
	}
	return 0, nil
}

// advance recounts the ledger up to event seq.
func (v *verification) advance(ctx context.Context, seq uint64) error {
	for v.slow.seq < seq && !v.ahead {
		limit := int(min(seq-v.slow.seq, verifyBatch))
		events, err := v.ledger.After(ctx, v.slow.seq, limit)
		if err != nil {
			return fmt.Errorf("read the ledger after event %d: %w", v.slow.seq, err)
		}
		if n := contiguous(v.slow.seq, events); n < len(events) {
			return fmt.Errorf("%w: event %d is missing, the next one is %d",
				ErrGap, v.slow.seq+uint64(n)+1, events[n].Seq)
		}
		for _, ev := range events {
			v.slow.add(ev)
		}
		if len(events) == 0 {
			v.ahead = true
			v.differ(v.store.keys.seq(), "", strconv.FormatUint(seq, 10), strconv.FormatUint(v.slow.seq, 10))
		}
	}
	return nil
}

// compareAll compares what should be there and what is there, until nothing is left: while
// it works the fold goes on and makes new counters.
func (v *verification) compareAll(ctx context.Context) error {
	v.done = make(map[string]bool)
	there, err := v.there(ctx)
	if err != nil {
		return err
	}
	for {
		keys := there
		there = nil
		for key := range v.slow.want {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		keys = slices.DeleteFunc(slices.Compact(keys), func(key string) bool { return v.done[key] })
		if len(keys) == 0 {
			return nil
		}
		for chunk := range slices.Chunk(keys, verifyChunk) {
			if err := v.compare(ctx, chunk); err != nil {
				return err
			}
		}
	}
}

// there lists the counters of the span that Redis knows of and that live on.
func (v *verification) there(ctx context.Context) ([]string, error) {
	var out []string
	var cursor uint64
	for {
		page, next, err := v.store.redis.ZScan(ctx, v.store.keys.index(), cursor, "", verifyBatch).Result()
		if err != nil {
			return nil, plain(err)
		}
		for i := 0; i+1 < len(page); i += 2 {
			expire, err := strconv.ParseFloat(page[i+1], 64)
			if err != nil {
				return nil, fmt.Errorf("redis: %s %s: %w", v.store.keys.index(), page[i], err)
			}
			if v.slow.lives(time.Unix(int64(expire), 0)) && v.slow.covers(page[i]) {
				out = append(out, page[i])
			}
		}
		if cursor = next; cursor == 0 {
			return out, nil
		}
	}
}

// compare reads some counters and compares them as of the event that they stand at.
func (v *verification) compare(ctx context.Context, keys []string) error {
	hashes, p, err := v.store.hashes(ctx, keys)
	if err == nil {
		err = v.store.verifiable(p)
	}
	if err == nil && p.seq < v.slow.seq {
		err = ErrRebuilding // they were dropped, or set back, while we looked
	}
	if err == nil {
		err = v.advance(ctx, p.seq)
	}
	if err != nil {
		return err
	}
	endless, err := v.endless(ctx, keys)
	if err != nil {
		return err
	}
	for i, key := range keys {
		v.done[key] = true
		v.compareOne(key, hashes[i])
		if endless[i] {
			v.differ(key, "expires", "never", v.slow.expire[key].UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// compareOne compares the fields of one counter. A field that is not there is zero.
func (v *verification) compareOne(key string, got map[string]string) {
	want := v.slow.want[key]
	if got == nil {
		v.differ(key, "", "no hash", fmt.Sprint(len(want), " fields"))
		return
	}
	fields := slices.Collect(maps.Keys(want))
	for field := range got {
		if _, known := want[field]; !known {
			fields = append(fields, field)
		}
	}
	for _, field := range fields {
		text, n := got[field], want[field]
		if text == strconv.FormatInt(n, 10) || text == "" && n == 0 {
			continue
		}
		v.differ(key, field, text, strconv.FormatInt(n, 10))
	}
}

// endless tells which counters would never leave the memory of Redis.
func (v *verification) endless(ctx context.Context, keys []string) ([]bool, error) {
	replies := make([]*redis.DurationCmd, len(keys))
	_, err := v.store.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range keys {
			replies[i] = p.PTTL(ctx, key)
		}
		return nil
	})
	if err != nil {
		return nil, plain(err)
	}
	out := make([]bool, len(keys))
	for i, r := range replies {
		out[i] = r.Val() == -1 // the library's way to say "no expiry"
	}
	return out, nil
}

func (v *verification) differ(key, field, got, want string) {
	v.found = append(v.found, Difference{Key: key, Field: field, Redis: got, Ledger: want})
}
