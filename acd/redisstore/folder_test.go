package redisstore

import (
	"strings"
	"testing"
	"time"

	"hotline/call"
)

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

// forgottenBegin takes away the begin of the ledger, which a site does with old calls: counters
// that stand go on, and those that are made anew count what is kept.
func forgottenBegin(t *testing.T, s *Store) {
	all := sample(1, 200, 3)
	ledger := &memLedger{events: all[:150]}
	f := run(t, s, ledger)
	f.awaitLevel(t, 150)
	ledger.set(all[90:], nil)
	f.Wake()
	f.awaitLevel(t, 200)
	mustAgree(t.Context(), t, s, all)
	wipe(t, s)
	f.await(t, "rebuild", func(st Status) bool { return st.Rebuilds == 2 })
	f.awaitLevel(t, 200)
	mustAgree(t.Context(), t, s, all[90:])
	if last, err := s.Rebuild(t.Context(), ledger); err != nil || last != 200 {
		t.Errorf("rebuilt up to %d, %v", last, err)
	}
	mustAgree(t.Context(), t, s, all[90:])
	if found, err := s.Verify(t.Context(), ledger, Span{}); err != nil || len(found.Differences) > 0 {
		t.Errorf("%+v, %v", found, err)
	}
	// Counters from before all that is kept, as an old copy of Redis has them, are made anew.
	late := sample(201, 100, 4)
	ledger.set(late[50:], nil)
	f.Wake()
	f.awaitLevel(t, 300)
	mustAgree(t.Context(), t, s, late[50:])
	if st := f.Status(); st.Gaps != 0 {
		t.Errorf("%d gaps", st.Gaps)
	}
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
	if st = second.awaitLevel(t, 60); st.Rebuilds != 1 {
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
	if st = f.awaitLevel(t, 120); st.Gaps != 1 || st.Rebuilds != 1 {
		t.Errorf("state is %+v, want one gap and no rebuild", st)
	}
	mustAgree(t.Context(), t, s, whole)

	// The event the counters stand at is taken away as well.
	ledger.set(append(append([]call.Event{}, whole[:119]...), call.Event{Seq: 121, Kind: call.Connected}), nil)
	if st = f.awaitFault(t, ErrGap); st.Gaps != 2 {
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
	ledger := &memLedger{events: sample(1, 100, 1)}
	keys := newBatch(s.keys, s.rules, s.now(), ledger.all()[:50]).order
	key := keys[len(keys)-1] // the last one written: the counters before it are changed already
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

// scriptsAreSentAgain makes Redis forget the scripts.
func scriptsAreSentAgain(t *testing.T, s *Store) {
	ledger := &memLedger{events: sample(1, 50, 1)}
	f := run(t, s, ledger)
	f.awaitLevel(t, 50)
	if err := home(t, s).ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	ledger.append(sample(51, 50, 2)...)
	f.Wake()
	if st := f.awaitLevel(t, 100); st.Faults != 0 {
		t.Errorf("state is %+v, want no fault", st)
	}
}
