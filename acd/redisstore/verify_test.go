package redisstore

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/call"
)

// mustVerify demands that Redis and the ledger are equal.
func mustVerify(ctx context.Context, t testingT, s *Store, l Ledger) Verdict {
	t.Helper()
	found, err := s.Verify(ctx, l, Span{})
	if err != nil || len(found.Differences) > 0 {
		t.Fatalf("verify of event %d: %v, %d differences: %v", found.Seq, err, len(found.Differences), found.Differences)
	}
	return found
}

// byHand is one way to break a counter and the difference that must show.
type byHand struct {
	spoil      func() error
	key, field string // a field "any" stands for every one
}

// verifySeesAll breaks one counter after the other by hand. Each is found, named, and right
// again after Rebuild.
func verifySeesAll(t *testing.T, s *Store) {
	ctx := t.Context()
	ledger := &memLedger{events: sample(1, 300, 3)}
	if _, err := s.Rebuild(ctx, ledger); err != nil {
		t.Fatal(err)
	}
	if found := mustVerify(ctx, t, s, ledger); found.Seq != 300 || found.Counters < 20 {
		t.Fatalf("verified %d counters up to event %d", found.Counters, found.Seq)
	}
	for name, hand := range handsOf(ctx, s) {
		if err := hand.spoil(); err != nil {
			t.Fatal(name, err)
		}
		found, err := s.Verify(ctx, ledger, Span{})
		named := slices.ContainsFunc(found.Differences, func(d Difference) bool {
			return d.Key == hand.key && (d.Field == hand.field || hand.field == "any") && d.Redis != d.Ledger
		})
		if err != nil || !named {
			t.Errorf("%s: %v, differences %v; want %s %s", name, err, found.Differences, hand.key, hand.field)
		}
		if seq, err := s.Rebuild(ctx, ledger); err != nil || seq != 300 {
			t.Fatalf("%s: rebuilt up to %d, %v", name, seq, err)
		}
		mustVerify(ctx, t, s, ledger)
		mustAgree(ctx, t, s, ledger.all())
	}
}

func handsOf(ctx context.Context, s *Store) map[string]byHand {
	day := s.keys.queueDay(someQueues[0], "2025-12-31")
	cell := s.keys.agent(someAgents[0], interval(entered))
	return map[string]byHand{
		"one too many":  {func() error { return s.redis.HIncrBy(ctx, day, "offered", 1).Err() }, day, "offered"},
		"one too few":   {func() error { return s.redis.HIncrBy(ctx, cell, "offers", -1).Err() }, cell, "offers"},
		"field lost":    {func() error { return s.redis.HDel(ctx, day, "max_wait_ms").Err() }, day, "max_wait_ms"},
		"foreign field": {func() error { return s.redis.HSet(ctx, day, "complaints", 1).Err() }, day, "complaints"},
		"no number":     {func() error { return s.redis.HSet(ctx, day, "offered", "many").Err() }, day, "offered"},
		"counter lost":  {func() error { return s.redis.Del(ctx, cell).Err() }, cell, "any"},
		"no hash":       {func() error { return s.redis.Set(ctx, cell, "x", 0).Err() }, cell, ""},
		"never expires": {func() error { return s.redis.Persist(ctx, day).Err() }, day, "expires"},
		"foreign counter": {func() error {
			b := newBatch(s.keys, s.rules, s.now(), []call.Event{{Kind: call.Arrived, Line: "999", At: entered, Seq: 301}})
			err := s.apply(ctx, b)
			if err == nil {
				err = s.redis.Set(ctx, s.keys.seq(), 300, 0).Err()
			}
			return err
		}, s.keys.lineDay("999", "2025-12-31"), "arrived"},
		"outside the index": {func() error {
			if err := s.redis.Del(ctx, s.keys.index()).Err(); err != nil {
				return err
			}
			return s.redis.HIncrBy(ctx, day, "answered", 7).Err()
		}, day, "answered"},
	}
}

