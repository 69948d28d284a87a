package callflow

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/acd"
	"hotline/call"
)

// clerk is an ACD that writes down what it is told and decides nothing.
type clerk struct {
	mu   sync.Mutex
	told []acd.Command
}

func (c *clerk) Submit(cmd acd.Command) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, cmd)
	return nil
}

func (c *clerk) last() acd.Command {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.told) == 0 {
		return nil
	}
	return c.told[len(c.told)-1]
}

// key is how a key account enters: with a grade, an agent of his and a place of his.
var key = Standing{
	Level: 2, Priority: 3, Prefer: "ann", PreferFor: 20 * time.Second,
	Place: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
}

// graded runs a script in a world whose callers all are key accounts, with a clerk for the
// engine.
func graded(t *testing.T, script func(w *world, c *clerk)) {
	t.Helper()
	in(t, 0, func(w *world) {
		c := &clerk{}
		w.m.opt.ACD = c
		w.m.opt.Standing = func(_ Arrival, queue call.QueueID) Standing {
			if queue != "complaints" {
				t.Errorf("asked for queue %q", queue)
			}
			return key
		}
		script(w, c)
		w.gone("c1")
		synctest.Wait()
	})
}

func TestS5GradeEntersTheQueueWithTheCaller(t *testing.T) {
	graded(t, func(w *world, c *clerk) {
		w.m.Arrive(Arrival{
			Call: "c1", Leg: "c1", Number: "13800000001", Line: "95001", Begin: time.Now(),
			Grade: Grade{ID: "key", Name: "大用户"},
		})
		synctest.Wait()
		w.endPrompt()
		want := acd.Enter{
			Call: "c1", Queue: "complaints", Level: key.Level, Priority: key.Priority,
			Prefer: key.Prefer, PreferFor: key.PreferFor, Place: key.Place,
		}
		if diff := cmp.Diff(acd.Command(want), c.last()); diff != "" {
			t.Errorf("entry (-want +got):\n%s", diff)
		}
		if ev := w.events[0]; ev.Kind != call.Arrived || ev.Grade != "key" {
			t.Errorf("%+v, want the grade in the ledger", ev)
		}
	})
}

// After a restart the caller has his grade again and the place that the ledger holds; his
// agent was waited for in the run before.
func TestS5GradeOutlivesTheController(t *testing.T) {
	graded(t, func(w *world, c *clerk) {
		entered := time.Now().Add(-time.Minute)
		w.m.Resume(Arrival{Call: "c1", Leg: "c1", Line: "95001", Begin: entered}, Resumption{
			Began: entered, Bridged: true, Offers: 2,
			Place: &Place{Queue: "complaints", Entered: entered, Place: entered.Add(-time.Hour)},
		})
		synctest.Wait()
		want := acd.Enter{
			Call: "c1", Queue: "complaints", Since: entered, Place: entered.Add(-time.Hour), Offers: 2, Resumed: true,
			Level: key.Level, Priority: key.Priority,
		}
		if diff := cmp.Diff(acd.Command(want), c.last()); diff != "" {
			t.Errorf("entry (-want +got):\n%s", diff)
		}
	})
}

// The flag shows from the first ring of a junior on, and not when a senior has the call.
func TestS5LiveViewFlagsTheJunior(t *testing.T) {
	graded(t, func(w *world, _ *clerk) {
		w.arrive()
		w.endPrompt()
		for i, step := range []struct {
			act  acd.Action
			want bool
		}{
			{acd.Ring{Offer: "c1-a1", Call: "c1", Agent: "ann", Below: true}, true},
			{acd.Ring{Offer: "c1-a2", Call: "c1", Agent: "bob"}, false},
			{acd.Connect{Offer: "c1-a1", Call: "c1", Agent: "ann", Below: true}, true},
		} {
			w.m.Act(step.act)
			synctest.Wait()
			if got := w.m.Calls()[0].Below; got != step.want {
				t.Errorf("step %d: flag %t, want %t", i, got, step.want)
			}
		}
		w.gone("c1-a1")
		w.gone("c1-a2")
	})
}

// A transfer keeps the grade and may ask for more. Neither last agent nor old place count
// again: the last agent is the one who transferred him.
func TestTransferKeepsTheGrade(t *testing.T) {
	for asked, want := range map[acd.Level]acd.Level{1: key.Level, 3: 3} {
		graded(t, func(w *world, c *clerk) {
			w.arrive()
			w.endPrompt()
			w.m.Act(acd.Ring{Offer: "c1-a1", Call: "c1", Agent: "ann"})
			synctest.Wait()
			w.m.Deliver("c1", LegUp{Leg: "c1-a1"})
			w.m.Act(acd.Connect{Offer: "c1-a1", Call: "c1", Agent: "ann"})
			synctest.Wait()
			w.do("ann", Transfer, Target{Queue: "complaints", Level: asked})
			w.after(time.Second)
			got, ok := c.last().(acd.Enter)
			if !ok || got.Level != want || got.Priority != key.Priority || got.Prefer != "" || !got.Place.IsZero() {
				t.Errorf("transfer to level %d: %+v, want level %d, no last agent and no old place", asked, c.last(), want)
			}
		})
	}
}
