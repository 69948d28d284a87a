package sqlstore

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"hotline/call"
)

// TestStory: a call's events in their order, and none of a call that is not known.
func TestStory(t *testing.T) {
	t.Parallel()
	EachPlace(t, story)
}

func story(t *testing.T, place Place) {
	s := storeAt(t, place)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	_, err := s.Append(t.Context(), []call.Event{
		{Kind: call.Arrived, At: at, Call: "one", Fallback: true},
		{Kind: call.Arrived, At: at, Call: "two"},
		{Kind: call.Ended, At: at, Call: "one"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[call.ID][]uint64{"one": {1, 3}, "two": {2}, "three": nil, "": nil} {
		story, err := s.Story(t.Context(), id)
		if err != nil || len(story) != len(want) {
			t.Fatalf("story of %q: %v, %v", id, story, err)
		}
		for i, e := range story {
			if e.Seq != want[i] || e.Call != id || e.Fallback != (e.Seq == 1) {
				t.Errorf("story of %q: %+v", id, e)
			}
		}
	}
}

// TestSaveAllIsOneBatch: all of the events or none, in one transaction.
func TestSaveAllIsOneBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{}
		r := run(t, l, WriterOptions{})
		if err := r.SaveAll(t.Context(), []call.Event{numbered(1), numbered(2), numbered(3)}); err != nil {
			t.Error(err)
		}
		l.holds(t, 3)
		if len(l.batches) != 1 {
			t.Errorf("%d batches, want one", len(l.batches))
		}
		if err := r.SaveAll(t.Context(), []call.Event{numbered(4), {Kind: "nonsense"}}); err == nil {
			t.Error("a bad event is taken")
		}
		l.holds(t, 3)
		if err := r.finish(); err != nil {
			t.Error(err)
		}
	})
}

// TestCallbacksAreFound: in their order, since a time, by an index of their own.
func TestCallbacksAreFound(t *testing.T) {
	t.Parallel()
	EachPlace(t, callbacksAreFound)
}

func callbacksAreFound(t *testing.T, place Place) {
	s := storeAt(t, place)
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }
	event := func(kind call.Kind, id call.ID, ms int) call.Event {
		return call.Event{Kind: kind, Call: id, At: at(ms), Queue: "q", Entered: noon, Number: "138"}
	}
	if _, err := s.Append(t.Context(), []call.Event{
		event(call.CallbackAsked, "1", 10), event(call.Arrived, "2", 15), event(call.CallbackAsked, "2", 20),
		event(call.CallbackEnded, "1", 30),
	}); err != nil {
		t.Fatal(err)
	}
	for ms, want := range map[int]string{0: "[1 2 1]", 20: "[2 1]", 40: "[]"} {
		events, err := s.Callbacks(t.Context(), at(ms))
		var got []call.ID
		for _, ev := range events {
			got = append(got, ev.Call)
		}
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("since %d ms: %v, %v, want %s", ms, got, err, want)
		}
	}
}
