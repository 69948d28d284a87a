package app

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
	"hotline/callflow"
)

// TestS11MessageOutlivesTheController: a caller whose controller died in mid-message speaks
// on; one who had chosen to leave a message is asked for it; one who was done is let go.
func TestS11MessageOutlivesTheController(t *testing.T) {
	arrived := call.Event{Kind: call.Arrived, At: at, Call: "c", Line: "10000"}
	queued := call.Event{Kind: call.Queued, At: at, Call: "c", Queue: "care", Entered: at}
	left := call.Event{Kind: call.LeftQueue, At: at, Call: "c", Queue: "care", Entered: at, Outcome: call.ToMessage}
	begun := call.Event{Kind: call.MessageBegun, At: at.Add(9 * time.Second), Call: "c", Reason: "closed", Offset: 9000}
	done := call.Event{Kind: call.Messaged, At: at.Add(time.Minute), Call: "c", Reason: "closed"}
	for name, c := range map[string]struct {
		events []call.Event
		want   callflow.Resumption
		aside  bool
	}{
		"in mid-message": {
			[]call.Event{arrived, begun}, callflow.Resumption{Spoken: &callflow.Spoken{Since: begun.At, Why: call.Closed}}, true,
		},
		"about to be asked": {
			[]call.Event{arrived, queued, left}, callflow.Resumption{Spoken: &callflow.Spoken{Why: call.OnWish}}, true,
		},
		"done": {
			[]call.Event{arrived, begun, done},
			callflow.Resumption{Ending: &call.Ending{Class: call.ClassMessage, Reason: call.Closed}},
			true,
		},
		"waiting": {[]call.Event{arrived, queued}, callflow.Resumption{}, false},
	} {
		s := storyOf("c", c.events)
		var got callflow.Resumption
		if aside := s.aside(&got); aside != c.aside || !cmp.Equal(got, c.want) {
			t.Errorf("%s: %t and %s", name, aside, cmp.Diff(c.want, got))
		}
	}
}

// TestUnseenEndOfMessageAndSurvey: what the caller said before he left unseen is a message
// when it is long enough, and a survey is closed without an answer.
func TestUnseenEndOfMessageAndSurvey(t *testing.T) {
	begun := call.Event{Kind: call.MessageBegun, At: at, Call: "c", Reason: "closed", Offset: 9000, Seq: 7}
	s := storyOf("c", []call.Event{begun})
	got, ok := s.unsaid(at.Add(20 * time.Second))
	want := call.Event{
		Kind: call.Messaged, At: at.Add(20 * time.Second), Call: "c", Reason: "closed", Offset: 9000, Held: 20_000,
	}
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("message %t (-want +got):\n%s", ok, diff)
	}
	if e := s.ending(); e != (call.Ending{Class: call.ClassMessage, Reason: call.Closed}) {
		t.Errorf("ended %v", e)
	}
	if _, again := s.unsaid(at.Add(20 * time.Second)); again {
		t.Error("the message is written twice")
	}
	short := storyOf("c", []call.Event{begun})
	if _, ok := short.unsaid(at.Add(time.Second)); ok || short.ending().Class != call.ClassAbandoned {
		t.Error("one second is taken for a message")
	}
	asked := storyOf("c", []call.Event{
		{Kind: call.Offered, At: at, Call: "c", Agent: "ann", Queue: "care", Offer: "c-a1"},
		{Kind: call.Answered, At: at, Call: "c", Agent: "ann", Queue: "care", Offer: "c-a1"},
		{Kind: call.SurveyBegun, At: at, Call: "c", Agent: "ann", Queue: "care"},
	})
	if e, ok := asked.unsaid(at); !ok || e.Kind != call.Surveyed || e.Score != 0 || e.Agent != "ann" {
		t.Errorf("survey %+v (%t), want one of ann without an answer", e, ok)
	}
	if asked.ending().Class != call.ClassAnswered {
		t.Error("a call with an agent is not answered")
	}
}
