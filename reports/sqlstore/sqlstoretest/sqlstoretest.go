// Package sqlstoretest is the contract of the call ledger as a test suite. Every database
// that is to hold the ledger passes it.
package sqlstoretest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"sync"
	"testing"
	"time"

	"hotline/call"
	"hotline/reports/sqlstore"
)

// Ledger is what a database has to offer.
type Ledger interface {
	sqlstore.Ledger
	Append(ctx context.Context, events []call.Event) ([]call.Event, error)
	After(ctx context.Context, seq uint64, limit int) ([]call.Event, error)
	LastSeq(ctx context.Context) (uint64, error)
	Events(ctx context.Context, from, to time.Time) iter.Seq2[call.Event, error]
	Recordings(ctx context.Context, f sqlstore.Filter) ([]sqlstore.Recorded, error)
}

// Run runs the suite. Each call of fresh stands for a new, empty ledger; what it returns
// opens that ledger, as each of several processes would, until the end of the test.
func Run(t *testing.T, fresh func(t *testing.T) func() Ledger) {
	for name, test := range map[string]func(*testing.T, Ledger){
		"an empty ledger":               empty,
		"every kind comes back equal":   roundTrip,
		"hostile text is kept":          hostileText,
		"a bad event stops its batch":   atomic,
		"a recording is announced once": announcedOnce,
		"changed recordings are faults": changedRecording,
		"events come by whole calls":    wholeCalls,
		"recordings are found":          recordings,
		"a cancelled reader stops":      canceled,
		"a batch is written once":       once,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t)())
		})
	}
	t.Run("numbers have no gaps", func(t *testing.T) {
		t.Parallel()
		numbers(t, fresh(t))
	})
}

// Noon is the time around which the suite's events happen.
func Noon() time.Time { return time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC) }

// At is so many milliseconds after Noon.
func At(ms int) time.Time { return Noon().Add(time.Duration(ms) * time.Millisecond) }

// Sample is one event of each kind with every member of that kind set.
func Sample() []call.Event {
	in := func(k call.Kind, ms int) call.Event {
		return call.Event{Kind: k, At: At(ms), Call: "1.1", Queue: "complaints", Entered: At(10)}
	}
	with := func(e call.Event, set func(*call.Event)) call.Event { set(&e); return e }
	offer := func(k call.Kind, ms int) call.Event {
		return with(in(k, ms), func(e *call.Event) { e.Agent, e.Offer = "ann", "o1" })
	}
	return []call.Event{
		{Kind: call.Arrived, At: At(0), Call: "1.1", Number: "+8613800138000", Line: "10000", Grade: "key"},
		with(in(call.Queued, 10), func(e *call.Event) { e.Queueing, e.Place = true, At(-5000) }),
		offer(call.Offered, 20),
		with(offer(call.OfferEnded, 30), func(e *call.Event) { e.Outcome, e.Ring = call.NoAnswer, 10 }),
		with(offer(call.Answered, 40), func(e *call.Event) { e.Wait, e.Ring, e.Below = 30, 5, true }),
		{Kind: call.Connected, At: At(50), Call: "1.1", Agent: "ann", Offer: "o1", Leg: "leg"},
		with(offer(call.HoldEnded, 55), func(e *call.Event) { e.Held = 5 }),
		{Kind: call.Conferenced, At: At(56), Call: "1.1", Agent: "ann", Offer: "o1", Leg: "l2", Target: "number:110"},
		{
			Kind: call.Transferred, At: At(57), Call: "1.1", Agent: "ann", Offer: "o1", Target: "queue:senior",
			Reason: string(call.Blind),
		},
		{Kind: call.Dialled, At: At(58), Call: "1.1", Agent: "ann", Leg: "l2", Target: "number:110"},
		{
			Kind: call.DialEnded, At: At(59), Call: "1.1", Agent: "ann", Leg: "l2", Target: "number:110",
			Answer: At(58), Talk: 1, By: call.BySystem, Direction: call.Outbound,
		},
		with(in(call.Estimated, 59), func(e *call.Event) { e.P50, e.P90, e.Said = 40_000, 90_000, 60_000 }),
		with(in(call.CallbackAsked, 59), func(e *call.Event) { e.Number, e.Line, e.Grade = "13800138000", "10000", "key" }),
		with(in(call.CallbackEnded, 59), func(e *call.Event) {
			e.Number, e.Of, e.Reason = "13800138000", "out-1.1", string(call.CallbackReached)
		}),
		with(in(call.LeftQueue, 60), func(e *call.Event) { e.Outcome, e.Wait = call.Abandoned, 50 }),
		with(offer(call.TalkEnded, 70), func(e *call.Event) { e.Answer, e.Talk, e.Hold, e.By = At(40), 30, 5, call.ByAgent }),
		with(offer(call.WrapUpEnded, 80), func(e *call.Event) { e.Answer, e.Wrap = At(40), 10 }),
		{
			Kind: call.Ended, At: At(90), Call: "1.1", By: call.ByCaller, Total: 90,
			Ending: call.Ending{Class: call.ClassAnswered, Reason: call.CallerHungUp},
		},
		Recording("1.1", "2026/a.wav", 0, 90),
		{Kind: call.RecordingFault, At: At(100), Call: "1.1", Reason: "missing second"},
		{
			Kind: call.AgentChanged, At: At(110), Agent: "ann", From: call.WrapUp, To: call.Break,
			Reason: "lunch", Held: 10,
		},
		{Kind: call.StreamGap, At: At(120), Reason: "connection lost", Held: 7},
	}
}

