package callflow

import (
	"context"
	"time"

	"hotline/acd"
	"hotline/call"
)

// ShortestMessage tells a message from a caller who says nothing and hangs up.
const ShortestMessage = 2 * time.Second

// doneKey ends a message.
const doneKey = "#"

// Message says when a caller of a line may leave a message (答录留言) and what he hears. It
// is spoken into the recording of the call, which runs anyway. The zero value is a line
// that takes none.
type Message struct {
	// Prompts are the sounds that ask for it, by the occasion: Closed, QueueFull, NoAgents,
	// WaitedTooLong, OnWish. An occasion that is not in it takes no message. Each ends with
	// the tone after which the caller speaks.
	Prompts map[call.Reason]string
	Key     string        // by which he asks for it while he waits, "" for none
	Max     time.Duration // then he is thanked and let go; 0 = DefaultMessageMax
	Thanks  string        // sound after a message that he ended himself, "" for none
}

// DefaultMessageMax is how long a message may be when nothing else is said.
const DefaultMessageMax = 3 * time.Minute

func (m Message) on(occasion call.Reason) bool { return m.Prompts[occasion] != "" }

func (m Message) limit() time.Duration {
	if m.Max > 0 {
		return m.Max
	}
	return DefaultMessageMax
}

// message is a message that is being left.
type message struct {
	why   call.Reason // occasion
	begun time.Time   // when he may speak, zero before the tone and after the end
}

// takeMessage asks the caller for a message.
func (f *flow) takeMessage(ctx context.Context, why call.Reason) {
	f.message = message{why: why}
	f.onKey = nil
	f.to(Speaking)
	if !f.play(ctx, f.line.Message.Prompts[why]) {
		f.speak()
	}
}

// wish takes the key by which a caller who waits asks to leave a message. Who is just being
// answered is not taken away from the agent.
func (f *flow) wish(ctx context.Context, key string) {
	if f.stage != Waiting {
		return
	}
	for _, l := range f.legs {
		if l.up {
			return
		}
	}
	if f.askBack(ctx, key) || key != f.line.Message.Key || !f.line.Message.on(call.OnWish) {
		return
	}
	f.quiet(ctx, f.playing)
	f.submit(acd.Leave{Call: f.a.Call, As: call.ToMessage})
	f.takeMessage(ctx, call.OnWish)
}

// speak is the end of the tone: what he says from now on is the message.
func (f *flow) speak() {
	f.message.begun = time.Now()
	f.record(f.messageEvent(call.MessageBegun))
	f.hearMessage(f.line.Message.limit())
}

// hearMessage waits for the end of a message.
func (f *flow) hearMessage(limit time.Duration) {
	f.onKey = func(ctx context.Context, key string) {
		if key == doneKey {
			f.messageOver(ctx)
		}
	}
	f.deadline.Reset(limit)
}

// messageEvent measures between the times that the ledger has: a controller that takes the call
// up knows no finer ones.
func (f *flow) messageEvent(kind call.Kind) call.Event {
	ev := call.Event{
		Kind: kind, At: f.message.begun, Number: f.a.Number, Line: f.a.Line, Reason: string(f.message.why),
		Offset: call.Between(call.Stamp(f.began), call.Stamp(f.message.begun)),
	}
	if f.entered {
		ev.Queue = f.queue
	}
	return ev
}

// messageOver is the key or the limit at the end of a message.
func (f *flow) messageOver(ctx context.Context) {
	if f.endMessage() {
		f.leave(ctx, f.ending, f.line.Message.Thanks)
		f.by = call.ByCaller
		return
	}
	f.leave(ctx, f.talkedOr(call.EndingWithout(f.message.why)), "")
}

// endMessage writes down a message that was long enough to be one, and makes it the call's
// ending. It reports whether there was one.
func (f *flow) endMessage() bool {
	if f.message.begun.IsZero() {
		return false
	}
	ev, now := f.messageEvent(call.Messaged), time.Now()
	f.message.begun = time.Time{}
	said := now.Sub(ev.At)
	if said < ShortestMessage {
		return false
	}
	ev.At, ev.Held = now, call.MillisOf(said)
	f.record(ev)
	f.ending, f.by = f.talkedOr(call.Ending{Class: call.ClassMessage, Reason: f.message.why}), call.ByCaller
	return true
}
