package callflow

import (
	"context"
	"time"

	"hotline/acd"
	"hotline/call"
)

// closedWait is how long a caller outside the hours may think about a callback.
const closedWait = 8 * time.Second

// Callback is how the callers of a queue can be called back instead of waiting on the line
// (回呼). The zero value is not at all.
type Callback struct {
	Key    string        // by which he asks for it, "" = not at all
	After  time.Duration // of waiting, until it is offered; he may ask before
	Every  time.Duration // between two offers; 0 = one only
	Offer  string        // sound that offers it, "" for none
	Taken  string        // sound that says that he will be called
	Closed string        // sound that offers it outside the hours, "" = not offered then
}

// Callbacks keeps the list of those who want to be called back. It must not block.
type Callbacks interface {
	// May tells whether the caller can be called back for a queue.
	May(a Arrival, queue call.QueueID) bool
	// Ask puts him on the list. Where he waited his stay in the queue ends as acd.Leave says,
	// and he keeps the place that he had in it.
	Ask(a Arrival, queue call.QueueID, waited bool)
}

// mayAsk tells whether the caller can be called back for the queue he is in, or would be in.
func (f *flow) mayAsk() bool {
	return f.room.Callback.Key != "" && f.m.opt.Callbacks != nil && !f.talked && f.m.opt.Callbacks.May(f.a, f.queue)
}

// askBack takes the key by which a caller who waits asks to be called back. It reports false
// when the key means something else.
func (f *flow) askBack(ctx context.Context, key string) bool {
	if key != f.room.Callback.Key || !f.mayAsk() {
		return false
	}
	f.quiet(ctx, f.playing)
	f.m.opt.Callbacks.Ask(f.a, f.queue, true)
	f.submit(acd.Leave{Call: f.a.Call, As: call.Callback})
	f.promise(ctx, call.OnWish)
	return true
}

// promise lets a caller go who will be called back.
func (f *flow) promise(ctx context.Context, why call.Reason) {
	f.leave(ctx, call.Ending{Class: call.ClassCallback, Reason: why}, f.room.Callback.Taken)
	f.by = call.ByCaller
}

// offerClosed offers a callback to a caller outside the hours. It reports false when there is
// none for him.
func (f *flow) offerClosed(ctx context.Context) bool {
	f.use(f.line.Queue)
	if f.room.Callback.Closed == "" || !f.mayAsk() || !f.play(ctx, f.room.Callback.Closed) {
		return false
	}
	f.to(Offering)
	f.onKey = func(ctx context.Context, key string) {
		if key != f.room.Callback.Key {
			return
		}
		f.quiet(ctx, f.playing)
		f.m.opt.Callbacks.Ask(f.a, f.queue, false)
		f.promise(ctx, call.Closed)
	}
	return true
}

// declined is a caller outside the hours who pressed nothing.
func (f *flow) declined(ctx context.Context) {
	f.onKey = nil
	f.turnAway(ctx, call.Ending{Class: call.ClassRefused, Reason: call.Closed}, "")
}

// CallBack begins the call to somebody who asked for it by the call of. The engine knows the
// arrival's call already, and rings an agent for it; when that one picks up the number is
// called, as in DialOut.
func (m *Manager) CallBack(a Arrival, of call.ID, queue call.QueueID) {
	a.Outbound, a.Back = true, true
	m.start(a, func(_ context.Context, f *flow) {
		f.began = time.Now()
		f.use(queue)
		f.record(call.Event{
			Kind: call.Arrived, At: f.began, Number: f.a.Number, Line: f.a.Line, Grade: f.a.Grade.ID, Of: of,
		})
		f.to(Waiting)
		f.entered = true
	})
}

// Recall says that the callback is not wanted any more. It ends the call unless the customer
// has answered.
type Recall struct{}

func (Recall) signal() {}

func (f *flow) recall(ctx context.Context) {
	if f.a.Back && !f.gone && (f.calling() || f.stage == Dialling) {
		f.giveUp(ctx, call.Ending{Class: call.ClassUnreached, Reason: call.NotWanted}, call.BySystem)
	}
}
