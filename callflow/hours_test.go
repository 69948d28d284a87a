package callflow

import (
	"slices"
	"testing"
	"time"

	"hotline/call"
)

// TestS20QueueOfTheHour: the hours lead the caller into another queue, with the sounds of
// that queue.
func TestS20QueueOfTheHour(t *testing.T) {
	in(t, 0, func(w *world) {
		w.change(func(l *Line) {
			l.Queue = "day"
			l.Hours = func(time.Time) (call.QueueID, bool) { return "complaints", true }
		})
		w.m.opt.Queues = map[call.QueueID]Room{"day": {Music: "loud"}, "complaints": {Music: "night"}}
		w.arrive()
		w.endPrompt()
		w.after(time.Second)
		if s := w.m.Calls(); len(s) != 1 || s[0].Queue != "complaints" {
			t.Errorf("calls %+v, want one in complaints", s)
		}
		w.hangUp()
		if q := w.one(call.Queued).Queue; q != "complaints" || w.count("music night") != 1 {
			t.Errorf("queued in %s, orders %v", q, w.orders)
		}
	})
}

// TestRecordingNotice: it is spoken with the greeting, in one command, or alone.
func TestRecordingNotice(t *testing.T) {
	for greeting, want := range map[string]string{
		"sound:hello": "play sound:hello+sound:notice", "": "play sound:notice",
	} {
		in(t, 0, func(w *world) {
			w.change(func(l *Line) {
				l.Greeting = func(time.Time) string { return greeting }
				l.Notice = "sound:notice"
			})
			w.arrive()
			w.after(time.Second)
			if !slices.Contains(w.orders, want) || w.count("music") != 0 {
				t.Errorf("orders %v, want %s before the queue", w.orders, want)
			}
			w.endPrompt()
			w.hangUp()
			w.wantParting("arrived", "queued", "ended abandoned/hung_up_in_queue", "left_queue abandoned")
		})
	}
}

// TestResumedCallerOfAClosedLine: who was found before a queue is judged by the hours, and
// who waited in a queue stays in that one.
func TestResumedCallerOfAClosedLine(t *testing.T) {
	closed := func(w *world) {
		w.change(func(l *Line) {
			l.Hours = func(time.Time) (call.QueueID, bool) { return "", false }
			l.Closed = "sound:closed"
		})
	}
	who := Arrival{Call: "c1", Leg: "c1", Line: "95001"}
	in(t, 0, func(w *world) {
		closed(w)
		w.m.Resume(who, Resumption{Began: time.Now()})
		w.after(time.Second)
		w.endPrompt()
		w.after(time.Minute)
		w.want("ended refused/closed")
	})
	in(t, 0, func(w *world) {
		closed(w)
		w.change(func(l *Line) { l.Queue = "day" })
		w.m.Resume(who, Resumption{Began: time.Now(), Place: &Place{Queue: "complaints", Entered: time.Now()}})
		w.after(time.Second)
		w.hangUp()
		w.wantParting("ended abandoned/hung_up_in_queue", "left_queue abandoned")
	})
}
