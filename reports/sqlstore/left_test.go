package sqlstore

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

// TestLeftIsWhatANextRunTakesUp: an open call is left, as is the call of an agent at his
// after-call work and one that has just ended; an open call of long ago is over.
func TestLeftIsWhatANextRunTakesUp(t *testing.T) {
	t.Parallel()
	EachPlace(t, left)
}

func left(t *testing.T, place Place) {
	s := storeAt(t, place)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }
	state := func(minutes int, agent call.AgentID, id call.ID, to call.AgentState) call.Event {
		return call.Event{Kind: call.AgentChanged, At: at(minutes), Agent: agent, Call: id, From: call.Ready, To: to}
	}
	ended := func(minutes int, id call.ID) call.Event {
		return call.Event{
			Kind: call.Ended, At: at(minutes), Call: id, By: call.ByCaller,
			Ending: call.Ending{Class: call.ClassAnswered, Reason: call.CallerHungUp},
		}
	}
	_, err := s.Append(t.Context(), []call.Event{
		{Kind: call.Arrived, At: at(-3000), Call: "ancient", Line: "1"},
		state(-3000, "eve", "", call.Break),
		{Kind: call.Arrived, At: at(-60), Call: "over", Line: "1"},
		{Kind: call.Arrived, At: at(-50), Call: "waits", Line: "1"},
		{Kind: call.Arrived, At: at(-40), Call: "wrapped", Line: "1"},
		{Kind: call.Queued, At: at(-49), Entered: at(-49), Call: "waits", Queue: "q"},
		state(-35, "ann", "wrapped", call.Talking),
		ended(-30, "wrapped"), ended(-29, "over"),
		state(-28, "ann", "wrapped", call.WrapUp),
		state(-27, "bob", "", call.Break),
	})
	if err != nil {
		t.Fatal(err)
	}
	left, err := s.Left(t.Context(), at(-1440), []call.AgentID{"ann", "bob", "cy"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[call.ID][]call.Kind{}
	for id, events := range left.Calls {
		for _, e := range events {
			got[id] = append(got[id], e.Kind)
		}
	}
	want := map[call.ID][]call.Kind{
		"over":  {call.Arrived, call.Ended},
		"waits": {call.Arrived, call.Queued}, "wrapped": {call.Arrived, call.AgentChanged, call.Ended, call.AgentChanged},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls left (-want +got):\n%s", diff)
	}
	states := map[call.AgentID]call.AgentState{}
	for a, e := range left.Agents {
		states[a] = e.To
	}
	if diff := cmp.Diff(map[call.AgentID]call.AgentState{"ann": call.WrapUp, "bob": call.Break}, states); diff != "" {
		t.Errorf("agents' states (-want +got):\n%s", diff)
	}
}
