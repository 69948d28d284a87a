package redisstore

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"hotline/call"
	"hotline/internal/testbed"
)

var (
	faultRuns = flag.Int("redisstore.runs", 1000, "random runs of the fold with faults")
	faultSeed = flag.Uint64("redisstore.seed", 0, "the seed before that of the first run; each run has the next one")
)

// faultServers is how many real Redis the runs are shared out to.
const faultServers = 3

// TestFaultRuns folds random events in random runs in which the ledger tells events twice, out
// of order, not at all and then late, and Redis is killed between the reading of a batch and
// its writing, emptied, set back to an older copy, made to forget its scripts or parts of its
// state. After each run every figure equals a recount of the ledger, and Verify agrees.
func TestFaultRuns(t *testing.T) {
	t.Parallel()
	pool := sample(1, 3000, 11)
	var next atomic.Int64
	var mu sync.Mutex
	did := make(map[string]int)
	t.Cleanup(func() {
		var parts []string
		for _, what := range slices.Sorted(maps.Keys(did)) {
			parts = append(parts, fmt.Sprintf("%s %d", what, did[what]))
		}
		t.Logf("%d runs with faults, in each Redis equals the ledger: %s", *faultRuns, strings.Join(parts, ", "))
	})
	for range faultServers {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			w := newFaultWorld(t, pool)
			for i := next.Add(1); i <= int64(*faultRuns); i = next.Add(1) {
				w.run(*faultSeed + uint64(i))
			}
			mu.Lock()
			defer mu.Unlock()
			for what, n := range w.did {
				did[what] += n
			}
		})
	}
}

// faultWorld is one real Redis with a ledger in front of it that lies.
type faultWorld struct {
	t      *testing.T
	seed   uint64
	rng    *rand.Rand
	pool   []call.Event
	server *testbed.Redis
	dump   string // the file that Redis loads at its start
	store  *Store
	ledger *lyingLedger
	folds  []*Folder // two processes
	did    map[string]int
}

func newFaultWorld(t *testing.T, pool []call.Event) *faultWorld {
	t.Helper()
	w := &faultWorld{t: t, pool: pool, did: make(map[string]int), server: testbed.RunRedis(t, testbed.RedisOptions{})}
	o := testOptions(t)
	o.Addr = w.server.Addr
	s, err := Open(o)
	w.store = opened(t, s, err)
	dir, err := s.redis.ConfigGet(t.Context(), "dir").Result()
	if err != nil {
		t.Fatal(err)
	}
	w.dump = filepath.Join(dir["dir"], "dump.rdb")
	return w
}

// run begins with an empty Redis and an empty ledger.
func (w *faultWorld) run(seed uint64) {
	w.seed, w.rng = seed, rand.New(rand.NewPCG(seed, 0))
	w.ledger = &lyingLedger{}
	w.folds = []*Folder{NewFolder(w.store, w.ledger), NewFolder(w.store, w.ledger)}
	if err := os.Remove(w.dump); err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	w.flush()
	for range 3 + w.rng.IntN(8) {
		w.append(1 + w.rng.IntN(40))
		w.lie()
		w.fault()
		// What went wrong is the run's own doing; that it left no trace is seen at the end.
		_ = w.folds[w.rng.IntN(2)].round(w.t.Context())
	}
	w.settle()
}

// append adds events that are like those of the pool.
func (w *faultWorld) append(n int) {
	first := uint64(len(w.ledger.all())) + 1
	events := make([]call.Event, n)
	for i := range events {
		events[i] = w.pool[w.rng.IntN(len(w.pool))]
		events[i].Seq, events[i].Call = first+uint64(i), call.ID(fmt.Sprintf("%d-%d", w.seed, first+uint64(i)))
	}
	w.ledger.append(events...)
}

// lie has the ledger give one of its next answers wrong, in most rounds.
func (w *faultWorld) lie() {
	lies := map[string]func([]call.Event) []call.Event{
		"twice": func(events []call.Event) []call.Event {
			i := w.rng.IntN(len(events))
			return slices.Insert(events, i, events[i])
		},
		"reordered": func(events []call.Event) []call.Event {
			w.rng.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			return events
		},
		"missing, then late": func(events []call.Event) []call.Event {
			i := w.rng.IntN(len(events))
			return slices.Delete(events, i, i+1)
		},
		"again from the start": func([]call.Event) []call.Event { return w.ledger.all() },
	}
	name := w.one(slices.Sorted(maps.Keys(lies)), 3)
	w.ledger.lie, w.ledger.lieAfter = lies[name], w.rng.IntN(2)
}

