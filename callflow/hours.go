package callflow

import (
	"context"

	"hotline/call"
)

// open lets the caller in: to the queue of the hour after the greeting, or, outside the
// hours of his line, to a message or away.
func (f *flow) open(ctx context.Context) {
	if !f.route(ctx) {
		return
	}
	f.to(Greeting)
	sound := ""
	if f.line.Greeting != nil {
		sound = f.line.Greeting(f.began)
	}
	if !f.play(ctx, sound, f.line.Notice) {
		f.enqueue(ctx)
	}
}

// route finds the queue of the hour. It reports false when the caller cannot wait at all:
// then he is on his way out, or to a message.
func (f *flow) route(ctx context.Context) bool {
	if f.line.Number == "" {
		f.leave(ctx, call.Ending{Class: call.ClassRefused, Reason: call.UnknownLine}, f.m.opt.UnknownNumber)
		return false
	}
	queue, open := f.line.Queue, true
	if f.line.Hours != nil {
		queue, open = f.line.Hours(f.began)
	}
	if !open {
		if !f.offerClosed(ctx) {
			f.turnAway(ctx, call.Ending{Class: call.ClassRefused, Reason: call.Closed}, f.line.Closed)
		}
		return false
	}
	f.use(queue)
	return true
}

// use makes a queue the one that the caller is in, with what is heard there.
func (f *flow) use(queue call.QueueID) { f.queue, f.room = queue, f.m.opt.Queues[queue] }

// talkedOr is an ending of a caller who was refused, unless he had talked before he was
// transferred: then his call was answered all the same.
func (f *flow) talkedOr(e call.Ending) call.Ending {
	if f.talked {
		e.Class = call.ClassAnswered
	}
	return e
}

// turnAway ends a call that a rule refuses, after a message where the line takes one on
// this occasion.
func (f *flow) turnAway(ctx context.Context, why call.Ending, goodbye string) {
	if f.line.Message.on(why.Reason) {
		f.takeMessage(ctx, why.Reason)
		return
	}
	f.leave(ctx, why, goodbye)
}
