package redisstore

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/call"
	"hotline/internal/testbed"
)

// TestConformEmbedded and TestConformReal run the same demands on both kinds of Redis.
func TestConformEmbedded(t *testing.T) {
	t.Parallel()
	conform(t, func(t *testing.T, o Options) *Store {
		t.Helper()
		s, err := Embedded(o)
		return opened(t, s, err)
	})
}

func TestConformReal(t *testing.T) {
	t.Parallel()
	server := testbed.RunRedis(t, testbed.RedisOptions{})
	var number atomic.Int32
	conform(t, func(t *testing.T, o Options) *Store {
		t.Helper()
		o.Addr, o.Prefix = server.Addr, fmt.Sprintf("site-%d", number.Add(1))
		s, err := Open(o)
		return opened(t, s, err)
	})
}

func opened(t *testing.T, s *Store, err error) *Store {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// again opens a second Store on the same Redis, as another process would.
func again(t *testing.T, s *Store, r Rules) *Store {
	t.Helper()
	o := s.redis.Options()
	second, err := Open(Options{
		Addr: o.Addr, Password: o.Password, Prefix: string(s.keys), Rules: r, Now: s.now,
		DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience,
	})
	return opened(t, second, err)
}

// wipe removes all keys of a store at once, as FLUSHALL would.
func wipe(t *testing.T, s *Store) {
	t.Helper()
	const text = `for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end return 1`
	if err := s.redis.Eval(t.Context(), text, nil, s.keys.tagged("*")).Err(); err != nil {
		t.Fatal(err)
	}
}

// opening opens a Store whose keys nobody else uses.
type opening func(t *testing.T, o Options) *Store

func conform(t *testing.T, open opening) {
	for name, demand := range map[string]func(*testing.T, *Store){
		"each event counts once":              eachEventCountsOnce,
		"follows the ledger":                  followsTheLedger,
		"two folders":                         twoFolders,
		"lost data":                           lostData,
		"lost number":                         lostNumber,
		"other rules":                         otherRules,
		"foreign rules":                       foreignRules,
		"ahead of the ledger":                 aheadOfTheLedger,
		"another ledger":                      anotherLedger,
		"gap in the ledger":                   gapInTheLedger,
		"unmapped event":                      unmappedEvent,
		"key that is not ours":                keyThatIsNotOurs,
		"one at a time drops":                 oneAtATimeDrops,
		"drops all and nothing else":          dropsAllAndNothingElse,
		"counters expire":                     countersExpire,
		"scripts are sent again when unknown": scriptsAreSentAgain,
		"today":                               today,
		"mirror":                              mirror,
		"mirror under load":                   mirrorUnderLoad,
		"state that cannot be written":        unwritable,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			demand(t, open(t, testOptions(t)))
		})
	}
}

// testOptions are patient, because a machine that is busy with other tests is no fault.
func testOptions(t *testing.T) Options {
	t.Helper()
	return Options{
		Rules:       Rules{Zone: shanghai(t)},
		Now:         func() time.Time { return entered.Add(2 * time.Hour) },
		DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience,
	}
}

