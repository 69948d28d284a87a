package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"hotline/call"
)

// Ledger is where the events come from.
type Ledger interface {
	// After gives up to limit events whose numbers are above seq, in order and without a
	// gap. No events means that the ledger ends at seq or before.
	After(ctx context.Context, seq uint64, limit int) ([]call.Event, error)
}

// pace is the rhythm of a Folder. Tests shorten it.
type pace struct {
	batch      int           // events per script
	poll       time.Duration // between looks at an idle Redis and ledger
	read       time.Duration // limit of one look into the ledger
	minBackoff time.Duration // after the first fault
	maxBackoff time.Duration // after many
}

// defaultPace keeps a script below some milliseconds and finds an emptied Redis within a
// second.
func defaultPace() pace {
	return pace{
		batch: 500, poll: time.Second, read: 5 * time.Second,
		minBackoff: 100 * time.Millisecond, maxBackoff: 5 * time.Second,
	}
}

// maxMoves bounds how often one round starts again because the counters moved under it.
const maxMoves = 8

// Folder carries the events of the ledger into the counters. One goroutine, that of Run,
// does all the work; it never touches a call.
type Folder struct {
	store  *Store
	ledger Ledger
	log    *slog.Logger
	pace   pace
	wake   chan struct{}

	// Owned by Run.
	settled bool   // the rules in Redis have been ours once in this process
	gapAt   uint64 // the last gap that was counted

	mu     sync.Mutex
	status Status
	behind time.Time // since when events wait to be folded; zero when level

	observe func(Status) // told the state after each round; nil outside tests
}

// Status is the state of a Folder.
type Status struct {
	Applied    uint64        // last event in the counters, as last seen
	Lag        time.Duration // for how long events have been waiting; 0 when level with the ledger
	Rebuilding bool          // the counters are being filled anew; readers have ErrRebuilding

	Rebuilds uint64 // times the counters were begun anew, an empty Redis included
	Gaps     uint64 // holes found in the ledger
	Faults   uint64 // rounds that failed
	Unmapped uint64 // events that found no place in the counters, see ErrUnmapped

	Err       error     // why the fold stands still; nil when the last round went well
	Since     time.Time // when that began
	LastFault error     // the latest fault, kept after recovery
}

// NewFolder makes a Folder of a ledger into a store. It does nothing before Run.
func NewFolder(s *Store, l Ledger) *Folder {
	return &Folder{
		store: s, ledger: l, log: s.log, pace: defaultPace(),
		wake: make(chan struct{}, 1),
	}
}

// Wake says that the ledger holds new events. It never blocks and may be called from any
// goroutine, also before and after Run.
func (f *Folder) Wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.behind.IsZero() {
		f.behind = f.store.now()
	}
	select {
	case f.wake <- struct{}{}:
	default: // a round that has not begun yet will see these events too
	}
}

// Status tells how the fold stands.
func (f *Folder) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	st := f.status
	if !f.behind.IsZero() {
		st.Lag = max(0, f.store.now().Sub(f.behind))
	}
	return st
}

// Run folds until ctx ends and then returns nil. A fault of Redis or of the ledger does
// not end it: it tries again with growing pauses and says so in Status. Only one Run may
// be at work on a Folder.
func (f *Folder) Run(ctx context.Context) error {
	backoff := f.pace.minBackoff
	for ctx.Err() == nil {
		if f.step(ctx) {
			backoff = f.pace.minBackoff
			f.wait(ctx, f.wake, f.pace.poll)
			continue
		}
		f.wait(ctx, nil, backoff/2+rand.N(backoff/2+1))
		backoff = min(2*backoff, f.pace.maxBackoff)
	}
	return nil
}

// step does one round and records how it went. A round that was cut off by the end of ctx
// is no fault.
func (f *Folder) step(ctx context.Context) bool {
	err := f.round(ctx)
	if ctx.Err() == nil {
		f.note(err)
	}
	return err == nil
}

// wait returns at a wake, after d or when ctx ends. Without a wake channel the pause is
// kept to its end, so that a busy hotline does not press a failing Redis.
func (f *Folder) wait(ctx context.Context, wake <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-timer.C:
	}
}

// round brings the counters level with the ledger.
func (f *Folder) round(ctx context.Context) error {
	for range maxMoves {
		err := f.catchUp(ctx)
		if !errors.Is(err, errMoved) {
			return err
		}
	}
	return errMoved
}

// catchUp asks Redis where the counters stand and goes on from there. Nothing is assumed
// from the round before: between two rounds Redis may have been emptied, set back or
// moved on by another process.
func (f *Folder) catchUp(ctx context.Context) error {
	p, err := f.prepare(ctx)
	if err != nil {
		return err
	}
	events, p, err := f.resume(ctx, p)
	if err != nil {
		return err
	}
	for len(events) > 0 {
		f.found(p)
		if p.seq, err = f.fold(ctx, p.seq, events); err != nil {
			return err
		}
		if events, err = f.after(ctx, p.seq, f.pace.batch); err != nil {
			return err
		}
	}
	if p.filling {
		if err := f.store.filled(ctx, p.seq); err != nil {
			return err
		}
	}
	f.level(p.seq)
	return nil
}

