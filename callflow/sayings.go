package callflow

import (
	"context"
	"time"

	"hotline/acd"
	"hotline/call"
)

// announceAfter is how long a caller waits before he hears the first words: who is answered
// at once need not hear that all agents are busy.
const announceAfter = 3 * time.Second

// Estimate is when the callers of a queue hear how long they will probably wait. The zero
// value is never.
type Estimate struct {
	Every time.Duration // between two; 0 = never
	// Sounds are what is said of a wait, and the wait that it tells; none = nothing is said.
	Sounds func(wait time.Duration) (sounds []string, told time.Duration)
}

// sayings are when the words are due that a caller hears in place of the music. A zero time
// is never.
type sayings struct {
	announce time.Time
	estimate time.Time
	offer    time.Time // of a callback
}

// first begins the words of a queue for a caller who has just entered it.
func (f *flow) first() {
	f.due = sayings{}
	if f.room.Announcement != "" {
		f.due.announce = time.Now().Add(announceAfter)
	}
	if f.tells() {
		f.due.estimate = time.Now().Add(announceAfter)
	}
	if f.mayAsk() && f.room.Callback.Offer != "" {
		f.due.offer = time.Now().Add(max(announceAfter, f.room.Callback.After))
	}
	f.arm()
}

// again begins them for a caller who has heard them before.
func (f *flow) again() {
	f.due = sayings{}
	if f.room.Announcement != "" && f.room.AnnounceEvery > 0 {
		f.due.announce = time.Now().Add(f.room.AnnounceEvery)
	}
	if f.tells() {
		f.due.estimate = time.Now().Add(f.room.Estimate.Every)
	}
	if f.mayAsk() && f.room.Callback.Offer != "" && f.room.Callback.Every > 0 {
		f.due.offer = time.Now().Add(f.room.Callback.Every)
	}
}

func (f *flow) tells() bool { return f.room.Estimate.Every > 0 && f.m.opt.Foretell != nil }

// arm sets the deadline for the next words.
func (f *flow) arm() {
	var next time.Time
	for _, t := range []time.Time{f.due.announce, f.due.estimate, f.due.offer} {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if !next.IsZero() {
		f.deadline.Reset(time.Until(next))
	}
}

// wait is the time between two words.
func (f *flow) wait(ctx context.Context) {
	f.music(ctx)
	f.arm()
}

// announce says what is due, unless a phone rings: then the caller is about to be answered
// and the words would be in the way.
func (f *flow) announce(ctx context.Context) {
	now := time.Now()
	switch {
	case len(f.legs) > 0:
		f.deadline.Reset(announceAfter)
	case !f.due.estimate.IsZero() && !f.due.estimate.After(now):
		f.due.estimate = now.Add(f.room.Estimate.Every)
		f.deadline.Reset(announceAfter) // then the words go on without it
		f.side.Go(func() { f.foretell(ctx) })
	default:
		f.say(ctx, nil)
	}
}

// foretell asks beside the flow how long the caller will wait: a phone that is picked up
// meanwhile must not stand back for it.
func (f *flow) foretell(ctx context.Context) {
	if w, ok := f.m.opt.Foretell(ctx, f.a.Call); ok {
		f.m.post(f, foretold{w})
		return
	}
	f.m.post(f, foretold{})
}

// foretold is the answer to foretell; without P50 there is none.
type foretold struct{ acd.Forecast }

func (foretold) signal() {}

// hear takes the answer, if there is still time for words.
func (f *flow) hear(ctx context.Context, w acd.Forecast) {
	if f.stage == Waiting && !f.gone && f.playing == "" && len(f.legs) == 0 {
		f.say(ctx, &w)
	}
}

// say plays what is due in place of the music.
func (f *flow) say(ctx context.Context, w *acd.Forecast) {
	now, sounds := time.Now(), []string(nil)
	if due(&f.due.announce, now, f.room.AnnounceEvery) {
		sounds = append(sounds, f.room.Announcement)
	}
	ev := call.Event{Kind: call.Estimated, At: now, Queue: f.queue}
	if w != nil && w.P50 > 0 {
		estimate, told := f.room.Estimate.Sounds(w.P50)
		if len(estimate) > 0 {
			sounds = append(sounds, estimate...)
			ev.Entered, ev.P50, ev.P90, ev.Said = w.Entered, call.MillisOf(w.P50), call.MillisOf(w.P90), call.MillisOf(told)
		}
	}
	if due(&f.due.offer, now, f.room.Callback.Every) && f.mayAsk() {
		sounds = append(sounds, f.room.Callback.Offer)
	}
	if len(sounds) == 0 {
		f.arm()
		return
	}
	f.stopMusic(ctx)
	if !f.play(ctx, sounds...) {
		f.wait(ctx)
		return
	}
	if ev.Said > 0 {
		f.record(ev)
	}
}

// due tells whether the time has come, and sets the next one; 0 = never again.
func due(at *time.Time, now time.Time, every time.Duration) bool {
	if at.IsZero() || at.After(now) {
		return false
	}
	*at = time.Time{}
	if every > 0 {
		*at = now.Add(every)
	}
	return true
}
