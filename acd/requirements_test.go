package acd

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

// S1: an idle agent is rung in the very step in which the caller enters, and the answer
// tells the milliseconds since then.
func TestS1IdleAgentIsRungAtEntryAndWaitIsStored(t *testing.T) {
	h := newHouse(t, twoQueues())
	h.do(SignIn{"ann"})
	ring := h.ring(h.do(Enter{Call: "c1", Queue: "care"}))
	if ring.Agent != "ann" {
		t.Fatalf("entry gives %+v, want a ring for Ann", ring)
	}
	answer := h.after(4321*time.Millisecond, Answered{ring.Offer}).Events[0]
	if answer.Kind != call.Answered || answer.Agent != "ann" || answer.Wait != 4321 {
		t.Errorf("answer %+v, want Ann after 4321 ms", answer)
	}
	if want := call.Between(answer.Entered, answer.At); answer.Wait != want {
		t.Errorf("Wait = %d, but the event's own times say %d", answer.Wait, want)
	}
}

// S8: whoever queues, hangs up or waits too long is told with the reason and the wait.
func TestS8StaysInTheQueueEndWithAReason(t *testing.T) {
	h := newHouse(t, twoQueues())
	entered := h.do(Enter{Call: "c1", Queue: "sales"}, Enter{Call: "c2", Queue: "sales"}).Events
	left := h.after(1500*time.Millisecond, Leave{Call: "c1"}).Events
	expired := h.after(maxWait-1500*time.Millisecond, Tick{})
	at := func(d time.Duration) time.Time { return call.Stamp(dawn.Add(d)) }
	want := []call.Event{
		{At: at(0), Kind: call.Queued, Call: "c1", Queue: "sales", Entered: at(0), Queueing: true},
		{At: at(0), Kind: call.Queued, Call: "c2", Queue: "sales", Entered: at(0), Queueing: true},
		{
			At: at(1500 * time.Millisecond), Kind: call.LeftQueue, Call: "c1", Queue: "sales",
			Entered: at(0), Outcome: call.Abandoned, Wait: 1500,
		},
		{
			At: at(maxWait), Kind: call.LeftQueue, Call: "c2", Queue: "sales",
			Entered: at(0), Outcome: call.TimedOut, Wait: call.MillisOf(maxWait),
		},
	}
	got := append(append(entered, left...), expired.Events...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Action{Expire{"c2", "sales", call.TimedOut}}, expired.Actions); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

// S18: every state of an agent is logged with its start (the event before), its end and,
// for a break, the reason; the other events of a whole call carry every field of the
// vocabulary.
func TestS18AgentStatesAndCallEventsInFull(t *testing.T) {
	h := newHouse(t, twoQueues())
	var got []call.Event
	play := func(d time.Duration, c Command) { got = append(got, h.after(d, c).Events...) }
	play(0, SignIn{"ann"})
	play(time.Second, TakeBreak{"ann", "tea"})
	play(2*time.Second, Enter{Call: "c1", Queue: "care"})
	play(3*time.Second, GoReady{"ann"})
	play(4*time.Second, OfferFailed{"c1-a1", call.Busy})
	play(missPause, Tick{})
	play(5*time.Second, Answered{"c1-a2"})
	play(6*time.Second, LegEnded{"c1-a2", call.ByAgent})
	play(8*time.Second, WrapUpDone{"ann"})
	play(9*time.Second, SignOut{"ann", "shift over"})

	at := func(seconds int) time.Time { return call.Stamp(dawn.Add(time.Duration(seconds) * time.Second)) }
	state := func(seconds int, id call.ID, from, to call.AgentState, held call.Millis, why string) call.Event {
		return call.Event{
			At: at(seconds), Kind: call.AgentChanged, Call: id, Agent: "ann",
			From: from, To: to, Held: held, Reason: why,
		}
	}
	offer := func(seconds int, kind call.Kind, id call.OfferID) call.Event {
		return call.Event{
			At: at(seconds), Kind: kind, Call: "c1", Queue: "care", Entered: at(3), Agent: "ann", Offer: id,
		}
	}
	failed := offer(10, call.OfferEnded, "c1-a1")
	failed.Outcome, failed.Ring = call.Busy, 4000
	answered := offer(22, call.Answered, "c1-a2")
	answered.Wait, answered.Ring = 19000, 5000
	ended := offer(28, call.TalkEnded, "c1-a2")
	ended.Wait, ended.Ring, ended.Answer, ended.Talk, ended.By = 19000, 5000, at(22), 6000, call.ByAgent
	want := []call.Event{
		state(0, "", call.Offline, call.Ready, 0, ""),
		state(1, "", call.Ready, call.Break, 1000, "tea"),
		{At: at(3), Kind: call.Queued, Call: "c1", Queue: "care", Entered: at(3), Queueing: true},
		state(6, "", call.Break, call.Ready, 5000, ""),
		offer(6, call.Offered, "c1-a1"),
		state(6, "c1", call.Ready, call.Ringing, 0, ""),
		failed,
		state(10, "c1", call.Ringing, call.Ready, 4000, ""),
		offer(17, call.Offered, "c1-a2"),
		state(17, "c1", call.Ready, call.Ringing, 7000, ""),
		answered,
		state(22, "c1", call.Ringing, call.Talking, 5000, ""),
		ended,
		state(28, "c1", call.Talking, call.WrapUp, 6000, ""),
		{
			At: at(36), Kind: call.WrapUpEnded, Call: "c1", Queue: "care", Entered: at(3),
			Agent: "ann", Answer: at(22), Wrap: 8000,
		},
		state(36, "c1", call.WrapUp, call.Ready, 8000, ""),
		state(45, "", call.Ready, call.Offline, 9000, "shift over"),
	}
	want[3].Was = "tea" // the break that ended
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