// prepare makes sure that there are counters made by our rules. Other rules give way to
// ours at the start only. Later they are the work of another process, and two processes
// that drop each other's counters would never come to an end.
func (f *Folder) prepare(ctx context.Context) (place, error) {
	p, err := f.store.place(ctx)
	if err != nil {
		return p, err
	}
	ours := f.store.rules.fingerprint()
	switch {
	case !p.valid:
		p, err = f.rebuild(ctx, p, "redis holds no valid ones")
	case p.config == ours:
	case !f.settled:
		p, err = f.rebuild(ctx, p, "they were made by other rules: "+p.config)
	default:
		err = fmt.Errorf("%w: %s", ErrForeignRules, p.config)
	}
	f.settled = f.settled || err == nil
	return p, err
}

// resume reads the events to begin with. It begins one event early to see that the event
// the counters stand at is the one the ledger holds under that number: after an older
// ledger was restored it is missing, or another one.
func (f *Folder) resume(ctx context.Context, p place) ([]call.Event, place, error) {
	if p.mark != "" {
		events, err := f.after(ctx, p.seq-1, f.pace.batch+1)
		switch {
		case err != nil:
			return nil, p, err
		case len(events) == 0:
			p, err = f.rebuild(ctx, p, "they are ahead of the ledger")
		case events[0].Seq != p.seq:
			p, err = f.passed(ctx, p, events[0].Seq)
		case markOf(events[0]) != p.mark:
			p, err = f.rebuild(ctx, p, "they were made from another ledger")
		default:
			return events[1:], p, nil
		}
		if err != nil {
			return nil, p, err
		}
	}
	events, err := f.after(ctx, p.seq, f.pace.batch)
	return events, p, err
}

// passed begins the counters anew when the ledger keeps nothing from where they stand, as an
// old copy of Redis has it; a hole behind its begin is a gap.
func (f *Folder) passed(ctx context.Context, p place, first uint64) (place, error) {
	base, err := f.base(ctx)
	switch {
	case err != nil:
		return p, fmt.Errorf("read the begin of the ledger: %w", err)
	case base+1 != first:
		return p, f.gap(p.seq, first)
	default:
		return f.rebuild(ctx, p, "the ledger begins behind them")
	}
}

// after reads the ledger within the time limit.
func (f *Folder) after(ctx context.Context, seq uint64, limit int) ([]call.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, f.pace.read)
	defer cancel()
	events, err := f.ledger.After(ctx, seq, limit)
	if err != nil {
		return nil, fmt.Errorf("read the ledger after event %d: %w", seq, err)
	}
	return events, nil
}

// fold applies the events as far as they follow seq without a gap and returns the number
// of the last one applied.
func (f *Folder) fold(ctx context.Context, seq uint64, events []call.Event) (uint64, error) {
	n := contiguous(seq, events)
	if n == 0 {
		return seq, f.gap(seq+1, events[0].Seq)
	}
	b := newBatch(f.store.keys, f.store.rules, f.store.now(), events[:n])
	if err := f.store.apply(ctx, b); err != nil {
		return seq, err
	}
	if b.unmapped > 0 {
		f.log.Error("events found no place in the figures", "events", b.unmapped, "first", b.why)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status.Applied = b.last
	f.status.Unmapped += b.unmapped
	return b.last, nil
}

// rebuild begins the counters anew.
func (f *Folder) rebuild(ctx context.Context, p place, why string) (place, error) {
	base, err := f.base(ctx)
	if err == nil {
		err = f.store.reset(ctx, p, base)
	}
	if err != nil {
		return p, fmt.Errorf("begin the counters anew (%s): %w", why, err)
	}
	f.log.Warn("live figures are rebuilt from the ledger", "why", why)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status.Applied, f.status.Rebuilding = base, true
	f.status.Rebuilds++
	return place{filling: true, seq: base}, nil
}

// base is baseOf within the time limit.
func (f *Folder) base(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, f.pace.read)
	defer cancel()
	return baseOf(ctx, f.ledger)
}

// gap counts a hole in the ledger once, however often it is met, and makes its error.
func (f *Folder) gap(want, got uint64) error {
	if f.gapAt != want {
		f.gapAt = want
		f.mu.Lock()
		f.status.Gaps++
		f.mu.Unlock()
	}
	return fmt.Errorf("%w: event %d is missing, the next one is %d", ErrGap, want, got)
}

// found notes that there are events to fold, also when nobody called Wake.
func (f *Folder) found(p place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status.Applied, f.status.Rebuilding = p.seq, p.filling
	if f.behind.IsZero() {
		f.behind = f.store.now()
	}
}

// level notes that every event is folded, unless new ones were announced meanwhile.
func (f *Folder) level(seq uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status.Applied, f.status.Rebuilding = seq, false
	if len(f.wake) == 0 {
		f.behind = time.Time{}
	}
}

// note records how a round went. The log hears of the beginning and the end of a fault,
// not of each attempt.
func (f *Folder) note(err error) {
	f.mu.Lock()
	was, since := f.status.Err, f.status.Since
	f.status.Err = err
	switch {
	case err == nil:
		f.status.Since = time.Time{}
	default:
		f.status.Faults++
		f.status.LastFault = err
		if was == nil {
			f.status.Since = f.store.now()
		}
	}
	f.mu.Unlock()

	switch {
	case err != nil && was == nil:
		f.log.Error("live figures stand still", "err", err)
	case err == nil && was != nil:
		f.log.Info("live figures go on", "after", f.store.now().Sub(since).Round(time.Millisecond))
	}
	if f.observe != nil {
		f.observe(f.Status())
	}
}