// verifyBesideAFold compares while events come in.
func verifyBesideAFold(t *testing.T, s *Store) {
	ledger := &memLedger{events: sample(1, 100, 1)}
	f := run(t, s, ledger)
	f.awaitLevel(t, 100)
	ctx, end := context.WithCancel(t.Context())
	fed, more := make(chan struct{}), sample(101, 1000, 2)
	go func() {
		defer close(fed)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for chunk := range slices.Chunk(more, 5) {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			ledger.append(chunk...)
			f.Wake()
		}
	}()
	last, moved := uint64(0), 0
	for range 30 {
		found := mustVerify(t.Context(), t, s, ledger)
		if last != 0 && found.Seq > last {
			moved++
		}
		last = found.Seq
	}
	end()
	<-fed
	t.Logf("in %d of 30 comparisons the counters had moved since the one before", moved)
}

// verifyKeepsToItsDays breaks a counter of one day and looks at the other ones.
func verifyKeepsToItsDays(t *testing.T, s *Store) {
	ctx := t.Context()
	old := slices.Repeat(sample(1, verifyBatch/2, 5), 16) // of the same days, a month ago
	for i := range old {
		old[i].Seq = uint64(i) + 1
		for _, at := range []*time.Time{&old[i].At, &old[i].Entered, &old[i].Answer} {
			*at = at.AddDate(0, -1, 0)
		}
	}
	ledger := &memLedger{events: append(old, sample(8*verifyBatch+1, 200, 6)...)}
	if _, err := s.Rebuild(ctx, ledger); err != nil {
		t.Fatal(err)
	}
	if err := s.redis.HIncrBy(ctx, s.keys.queueDay(someQueues[0], "2025-12-31"), "offered", 1).Err(); err != nil {
		t.Fatal(err)
	}
	counting := &countedLedger{Ledger: ledger}
	at := func(day int) time.Time { return time.Date(2025, 12, day, 0, 0, 0, 0, s.rules.Zone) }
	for name, c := range map[string]struct {
		span  Span
		found int
	}{
		"that day":   {Span{at(31), at(32)}, 1},
		"the next":   {Span{at(32), at(33)}, 0},
		"from it on": {Span{From: at(31)}, 1},
		"before it":  {Span{To: at(31)}, 0},
		"all":        {Span{}, 1},
	} {
		counting.events = 0
		found, err := s.Verify(ctx, counting, c.span)
		if err != nil || len(found.Differences) != c.found || found.Counters == 0 {
			t.Errorf("%s: %v, %+v; want %d", name, err, found, c.found)
		}
		// The old events are left alone: what is read is the new part, to find where it begins
		// and to count it, and the block before.
		if whole := 8*verifyBatch + 200; !c.span.From.IsZero() && counting.events > whole/2 {
			t.Errorf("%s: %d of %d events were read", name, counting.events, whole)
		}
	}
}

// countedLedger counts what is read.
type countedLedger struct {
	Ledger
	events int
}

func (l *countedLedger) After(ctx context.Context, seq uint64, limit int) ([]call.Event, error) {
	events, err := l.Ledger.After(ctx, seq, limit)
	l.events += len(events)
	return events, err
}

// verifyRefuses asks for a comparison that cannot be made.
func verifyRefuses(t *testing.T, s *Store) {
	ctx := t.Context()
	whole := sample(1, 90, 2)
	ledger := &memLedger{events: whole}
	if _, err := s.Verify(ctx, ledger, Span{}); !errors.Is(err, ErrRebuilding) {
		t.Errorf("without counters: error is %v, want ErrRebuilding", err)
	}
	if _, err := s.Rebuild(ctx, ledger); err != nil {
		t.Fatal(err)
	}
	rules := s.rules
	rules.Within = 20 * time.Second
	other := again(t, s, rules)
	if _, err := other.Verify(ctx, ledger, Span{}); !errors.Is(err, ErrForeignRules) {
		t.Errorf("other rules: error is %v, want ErrForeignRules", err)
	}
	if _, err := other.Rebuild(ctx, ledger); !errors.Is(err, ErrForeignRules) {
		t.Errorf("rebuild by other rules: error is %v, want ErrForeignRules", err)
	}
	mustAgree(ctx, t, s, whole)
	ledger.set(slices.Delete(slices.Clone(whole), 40, 41), nil)
	if _, err := s.Verify(ctx, ledger, Span{}); !errors.Is(err, ErrGap) {
		t.Errorf("a hole in the ledger: error is %v, want ErrGap", err)
	}
	away := errors.New("disk is away")
	ledger.set(whole, away)
	if _, err := s.Verify(ctx, ledger, Span{}); !errors.Is(err, away) {
		t.Errorf("no ledger: error is %v", err)
	}
	ledger.set(whole[:50], nil)
	found, err := s.Verify(ctx, ledger, Span{})
	if err != nil || !slices.ContainsFunc(found.Differences, func(d Difference) bool { return d.Key == s.keys.seq() }) {
		t.Errorf("a ledger that ends earlier: %v, %v", err, found.Differences)
	}
}