// eachEventCountsOnce sends batches in any order, twice, too early and overlapping, drops
// everything in between, and holds the figures to a recount each time.
func eachEventCountsOnce(t *testing.T, s *Store) {
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		events := randomEvents(t, 1, rapid.IntRange(1, 60).Draw(t, "events"))
		reset := func() {
			p, err := s.place(ctx)
			if err == nil {
				err = s.reset(ctx, p)
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

// followsTheLedger appends while the folder runs.
func followsTheLedger(t *testing.T, s *Store) {
	ledger := &memLedger{}
	f := run(t, s, ledger)
	for i := range 10 {
		ledger.append(sample(uint64(i*37)+1, 37, i)...)
		f.Wake()
		if i%3 == 0 {
			f.awaitLevel(t, (i+1)*37)
			mustAgree(t.Context(), t, s, ledger.all())
		}
	}
	st := f.awaitLevel(t, 370)
	mustAgree(t.Context(), t, s, ledger.all())
	if st.Rebuilds != 1 || st.Gaps != 0 || st.Faults != 0 {
		t.Errorf("state is %+v, want one beginning, no gap and no fault", st)
	}
	applied, err := s.Applied(t.Context())
	if err != nil || applied != 370 {
		t.Errorf("applied is %d, %v; want 370", applied, err)
	}
}

// twoFolders runs two processes against each other: whoever is late must count nothing.
func twoFolders(t *testing.T, s *Store) {
	ledger := &memLedger{}
	one, two := run(t, s, ledger), run(t, again(t, s, s.rules), ledger)
	for i := range 20 {
		ledger.append(sample(uint64(i*40)+1, 40, i)...)
		one.Wake()
		two.Wake()
	}
	one.awaitLevel(t, 800)
	two.awaitLevel(t, 800)
	mustAgree(t.Context(), t, s, ledger.all())
}

// lostData empties Redis between two batches and while nothing happens.
func lostData(t *testing.T, s *Store) {
	ledger := &memLedger{}
	f := run(t, s, ledger)
	for i := range 4 {
		ledger.append(sample(uint64(i*70)+1, 70, i)...)
		f.Wake()
		f.awaitLevel(t, (i+1)*70)
		wipe(t, s)
		st := f.await(t, "rebuild", func(st Status) bool { return st.Rebuilds == uint64(i)+2 })
		f.awaitLevel(t, (i+1)*70)
		mustAgree(t.Context(), t, s, ledger.all())
		if st.Err != nil {
			t.Errorf("a lost data set is a fault: %v", st.Err)
		}
	}
}

// lostNumber removes the number alone. Counters without it must not be continued.
func lostNumber(t *testing.T, s *Store) {
	ledger := &memLedger{events: sample(1, 120, 1)}
	f := run(t, s, ledger)
	f.awaitLevel(t, 120)
	if err := s.redis.Del(t.Context(), s.keys.seq()).Err(); err != nil {
		t.Fatal(err)
	}
	f.await(t, "rebuild", func(st Status) bool { return st.Rebuilds == 2 })
	f.awaitLevel(t, 120)
	mustAgree(t.Context(), t, s, ledger.all())
}

// otherRules starts again with a later limit; the counters must follow it back in time.
func otherRules(t *testing.T, s *Store) {
	ev := call.Event{Kind: call.Answered, Queue: "q", Agent: "a", Entered: entered, At: entered, Wait: 18_000, Seq: 1}
	ledger := &memLedger{events: []call.Event{ev}}
	f := run(t, s, ledger)
	f.awaitLevel(t, 1)
	f.stop()

	rules := s.rules
	rules.Within = 20 * time.Second
	other := again(t, s, rules)
	if applied, err := other.Applied(t.Context()); applied != 0 || err != nil {
		t.Errorf("counters by other rules hold %d events, %v; want 0", applied, err)
	}
	g := run(t, other, ledger)
	g.awaitLevel(t, 1)
	today, err := other.Today(t.Context(), entered, "q")
	if err != nil || today[0].AnsweredIn != 1 {
		t.Errorf("answered in time is %d, %v; want 1 within 20 s", today[0].AnsweredIn, err)
	}
}

// foreignRules lets a second process with other rules take over. The first must say so and
// not drop the counters in turn.
func foreignRules(t *testing.T, s *Store) {
	ledger := &memLedger{events: sample(1, 60, 1)}
	first := run(t, s, ledger)
	first.awaitLevel(t, 60)
	rules := s.rules
	rules.Short = time.Second
	second := run(t, again(t, s, rules), ledger)
	st := first.awaitFault(t, ErrForeignRules)
	if !strings.Contains(st.Err.Error(), "short_ms=1000") {
		t.Errorf("the error %q does not name the other rules", st.Err)
	}
	if st := second.awaitLevel(t, 60); st.Rebuilds != 1 {
		t.Errorf("the second began %d times, want once", st.Rebuilds)
	}
}

// aheadOfTheLedger restores an older ledger.
func aheadOfTheLedger(t *testing.T, s *Store) {
	ledger := &memLedger{events: sample(1, 150, 1)}
	f := run(t, s, ledger)
	f.awaitLevel(t, 150)
	ledger.set(ledger.all()[:90], nil)
	f.await(t, "rebuild", func(st Status) bool { return st.Rebuilds == 2 })
	f.awaitLevel(t, 90)
	mustAgree(t.Context(), t, s, ledger.all())
}

// anotherLedger restores an older ledger that has grown past the counters before anyone
// looked: the numbers fit and the events do not.
func anotherLedger(t *testing.T, s *Store) {
	ledger := &memLedger{events: sample(1, 100, 1)}
	f := run(t, s, ledger)
	f.awaitLevel(t, 100)
	f.stop()
	ledger.set(append(ledger.all()[:80], sample(81, 60, 2)...), nil)
	g := run(t, s, ledger)
	g.awaitLevel(t, 140)
	mustAgree(t.Context(), t, s, ledger.all())
}

// gapInTheLedger takes an event away. Nothing behind the hole may be counted until it is
// back.
func gapInTheLedger(t *testing.T, s *Store) {
	whole := sample(1, 120, 1)
	holed := append(append([]call.Event{}, whole[:70]...), whole[71:]...)
	ledger := &memLedger{events: whole[:50]}
	f := run(t, s, ledger)
	f.awaitLevel(t, 50)
	ledger.set(holed, nil)
	st := f.awaitFault(t, ErrGap)
	if st.Applied != 70 || st.Gaps != 1 || !strings.Contains(st.Err.Error(), "event 71") {
		t.Errorf("state is %+v, want a stop behind event 70", st)
	}
	mustAgree(t.Context(), t, s, whole[:70])
	ledger.set(whole, nil)
	if st := f.awaitLevel(t, 120); st.Gaps != 1 || st.Rebuilds != 1 {
		t.Errorf("state is %+v, want one gap and no rebuild", st)
	}
	mustAgree(t.Context(), t, s, whole)

	// The event the counters stand at is taken away as well.
	ledger.set(append(append([]call.Event{}, whole[:119]...), call.Event{Seq: 121, Kind: call.Connected}), nil)
	if st := f.awaitFault(t, ErrGap); st.Gaps != 2 {
		t.Errorf("state is %+v, want a second gap", st)
	}
}

// unmappedEvent is counted and told, and the fold goes on behind it.
func unmappedEvent(t *testing.T, s *Store) {
	ledger := &memLedger{events: []call.Event{
		{Seq: 1, Kind: "survey", At: entered},
		{Seq: 2, Kind: call.Queued, Queue: "q", Entered: entered, At: entered},
	}}
	f := run(t, s, ledger)
	if st := f.awaitLevel(t, 2); st.Unmapped != 1 {
		t.Errorf("unmapped is %d, want 1", st.Unmapped)
	}
	today, err := s.Today(t.Context(), entered, "q")
	if err != nil || today[0].Offered != 1 {
		t.Errorf("offered is %+v, %v; want 1", today, err)
	}
}

// keyThatIsNotOurs makes a write fail in the middle of a batch.
func keyThatIsNotOurs(t *testing.T, s *Store) {
	ctx := t.Context()
	key := s.keys.queueDay(someQueues[1], "2026-01-01")
	ledger := &memLedger{events: sample(1, 100, 1)}
	if err := s.redis.Set(ctx, key, "not a hash", 0).Err(); err != nil {
		t.Fatal(err)
	}
	f := run(t, s, ledger)
	if st := f.awaitFault(t, ErrBroken); !strings.Contains(st.Err.Error(), key) {
		t.Errorf("the error %q does not name the key", st.Err)
	}
	if err := s.redis.Del(ctx, key).Err(); err != nil {
		t.Fatal(err)
	}
	f.awaitLevel(t, 100)
	mustAgree(ctx, t, s, ledger.all())
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
	if err := s.reset(ctx, seen); !errors.Is(err, ErrResetBusy) {
		t.Fatalf("reset beside another gave %v, want ErrResetBusy", err)
	}
	if err := s.redis.Del(ctx, s.keys.reset()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.reset(ctx, seen); err != nil {
		t.Fatal(err)
	}
	// What was seen before is not so any more: the counters are someone's fresh ones.
	if err := s.reset(ctx, seen); !errors.Is(err, ErrResetBusy) {
		t.Fatalf("reset of counters that have changed gave %v, want ErrResetBusy", err)
	}
	// A process that lost the right while it slept may not go on.
	for name, script := range map[string]func() (bool, error){
		"drop": s.scripts.drop.Run(ctx, s.redis, []string{s.keys.reset(), s.keys.index()}, "late", 1000).Bool,
		"finish": s.scripts.finish.Run(ctx, s.redis,
			[]string{s.keys.reset(), s.keys.config(), s.keys.seq(), s.keys.index(), s.keys.filling()}, "late", "x").Bool,
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
	if err := s.reset(ctx, p); err != nil {
		t.Fatal(err)
	}
	keys, err := s.redis.Keys(ctx, s.keys.tagged("*")).Result()
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
	s.now = time.Now
	f := run(t, s, &memLedger{events: events})
	f.awaitLevel(t, 200)
	keys, err := s.redis.ZRange(ctx, s.keys.index(), 0, -1).Result()
	if err != nil || len(keys) == 0 {
		t.Fatalf("index is %q, %v", keys, err)
	}
	all, err := s.redis.Keys(ctx, s.keys.tagged("*")).Result()
	if err != nil || len(all) != len(keys)+4 { // config, seq, mark and the index itself
		t.Errorf("%d keys, of which %d in the index; %v", len(all), len(keys), err)
	}
	for _, key := range keys {
		ttl, err := s.redis.TTL(ctx, key).Result()
		if err != nil || ttl < DefaultKeep-72*time.Hour || ttl > DefaultKeep+72*time.Hour {
			t.Errorf("%s lives for %s, %v", key, ttl, err)
		}
	}
}

// scriptsAreSentAgain makes Redis forget the scripts.
func scriptsAreSentAgain(t *testing.T, s *Store) {
	ledger := &memLedger{events: sample(1, 50, 1)}
	f := run(t, s, ledger)
	f.awaitLevel(t, 50)
	if err := s.redis.ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	ledger.append(sample(51, 50, 2)...)
	f.Wake()
	if st := f.awaitLevel(t, 100); st.Faults != 0 {
		t.Errorf("state is %+v, want no fault", st)
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
	if err != nil || rows[0].Offered != 7 || rows[0].Waiting() != 1 {
		t.Errorf("today is %+v, %v; want 7 offered and 1 waiting", rows, err)
	}
}
