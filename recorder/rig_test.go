package recorder_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/call"
	"hotline/internal/g711"
	"hotline/recorder"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// id is a call that began when the clock of a synctest bubble begins.
const id = call.ID("pbx-946684800.1")

// stored is where its recording belongs.
const stored = "2000/01/01/pbx-946684800.1.wav"

var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// rig is a recorder with folders of its own and a ledger that remembers.
type rig struct {
	t            testing.TB
	spool, store string
	opts         recorder.Options
	rec          *recorder.Recorder

	mu     sync.Mutex
	events []call.Event
	came   chan struct{}                // one for each event
	refuse func(event call.Event) error // an error instead of an event
}

func newRig(t testing.TB, change func(*recorder.Options)) *rig {
	t.Helper()
	g := &rig{t: t, spool: t.TempDir(), store: t.TempDir(), came: make(chan struct{}, 10_000)}
	g.opts = recorder.Options{Spool: g.spool, Store: g.store, Record: g.record}
	if change != nil {
		change(&g.opts)
	}
	rec, err := recorder.New(g.opts)
	if err != nil {
		t.Fatal(err)
	}
	g.rec = rec
	return g
}

func (g *rig) record(ctx context.Context, e call.Event) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := ctx.Deadline(); !ok {
		g.t.Error("the ledger is asked without a deadline")
	}
	if g.refuse != nil {
		if err := g.refuse(e); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	g.events = append(g.events, e)
	g.came <- struct{}{}
	return nil
}

// run lets the recorder work until the test ends.
func (g *rig) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.rec.Run(ctx) }()
	g.t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			g.t.Errorf("run ended with %v", err)
		}
	})
}

// next waits for the next event, in the bubble's time.
func (g *rig) next() call.Event {
	g.t.Helper()
	select {
	case <-g.came:
	case <-time.After(10 * time.Minute):
		g.t.Fatal("no event within ten minutes")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.events[0]
	g.events = g.events[1:]
	return e
}

// none sees that nothing happens for that long.
func (g *rig) none(d time.Duration) {
	g.t.Helper()
	select {
	case <-g.came:
		g.t.Fatalf("unexpected event %+v", g.events[0])
	case <-time.After(d):
	}
}

// put writes a file of the spool, last touched when the bubble's clock says.
func (g *rig) put(name string, content []byte) {
	g.t.Helper()
	path := filepath.Join(g.spool, name)
	now := time.Now()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, content, 0o600),
		os.Chtimes(path, now, now)); err != nil {
		g.t.Fatal(err)
	}
}

// pair writes both files of a call of the bubble's first day.
func (g *rig) pair(c call.ID, rx, tx []byte) {
	g.t.Helper()
	g.put("2000/01/01/"+string(c)+"-rx.alaw", rx)
	g.put("2000/01/01/"+string(c)+"-tx.alaw", tx)
}

// recorded checks an event of a recording and that its file is as announced.
func (g *rig) recorded(e call.Event) (call.Recording, recorder.Report) {
	g.t.Helper()
	if e.Kind != call.Recorded || e.Recording == nil {
		g.t.Fatalf("not a recording: %+v", e)
	}
	report, err := recorder.Verify(filepath.Join(g.store, filepath.FromSlash(e.Recording.Path)))
	if err != nil {
		g.t.Fatal(err)
	}
	if err := report.Matches(*e.Recording); err != nil {
		g.t.Error(err)
	}
	return *e.Recording, report
}

func (g *rig) fault(e call.Event, want recorder.Fault) {
	g.t.Helper()
	if e.Kind != call.RecordingFault || e.Reason != string(want) {
		g.t.Fatalf("%s %q instead of the fault %q", e.Kind, e.Reason, want)
	}
}

// files are the names and contents of all files below a folder.
func files(t testing.TB, root string) map[string][]byte {
	t.Helper()
	found := make(map[string][]byte)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		found[filepath.ToSlash(name)] = content
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// sound is n samples of A-law that do not repeat and tell one seed from another.
func sound(n int, seed uint32) []byte {
	b := make([]byte, n)
	for i := range b {
		seed = seed*1664525 + 1013904223
		b[i] = byte(seed >> 24)
	}
	return b
}

// wave is the file that belongs to a pair, made the simple way.
func wave(rx, tx []byte) []byte {
	frames := max(len(rx), len(tx))
	le := binary.LittleEndian
	b := append([]byte("RIFF"), le.AppendUint32(nil, uint32(36+4*frames))...)
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00\x40\x1f\x00\x00\x00\x7d\x00\x00\x04\x00\x10\x00data"...)
	b = le.AppendUint32(b, uint32(4*frames))
	for i := range frames {
		for _, codes := range [][]byte{rx, tx} {
			sample := int16(0)
			if i < len(codes) {
				sample = g711.ALaw.Table()[codes[i]]
			}
			b = le.AppendUint16(b, uint16(sample))
		}
	}
	return b
}
