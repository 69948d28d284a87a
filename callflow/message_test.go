package callflow

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hotline/acd"
	"hotline/call"
)

// change sets what the world's only line does.
func (w *world) change(set func(l *Line)) {
	l := w.m.lines["95001"]
	set(&l)
	w.m.lines["95001"] = l
}

// messages lets callers leave messages on all occasions, closed as told.
func (w *world) messages(open bool) {
	w.change(func(l *Line) {
		l.Hours = func(time.Time) (call.QueueID, bool) { return "complaints", open }
		l.Closed = "sound:closed"
		l.Message = Message{
			Key: "2", Thanks: "sound:thanks",
			Prompts: map[call.Reason]string{
				call.Closed: "sound:say-closed", call.QueueFull: "sound:say-busy", call.NoAgents: "sound:say-busy",
				call.WaitedTooLong: "sound:say-busy", call.OnWish: "sound:say",
			},
		}
	})
}

func (w *world) press(keys ...string) {
	for _, k := range keys {
		w.m.Deliver("c1", KeyPressed{Leg: "c1", Key: k})
		synctest.Wait()
	}
}

func (w *world) hangUp() {
	w.m.Deliver("c1", CallerGone{At: time.Now()})
	w.after(time.Minute)
}

// one gives the only event of a kind.
func (w *world) one(kind call.Kind) call.Event {
	w.t.Helper()
	var found []call.Event
	for _, e := range w.events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		w.t.Errorf("%d events %s, want one", len(found), kind)
		return call.Event{}
	}
	return found[0]
}

// TestS11MessageOutsideTheHours: the caller hears the prompt, speaks after it and ends by
// key, by hanging up or by the limit. What he said is a message with its place in the
// recording, and his call counts as one.
func TestS11MessageOutsideTheHours(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(w *world)
		said call.Millis
		by   call.Party
	}{
		{"key", func(w *world) { w.after(9 * time.Second); w.press("5", "#"); w.endPrompt() }, 9000, call.ByCaller},
		{"hang-up", func(w *world) { w.after(12 * time.Second); w.hangUp() }, 12_000, call.ByCaller},
		{"limit", func(w *world) { w.after(DefaultMessageMax); w.endPrompt() }, 180_000, call.ByCaller},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, 1, func(w *world) {
				w.messages(false)
				w.arrive()
				w.press("#") // in the prompt it means nothing
				w.after(4 * time.Second)
				w.endPrompt()
				c.end(w)
				w.after(time.Minute)
				w.want("arrived", "message_begun", "messaged", "ended message/closed")
				m := w.one(call.Messaged)
				if m.Offset != 4000 || m.Held != c.said || m.Line != "95001" || m.Number == "" || m.Queue != "" ||
					m.Reason != string(call.Closed) {
					t.Errorf("message %+v, want %d ms from 4000 ms on, closed, in no queue", m, c.said)
				}
				if by := w.one(call.Ended).By; by != c.by {
					t.Errorf("ended by %s, want %s", by, c.by)
				}
				if w.count("play sound:say-closed") != 1 || w.count("create") != 0 {
					t.Errorf("orders %v", w.orders)
				}
			})
		})
	}
}

// TestS11NoMessageWithoutWords: who hangs up in the prompt, or within two seconds of it,
// leaves no message and is counted by what turned him away.
func TestS11NoMessageWithoutWords(t *testing.T) {
	for name, script := range map[string]func(w *world){
		"in the prompt": func(w *world) { w.after(time.Second); w.hangUp() },
		"too short":     func(w *world) { w.endPrompt(); w.after(1900 * time.Millisecond); w.hangUp() },
		"key at once":   func(w *world) { w.endPrompt(); w.after(time.Second); w.press("#"); w.after(time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			in(t, 1, func(w *world) {
				w.messages(false)
				w.arrive()
				script(w)
				if kinds := w.kinds(); slices.Contains(kinds, "messaged") ||
					!slices.Contains(kinds, "ended refused/closed") {
					t.Errorf("events %v, want no message and refused/closed", kinds)
				}
			})
		})
	}
}

// TestS8ClosedLineSaysSo: a line that takes no message plays its prompt and lets go.
func TestS8ClosedLineSaysSo(t *testing.T) {
	in(t, 1, func(w *world) {
		w.messages(false)
		w.change(func(l *Line) { l.Message = Message{} })
		w.arrive()
		w.after(3 * time.Second)
		w.endPrompt()
		w.after(time.Minute)
		w.want("arrived", "ended refused/closed")
		if w.count("play sound:closed") != 1 || w.count("play") != 1 {
			t.Errorf("orders %v", w.orders)
		}
	})
}

