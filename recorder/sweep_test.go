package recorder_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
	"hotline/recorder"
	"hotline/recorder/store"
	"hotline/recorder/store/storetest"
)

func (g *rig) sweep(want recorder.Swept) {
	g.t.Helper()
	got, err := g.rec.Sweep(g.t.Context())
	if diff := cmp.Diff(want, got); diff != "" || (err != nil) != (want.Failed > 0) {
		g.t.Errorf("sweep: %v %s", err, diff)
	}
}

// TestS22SweepRescuesWhatACrashLeft is a start after kill -9: the calls that ended in
// between are found, those that live are left alone.
func TestS22SweepRescuesWhatACrashLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *recorder.Options) {
			o.Known = func(c call.ID) bool { return c == "alive" }
		})
		rx, tx := sound(3*second, 1), sound(2*second, 2)
		g.pair(id, rx, tx)
		g.pair("alive", rx, tx)
		<-time.After(2 * time.Minute)
		g.pair("young", rx, tx)
		g.sweep(recorder.Swept{Rescued: 1})
		rec, report := g.recorded(g.next())
		want := call.Recording{
			Path: stored, SHA256: report.SHA256, Bytes: 44 + 3*4*second, Begin: epoch, Length: 3000,
			Rate: second, Padded: 1000, Rescued: true,
		}
		if diff := cmp.Diff(want, rec); diff != "" {
			t.Error(diff)
		}
		g.fault(g.next(), recorder.ShortChannel)
		if !bytes.Equal(files(t, g.store)[stored], wave(rx, tx)) || len(files(t, g.spool)) != 4 {
			t.Error("the wrong pairs were joined")
		}
		g.sweep(recorder.Swept{})
		<-time.After(2 * time.Minute)
		g.sweep(recorder.Swept{Rescued: 1}) // the young one
	})
}

func TestSweepRunsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.pair("first", sound(100, 1), sound(100, 2))
		<-time.After(2 * time.Minute)
		start := time.Now()
		g.run()
		if e := g.next(); e.Call != "first" || time.Since(start) > time.Second {
			t.Errorf("%s came after %s", e.Call, time.Since(start))
		}
		g.pair("second", sound(100, 1), sound(100, 2))
		if e := g.next(); e.Call != "second" || time.Since(start) > 3*time.Minute {
			t.Errorf("%s came after %s", e.Call, time.Since(start))
		}
	})
}

// TestSweepAndCallsBegunHere: without Known a call that was begun counts as alive for ever;
// with it, a call whose end was lost is rescued.
func TestSweepAndCallsBegunHere(t *testing.T) {
	for _, knows := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t, func(o *recorder.Options) {
				if knows {
					o.Known = func(call.ID) bool { return false }
				}
			})
			g.rec.Begin(id, epoch.Add(time.Second))
			g.pair(id, sound(100, 1), sound(100, 2))
			<-time.After(time.Hour)
			if !knows {
				g.sweep(recorder.Swept{})
				return
			}
			g.sweep(recorder.Swept{Rescued: 1})
			if rec, _ := g.recorded(g.next()); !rec.Begin.Equal(epoch.Add(time.Second)) {
				t.Errorf("begun at %s", rec.Begin)
			}
			if s := g.rec.Stats(); s.Live != 0 {
				t.Errorf("stats: %+v", s)
			}
		})
	}
}

// TestEndAfterSweep tells the end of a call whose recording the sweep has made already:
// it is held against the call's times, and not taken for absent.
func TestEndAfterSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.pair(id, sound(3*second, 1), sound(3*second, 2))
		<-time.After(2 * time.Minute)
		g.sweep(recorder.Swept{Rescued: 1})
		before, _ := g.recorded(g.next())
		g.run()
		g.rec.End(id, epoch, epoch.Add(5*time.Second))
		after, _ := g.recorded(g.next())
		want := before
		want.Missing = 2000
		if diff := cmp.Diff(want, after); diff != "" {
			t.Error(diff)
		}
		g.fault(g.next(), recorder.MissingAudio)
		synctest.Wait() // the first end is dealt with
		g.rec.End(id, epoch, epoch.Add(3*time.Second))
		g.recorded(g.next())
		g.none(5 * time.Minute)
	})
}

// TestHalfDeletedPair leaves one file of a pair behind, as a crash between the two
// deletions does. The recording must not be replaced by half of itself.
func TestHalfDeletedPair(t *testing.T) {
	for _, gone := range []string{"-rx", "-tx"} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t, nil)
			rx, tx := sound(40_000, 1), sound(30_000, 2)
			name := filepath.Join(g.spool, "2000/01/01", string(id)+gone+".alaw")
			g.pair(id, rx, tx)
			<-time.After(2 * time.Minute)
			g.sweep(recorder.Swept{Rescued: 1})
			g.recorded(g.next())
			g.fault(g.next(), recorder.ShortChannel)
			g.pair(id, rx, tx)
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
			<-time.After(2 * time.Minute)
			g.sweep(recorder.Swept{Rescued: 1})
			g.none(time.Second)
			if all := files(t, g.store); len(all) != 1 || !bytes.Equal(all[stored], wave(rx, tx)) {
				t.Errorf("without %s: the recording was changed", gone)
			}
			if len(files(t, g.spool)) != 0 {
				t.Errorf("without %s: the rest is still there", gone)
			}
		})
	}
}

