package redisstore

import (
	"errors"
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

func TestIncrements(t *testing.T) {
	t.Parallel()
	const cohort, later = "31 15:59:58.000", "31 16:00:10.000"
	at := entered.Add(12 * time.Second)
	type sums = map[string]int64
	of := func(ev call.Event) call.Event {
		ev.Queue, ev.Agent, ev.Entered, ev.At = "q", "a", entered, at
		return ev
	}
	left := func(o call.Outcome, wait call.Millis) call.Event {
		return of(call.Event{Kind: call.LeftQueue, Outcome: o, Wait: wait})
	}
	queue := func(at string, by sums) flat { return flat{ofQueue, "q", at, by} }
	agent := func(at string, by sums) flat { return flat{ofAgent, "a", at, by} }
	offerEnded := func(o call.Outcome, field string) (call.Event, []flat) {
		return of(call.Event{Kind: call.OfferEnded, Outcome: o, Ring: 11_000}),
			[]flat{agent("31 15:59:59.000", sums{field: 1})}
	}
	ended := func(c call.Class, field string) (call.Event, []flat) {
		return call.Event{Kind: call.Ended, At: at, Line: "10086", Total: 11_000, Ending: call.Ending{Class: c}},
			[]flat{{ofLine, "", "31 15:59:59.000", sums{field: 1}}, {ofLine, "10086", "31 15:59:59.000", sums{field: 1}}}
	}
	type row struct {
		name string
		ev   call.Event
		want []flat
	}
	rows := []row{
		{"arrived", call.Event{Kind: call.Arrived, At: at, Line: "10086"}, []flat{
			{ofLine, "", later, sums{"arrived": 1}}, {ofLine, "10086", later, sums{"arrived": 1}},
		}},
		{"arrived without a line", call.Event{Kind: call.Arrived, At: at}, []flat{{ofLine, "", later, sums{"arrived": 1}}}},
		{"queued", of(call.Event{Kind: call.Queued}), []flat{queue(cohort, sums{"offered": 1})}},
		{
			"queued with no idle agent", of(call.Event{Kind: call.Queued, Queueing: true}),
			[]flat{queue(cohort, sums{"offered": 1, "queued": 1})},
		},
		{"offered", of(call.Event{Kind: call.Offered}), []flat{agent(later, sums{"offers": 1})}},
		{"answered on the limit", of(call.Event{Kind: call.Answered, Wait: 15_000, Ring: 2_000}), []flat{
			queue(cohort, sums{"answered": 1, "answered_in": 1, "wait_answered_ms": 15_000, "max_wait_ms": 15_000}),
			agent(later, sums{"answered": 1}),
		}},
		{"answered a millisecond late", of(call.Event{Kind: call.Answered, Wait: 15_001}), []flat{
			queue(cohort, sums{"answered": 1, "wait_answered_ms": 15_001, "max_wait_ms": 15_001}),
			agent(later, sums{"answered": 1}),
		}},
		{"abandoned on the limit", left(call.Abandoned, 5_000), []flat{
			queue(cohort, sums{"abandoned": 1, "wait_abandoned_ms": 5_000, "max_wait_ms": 5_000}),
		}},
		{"abandoned a millisecond short", left(call.Abandoned, 4_999), []flat{queue(cohort, sums{
			"abandoned": 1, "short": 1, "wait_abandoned_ms": 4_999, "wait_short_ms": 4_999, "max_wait_ms": 4_999,
		})}},
		{"timed out", left(call.TimedOut, 9), []flat{queue(cohort, sums{"timed_out": 1, "max_wait_ms": 9})}},
		{"left empty", left(call.LeftEmpty, 9), []flat{queue(cohort, sums{"left_empty": 1, "max_wait_ms": 9})}},
		{"overflowed", left(call.Overflowed, 9), []flat{queue(cohort, sums{"overflowed": 1, "max_wait_ms": 9})}},
		{"call-back", left(call.Callback, 9), []flat{queue(cohort, sums{"callback": 1, "max_wait_ms": 9})}},
		{"talk ended", of(call.Event{Kind: call.TalkEnded, Answer: at, Talk: 61_000}), []flat{
			queue(later, sums{"talks": 1, "talk_ms": 61_000}), agent(later, sums{"talks": 1, "talk_ms": 61_000}),
		}},
		{"wrap-up ended", of(call.Event{Kind: call.WrapUpEnded, Answer: at}), []flat{
			queue(later, sums{"wraps": 1}), agent(later, sums{"wraps": 1}),
		}},
		{"connected", of(call.Event{Kind: call.Connected}), nil},
		{"recorded", of(call.Event{Kind: call.Recorded}), nil},
		{"recording fault", of(call.Event{Kind: call.RecordingFault}), nil},
		{"agent changed", of(call.Event{Kind: call.AgentChanged}), nil},
		{"stream gap", of(call.Event{Kind: call.StreamGap}), nil},
	}
	for outcome, field := range map[call.Outcome]string{
		call.NoAnswer: "no_answer", call.Rejected: "rejected", call.Busy: "busy",
		call.Unreachable: "unreachable", call.Canceled: "canceled",
	} {
		ev, want := offerEnded(outcome, field)
		rows = append(rows, row{"offer ended " + field, ev, want})
	}
	for class, field := range map[call.Class]string{
		call.ClassAnswered: "answered", call.ClassAbandoned: "abandoned",
		call.ClassRefused: "refused", call.ClassFailed: "failed",
	} {
		ev, want := ended(class, field)
		rows = append(rows, row{"ended " + field, ev, want})
	}
	rules := defaultRules(t)
	for _, r := range rows {
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
		"unknown kind":            with(func(e *call.Event) { e.Kind = "survey" }),
		"no kind":                 with(func(*call.Event) {}),
		"unknown outcome":         with(func(e *call.Event) { e.Kind, e.Outcome = call.LeftQueue, "vanished" }),
		"outcome of an offer":     with(func(e *call.Event) { e.Kind, e.Outcome = call.LeftQueue, call.NoAnswer }),
		"outcome of a stay":       with(func(e *call.Event) { e.Kind, e.Outcome = call.OfferEnded, call.TimedOut }),
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