// Recording announces a recording of a call that begins so many milliseconds after Noon.
func Recording(id call.ID, path string, begin int, length call.Millis) call.Event {
	return call.Event{Kind: call.Recorded, At: At(begin + int(length)), Call: id, Recording: &call.Recording{
		Path: path, SHA256: "sum of " + path, Bytes: 44, Begin: At(begin), Length: length, Rate: 8000,
	}}
}

// must appends and returns what was stored.
func must(t *testing.T, l Ledger, events ...call.Event) []call.Event {
	t.Helper()
	stored, err := l.Append(t.Context(), events)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return stored
}

// all reads the whole ledger.
func all(t *testing.T, l Ledger) []call.Event {
	t.Helper()
	events, err := l.After(t.Context(), 0, 100_000)
	if err != nil {
		t.Fatalf("after: %v", err)
	}
	return events
}

func empty(t *testing.T, l Ledger) {
	if last, err := l.LastSeq(t.Context()); last != 0 || err != nil {
		t.Errorf("last event is %d, %v; want 0", last, err)
	}
	if stored := must(t, l); len(stored) != 0 {
		t.Errorf("appending nothing stored %d events", len(stored))
	}
	if events := all(t, l); len(events) != 0 {
		t.Errorf("an empty ledger holds %d events", len(events))
	}
	if _, err := l.After(t.Context(), 0, 0); err == nil {
		t.Error("a limit of 0 is accepted")
	}
}

// numbers appends from several goroutines at once, two by two as different processes would.
func numbers(t *testing.T, open func() Ledger) {
	const writers, each = 4, 25
	two := [2]Ledger{open(), open()}
	l := two[0]
	var wg sync.WaitGroup
	for w := range writers {
		own := two[w%2]
		wg.Go(func() {
			for i := range each {
				id := call.ID(fmt.Sprintf("%d.%d", w, i))
				events := []call.Event{
					{Kind: call.Arrived, At: At(i), Call: id}, {Kind: call.Ended, At: At(i), Call: id, Seq: 99},
				}
				stored, err := own.Append(t.Context(), events)
				if err != nil {
					t.Errorf("append: %v", err)
				} else if stored[1].Seq != stored[0].Seq+1 {
					t.Errorf("one batch has the numbers %d and %d", stored[0].Seq, stored[1].Seq)
				}
			}
		})
	}
	wg.Wait()
	var after uint64
	for after < 2*writers*each {
		page, err := l.After(t.Context(), after, 7)
		if err != nil || len(page) == 0 {
			t.Fatalf("after %d: %d events, %v", after, len(page), err)
		}
		for _, e := range page {
			after++
			if e.Seq != after {
				t.Fatalf("number %d follows %d", e.Seq, after-1)
			}
		}
	}
	if last, err := l.LastSeq(t.Context()); last != after || err != nil {
		t.Errorf("last event is %d, %v; want %d", last, err, after)
	}
}

func roundTrip(t *testing.T, l Ledger) {
	want := Sample()
	// Times may come in any zone and precision.
	want[0].At = want[0].At.Add(999 * time.Microsecond).In(time.FixedZone("CST", 8*3600))
	stored := must(t, l, want...)
	want[0].At = At(0)
	for i := range want {
		want[i].Seq = uint64(i + 1)
	}
	if !reflect.DeepEqual(stored, want) {
		t.Errorf("append returned\n%+v\nwant\n%+v", stored, want)
	}
	if got := all(t, l); !reflect.DeepEqual(got, want) {
		t.Errorf("the ledger holds\n%+v\nwant\n%+v", got, want)
	}
}

// hostileText appends a number with bytes that no line should deliver.
func hostileText(t *testing.T, l Ledger) {
	stored := must(t, l, call.Event{
		Kind: call.Arrived, At: At(0), Call: "1", Number: "a\x00b\xffc'); DROP TABLE events; --?", Line: "热线",
	})
	if want := "a\uFFFDb\uFFFDc'); DROP TABLE events; --?"; stored[0].Number != want {
		t.Errorf("number is %q, want %q", stored[0].Number, want)
	}
	if got := all(t, l); !reflect.DeepEqual(got, stored) {
		t.Errorf("the ledger holds %+v, want %+v", got, stored)
	}
}