// TestConflictIsSetAside finds half a pair beside a recording that is not made of it.
func TestConflictIsSetAside(t *testing.T) {
	whole := wave(sound(9000, 1), sound(9000, 2))
	for name, content := range map[string][]byte{
		"other sound":  wave(sound(9000, 3), sound(9000, 4)),
		"other end":    append(bytes.Clone(whole[:len(whole)-3]), 1, 2, 3),
		"shorter":      wave(sound(8999, 1), sound(8999, 2)),
		"no recording": []byte("x"),
		"cut off":      whole[:len(whole)-4],
	} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t, nil)
			path := filepath.Join(g.store, stored)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600)); err != nil {
				t.Fatal(err)
			}
			g.put("2000/01/01/"+string(id)+"-rx.alaw", sound(9000, 1))
			<-time.After(2 * time.Minute)
			g.sweep(recorder.Swept{Rescued: 1})
			g.fault(g.next(), recorder.Conflict)
			g.sweep(recorder.Swept{})
			g.none(time.Second)
			if !bytes.Equal(files(t, g.store)[stored], content) {
				t.Errorf("%s: the recording was changed", name)
			}
			aside := files(t, g.spool)["2000/01/01/"+string(id)+"-rx.alaw.aside"]
			if !bytes.Equal(aside, sound(9000, 1)) {
				t.Errorf("%s: the file is not set aside", name)
			}
		})
	}
}

// TestSweepGoesOnAfterAFailure: one pair that cannot be stored does not keep the others
// from it, and is tried again the next time.
func TestSweepGoesOnAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := true
		g := newRig(t, func(o *recorder.Options) {
			o.Files = func(folder string) store.FS {
				return storetest.Faulty{FS: store.Dir(folder), Before: func(step, name string) error {
					if broken && step == "sync" && strings.Contains(name, "bad") {
						return errors.New("disk broken")
					}
					return nil
				}}
			}
		})
		for _, c := range []call.ID{"bad", "good", "worse-bad"} {
			g.pair(c, sound(100, 1), sound(100, 2))
		}
		<-time.After(2 * time.Minute)
		g.sweep(recorder.Swept{Rescued: 1, Failed: 2})
		if e := g.next(); e.Call != "good" {
			t.Errorf("rescued %s", e.Call)
		}
		broken = false
		g.sweep(recorder.Swept{Rescued: 2})
	})
}

func TestSweepRemovesUnfinishedFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.run()
		left := filepath.Join(g.store, "incoming", "c.wav.part")
		if err := errors.Join(os.MkdirAll(filepath.Dir(left), 0o700), os.WriteFile(left, []byte("x"), 0o600),
			os.Chtimes(left, epoch, epoch)); err != nil {
			t.Fatal(err)
		}
		g.none(30 * time.Second)
		if len(files(t, g.store)) != 1 {
			t.Error("removed while it may be in use")
		}
		g.none(3 * time.Minute)
		if len(files(t, g.store)) != 0 {
			t.Error("not removed")
		}
	})
}

// TestS22FileGrowsWhileItIsJoined appends to the pair in the middle of it: nothing of it
// may be lost.
func TestS22FileGrowsWhileItIsJoined(t *testing.T) {
	for _, moment := range []string{"create", "write", "sync", "rename", "syncdir"} {
		synctest.Test(t, func(t *testing.T) {
			rx, tx := sound(2*second, 1), sound(2*second, 2)
			var g *rig
			grown := false
			g = newRig(t, func(o *recorder.Options) {
				o.Files = func(folder string) store.FS {
					return storetest.Faulty{FS: store.Dir(folder), Before: func(step, _ string) error {
						if step == moment && !grown {
							grown = true
							g.pair(id, rx, tx)
						}
						return nil
					}}
				}
			})
			g.run()
			g.pair(id, rx[:second], tx[:second])
			g.rec.End(id, epoch, epoch.Add(time.Second))
			g.none(20 * time.Millisecond)
			rec := *g.next().Recording
			if before := moment == "create" || moment == "write"; before && rec.Length != 2000 {
				t.Errorf("grown at %s: a recording that is too short was announced", moment)
			}
			for rec.Length != 2000 {
				rec = *g.next().Recording
			}
			g.none(5 * time.Minute)
			if !bytes.Equal(files(t, g.store)[stored], wave(rx, tx)) || len(files(t, g.spool)) != 0 {
				t.Errorf("grown at %s: something was lost", moment)
			}
		})
	}
}
