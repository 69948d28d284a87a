package redisstore

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/call"
)

// everything in between, and holds the figures to a recount each time.
func eachEventCountsOnce(t *testing.T, s *Store) {
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		events := randomEvents(t, 1, rapid.IntRange(1, 60).Draw(t, "events"))
		reset := func() {
			p, err := s.place(ctx)
			if err == nil {
				err = s.reset(ctx, p, 0)
			}
			if err == nil {
				err = s.filled(ctx, 0)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		reset()
		applied := 0
		for step := range rapid.IntRange(1, 8).Draw(t, "steps") {
			first := rapid.IntRange(0, len(events)-1).Draw(t, "first")
			if rapid.Bool().Draw(t, "in order") {
				first = min(applied, len(events)-1)
			}
			n := rapid.IntRange(1, len(events)-first).Draw(t, "length")
			err := s.apply(ctx, newBatch(s.keys, s.rules, s.now(), events[first:first+n]))
			switch {
			case first == applied && err == nil:
				applied += n
			case first == applied || !errors.Is(err, errMoved):
				t.Fatalf("step %d: events from %d after %d gave %v", step, first, applied, err)
			}
			if rapid.IntRange(0, 9).Draw(t, "drop") == 0 {
				reset()
				applied = 0
			}
			mustAgree(ctx, t, s, events[:applied])
		}
	})
}

// batchByOtherRules comes from a process that has not seen yet that others took over.
func batchByOtherRules(t *testing.T, s *Store) {
	ctx := t.Context()
	run(t, s, &memLedger{}).awaitLevel(t, 0)
	rules := s.rules
	rules.Within = 20 * time.Second
	late := again(t, s, rules)
	if err := late.apply(ctx, newBatch(late.keys, late.rules, late.now(), sample(1, 9, 1))); !errors.Is(err, errMoved) {
		t.Errorf("a batch by other rules gave %v, want a refusal", err)
	}
	mustAgree(ctx, t, s, nil)
}