// rebuildBesideAFolder has a controller fold while somebody rebuilds, twice at once.
func rebuildBesideAFolder(t *testing.T, s *Store) {
	ctx := t.Context()
	ledger := &memLedger{events: sample(1, 400, 4)}
	f := run(t, s, ledger)
	f.awaitLevel(t, 400)
	ended := make(chan error, 2)
	for range 2 {
		other := again(t, s, s.rules)
		go func() {
			_, err := other.Rebuild(ctx, ledger)
			ended <- err
		}()
	}
	ledger.append(sample(401, 100, 5)...)
	f.Wake()
	for range 2 {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	f.awaitLevel(t, 500)
	mustVerify(ctx, t, s, ledger)
	mustAgree(ctx, t, s, ledger.all())
}

// TestRecountIsIncrements holds the two descriptions of an event against each other: the
// witness of Verify and the fold.
func TestRecountIsIncrements(t *testing.T) {
	t.Parallel()
	rules := defaultRules(t)
	kinds := make(map[call.Kind]bool)
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			ev := strange(t)
			if recountedAlike(t, rules, ev) {
				kinds[ev.Kind] = true
			}
		}
	})
	if len(kinds) < 12 {
		t.Errorf("only %d kinds of events were tried", len(kinds))
	}
}

// strange draws an event that may lack what it needs.
func strange(t *rapid.T) call.Event {
	ev := randomEvent(t, 1)
	ev.Direction = rapid.SampledFrom([]call.Direction{
		call.Inbound, call.Inbound, call.Consult, call.Outbound, call.CallBack,
	}).Draw(t, "direction")
	switch rapid.SampledFrom([]string{"", "", "", "queue", "agent", "entered", "answer"}).Draw(t, "drop") {
	case "queue":
		ev.Queue = ""
	case "agent":
		ev.Agent = ""
	case "entered":
		ev.Entered = time.Time{}
	case "answer":
		ev.Answer = time.Time{}
	}
	return ev
}

// recountedAlike compares both ways and tells whether the event counts at all.
func recountedAlike(t *rapid.T, rules Rules, ev call.Event) (counts bool) {
	t.Helper()
	b := newBatch("hotline", rules, entered, []call.Event{ev})
	slow := newRecount("hotline", rules, Span{}, entered)
	slow.add(ev)
	for key, h := range b.hashes {
		for _, c := range h.sums {
			if slow.want[key][c.field] != *c.value {
				t.Fatalf("%s: %s %s is %d, recounted %d", ev.Kind, key, c.field, *c.value, slow.want[key][c.field])
			}
			delete(slow.want[key], c.field)
			counts = counts || *c.value != 0
		}
	}
	for key, left := range slow.want {
		for field, n := range left {
			if n != 0 {
				t.Fatalf("%s: %s %s is recounted as %d and folded as nothing", ev.Kind, key, field, n)
			}
		}
	}
	return counts
}

// TestEscapeGlob holds the pattern of a scan to the prefix itself.
func TestEscapeGlob(t *testing.T) {
	t.Parallel()
	if got := escapeGlob(`{a*b?c[d]e\f}:`); got != `{a\*b\?c\[d\]e\\f}:` {
		t.Errorf("escaped to %s", got)
	}
}
