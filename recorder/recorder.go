// Package recorder makes the recording of each call: it watches the pair of files that
// Asterisk writes while the call lasts, joins it to one stereo WAV (left = caller, right =
// what the caller hears) when the caller has gone, holds it against the call's times,
// stores it and announces it. A call without a recording, or with a second missing, is
// announced as a fault.
//
// A pair is deleted only after its recording is on the disk and announced. Whatever stops
// the process in between, the pair is still there, and Sweep makes the same recording of
// it under the same name.
//
// The parts: g711 decodes, mixmonitor finds and reads the pair, wav writes the file, store
// names it and makes it appear whole. Here: watch.go follows the calls, join.go makes one
// recording, fault.go judges it, sweep.go finds what was left behind, verify.go reads a
// stored file again.
package recorder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"hotline/call"
	"hotline/recorder/mixmonitor"
	"hotline/recorder/store"
)

// Options are what a Recorder needs. Spool, Store and Record must be set.
type Options struct {
	Spool string // folder below which Asterisk writes; must exist
	Store string // folder of finished recordings; is made if it does not exist

	// Record takes the facts: call.Recorded and call.RecordingFault. After nil the fact must
	// be safe, because the files it was made of are deleted then. A fact may come twice.
	Record func(ctx context.Context, e call.Event) error

	// Known says whether a call is alive, so that its files are left alone by the sweep. With
	// nil only the calls that were begun here count as alive.
	Known func(c call.ID) bool

	// Space is told of each change in how much room is left where path is; nil = only logged.
	Space func(path string, s store.Space)

	Log     *slog.Logger  // nil = discard
	Workers int           // recordings joined at a time; 0 = 2
	Backlog int           // recordings that wait for a worker in the queue; 0 = 256
	Limit   int           // calls followed at a time; 0 = 20,000
	Missing time.Duration // call time without samples that is a fault; 0 = 1 s

	// Files opens a folder; nil = store.Dir. Tests put faults in between.
	Files func(folder string) store.FS
}

func (o *Options) setDefaults() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Workers <= 0 {
		o.Workers = 2
	}
	if o.Backlog <= 0 {
		o.Backlog = 256
	}
	if o.Limit <= 0 {
		o.Limit = 20_000
	}
	if o.Missing <= 0 {
		o.Missing = time.Second
	}
	if o.Space == nil {
		o.Space = func(string, store.Space) {}
	}
	if o.Files == nil {
		o.Files = func(folder string) store.FS { return store.Dir(folder) }
	}
}

// ErrOptions is returned by New for options that cannot work.
var ErrOptions = errors.New("recorder: bad option")

// Recorder follows calls and makes their recordings. Begin, End and Stats may be called
// from anywhere, also before Run. Only one Recorder may work on a spool at a time.
type Recorder struct {
	opts  Options
	log   *slog.Logger
	spool *mixmonitor.Spool
	store *store.Store
	count counters
	work  chan take
	free  func(path string) (store.Space, error)

	mu    sync.Mutex
	takes map[call.ID]*take
}

// New checks the options and makes the folder of the store.
func New(opts Options) (*Recorder, error) {
	opts.setDefaults()
	if opts.Record == nil {
		return nil, fmt.Errorf("%w: Record is not set", ErrOptions)
	}
	if opts.Store == "" {
		return nil, fmt.Errorf("%w: Store is not set", ErrOptions)
	}
	if info, err := os.Stat(opts.Spool); err != nil {
		return nil, fmt.Errorf("%w: Spool: %w", ErrOptions, err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%w: Spool %s is no folder", ErrOptions, opts.Spool)
	}
	if err := os.MkdirAll(opts.Store, 0o750); err != nil {
		return nil, fmt.Errorf("%w: Store: %w", ErrOptions, err)
	}
	return &Recorder{
		opts:  opts,
		log:   opts.Log,
		spool: mixmonitor.NewSpool(opts.Files(opts.Spool)),
		store: store.New(opts.Files(opts.Store)),
		work:  make(chan take, opts.Backlog),
		free:  store.Free,
		takes: make(map[call.ID]*take),
	}, nil
}

// Begin says that a call began at that time and is being recorded. From now its files are
// watched: they must appear and grow.
func (r *Recorder) Begin(c call.ID, at time.Time) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.takes[c]; ok {
		return
	}
	r.add(&take{id: c, phase: live, begin: at, since: now, due: now.Add(appear)})
}

// End says that the caller's channel is gone: the pair is joined as soon as Asterisk has
// completed it. A zero end means that the end was not seen, so the length is not judged.
// A call that was not begun here is taken as well.
func (r *Recorder) End(c call.ID, begin, end time.Time) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	t, ok := r.takes[c]
	if !ok {
		t = &take{id: c}
		if !r.add(t) {
			return
		}
	} else if t.phase != live {
		return
	}
	t.phase, t.begin, t.end = settling, begin, end
	t.since, t.changed, t.due = now, now, now
}

// add follows a call if there is room. What is not followed is left to the sweep; its
// length is not judged, which is why it is counted and logged as an error.
func (r *Recorder) add(t *take) bool {
	if len(r.takes) >= r.opts.Limit {
		r.count.dropped.Add(1)
		r.log.Error("too many calls to follow their recordings", "call", t.id, "limit", r.opts.Limit)
		return false
	}
	r.takes[t.id] = t
	return true
}

// Run works until ctx ends. It returns when the recordings in hand are finished; those
// that were still waiting keep their pairs for the next start's sweep. It must not start
// before Options.Known knows the calls that are alive.
func (r *Recorder) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for range r.opts.Workers {
		wg.Go(func() { r.join(ctx) })
	}
	wg.Go(func() { r.maintain(ctx) })
	r.watch(ctx)
	wg.Wait()
	return ctx.Err()
}
