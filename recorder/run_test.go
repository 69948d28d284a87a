package recorder_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
	"hotline/recorder"
	"hotline/recorder/store"
)

// TestStopLeavesTheRest ends the recorder while calls wait: their pairs stay.
func TestStopLeavesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.pair(id, sound(100, 1), sound(100, 2))
		g.rec.End(id, epoch, epoch)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := g.rec.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if len(files(t, g.spool)) != 2 || len(files(t, g.store)) != 0 {
			t.Error("the pair was touched")
		}
	})
}

// TestStopFinishesWhatIsInHand ends the recorder while a recording is announced.
func TestStopFinishesWhatIsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.pair(id, sound(100, 1), sound(100, 2))
		g.rec.End(id, epoch, epoch)
		ctx, cancel := context.WithCancel(t.Context())
		g.refuse = func(call.Event) error {
			cancel()
			return nil
		}
		if err := g.rec.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		g.recorded(g.next())
		if len(files(t, g.spool)) != 0 {
			t.Error("the pair was not deleted")
		}
	})
}

// TestEndDuringAnAlarm ends a call while the watch tells that its files are not there.
func TestEndDuringAnAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.run()
		g.refuse = func(e call.Event) error {
			if e.Reason == string(recorder.NotStarted) {
				g.rec.End(id, epoch, time.Now())
			}
			return nil
		}
		g.rec.Begin(id, epoch)
		g.fault(g.next(), recorder.NotStarted)
		g.fault(g.next(), recorder.NoRecording)
	})
}

// TestEndSaidTwice says the end again while the recording is announced, slowly.
func TestEndSaidTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.run()
		announced := 0
		g.refuse = func(call.Event) error {
			announced++
			g.rec.End(id, epoch, epoch)
			g.rec.Begin(id, epoch)
			<-time.After(4 * time.Second)
			return nil
		}
		g.pair(id, sound(100, 1), sound(100, 2))
		g.rec.End(id, epoch, epoch)
		g.rec.Begin(id, epoch) // comes late
		g.recorded(g.next())
		g.none(5 * time.Minute)
		if announced != 1 {
			t.Errorf("announced %d times", announced)
		}
	})
}

func TestOptions(t *testing.T) {
	record := func(context.Context, call.Event) error { return nil }
	folder, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]recorder.Options{
		"no record":     {Spool: folder, Store: folder},
		"no spool":      {Store: folder, Record: record},
		"absent spool":  {Spool: filepath.Join(folder, "absent"), Store: folder, Record: record},
		"spool is file": {Spool: file, Store: folder, Record: record},
		"no store":      {Spool: folder, Record: record},
		"store is file": {Spool: folder, Store: file, Record: record},
	} {
		if _, err := recorder.New(o); !errors.Is(err, recorder.ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := recorder.New(recorder.Options{Spool: filepath.Join(folder, "absent"), Store: folder, Record: record})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the cause is not told: %v", err)
	}
}

func TestSpaceIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type told struct {
			path  string
			level store.Level
		}
		var heard []told
		var free atomic.Uint64
		g := newRig(t, func(o *recorder.Options) {
			o.Space = func(path string, s store.Space) { heard = append(heard, told{path, s.Level()}) }
		})
		g.rec.SetFree(func(path string) (store.Space, error) {
			if path == g.spool {
				return store.Space{}, errors.New("cannot be measured")
			}
			return store.Space{Total: 10_000, Free: free.Load()}, nil
		})
		free.Store(5000)
		g.run()
		g.none(45 * time.Second) // between two measurements
		for _, now := range []uint64{1900, 2050, 1950, 900, 400, 600, 2200} {
			free.Store(now)
			g.none(time.Minute)
		}
		synctest.Wait()
		want := []told{
			{g.store, store.Low}, // 20.5 and 19.5 % are no news
			{g.store, store.VeryLow}, {g.store, store.Critical}, {g.store, store.VeryLow}, {g.store, store.Enough},
		}
		if diff := cmp.Diff(want, heard, cmp.AllowUnexported(told{})); diff != "" {
			t.Error(diff)
		}
	})
}
