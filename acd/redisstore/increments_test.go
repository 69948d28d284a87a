package redisstore

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

// entered is 23:59:58 on New Year's Eve at the hotline, 15:59:58 UTC.
var entered = time.Date(2025, 12, 31, 15, 59, 58, 0, time.UTC)

func shanghai(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func defaultRules(t testing.TB) Rules {
	t.Helper()
	r, err := Rules{Zone: shanghai(t)}.normal()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// flat is an increment in a form that compares.
type flat struct {
	Of subject
	ID string
	At string
	By map[string]int64
}

func flatten(incs []increment) []flat {
	var out []flat
	for _, inc := range incs {
		f := flat{inc.of, inc.id, inc.at.UTC().Format("02 15:04:05.000"), map[string]int64{}}
		for _, c := range inc.by.cells() {
			if *c.value != 0 {
				f.By[c.field] = *c.value
			}
		}
		out = append(out, f)
	}
	return out
}

// row is an event and what it must add.
type row struct {
	name string
	ev   call.Event
	want []flat
}

// sums are the fields of a counter that are not zero.
type sums = map[string]int64

// The cohort of the events below, and their own moment twelve seconds later, which is the
// next interval and the next day of the site.
const cohort, later = "31 15:59:58.000", "31 16:00:10.000"

// in fills in what all the events have in common.
func in(ev call.Event) call.Event {
	ev.Queue, ev.Agent, ev.Line, ev.Entered, ev.At = "q", "a", "10086", entered, entered.Add(12*time.Second)
	return ev
}

func queue(at string, by sums) flat { return flat{ofQueue, "q", at, by} }
func agent(at string, by sums) flat { return flat{ofAgent, "a", at, by} }

func lines(at string, by sums) []flat {
	return []flat{{ofLine, "", at, by}, {ofLine, "10086", at, by}}
}

// kindRows are the kinds of events without an outcome.
func kindRows() []row {
	answer := entered.Add(12 * time.Second)
	return []row{
		{"arrived", in(call.Event{Kind: call.Arrived}), lines(later, sums{"arrived": 1})},
		{
			"arrived without a line",
			call.Event{Kind: call.Arrived, At: entered},
			[]flat{{ofLine, "", cohort, sums{"arrived": 1}}},
		},
		{"queued", in(call.Event{Kind: call.Queued}), []flat{queue(cohort, sums{"offered": 1})}},
		{
			"queued with no idle agent", in(call.Event{Kind: call.Queued, Queueing: true}),
			[]flat{queue(cohort, sums{"offered": 1, "queued": 1})},
		},
		{"offered", in(call.Event{Kind: call.Offered}), []flat{agent(later, sums{"offers": 1})}},
		{"answered on the limit", in(call.Event{Kind: call.Answered, Wait: 15_000, Ring: 2_000}), []flat{
			queue(cohort, sums{"answered": 1, "answered_in": 1, "wait_answered_ms": 15_000, "max_wait_ms": 15_000}),
			agent(later, sums{"answered": 1}),
		}},
		{"answered a millisecond late", in(call.Event{Kind: call.Answered, Wait: 15_001}), []flat{
			queue(cohort, sums{"answered": 1, "wait_answered_ms": 15_001, "max_wait_ms": 15_001}),
			agent(later, sums{"answered": 1}),
		}},
		{"talk ended", in(call.Event{Kind: call.TalkEnded, Answer: answer, Talk: 61_000}), []flat{
			queue(later, sums{"talks": 1, "talk_ms": 61_000}), agent(later, sums{"talks": 1, "talk_ms": 61_000}),
		}},
		{"wrap-up ended", in(call.Event{Kind: call.WrapUpEnded, Answer: answer}), []flat{
			queue(later, sums{"wraps": 1}), agent(later, sums{"wraps": 1}),
		}},
		{"connected", in(call.Event{Kind: call.Connected}), nil},
		{"recorded", in(call.Event{Kind: call.Recorded}), nil},
		{"recording fault", in(call.Event{Kind: call.RecordingFault}), nil},
		{"signed in", in(call.Event{Kind: call.AgentChanged, From: call.Offline, Held: 99_000}), nil},
		{"transferred", in(call.Event{Kind: call.Transferred, Reason: "blind"}), []flat{
			agent(later, sums{"transfers": 1}), queue(later, sums{"transfers": 1}),
		}},
		{
			"transferred after a talk, by no queue",
			call.Event{Kind: call.Transferred, Agent: "a", At: entered, Reason: "attended"},
			[]flat{agent(cohort, sums{"transfers": 1, "attended": 1})},
		},
		{"hold ended", in(call.Event{Kind: call.HoldEnded, Held: 12_000}), []flat{
			queue(cohort, sums{"holds": 1}), agent(cohort, sums{"holds": 1}),
		}},
		{"talk with a hold", in(call.Event{Kind: call.TalkEnded, Answer: answer, Talk: 61_000, Hold: 9_000}), []flat{
			queue(later, sums{"talks": 1, "talk_ms": 61_000, "held": 1, "hold_ms": 9_000}),
			agent(later, sums{"talks": 1, "talk_ms": 61_000, "held": 1, "hold_ms": 9_000}),
		}},
		{"stream gap", in(call.Event{Kind: call.StreamGap}), nil},
	}
}

// outcomeRows are the ends of offers, of stays in the queue and of calls.
func outcomeRows() []row {
	left := func(o call.Outcome, wait call.Millis, by sums) row {
		by["max_wait_ms"] = int64(wait)
		ev := in(call.Event{Kind: call.LeftQueue, Outcome: o, Wait: wait})
		return row{fmt.Sprintf("left: %s after %d", o, wait), ev, []flat{queue(cohort, by)}}
	}
	const eleven = "31 15:59:59.000" // eleven seconds before the event
	offer := func(o call.Outcome, field string) row {
		ev := in(call.Event{Kind: call.OfferEnded, Outcome: o, Ring: 11_000})
		return row{"offer ended: " + field, ev, []flat{agent(eleven, sums{field: 1})}}
	}
	ended := func(c call.Class, field string) row {
		ev := in(call.Event{Kind: call.Ended, Total: 11_000, Ending: call.Ending{Class: c}})
		return row{"ended: " + field, ev, lines(eleven, sums{field: 1})}
	}
	return []row{
		left(call.Abandoned, 5_000, sums{"abandoned": 1, "wait_abandoned_ms": 5_000}),
		left(call.Abandoned, 4_999, sums{
			"abandoned": 1, "short": 1, "wait_abandoned_ms": 4_999, "wait_short_ms": 4_999,
		}),
		left(call.TimedOut, 9, sums{"timed_out": 1}), left(call.LeftEmpty, 9, sums{"left_empty": 1}),
		left(call.Overflowed, 9, sums{"overflowed": 1}), left(call.Callback, 9, sums{"callback": 1}),
		left(call.ToMessage, 9, sums{"to_message": 1}),
		offer(call.NoAnswer, "no_answer"), offer(call.Rejected, "rejected"), offer(call.Busy, "busy"),
		offer(call.Unreachable, "unreachable"), offer(call.Canceled, "canceled"),
		ended(call.ClassAnswered, "answered"), ended(call.ClassAbandoned, "abandoned"),
		ended(call.ClassRefused, "refused"), ended(call.ClassFailed, "failed"),
	}
}

func TestIncrements(t *testing.T) {
	t.Parallel()
	rules := defaultRules(t)
	for _, r := range append(kindRows(), outcomeRows()...) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			got, err := rules.increments(r.ev)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r.want, flatten(got)); diff != "" {
				t.Errorf("increments (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStatesAreCutAtTheBorders takes a break from 23:44:59.5 to 00:00:10 of the site: half a
// second in the first interval, all of the second, ten seconds of the next day.
func TestStatesAreCutAtTheBorders(t *testing.T) {
	t.Parallel()
	ev := in(call.Event{Kind: call.AgentChanged, From: call.Break, Was: "用餐", Held: 910_500})
	got, err := defaultRules(t).increments(ev)
	if err != nil {
		t.Fatal(err)
	}
	piece := func(at string, length int64) []flat {
		return []flat{
			agent(at, sums{"in_break_ms": length}),
			{ofBreaks, "a", at, sums{"用餐": length}},
		}
	}
	want := slices.Concat(
		piece("31 15:44:59.500", 500), piece("31 15:45:00.000", 900_000), piece("31 16:00:00.000", 10_000),
	)
	if diff := cmp.Diff(want, flatten(got)); diff != "" {
		t.Errorf("increments (-want +got):\n%s", diff)
	}
	for _, state := range []call.AgentState{call.Ready, call.Ringing, call.Talking, call.Hold, call.WrapUp} {
		ev.From = state
		if got, err = defaultRules(t).increments(ev); err != nil {
			t.Fatal(err)
		}
		var sum AgentCounter
		for _, inc := range got {
			sum.Add(*inc.by.(*AgentCounter))
		}
		if field := "in_" + string(state) + "_ms"; flatten([]increment{{by: &sum}})[0].By[field] != 910_500 {
			t.Errorf("%s: %+v, want %s of 910500", state, sum, field)
		}
		if sum.SignedIn() != 910_500 {
			t.Errorf("%s: signed in for %d", state, sum.SignedIn())
		}
	}
}

func TestIncrementsSayWhatTheyCannotCount(t *testing.T) {
	t.Parallel()
	rules := defaultRules(t)
	whole := call.Event{Queue: "q", Agent: "a", Entered: entered, At: entered, Answer: entered}
	with := func(change func(*call.Event)) call.Event {
		ev := whole
		change(&ev)
		return ev
	}
	for name, ev := range map[string]call.Event{
		"unknown kind":        with(func(e *call.Event) { e.Kind = "survey" }),
		"no kind":             with(func(*call.Event) {}),
		"unknown outcome":     with(func(e *call.Event) { e.Kind, e.Outcome = call.LeftQueue, "vanished" }),
		"outcome of an offer": with(func(e *call.Event) { e.Kind, e.Outcome = call.LeftQueue, call.NoAnswer }),
		"outcome of a stay":   with(func(e *call.Event) { e.Kind, e.Outcome = call.OfferEnded, call.TimedOut }),
		"unknown state":       with(func(e *call.Event) { e.Kind, e.From = call.AgentChanged, "asleep" }),
		"no state":            with(func(e *call.Event) { e.Kind = call.AgentChanged }),
		"state of nobody":     with(func(e *call.Event) { e.Kind, e.From, e.Agent = call.AgentChanged, call.Ready, "" }),
		"state for ever": with(func(e *call.Event) {
			e.Kind, e.From, e.Held = call.AgentChanged, call.Ready, 1<<62
		}),
		"unknown transfer":        with(func(e *call.Event) { e.Kind, e.Reason = call.Transferred, "" }),
		"unknown class":           with(func(e *call.Event) { e.Kind = call.Ended }),
		"queued without queue":    with(func(e *call.Event) { e.Kind, e.Queue = call.Queued, "" }),
		"queued without entry":    with(func(e *call.Event) { e.Kind, e.Entered = call.Queued, time.Time{} }),
		"offered without agent":   with(func(e *call.Event) { e.Kind, e.Agent = call.Offered, "" }),
		"answered without agent":  with(func(e *call.Event) { e.Kind, e.Agent = call.Answered, "" }),
		"talk without the answer": with(func(e *call.Event) { e.Kind, e.Answer = call.TalkEnded, time.Time{} }),
	} {
		if _, err := rules.increments(ev); !errors.Is(err, ErrUnmapped) {
			t.Errorf("%s: error is %v, want ErrUnmapped", name, err)
		}
	}
}

func TestBatchCountsForIntervalAndDay(t *testing.T) {
	t.Parallel()
	rules := defaultRules(t)
	events := []call.Event{
		{Seq: 7, Kind: call.Queued, Queue: "q", Entered: entered, At: entered},
		{Seq: 8, Kind: call.Queued, Queue: "q", Entered: entered.Add(3 * time.Second), At: entered},
	}
	b := newBatch("hotline", rules, entered, events)
	// Three seconds apart, but in two intervals and on two days of the site.
	want := []string{
		"{hotline}:queue:q:1767195900000", "{hotline}:queue-day:q:2025-12-31",
		"{hotline}:queue:q:1767196800000", "{hotline}:queue-day:q:2026-01-01",
	}
	if diff := cmp.Diff(want, b.order); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if b.first != 7 || b.last != 8 {
		t.Errorf("batch is %d to %d, want 7 to 8", b.first, b.last)
	}
	// The ledger of an old site is longer than the counters live.
	if old := newBatch("hotline", rules, entered.Add(rules.Keep+48*time.Hour), events); len(old.order) != 0 {
		t.Errorf("expired counters would be written: %q", old.order)
	}
}
