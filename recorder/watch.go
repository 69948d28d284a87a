package recorder

import (
	"context"
	"time"

	"hotline/call"
	"hotline/recorder/mixmonitor"
)

// How the files are watched. The last block that Asterisk holds back comes when the
// channel is gone, so a size that rests says more than a size that suffices.
const (
	poll   = 200 * time.Millisecond // how often the watch looks what is due
	appear = 1500 * time.Millisecond
	pace   = 5 * time.Second  // how often a live call is looked at; over one buffer's 4.1 s
	stall  = 10 * time.Second // a live call's files that rest so long are a fault

	restWhole = 400 * time.Millisecond // rest of a pair that is as long as its call
	restShort = 2 * time.Second        // rest of a pair that is shorter
	restOpen  = 5 * time.Second        // rest of a pair that looks open: over one buffer's time
	settled   = 15 * time.Second       // after that a pair that still grows is a fault
	slack     = mixmonitor.Rate / 10   // samples by which a whole pair may be short
)

// watch looks at the takes that are due until ctx ends.
func (r *Recorder) watch(ctx context.Context) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		for _, t := range r.due(now) {
			if ctx.Err() != nil {
				return
			}
			switch t.phase {
			case live:
				r.update(t, r.watchLive(ctx, t, now))
			case settling:
				r.update(t, r.watchSettling(ctx, t, now))
			default:
				r.dispatch(t)
			}
		}
	}
}

// watchLive sees to it that both files are there and grow.
func (r *Recorder) watchLive(ctx context.Context, t take, now time.Time) take {
	next := t
	next.due = now.Add(pace)
	pair, err := r.look(ctx, t, t.told == "")
	if err != nil {
		r.log.Warn("recording cannot be watched", "call", t.id, "error", err)
	}
	if !pair.Whole() {
		return r.tell(ctx, next, NotStarted)
	}
	grown := pair.Parts[mixmonitor.Caller].Size > t.pair.Parts[mixmonitor.Caller].Size &&
		pair.Parts[mixmonitor.Heard].Size > t.pair.Parts[mixmonitor.Heard].Size
	if grown || !t.pair.Whole() {
		next.pair, next.changed = pair, now
		if t.told != "" {
			r.log.Info("recording goes on", "call", t.id, "after", t.told)
		}
		next.told = ""
		return next
	}
	if now.Sub(t.changed) >= stall {
		return r.tell(ctx, next, NotGrowing)
	}
	return next
}

// watchSettling waits until the pair of a call that is over has been completed.
func (r *Recorder) watchSettling(ctx context.Context, t take, now time.Time) take {
	next := t
	next.due = now.Add(poll)
	pair, err := r.look(ctx, t, false)
	if err != nil {
		r.log.Warn("recording cannot be looked at", "call", t.id, "error", err)
	}
	if err == nil && pair.Sizes() != t.pair.Sizes() {
		next.changed = now
	}
	next.pair = pair
	switch {
	case now.Sub(next.changed) >= rest(pair, t.demand()):
		next.phase, next.since, next.due = ready, now, now
	case now.Sub(t.since) >= settled:
		next = r.tell(ctx, next, NeverClosed)
		next.phase, next.since = parked, now
	}
	return next
}

// rest is how long the sizes of a pair must not change before it counts as complete.
func rest(p mixmonitor.Pair, demand int64) time.Duration {
	if p.Parts[mixmonitor.Caller].Open() || p.Parts[mixmonitor.Heard].Open() {
		return restOpen
	}
	if demand > 0 && p.Shorter() >= demand-slack {
		return restWhole
	}
	return restShort
}

// dispatch hands a complete pair to a worker, or leaves it for the next round when all of
// them are busy.
func (r *Recorder) dispatch(t take) {
	r.mu.Lock()
	defer r.mu.Unlock()
	current, ok := r.takes[t.id]
	if !ok || current.phase != ready {
		return
	}
	select {
	case r.work <- t:
		current.phase = joining
	default:
		r.count.deferred.Add(1)
	}
}

// tell announces a fault of a call, once as long as it lasts. When that fails it is tried
// again at the next look.
func (r *Recorder) tell(ctx context.Context, t take, f Fault) take {
	if t.told == f {
		return t
	}
	if err := r.announceFault(ctx, t.id, f, nil); err != nil {
		r.log.Error("recording fault is not announced", "call", t.id, "fault", f, "error", err)
		return t
	}
	t.told = f
	return t
}

// announceFault records the fault of a call, with its recording when there is one.
func (r *Recorder) announceFault(ctx context.Context, c call.ID, f Fault, rec *call.Recording) error {
	err := r.record(ctx, call.Event{Kind: call.RecordingFault, Call: c, Reason: string(f), Recording: rec})
	if err != nil {
		return err
	}
	r.log.Error("recording fault", "call", c, "fault", f)
	r.count.faults.Add(1)
	return nil
}

// recordLimit bounds one announcement. It also bounds how long Run outlives its context.
const recordLimit = 5 * time.Second

// record announces one fact. It goes on when ctx ends: a recording that is stored and not
// announced would have to be made again.
func (r *Recorder) record(ctx context.Context, e call.Event) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	e.At = call.Stamp(time.Now())
	return r.opts.Record(ctx, e)
}