// fault breaks Redis between a look at the ledger and the write that follows, in half of the
// rounds.
func (w *faultWorld) fault() {
	ctx := w.t.Context()
	faults := map[string]func(){
		"killed":          w.kill,
		"emptied":         w.flush,
		"copied":          func() { w.must(w.store.redis.Save(ctx).Err()) },
		"scripts gone":    func() { w.must(w.store.redis.ScriptFlush(ctx).Err()) },
		"number gone":     func() { w.must(w.store.redis.Del(ctx, w.store.keys.seq()).Err()) },
		"rules gone":      func() { w.must(w.store.redis.Del(ctx, w.store.keys.config()).Err()) },
		"batch sent late": w.lateBatch,
		"other process":   func() { _ = w.folds[w.rng.IntN(2)].round(ctx) },
	}
	name := w.one(slices.Sorted(maps.Keys(faults)), 8)
	w.ledger.between, w.ledger.betweenAfter = faults[name], w.rng.IntN(3)
}

// one draws a name and counts it; "" in as many cases out of them as nothing is wanted.
func (w *faultWorld) one(names []string, nothing int) string {
	i := w.rng.IntN(len(names) + nothing)
	if i >= len(names) {
		return ""
	}
	w.did[names[i]]++
	return names[i]
}

// kill ends Redis as a crash would. It comes back with the last copy, or with nothing.
func (w *faultWorld) kill() {
	w.must(w.server.Kill())
	w.must(w.server.Restart(w.t.Context()))
}

func (w *faultWorld) flush() {
	w.must(w.retry(func() error { return w.store.redis.FlushAll(w.t.Context()).Err() }))
}

// lateBatch sends what another process read some time ago.
func (w *faultWorld) lateBatch() {
	events := w.ledger.all()
	first := w.rng.IntN(len(events))
	n := 1 + w.rng.IntN(len(events)-first)
	_ = w.store.apply(w.t.Context(), newBatch(w.store.keys, w.store.rules, w.store.now(), events[first:first+n]))
}

// settle ends all lies and holds every figure to the ledger.
func (w *faultWorld) settle() {
	ctx := w.t.Context()
	w.ledger.lie, w.ledger.between = nil, nil
	w.must(w.retry(func() error { return w.folds[w.rng.IntN(2)].round(ctx) }))
	events := w.ledger.all()
	mustAgree(ctx, w, w.store, events)
	if found := mustVerify(ctx, w, w.store, w.ledger); found.Seq != uint64(len(events)) {
		w.Fatalf("verified up to event %d of %d", found.Seq, len(events))
	}
}

// retry does something that may meet connections of a Redis that was killed.
func (w *faultWorld) retry(do func() error) (err error) {
	for range 20 {
		if err = do(); err == nil {
			return nil
		}
	}
	return err
}

func (w *faultWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.Fatalf("%v", err)
	}
}

// What a testingT has, with the seed in the messages.

func (w *faultWorld) Helper()                  { w.t.Helper() }
func (w *faultWorld) Context() context.Context { return w.t.Context() }
func (w *faultWorld) Cleanup(f func())         { w.t.Cleanup(f) }

func (w *faultWorld) Fatal(args ...any) {
	w.t.Helper()
	w.Fatalf("%s", fmt.Sprint(args...))
}

func (w *faultWorld) Errorf(format string, args ...any) {
	w.t.Helper()
	w.t.Errorf("seed %d: %s", w.seed, fmt.Sprintf(format, args...))
}

func (w *faultWorld) Fatalf(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("seed %d (again with -redisstore.runs=1 -redisstore.seed=%d): %s", w.seed, w.seed-1,
		fmt.Sprintf(format, args...))
}

// lyingLedger gives a wrong answer once, and has something happen after an answer once.
type lyingLedger struct {
	memLedger
	lie                    func([]call.Event) []call.Event
	between                func()
	lieAfter, betweenAfter int // looks that pass before
}

func (l *lyingLedger) After(ctx context.Context, seq uint64, limit int) ([]call.Event, error) {
	events, err := l.memLedger.After(ctx, seq, limit)
	if do := l.between; do != nil {
		if l.betweenAfter--; l.betweenAfter < 0 {
			l.between = nil
			do()
		}
	}
	if lie := l.lie; lie != nil && len(events) > 0 {
		if l.lieAfter--; l.lieAfter < 0 {
			l.lie = nil
			return lie(events), err
		}
	}
	return events, err
}
