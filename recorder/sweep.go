package recorder

import (
	"context"
	"errors"
	"time"

	"hotline/call"
	"hotline/recorder/mixmonitor"
	"hotline/recorder/store"
)

// How often the recorder looks after itself, and how long a file must have rested before
// it counts as left behind.
const (
	sweepEvery = time.Minute
	idle       = time.Minute
	spaceEvery = 30 * time.Second
)

// Swept is what one sweep did.
type Swept struct {
	Rescued int // pairs joined
	Parts   int // unfinished files of the store removed
	Failed  int // pairs that could not be joined and stay
}

// maintain sweeps and watches the space until ctx ends, first of all right away.
func (r *Recorder) maintain(ctx context.Context) {
	sweep, space := time.NewTicker(sweepEvery), time.NewTicker(spaceEvery)
	defer sweep.Stop()
	defer space.Stop()
	levels := make(map[string]store.Level)
	r.watchSpace(ctx, levels)
	r.sweep(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-space.C:
			r.watchSpace(ctx, levels)
		case <-sweep.C:
			r.sweep(ctx)
		}
	}
}

func (r *Recorder) sweep(ctx context.Context) {
	r.revive()
	if _, err := r.Sweep(ctx); err != nil && ctx.Err() == nil {
		r.log.Error("sweep of the recordings failed", "error", err)
	}
}

// revive begins anew with the calls that were given up.
func (r *Recorder) revive() {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.takes {
		if t.phase == parked && now.Sub(t.since) >= idle {
			t.phase, t.since, t.changed, t.due = settling, now, now, now
			t.tries, t.rescued = 0, true
		}
	}
}

// Sweep joins the pairs that belong to no live call and have rested for a minute, and
// removes unfinished files. What a crash left behind becomes whole by it: a recording
// that was stored and not announced is made again, byte by byte the same. A pair that
// cannot be joined does not keep the others from it.
func (r *Recorder) Sweep(ctx context.Context) (Swept, error) {
	var swept Swept
	var orphans []mixmonitor.Pair
	before := time.Now().Add(-idle)
	err := r.spool.Walk(ctx, func(p mixmonitor.Pair) error {
		if p.Modified().Before(before) {
			orphans = append(orphans, p)
		}
		return nil
	})
	for _, p := range orphans {
		if ctx.Err() != nil {
			return swept, errors.Join(err, ctx.Err())
		}
		t, ok := r.claim(p)
		if !ok {
			continue
		}
		if failed := r.make(ctx, t); failed != nil {
			swept.Failed++
			err = errors.Join(err, failed)
		} else {
			swept.Rescued++
		}
		r.release(p.Call)
	}
	parts, failed := r.store.RemoveParts(before)
	swept.Parts = parts
	return swept, errors.Join(err, failed)
}

// claim takes a pair for the sweep, unless its call is alive or already in other hands.
func (r *Recorder) claim(p mixmonitor.Pair) (take, bool) {
	known := r.opts.Known
	if known != nil && known(p.Call) {
		return take{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t, ok := r.takes[p.Call]
	switch {
	case !ok:
		t = &take{id: p.Call}
		r.takes[p.Call] = t
	case t.phase != live, known == nil:
		return take{}, false
	}
	t.phase, t.pair, t.rescued = joining, p, true
	return *t, true
}

// release forgets a take of the sweep; if its pair is still there the next one finds it.
func (r *Recorder) release(c call.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.takes, c)
}
