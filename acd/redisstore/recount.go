package redisstore

import (
	"strconv"
	"strings"
	"time"

	"hotline/call"
)

// recount works the counters of a span out of the ledger, event by event and field by field.
// It is the witness against the fold: slow, plain, and sharing nothing with it but the names
// of the keys and the site's calendar. What an event means stands here a second time, so a
// change of increments must be made here, too, and a test holds the two together.
type recount struct {
	keys  keyspace
	rules Rules
	span  Span
	alive time.Time // counters that end before are left out
	seq   uint64    // the last event that was counted

	want   map[string]amounts
	expire map[string]time.Time
}

// amounts are the fields of one counter.
type amounts map[string]int64

func newRecount(k keyspace, r Rules, span Span, alive time.Time) *recount {
	return &recount{
		keys: k, rules: r, span: span, alive: alive,
		want: make(map[string]amounts), expire: make(map[string]time.Time),
	}
}

// add counts one event. What cannot be counted is left out as a whole.
func (r *recount) add(ev call.Event) {
	r.seq = ev.Seq
	if !ofQueues(ev) {
		return
	}
	waited := !ev.Entered.IsZero() && ev.Queue != ""
	served := !ev.Answer.IsZero() && ev.Queue != "" && ev.Agent != ""
	agent := ev.Agent != "" && !ev.At.IsZero()
	switch {
	case ev.Kind == call.Arrived:
		r.line(ev.Line, ev.At, "arrived")
	case ev.Kind == call.Ended:
		r.line(ev.Line, ago(ev.At, ev.Total), endField(ev.Ending.Class))
	case ev.Kind == call.Queued && waited:
		r.queued(ev)
	case ev.Kind == call.LeftQueue && waited:
		r.left(ev)
	case ev.Kind == call.Answered && waited && agent:
		r.answered(ev)
	case ev.Kind == call.Offered && agent:
		r.agent(ev.Agent, ev.At, amounts{"offers": 1})
	case ev.Kind == call.OfferEnded && agent:
		r.offerEnded(ev)
	case ev.Kind == call.TalkEnded && served:
		r.both(ev, ev.Answer, amounts{
			"talks": 1, "talk_ms": int64(ev.Talk), "held": min(1, int64(ev.Hold)), "hold_ms": int64(ev.Hold),
		})
	case ev.Kind == call.WrapUpEnded && served:
		r.both(ev, ev.Answer, amounts{"wraps": 1, "wrap_ms": int64(ev.Wrap)})
	case ev.Kind == call.HoldEnded && agent && ev.Queue != "":
		r.both(ev, ago(ev.At, ev.Held), amounts{"holds": 1})
	case ev.Kind == call.Transferred && agent:
		r.transferred(ev)
	case ev.Kind == call.AgentChanged && agent:
		r.state(ev)
	}
}

// ofQueues tells whether the event is one of a call that waited, of a talk or of an agent:
// what he dials himself counts for nobody, and who is asked for advice or calls back has
// nobody waiting for him.
func ofQueues(ev call.Event) bool {
	if ev.Direction == call.Consult || ev.Direction == call.CallBack {
		return ev.Kind == call.TalkEnded || ev.Kind == call.WrapUpEnded
	}
	return ev.Direction != call.Outbound
}

func (r *recount) queued(ev call.Event) {
	n := amounts{"offered": 1}
	if ev.Queueing {
		n["queued"] = 1
	}
	r.queue(ev.Queue, ev.Entered, n)
}

func (r *recount) answered(ev call.Event) {
	n := amounts{"answered": 1, "wait_answered_ms": int64(ev.Wait)}
	if int64(ev.Wait) <= r.rules.Within.Milliseconds() {
		n["answered_in"] = 1
	}
	r.queue(ev.Queue, ev.Entered, n)
	r.longest(ev)
	r.agent(ev.Agent, ev.At, amounts{"answered": 1})
}

func (r *recount) left(ev call.Event) {
	n := amounts{}
	switch ev.Outcome {
	case call.Abandoned:
		n["abandoned"], n["wait_abandoned_ms"] = 1, int64(ev.Wait)
		if int64(ev.Wait) < r.rules.Short.Milliseconds() {
			n["short"], n["wait_short_ms"] = 1, int64(ev.Wait)
		}
	case call.TimedOut, call.LeftEmpty, call.Overflowed, call.Callback, call.ToMessage:
		n[string(ev.Outcome)] = 1 // the fields are named by the outcomes
	default:
		return
	}
	r.queue(ev.Queue, ev.Entered, n)
	r.longest(ev)
}

// longest keeps the longest wait of the interval and of the day.
func (r *recount) longest(ev call.Event) {
	for _, c := range r.places(ofQueue, string(ev.Queue), ev.Entered) {
		if have := r.want[c]; have != nil {
			have["max_wait_ms"] = max(have["max_wait_ms"], int64(ev.Wait))
		}
	}
}

