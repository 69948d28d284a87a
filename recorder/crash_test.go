package recorder_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"hotline/call"
	"hotline/recorder"
	"hotline/recorder/store"
	"hotline/recorder/store/storetest"
)

// errDead is what every step returns after the process has died.
var errDead = errors.New("dead")

// steps counts the steps that change something, on both folders and in the ledger, and
// fails the one numbered fail, or with dead set also all that follow.
type steps struct {
	fail int
	dead bool
	err  error

	mu     sync.Mutex
	n      int
	failed string // the step that failed first
}

// first is the step that failed first, "" for none.
func (s *steps) first() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

func (s *steps) before(step, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	if s.n == s.fail || s.dead && s.fail > 0 && s.n > s.fail {
		if s.failed == "" {
			s.failed = step + " " + filepath.Base(name)
		}
		return s.err
	}
	return nil
}

func (s *steps) files(folder string) store.FS {
	return storetest.Faulty{FS: store.Dir(folder), Before: s.before}
}

// TestS22CrashAtEveryStep lets the process die before each step of a rescue, the ledger's
// included, and starts another one: the recording is whole, announced at least once and
// always the same, and nothing else is left.
func TestS22CrashAtEveryStep(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rx := sound(rapid.IntRange(0, 20_000).Draw(rt, "rx"), 1)
		tx := sound(rapid.IntRange(0, 20_000).Draw(rt, "tx"), 2)
		at := rapid.IntRange(1, 25).Draw(rt, "step")
		crash(t, rt, at, rx, tx)
	})
	last := 0
	for at := 1; ; at++ {
		s := crash(t, t, at, sound(9000, 1), sound(9000, 2))
		if s.first() == "" {
			break
		}
		last = at
	}
	if last < 18 { // two folders made, four days' folders, write, name, announce, delete
		t.Errorf("only %d steps were there to die at", last)
	}
}

type failer interface {
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

func crash(t *testing.T, f failer, at int, rx, tx []byte) *steps {
	t.Helper()
	s := &steps{fail: at, dead: true, err: errDead}
	g := newRig(t, func(o *recorder.Options) { o.Files = s.files })
	g.refuse = func(call.Event) error { return s.before("announce", "") }
	g.pair(id, rx, tx)
	old := time.Now().Add(-2 * time.Minute)
	for name := range files(t, g.spool) {
		if err := os.Chtimes(filepath.Join(g.spool, name), old, old); err != nil {
			f.Fatal(err)
		}
	}
	if _, err := g.rec.Sweep(t.Context()); s.first() != "" && !errors.Is(err, errDead) {
		f.Errorf("died at step %d %s, but the sweep says %v", at, s.first(), err)
	}
	where := fmt.Sprintf("step %d %s", at, s.first())

	// Nobody may find half a recording, also before the next start.
	want := wave(rx, tx)
	const name = stored
	if got, ok := files(t, g.store)[name]; ok && !bytes.Equal(got, want) {
		f.Errorf("%s: %d bytes stand under the final name", where, len(got))
	}

	for name := range files(t, filepath.Join(g.store)) {
		if err := os.Chtimes(filepath.Join(g.store, name), old, old); err != nil {
			f.Fatal(err)
		}
	}
	g.refuse, g.opts.Files = nil, nil
	next, err := recorder.New(g.opts)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := next.Sweep(t.Context()); err != nil {
		f.Errorf("%s: next sweep: %v", where, err)
	}
	all := files(t, g.store)
	if len(all) != 1 || !bytes.Equal(all[name], want) {
		f.Errorf("%s: %d files are stored, the recording with %d bytes", where, len(all), len(all[name]))
	}
	if left := files(t, g.spool); len(left) > 0 {
		f.Errorf("%s: %d files are left of the pair", where, len(left))
	}
	announced(f, where, g.events)
	return s
}

// announced sees that the recording was announced, and each time with the same content.
func announced(f failer, where string, events []call.Event) {
	var first *call.Recording
	for _, e := range events {
		if e.Kind != call.Recorded {
			continue
		}
		if first == nil {
			first = e.Recording
		}
		if *e.Recording != *first || !first.Rescued {
			f.Errorf("%s: announced as %+v and as %+v", where, first, e.Recording)
		}
	}
	if first == nil {
		f.Errorf("%s: never announced", where)
	}
}

// TestS22EveryStepFailsOnce makes each step fail once while the process lives on: before
// the attempt that succeeds there is no recording, no event and the whole pair.
func TestS22EveryStepFailsOnce(t *testing.T) {
	for at, more := 1, true; more; at++ {
		synctest.Test(t, func(t *testing.T) {
			broken := errors.New("no space left on device")
			s := &steps{fail: at, err: broken}
			rx, tx := sound(second, 1), sound(second, 2)
			g := newRig(t, func(o *recorder.Options) { o.Files = s.files })
			g.refuse = func(call.Event) error {
				if n := len(files(t, g.spool)); n != 2 {
					t.Errorf("step %d %s: announced with %d files of the pair", at, s.first(), n)
				}
				if got := files(t, g.store)[stored]; !bytes.Equal(got, wave(rx, tx)) {
					t.Errorf("step %d %s: announced with %d bytes stored", at, s.first(), len(got))
				}
				return s.before("announce", "")
			}
			g.pair(id, rx, tx)
			g.run()
			g.rec.End(id, epoch, epoch.Add(time.Second))
			rec, _ := g.recorded(g.next())
			if rec.Rescued {
				t.Errorf("step %d %s: left to the sweep", at, s.first())
			}
			g.none(time.Second / 2)
			more = s.first() != ""
			if more == (g.rec.Stats().Retries == 0) {
				t.Errorf("step %d %s: stats %+v", at, s.first(), g.rec.Stats())
			}
			<-time.After(time.Minute)
			if all := files(t, g.store); len(all) != 1 || len(files(t, g.spool)) != 0 {
				t.Errorf("step %d %s: %d files stored", at, s.first(), len(all))
			}
		})
	}
}

// TestS22FullDiskIsRetried keeps the disk full for longer than the attempts of one round.
func TestS22FullDiskIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := time.Now().Add(10 * time.Minute)
		g := newRig(t, func(o *recorder.Options) {
			o.Files = func(folder string) store.FS {
				return storetest.Faulty{FS: store.Dir(folder), Before: func(step, _ string) error {
					if step == "write" && time.Now().Before(full) {
						return errors.New("no space left on device")
					}
					return nil
				}}
			}
		})
		g.run()
		rx, tx := sound(second, 1), sound(second, 2)
		g.pair(id, rx, tx)
		g.rec.End(id, epoch, epoch.Add(5*time.Second))
		g.fault(g.next(), recorder.NotStored) // once, not at every round
		g.none(5 * time.Minute)
		if all := files(t, g.store); len(all) != 0 {
			t.Errorf("%d files are stored on the full disk", len(all))
		}
		rec, _ := g.recorded(g.next())
		g.fault(g.next(), recorder.MissingAudio) // the call's times were not forgotten
		if !rec.Rescued || rec.Missing != 4000 || time.Now().Before(full) {
			t.Errorf("recorded %+v", rec)
		}
	})
}