// TestS11MessageWhenTheQueueRefuses: full, without agents, or waited too long: the caller
// may leave a message, and the reason stands with it.
func TestS11MessageWhenTheQueueRefuses(t *testing.T) {
	for outcome, reason := range map[call.Outcome]call.Reason{
		call.Overflowed: call.QueueFull, call.LeftEmpty: call.NoAgents, call.TimedOut: call.WaitedTooLong,
	} {
		t.Run(string(outcome), func(t *testing.T) {
			in(t, 0, func(w *world) {
				w.messages(true)
				w.arrive()
				w.endPrompt()
				w.after(time.Second)
				w.m.Act(acd.Expire{Call: "c1", Queue: "complaints", Outcome: outcome})
				w.after(time.Second)
				w.endPrompt()
				w.after(5 * time.Second)
				w.hangUp()
				if m := w.one(call.Messaged); m.Reason != string(reason) || m.Queue != "complaints" || m.Held != 5000 {
					t.Errorf("message %+v, want 5000 ms in complaints for %s", m, reason)
				}
				if e := w.one(call.Ended).Ending; e != (call.Ending{Class: call.ClassMessage, Reason: reason}) {
					t.Errorf("ended %v", e)
				}
			})
		})
	}
}

// TestS11MessageOnWish: the key takes a waiting caller out of the queue, also while a phone
// rings for him; nobody is rung for him any more and he is no abandon.
func TestS11MessageOnWish(t *testing.T) {
	for name, agents := range map[string]int{"nobody there": 0, "a phone rings": 1} {
		t.Run(name, func(t *testing.T) {
			in(t, agents, func(w *world) {
				w.messages(true)
				w.arrive()
				w.press("2") // in the greeting it means nothing
				w.endPrompt()
				w.after(time.Second)
				w.press("7", "2", "2")
				w.after(time.Second)
				w.endPrompt()
				w.after(3 * time.Second)
				w.press("#")
				w.endPrompt()
				w.after(time.Minute)
				if left := w.one(call.LeftQueue); left.Outcome != call.ToMessage || left.Wait != 1000 {
					t.Errorf("left the queue %+v, want to_message after 1000 ms", left)
				}
				if e := w.one(call.Ended).Ending; e != (call.Ending{Class: call.ClassMessage, Reason: call.OnWish}) {
					t.Errorf("ended %v", e)
				}
				if w.count("create") != agents || w.count("hangup c1-a1") != agents {
					t.Errorf("orders %v", w.orders)
				}
			})
		})
	}
}

// TestWishComesTooLate: the agent has picked up, so the key is a key like any other.
func TestWishComesTooLate(t *testing.T) {
	in(t, 1, func(w *world) {
		w.messages(true)
		w.onDial = func(leg call.LegID, _ call.AgentID) {
			w.m.Deliver("c1", LegUp{Leg: leg})
			w.m.Deliver("c1", KeyPressed{Leg: "c1", Key: "2"})
		}
		w.arrive()
		w.endPrompt()
		w.after(10 * time.Second)
		w.press("2")
		w.hangUp()
		w.want("arrived", "queued", "offered", "answered", "connected", "ended answered/caller_hung_up",
			"talk_ended by caller", "wrapup_ended")
	})
}

// TestResumedMessageGoesOn: a controller that was killed in mid-message counts on from the
// message's begin.
func TestResumedMessageGoesOn(t *testing.T) {
	in(t, 0, func(w *world) {
		w.messages(false)
		began := time.Now()
		w.after(70 * time.Second)
		w.m.Resume(Arrival{Call: "c1", Leg: "c1", Line: "95001", Begin: began}, Resumption{
			Began: began, Bridged: true, Spoken: &Spoken{Since: began.Add(10 * time.Second), Why: call.Closed},
		})
		w.after(120 * time.Second)
		w.endPrompt()
		w.after(time.Minute)
		w.want("messaged", "ended message/closed")
		if m := w.one(call.Messaged); m.Offset != 10_000 || m.Held != 180_000 {
			t.Errorf("message %+v, want 180000 ms from 10000 on", m)
		}
	})
}