func (r *recount) offerEnded(ev call.Event) {
	switch ev.Outcome {
	case call.NoAnswer, call.Rejected, call.Busy, call.Unreachable, call.Canceled:
		r.agent(ev.Agent, ago(ev.At, ev.Ring), amounts{string(ev.Outcome): 1})
	default:
	}
}

func (r *recount) transferred(ev call.Event) {
	n := amounts{"transfers": 1}
	switch call.TransferKind(ev.Reason) {
	case call.Attended:
		n["attended"] = 1
	case call.Blind:
	default:
		return
	}
	r.agent(ev.Agent, ev.At, n)
	if ev.Queue != "" {
		r.queue(ev.Queue, ev.At, n)
	}
}

// state walks from quarter to quarter of an hour through the time in a state.
func (r *recount) state(ev call.Event) {
	switch ev.From {
	case call.Ready, call.Ringing, call.Talking, call.Hold, call.WrapUp, call.Break:
	default:
		return
	}
	if ev.Held > call.MillisOf(maxRange) {
		return
	}
	const quarter = 15 * 60 * 1000
	end := ev.At.UnixMilli()
	for at := end - int64(ev.Held); at < end; {
		next := min(end, at-at%quarter+quarter)
		r.agent(ev.Agent, time.UnixMilli(at), amounts{"in_" + string(ev.From) + "_ms": next - at})
		if ev.From == call.Break {
			r.note(ofBreaks, string(ev.Agent), time.UnixMilli(at), amounts{ev.Was: next - at})
		}
		at = next
	}
}

// endField is the field of a class of ending, "" when it is not counted.
func endField(c call.Class) string {
	switch c {
	case call.ClassAnswered, call.ClassAbandoned, call.ClassRefused, call.ClassFailed:
		return string(c)
	case call.ClassMessage:
		return "messages"
	case call.ClassCallback:
		return "callbacks"
	default:
		return ""
	}
}

func (r *recount) line(line string, at time.Time, field string) {
	if field == "" {
		return
	}
	r.note(ofLine, "", at, amounts{field: 1})
	if line != "" {
		r.note(ofLine, line, at, amounts{field: 1})
	}
}

func (r *recount) queue(id call.QueueID, at time.Time, n amounts) {
	r.note(ofQueue, string(id), at, n)
}

func (r *recount) agent(id call.AgentID, at time.Time, n amounts) {
	r.note(ofAgent, string(id), at, n)
}

func (r *recount) both(ev call.Event, at time.Time, n amounts) {
	r.queue(ev.Queue, at, n)
	r.agent(ev.Agent, at, n)
}

// note adds to the counters of the moment.
func (r *recount) note(of subject, id string, at time.Time, n amounts) {
	for _, c := range r.places(of, id, at) {
		if r.want[c] == nil {
			r.want[c] = make(amounts)
		}
		for field, by := range n {
			r.want[c][field] += by
		}
	}
}

// places are the keys of the counters of the moment that lie in the span and live on.
func (r *recount) places(of subject, id string, at time.Time) []string {
	day, begin := r.rules.day(at)
	slot := time.UnixMilli(at.UnixMilli() - at.UnixMilli()%Interval.Milliseconds())
	var keys []string
	add := func(key string, start, expire time.Time) {
		if r.span.holds(start) && r.lives(expire) {
			keys = append(keys, key)
			r.expire[key] = expire
		}
	}
	cell, end := slot.Add(r.rules.Cells), begin.AddDate(0, 0, 1).Add(r.rules.Keep)
	switch of {
	case ofQueue:
		add(r.keys.queue(call.QueueID(id), slot), slot, cell)
		add(r.keys.queueDay(call.QueueID(id), day), begin, end)
	case ofAgent:
		add(r.keys.agent(call.AgentID(id), slot), slot, cell)
		add(r.keys.agentDay(call.AgentID(id), day), begin, end)
	case ofLine:
		add(r.keys.line(id, slot), slot, cell)
		add(r.keys.lineDay(id, day), begin, end)
	case ofBreaks:
		add(r.keys.breaksDay(call.AgentID(id), day), begin, end)
	}
	return keys
}

// lives tells whether a counter that ends at expire is compared.
func (r *recount) lives(expire time.Time) bool { return expire.After(r.alive) }

// covers tells whether the counter of a key lies in the span. One whose name tells no time
// is nobody's, and shows as a difference.
func (r *recount) covers(key string) bool {
	when := key[strings.LastIndexByte(key, ':')+1:]
	if ms, err := strconv.ParseInt(when, 10, 64); err == nil {
		return r.span.holds(time.UnixMilli(ms))
	}
	date, err := time.ParseInLocation(time.DateOnly, when, r.rules.Zone)
	if err != nil {
		return true
	}
	_, begin := r.rules.day(date.Add(r.rules.DayStart + halfDay))
	return r.span.holds(begin)
}

// ago is the moment a length of time before t.
func ago(t time.Time, length call.Millis) time.Time { return t.Add(-length.Duration()) }
