package app

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/call"
	"hotline/callflow"
	"hotline/configs"
)

// listOf is an empty list of callbacks of the queues complaints and seniors, at a time that
// the test sets, and the events that it caused.
type listOf struct {
	*callbacks
	at     time.Time
	ledger []call.Event
}

func newListOf() *listOf {
	c := configs.Default()
	c.Dialing.Allow = []configs.Pattern{"138*"}
	for _, id := range []call.QueueID{"complaints", "seniors"} {
		q := configs.DefaultQueue()
		q.ID, q.Callback.Key = id, "1"
		c.Queues = append(c.Queues, q)
	}
	l := &listOf{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	l.callbacks = newCallbacks(c, newDialer(c, func() int { return 0 }))
	l.now = func() time.Time { return l.at }
	return l
}

// record is App.Record for this list.
func (l *listOf) record(ev call.Event) {
	ev.At = l.at
	l.ledger = append(l.ledger, ev)
	for _, follows := range l.note(ev) {
		l.record(follows)
	}
}

// ends are the reasons of the callbacks that ended, in order.
func (l *listOf) ends() (out []string) {
	for _, ev := range l.ledger {
		if ev.Kind == call.CallbackEnded {
			out = append(out, ev.Reason)
		}
	}
	return out
}

// ask lets a caller wait from now on, ask and leave ten seconds later.
func (l *listOf) ask(id call.ID, number string, queue call.QueueID) {
	l.record(call.Event{Kind: call.Arrived, Call: id, Number: number})
	entered, place := l.at, l.placeOf(number, queue)
	l.record(call.Event{Kind: call.Queued, Call: id, Queue: queue, Entered: entered, Place: place})
	l.at = l.at.Add(10 * time.Second)
	l.want(callflow.Arrival{Call: id, Number: number, Line: "10000"}, queue, true)
	l.record(call.Event{
		Kind: call.LeftQueue, Call: id, Queue: queue, Entered: entered, Place: place, Outcome: call.Callback,
	})
	l.record(call.Event{Kind: call.Ended, Call: id})
}

// attempt is a call for a callback that is dialled and ends; up = the customer answered.
func (l *listOf) attempt(asked, id call.ID, up bool) {
	l.enter(asked, id)
	back := func(kind call.Kind, leg call.LegID) {
		l.record(call.Event{Kind: kind, Call: id, Leg: leg, Direction: call.CallBack})
	}
	back(call.Arrived, "")
	back(call.Connected, call.LegID(id)+"-a1")
	back(call.Dialled, call.LegID(id)+customerPart)
	if up {
		back(call.Connected, call.LegID(id)+customerPart)
	}
	back(call.Ended, "")
}

func TestPeers13CallbackKeepsThePlaceOfTheStay(t *testing.T) {
	l := newListOf()
	first := l.at
	l.ask("c1", "13800000001", "complaints")
	open := l.list()
	if len(open) != 1 || !open[0].asked.Entered.Equal(first) || open[0].asked.Line != "10000" {
		t.Fatalf("open %+v", open)
	}
	// He rings again: he has his place, and is not called any more.
	l.at = l.at.Add(time.Minute)
	l.enter("c1", "out-1.1")
	l.record(call.Event{Kind: call.Arrived, Call: "c2", Number: "13800000001"})
	place := l.placeOf("13800000001", "complaints")
	if !place.Equal(first) || len(l.list()) != 1 {
		t.Fatalf("place %v, want %v, and he is called until he waits again", place, first)
	}
	l.record(call.Event{Kind: call.Queued, Call: "c2", Queue: "complaints", Entered: l.at, Place: place})
	if off := l.takeOff(); len(l.list()) != 0 || fmt.Sprint(off, l.ends()) != "[out-1.1] [called_again]" {
		t.Errorf("open %v, off %v, ends %v", l.list(), off, l.ends())
	}
	if l.rung("out-1.1") != nil {
		t.Error("an agent is rung for him all the same")
	}
	// And asks once more: still the first place.
	l.want(callflow.Arrival{Call: "c2", Number: "13800000001"}, "complaints", true)
	l.record(call.Event{
		Kind: call.LeftQueue, Call: "c2", Queue: "complaints", Entered: l.at, Place: place, Outcome: call.Callback,
	})
	if open = l.list(); len(open) != 1 || !open[0].asked.Entered.Equal(first) {
		t.Errorf("open %+v", open)
	}
}

func TestPeers13OneCallbackForANumber(t *testing.T) {
	l := newListOf()
	l.ask("c1", "13800000001", "complaints")
	l.ask("c2", "13800000001", "seniors")
	l.ask("c3", "13800000002", "complaints")
	if open := l.list(); len(open) != 2 || open[0].asked.Call != "c2" || fmt.Sprint(l.ends()) != "[asked_again]" {
		t.Errorf("open %+v, ends %v", open, l.ends())
	}
	// In another queue he is answered: nobody needs to call him.
	l.record(call.Event{Kind: call.Arrived, Call: "c4", Number: "13800000002"})
	l.record(call.Event{Kind: call.Queued, Call: "c4", Queue: "other", Entered: l.at})
	l.record(call.Event{Kind: call.Answered, Call: "c4", Queue: "other", Entered: l.at, Agent: "ann"})
	if len(l.list()) != 1 {
		t.Errorf("open %+v", l.list())
	}
}

func TestPeers13CallbackIsTriedAgainAndGivenUp(t *testing.T) {
	l := newListOf()
	l.ask("c1", "13800000001", "complaints")
	l.attempt("c1", "out-1.1", false)
	open := l.list()
	if len(open) != 1 || open[0].tries != 1 || open[0].current != "" || open[0].next.Sub(l.at) != 5*time.Minute {
		t.Fatalf("after one call in vain: %+v", open)
	}
	// A call that no agent took is none.
	l.enter("c1", "out-1.2")
	l.record(call.Event{Kind: call.Ended, Call: "out-1.2", Direction: call.CallBack})
	if open = l.list(); open[0].tries != 1 || open[0].next.After(l.at) {
		t.Errorf("after a call that nobody took: %+v", open)
	}
	l.attempt("c1", "out-1.3", false)
	l.attempt("c1", "out-1.4", false)
	if len(l.list()) != 0 || fmt.Sprint(l.ends()) != "[failed]" {
		t.Errorf("open %+v, ends %v", l.list(), l.ends())
	}
	l.ask("c2", "13800000002", "complaints")
	l.attempt("c2", "out-1.5", true)
	if len(l.list()) != 0 || fmt.Sprint(l.ends()) != "[failed reached]" || len(l.takeOff()) != 0 {
		t.Errorf("open %+v, ends %v", l.list(), l.ends())
	}
}

// A caller whose wait was over in the moment of his key, by a rule of the queue, was told
// that he will be called: so he is.
func TestPeers13PromiseIsKept(t *testing.T) {
	l := newListOf()
	l.record(call.Event{Kind: call.LeftQueue, Call: "c1", Queue: "complaints", Entered: l.at, Outcome: call.TimedOut})
	l.want(callflow.Arrival{Call: "c1", Number: "13800000001"}, "complaints", true)
	l.record(call.Event{Kind: call.Ended, Call: "c1"})
	if len(l.list()) != 1 {
		t.Errorf("open %+v", l.list())
	}
}

func TestPeers13OnlyDialableNumbersAreOffered(t *testing.T) {
	l := newListOf()
	for number, want := range map[string]bool{
		"13800000001": true, "": false, "00441234": false, "+13800000001": false, "13800x": false,
	} {
		if l.May(callflow.Arrival{Number: number}, "complaints") != want {
			t.Errorf("%q: want %v", number, want)
		}
	}
	if l.May(callflow.Arrival{Number: "13800000001"}, "other") {
		t.Error("a queue without callbacks offers them")
	}
	for i := range mostCallbacks {
		l.ask(call.ID(fmt.Sprint("c", i)), fmt.Sprint(13800000000+i), "complaints")
	}
	if l.May(callflow.Arrival{Number: "13900000001"}, "complaints") {
		t.Error("the list has no bound")
	}
}

// TestPeers13CallbacksSurviveARestart: whatever happened, the ledger's events of callbacks
// give the same open list.
func TestPeers13CallbacksSurviveARestart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newListOf()
		for i := range rapid.IntRange(0, 30).Draw(t, "steps") {
			l.at = l.at.Add(time.Second)
			id := call.ID(fmt.Sprint("c", i))
			number := fmt.Sprint(13800000000 + rapid.IntRange(0, 3).Draw(t, "number"))
			queue := rapid.SampledFrom([]call.QueueID{"complaints", "seniors"}).Draw(t, "queue")
			open := l.list()
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				l.ask(id, number, queue)
			case 1:
				if len(open) > 0 {
					l.attempt(open[0].asked.Call, call.ID(fmt.Sprint("out-", i)), rapid.Bool().Draw(t, "up"))
				}
			case 2:
				if len(open) > 0 {
					ended, _ := l.cancel(open[0].asked.Call, call.CallbackCanceled)
					l.record(ended[0])
				}
			case 3:
				l.record(l.want(callflow.Arrival{Call: id, Number: number}, queue, false))
			}
		}
		again := newListOf()
		for _, ev := range l.ledger {
			if ev.Kind == call.CallbackAsked || ev.Kind == call.CallbackEnded {
				again.note(ev)
			}
		}
		got, want := again.list(), l.list()
		if len(got) != len(want) {
			t.Fatalf("%d open after the restart, %d before", len(got), len(want))
		}
		numbers := map[string]bool{}
		for i := range want {
			if got[i].asked.Call != want[i].asked.Call || !got[i].asked.Entered.Equal(want[i].asked.Entered) {
				t.Fatalf("%d: %+v, want %+v", i, got[i].asked, want[i].asked)
			}
			if numbers[want[i].asked.Number] {
				t.Fatalf("%s is on the list twice", want[i].asked.Number)
			}
			numbers[want[i].asked.Number] = true
		}
	})
}
