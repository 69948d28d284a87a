package callflow

import (
	"context"
	"sync"
	"time"

	"hotline/call"
)

// stopAgain are the pauses before an order to stop music is given again. Asterisk loses one
// that meets it in the act of playing a frame, about one in a thousand, and from then on drops
// all that the bridge has for that channel: the caller would hear music for the whole talk
// (docs/adr/0024-music-is-stopped-more-than-once.md). Frames are 20 ms apart; none of these is
// a multiple of it, so that no two orders meet the same moment of a frame.
var stopAgain = []time.Duration{30 * time.Millisecond, 250 * time.Millisecond}

// music is what the legs of a call hear while they wait. An order that has been overtaken, by
// the flow or by an order beside it, is not given any more.
type music struct {
	turn chan struct{} // of whose order is under way, so that none overtakes another
	over chan struct{} // closed at the end of the call

	mu     sync.Mutex // for a moment only, never during an order
	orders map[call.LegID]int
}

// newMusic is that of a call that begins.
func newMusic() *music {
	return &music{turn: make(chan struct{}, 1), over: make(chan struct{}), orders: map[call.LegID]int{}}
}

// next makes all earlier orders for a leg void.
func (m *music) next(id call.LegID) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.orders[id]++
	return m.orders[id]
}

func (m *music) holds(id call.LegID, order int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.orders[id] == order
}

// music plays to the caller.
func (f *flow) music(ctx context.Context) {
	if err := f.startMusicOf(ctx, f.a.Leg); err != nil {
		f.log.Warn("music failed", "error", err)
	}
}

func (f *flow) startMusicOf(ctx context.Context, id call.LegID) error {
	f.tunes.next(id)
	f.tunes.turn <- struct{}{}
	defer func() { <-f.tunes.turn }()
	return f.m.opt.Phone.StartMusic(ctx, id, f.room.Music)
}

func (f *flow) stopMusic(ctx context.Context) { f.stopMusicOf(ctx, f.a.Leg) }

// stopMusicOf returns when the order was given once.
func (f *flow) stopMusicOf(ctx context.Context, id call.LegID) {
	order := f.tunes.next(id)
	f.stopOnce(ctx, id, order)
	f.side.Go(func() { f.stopRepeatedly(ctx, id, order) })
}

// stopMusicBeside gives the order beside the flow.
func (f *flow) stopMusicBeside(ctx context.Context, id call.LegID) {
	order := f.tunes.next(id)
	f.side.Go(func() {
		f.stopOnce(ctx, id, order)
		f.stopRepeatedly(ctx, id, order)
	})
}

// stopOnce reads nothing of the flow that changes. That it fails is no fault when the party
// has just left.
func (f *flow) stopOnce(ctx context.Context, id call.LegID, order int) (current bool) {
	f.tunes.turn <- struct{}{}
	defer func() { <-f.tunes.turn }()
	if !f.tunes.holds(id, order) {
		return false
	}
	if err := f.m.opt.Phone.StopMusic(ctx, id); err != nil {
		f.log.Info("music not stopped", "leg", id, "error", err)
	}
	return true
}

func (f *flow) stopRepeatedly(ctx context.Context, id call.LegID, order int) {
	for _, pause := range f.m.again {
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-f.tunes.over:
			timer.Stop()
			return
		case <-ctx.Done():
			timer.Stop()
			return
		}
		if !f.stopOnce(ctx, id, order) {
			return
		}
	}
}
