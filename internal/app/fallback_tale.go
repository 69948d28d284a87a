package app

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"hotline/call"
)

// tale is what Asterisk's dialplan wrote down of a call that its own queue took: a file
// beside the recording, a line for each step (configs/asterisk, extensions.conf).
type tale struct {
	id     call.ID
	since  time.Time // since when he waits: the first time that no controller was there
	number string
	line   string
	queue  call.QueueID
	rings  []ring
	left   bool      // the agent hung up first
	late   time.Time // told that nobody comes; zero = not
	end    time.Time // of the caller's channel; zero = not written
	last   time.Time // of all that is written
}

// ring is one agent's phone in a tale.
type ring struct {
	channel       string // PJSIP/a1001-00000007
	begun, up, at time.Time
	cause         int // Q.850, of its end
}

// taleMax bounds what is read of a file: a ring a second for a day is far below it.
const taleMax = 8 << 20

// readTale understands the file of a call. A line that makes no sense, as the last one may
// while Asterisk is writing or has died, is passed over. Without its first line it is no
// tale: false.
func readTale(id call.ID, text []byte) (tale, bool) {
	t := tale{id: id}
	for line := range bytes.Lines(text) {
		words := strings.Split(strings.TrimSpace(string(line)), ",")
		at, err := time.Parse(time.RFC3339Nano, words[0])
		if err == nil && len(words) > 1 {
			t.step(call.Stamp(at), words[1], words[2:])
		}
	}
	return t, !t.since.IsZero()
}

func (t *tale) step(at time.Time, what string, words []string) {
	switch {
	case what == "in" && len(words) == 3 && t.since.IsZero():
		t.since, t.number, t.line = at, callerNumber(words[0]), words[1]
		t.queue = call.QueueID(strings.TrimPrefix(words[2], fallbackPrefix))
	case what == "ring" && len(words) == 1:
		t.rings = append(t.rings, ring{channel: words[0], begun: at})
	case what == "up" && len(words) == 1:
		if r := t.ring(words[0]); r != nil && r.up.IsZero() {
			r.up = at
		}
	case what == "gone" && len(words) == 2:
		if r := t.ring(words[0]); r != nil && r.at.IsZero() {
			r.at = at
			r.cause, _ = strconv.Atoi(words[1]) // 0 = unknown
		}
	case what == "left":
		t.left = true
	case what == "late":
		t.late = at
	case what == "end":
		t.end = at
	default:
		return
	}
	if at.After(t.last) {
		t.last = at
	}
}

func (t *tale) ring(channel string) *ring {
	for i := range t.rings {
		if t.rings[i].channel == channel {
			return &t.rings[i]
		}
	}
	return nil
}

// cast says whose phone a channel is.
type cast func(channel string) call.AgentID

// endpointOf is the phone of a channel: its name without the number at the end.
func endpointOf(channel string) string {
	if i := strings.LastIndex(channel, "-"); i > 0 {
		return channel[:i]
	}
	return channel
}

// arrival and stay in the queue, as the ledger has them of every call.
func (t *tale) came() []call.Event {
	arrived := call.Event{Kind: call.Arrived, At: t.since, Call: t.id, Number: t.number, Line: t.line, Fallback: true}
	queued := t.event(call.Queued, t.since)
	queued.Queueing = true // he waited for a controller, if for nobody else
	if t.queue == "" {
		return []call.Event{arrived} // a number that leads nowhere
	}
	return []call.Event{arrived, queued}
}

func (t *tale) event(kind call.Kind, at time.Time) call.Event {
	return call.Event{Kind: kind, At: at, Call: t.id, Queue: t.queue, Entered: t.since, Fallback: true}
}

// offers are the phones that rang in vain, and the one that was answered, if any. An offer
// that Asterisk did not live to end is over with the call.
func (t *tale) offers(who cast, end time.Time, ringFor time.Duration) (events []call.Event, answer *call.Event) {
	if t.queue == "" {
		return nil, nil
	}
	for i, r := range t.rings {
		o := t.event(call.Offered, r.begun)
		o.Agent, o.Offer = who(r.channel), call.OfferID(fmt.Sprintf("%s-a%d", t.id, i+1))
		events = append(events, o)
		if r.at.IsZero() {
			r.at = end
		}
		if !r.up.IsZero() {
			o.Kind, o.At = call.Answered, r.up
			o.Wait, o.Ring = call.Between(t.since, r.up), call.Between(r.begun, r.up)
			joined := t.event(call.Connected, r.up)
			joined.Agent, joined.Offer, joined.Leg = o.Agent, o.Offer, call.LegID(o.Offer)
			return append(events, o, joined), &o
		}
		o.Kind, o.At = call.OfferEnded, r.at
		o.Ring, o.Outcome = call.Between(r.begun, r.at), outcomeOf(r.cause)
		// The caller's hang-up ends the ring before its time, and a moment before his own
		// end is written or after.
		gaveUp := !end.IsZero() && end.Sub(r.at).Abs() < time.Second && r.at.Sub(r.begun) < ringFor-time.Second/2
		if o.Outcome == call.NoAnswer && gaveUp {
			o.Outcome = call.Canceled
		}
		events = append(events, o)
	}
	return events, nil
}

// whole is the story of a call that is over, from his arrival to his end, and the end of
// the talk if there was one. end is t.end or, when that was not written, when he was heard
// last.
func (t *tale) whole(who cast, end time.Time, ringFor time.Duration) (events []call.Event, talk *call.Event) {
	events = t.came()
	offers, answer := t.offers(who, end, ringFor)
	events = append(events, offers...)
	ended := call.Event{
		Kind: call.Ended, At: end, Call: t.id, Number: t.number, Line: t.line, Queue: t.queue,
		By: call.ByCaller, Total: call.Between(t.since, end), Fallback: true,
	}
	switch {
	case answer != nil:
		talk = t.talk(*answer, end)
		events = append(events, *talk)
		ended.Ending = call.Ending{Class: call.ClassAnswered, Reason: call.CallerHungUp}
		if ended.By = talk.By; ended.By == call.ByAgent {
			ended.Ending.Reason = call.AgentHungUp
		}
	case t.queue == "":
		ended.Ending, ended.By = call.Ending{Class: call.ClassRefused, Reason: call.UnknownLine}, call.BySystem
	default:
		gone := t.event(call.LeftQueue, end)
		gone.Outcome = call.Abandoned
		ended.Ending = call.Ending{Class: call.ClassAbandoned, Reason: call.HungUpInQueue}
		if n := len(events); events[n-1].Outcome == call.Canceled {
			ended.Ending.Reason = call.HungUpWhileRinged
		}
		if !t.late.IsZero() {
			gone.At, gone.Outcome = t.late, call.TimedOut
			ended.Ending, ended.By = call.RefusedFrom(call.TimedOut), call.BySystem
		}
		gone.Wait = call.Between(t.since, gone.At)
		events = append(events, gone)
	}
	if t.end.IsZero() {
		ended.Ending.Reason = call.Lost
	}
	return append(events, ended), talk
}

// talk is the end of a talk, which the agent's channel tells, or the caller's.
func (t *tale) talk(answer call.Event, end time.Time) *call.Event {
	over := answer
	over.Kind, over.Answer, over.At, over.By = call.TalkEnded, answer.At, end, call.ByCaller
	for _, r := range t.rings {
		if call.Stamp(r.up).Equal(answer.At) && !r.at.IsZero() {
			over.At = r.at
		}
	}
	if t.left {
		over.By = call.ByAgent
	}
	over.Talk = call.Between(over.Answer, over.At)
	return &over
}