func atomic(t *testing.T, l Ledger) {
	good := call.Event{Kind: call.Arrived, At: At(0), Call: "1"}
	for name, bad := range map[string]call.Event{
		"unknown kind":     {Kind: "holding", At: At(0), Call: "1"},
		"no time":          {Kind: call.Arrived, Call: "1"},
		"no call":          {Kind: call.Arrived, At: At(0)},
		"no queue":         {Kind: call.Queued, At: At(0), Call: "1", Entered: At(0)},
		"no entry":         {Kind: call.Queued, At: At(0), Call: "1", Queue: "q"},
		"no agent":         {Kind: call.Answered, At: At(0), Call: "1", Queue: "q", Entered: At(0)},
		"no answer":        {Kind: call.TalkEnded, At: At(0), Call: "1", Queue: "q", Entered: At(0), Agent: "a"},
		"no recording":     {Kind: call.Recorded, At: At(0), Call: "1"},
		"year 10000":       {Kind: call.Arrived, At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), Call: "1"},
		"nameless agent":   {Kind: call.AgentChanged, At: At(0)},
		"nameless file":    Recording("1", "", 0, 1),
		"negative length":  Recording("1", "a", 0, -1),
		"entry in year -1": {Kind: call.Ended, At: At(0), Call: "1", Entered: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if _, err := l.Append(t.Context(), []call.Event{good, bad}); !errors.Is(err, sqlstore.ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid", name, err)
		}
	}
	if events := all(t, l); len(events) != 0 {
		t.Errorf("%d events of refused batches are in the ledger", len(events))
	}
	if stored := must(t, l, good); stored[0].Seq != 1 {
		t.Errorf("the first good event has number %d", stored[0].Seq)
	}
}

func announcedOnce(t *testing.T, l Ledger) {
	a := Recording("1", "a.wav", 0, 10)
	again := a
	again.At = At(5000)
	stored := must(t, l, a, again, Recording("1", "b.wav", 0, 10), Recording("2", "a.wav", 0, 10))
	if len(stored) != 3 {
		t.Errorf("%d events stored of one batch with a repetition, want 3", len(stored))
	}
	if stored = must(t, l, again); len(stored) != 0 {
		t.Errorf("a repetition was stored: %+v", stored)
	}
	stored = must(t, l, again, call.Event{Kind: call.Ended, At: At(0), Call: "1"})
	if len(stored) != 1 || stored[0].Seq != 4 {
		t.Errorf("after a repetition stored %+v, want the end with number 4", stored)
	}
	found, err := l.Recordings(t.Context(), sqlstore.Filter{})
	if err != nil || len(found) != 3 {
		t.Errorf("%d recordings, %v; want 3", len(found), err)
	}
}

func changedRecording(t *testing.T, l Ledger) {
	a := Recording("1", "a.wav", 0, 10)
	must(t, l, a)
	changed := *a.Recording
	changed.SHA256 = "another sum"
	b := a
	b.Recording = &changed
	stored := must(t, l, b)
	if len(stored) != 1 || stored[0].Kind != call.RecordingFault || stored[0].Reason != sqlstore.ReasonRecordedAgain {
		t.Fatalf("stored %+v, want one recording fault", stored)
	}
	found, err := l.Recordings(t.Context(), sqlstore.Filter{Call: "1"})
	if err != nil || len(found) != 1 || found[0].Recording != *a.Recording {
		t.Errorf("recordings %+v, %v; want the first announcement alone", found, err)
	}
}

func canceled(t *testing.T, l Ledger) {
	must(t, l, Sample()...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range l.Events(ctx, At(0), At(1)) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want context.Canceled", err)
		}
	}
	if _, err := l.After(ctx, 0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// once offers batches again, as a writer does that had no answer.
func once(t *testing.T, l Ledger) {
	recording := Recording("1", "a.wav", 0, 10)
	batch := func(writer string, number uint64, events ...call.Event) sqlstore.Batch {
		return sqlstore.Batch{Writer: writer, Number: number, Events: events}
	}
	first := batch("w1", 1, call.Event{Kind: call.Arrived, At: At(0), Call: "1"}, recording)
	for i, c := range []struct {
		batch sqlstore.Batch
		want  sqlstore.Written
	}{
		{first, sqlstore.Written{Last: 2, Stored: 2}},
		{first, sqlstore.Written{Last: 2, Stored: 2}},
		{batch("w2", 1, call.Event{Kind: call.Arrived, At: At(0), Call: "2"}), sqlstore.Written{Last: 3, Stored: 1}},
		{first, sqlstore.Written{Last: 2, Stored: 2}},
		{batch("w1", 2, recording), sqlstore.Written{}}, // a repetition, and nothing else
		{batch("w1", 2, recording), sqlstore.Written{}},
		{batch("w1", 3, call.Event{Kind: call.Ended, At: At(0), Call: "1"}), sqlstore.Written{Last: 4, Stored: 1}},
	} {
		got, err := l.AppendOnce(t.Context(), c.batch)
		if err != nil || got != c.want {
			t.Errorf("offer %d: %+v, %v; want %+v", i, got, err, c.want)
		}
	}
	if events := all(t, l); len(events) != 4 {
		t.Errorf("the ledger holds %d events, want 4", len(events))
	}
	bad := batch("w1", 4, call.Event{Kind: "holding", At: At(0), Call: "1"})
	if _, err := l.AppendOnce(t.Context(), bad); !errors.Is(err, sqlstore.ErrInvalid) {
		t.Errorf("a bad batch: %v, want ErrInvalid", err)
	}
}