// oneAtATimeDrops lets a second process come while the first is dropping.
func oneAtATimeDrops(t *testing.T, s *Store) {
	ctx := t.Context()
	seen, err := s.place(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.redis.Set(ctx, s.keys.reset(), "somebody else", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.reset(ctx, seen, 0); !errors.Is(err, ErrResetBusy) {
		t.Fatalf("reset beside another gave %v, want ErrResetBusy", err)
	}
	if err := s.redis.Del(ctx, s.keys.reset()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.reset(ctx, seen, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Today(ctx, entered, "q"); !errors.Is(err, ErrRebuilding) {
		t.Errorf("figures that are being filled give %v, want ErrRebuilding", err)
	}
	// What was seen before is not so any more: the counters are someone's fresh ones.
	if err := s.reset(ctx, seen, 0); !errors.Is(err, ErrResetBusy) {
		t.Fatalf("reset of counters that have changed gave %v, want ErrResetBusy", err)
	}
	if seen, err = s.place(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.apply(ctx, newBatch(s.keys, s.rules, s.now(), sample(1, 9, 1))); err != nil {
		t.Fatal(err)
	}
	if err := s.reset(ctx, seen, 0); !errors.Is(err, ErrResetBusy) {
		t.Fatalf("reset of counters that have moved on gave %v, want ErrResetBusy", err)
	}
	if err := s.filled(ctx, 8); err != nil {
		t.Fatal(err)
	}
	if seen, err = s.place(ctx); err != nil || !seen.filling {
		t.Errorf("counters at event 9 are declared full at event 8: %+v, %v", seen, err)
	}
	// A process that lost the right while it slept may not go on.
	for name, script := range map[string]func() (bool, error){
		"drop": s.scripts.drop.Run(ctx, s.redis, []string{s.keys.reset(), s.keys.index()}, "late", 1000).Bool,
		"finish": s.scripts.finish.Run(ctx, s.redis,
			[]string{s.keys.reset(), s.keys.config(), s.keys.seq(), s.keys.index(), s.keys.filling()}, "late", "x", 0).Bool,
	} {
		if ok, err := script(); ok || err != nil {
			t.Errorf("%s without the right gave %v, %v; want a refusal", name, ok, err)
		}
	}
}

// dropsAllAndNothingElse looks at the keys themselves.
func dropsAllAndNothingElse(t *testing.T, s *Store) {
	ctx := t.Context()
	if err := s.redis.Set(ctx, s.keys.tagged("stranger"), "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	f := run(t, s, &memLedger{events: sample(1, 300, 1)})
	f.awaitLevel(t, 300)
	f.stop()
	p, err := s.place(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.reset(ctx, p, 0); err != nil {
		t.Fatal(err)
	}
	keys, err := home(t, s).Keys(ctx, s.keys.tagged("*")).Result()
	if err != nil || len(keys) != 4 { // config, seq, filling and the stranger
		t.Errorf("keys left: %q, %v", keys, err)
	}
}

// countersExpire looks at the time to live of every counter.
func countersExpire(t *testing.T, s *Store) {
	ctx := t.Context()
	events := sample(1, 200, 1)
	for i := range events { // near the clock of the server, which tells the time to live
		shift := time.Since(entered)
		events[i].At = events[i].At.Add(shift)
		events[i].Entered = events[i].Entered.Add(shift)
		events[i].Answer = events[i].Answer.Add(shift)
	}
	s.now, s.rules.Keep, s.rules.Cells = time.Now, DefaultKeep, DefaultCells
	f := run(t, s, &memLedger{events: events})
	f.awaitLevel(t, 200)
	keys, err := s.redis.ZRange(ctx, s.keys.index(), 0, -1).Result()
	if err != nil || len(keys) == 0 {
		t.Fatalf("index is %q, %v", keys, err)
	}
	all, err := home(t, s).Keys(ctx, s.keys.tagged("*")).Result()
	if err != nil || len(all) != len(keys)+4 { // config, seq, mark and the index itself
		t.Errorf("%d keys, of which %d in the index; %v", len(all), len(keys), err)
	}
	for _, key := range keys {
		ttl, err := s.redis.TTL(ctx, key).Result()
		want := DefaultCells
		if strings.Contains(key, "-day:") {
			want = DefaultKeep
		}
		if err != nil || ttl < want-72*time.Hour || ttl > want+72*time.Hour {
			t.Errorf("%s lives for %s, %v; want %s", key, ttl, err, want)
		}
	}
}

// today reads figures nobody ever counted, and the invariant of a queue.
func today(t *testing.T, s *Store) {
	ctx := t.Context()
	if _, err := s.Today(ctx, entered, "nobody"); !errors.Is(err, ErrRebuilding) {
		t.Errorf("figures before there are any give %v, want ErrRebuilding", err)
	}
	ledger := &memLedger{}
	f := run(t, s, ledger)
	f.awaitLevel(t, 0)
	rows, err := s.Today(ctx, entered, "nobody", "calls")
	if err != nil || len(rows) != 2 || rows[0].Offered != 0 {
		t.Fatalf("today is %+v, %v; want two rows of zeros", rows, err)
	}
	if want := time.Date(2025, 12, 31, 0, 0, 0, 0, s.rules.Zone); !rows[0].Start.Equal(want) {
		t.Errorf("today begins at %s, want %s", rows[0].Start, want)
	}
	if figures, err := s.Figures(ctx, "nobody", entered, entered.Add(time.Hour)); len(figures) != 0 || err != nil {
		t.Errorf("figures are %+v, %v; want none", figures, err)
	}
	var events []call.Event
	for i, outcome := range []call.Outcome{
		"waiting", "answered", call.Abandoned, call.TimedOut, call.LeftEmpty, call.Overflowed, call.Callback,
		call.ToMessage,
	} {
		events = append(events, call.Event{Kind: call.Queued, Queue: "q", Entered: entered, At: entered})
		end := call.Event{Kind: call.LeftQueue, Queue: "q", Agent: "a", Entered: entered, At: entered, Outcome: outcome}
		switch i {
		case 0:
			continue
		case 1:
			end.Kind = call.Answered
		}
		events = append(events, end)
	}
	for i := range events {
		events[i].Seq = uint64(i) + 1
	}
	ledger.append(events...)
	f.awaitLevel(t, len(events))
	rows, err = s.Today(ctx, entered, "q")
	if err != nil || rows[0].Offered != 8 || rows[0].Waiting() != 1 {
		t.Errorf("today is %+v, %v; want 8 offered and 1 waiting", rows, err)
	}
}
