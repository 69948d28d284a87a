package reports_test

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the zones of these tests must be there on every machine

	"go.uber.org/goleak"

	"hotline/call"
	"hotline/reports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// zone loads a zone that has to exist.
func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// desk writes events as the hotline would, numbered in the order of writing.
type desk struct {
	start  time.Time
	events []call.Event
}

// at is so many seconds after the start, to the millisecond.
func (d *desk) at(s float64) time.Time {
	return d.start.Add(time.Duration(s*1000+0.5) * time.Millisecond)
}

func (d *desk) write(e call.Event) {
	e.Seq = uint64(len(d.events) + 1)
	d.events = append(d.events, e)
}

func (d *desk) arrived(id call.ID, at float64, line string) {
	d.write(call.Event{Kind: call.Arrived, At: d.at(at), Call: id, Number: "+8613800138000", Line: line})
}

// guest is a caller in a queue.
type guest struct {
	d       *desk
	id      call.ID
	queue   call.QueueID
	entered float64
}

func (d *desk) queued(id call.ID, q call.QueueID, at float64, queueing bool) guest {
	d.write(call.Event{Kind: call.Queued, At: d.at(at), Call: id, Queue: q, Entered: d.at(at), Queueing: queueing})
	return guest{d, id, q, at}
}

// event is an event of the guest, so many seconds after entry.
func (g guest) event(k call.Kind, after float64) call.Event {
	return call.Event{
		Kind: k, At: g.d.at(g.entered + after), Call: g.id, Queue: g.queue, Entered: g.d.at(g.entered),
		Wait: call.Millis(after*1000 + 0.5),
	}
}

func (g guest) missed(after float64, a call.AgentID, how call.Outcome) {
	e := g.event(call.OfferEnded, after)
	e.Agent, e.Outcome, e.Wait = a, how, 0
	g.d.write(e)
}

func (g guest) left(after float64, how call.Outcome) {
	e := g.event(call.LeftQueue, after)
	e.Outcome = how
	g.d.write(e)
}

// answered has an agent pick up after wait and hang up after talk, seconds both; a negative
// wrap does not end.
func (g guest) answered(wait float64, a call.AgentID, talk, wrap float64) {
	e := g.event(call.Answered, wait)
	e.Agent = a
	g.d.write(e)
	e.Kind, e.Answer, e.At = call.TalkEnded, e.At, g.d.at(g.entered+wait+talk)
	e.Talk = call.Millis(talk*1000 + 0.5)
	g.d.write(e)
	if wrap >= 0 {
		e.Kind, e.At, e.Wrap = call.WrapUpEnded, g.d.at(g.entered+wait+talk+wrap), call.Millis(wrap*1000+0.5)
		g.d.write(e)
	}
}

func (d *desk) ended(id call.ID, at float64, class call.Class, reason call.Reason) {
	d.write(call.Event{
		Kind: call.Ended, At: d.at(at), Call: id, Ending: call.Ending{Class: class, Reason: reason},
	})
}

// fixedLog is the log whose figures stand in the tests as computed by hand: eighteen calls
// from 09:00 in Shanghai on, most of them in the queue complaints.
func fixedLog(t testing.TB) []call.Event {
	d := &desk{start: time.Date(2026, 3, 2, 9, 0, 0, 0, zone(t, "Asia/Shanghai"))}
	for i := 1; i <= 13; i++ {
		d.arrived(call.ID(fmt.Sprintf("c%02d", i)), 0, "10000")
	}
	d.queued("c01", "complaints", 10, false).answered(5, "ann", 60, 30)
	d.queued("c02", "complaints", 20, true).answered(15, "bob", 120, 10)
	g := d.queued("c03", "complaints", 30, false)
	g.missed(12, "bob", call.NoAnswer)
	g.answered(15.001, "ann", 30, 0)
	d.queued("c04", "complaints", 40, false).left(4.999, call.Abandoned)
	d.queued("c05", "complaints", 50, false).left(5, call.Abandoned)
	g = d.queued("c06", "complaints", 60, false)
	g.missed(20, "ann", call.Rejected)
	g.missed(40, "bob", call.Canceled)
	g.left(40, call.Abandoned)
	d.queued("c07", "complaints", 100, true).left(300, call.TimedOut)
	d.queued("c08", "complaints", 110, false).left(0, call.LeftEmpty)
	d.queued("c09", "complaints", 120, false).left(60, call.Overflowed)
	d.queued("c09", "senior", 180, false).answered(10, "sue", 600, 60)
	g = d.queued("c10", "complaints", 130, false)
	g.missed(90, "ann", call.Canceled)
	g.left(90, call.Callback)
	d.queued("c11", "complaints", 140, false)
	d.queued("c12", "complaints", 895, false).answered(10, "ann", 100, -1)
	d.queued("c13", "complaints", 150, false)
	d.ended("c13", 170, call.ClassFailed, call.SwitchFailure)
	d.arrived("c14", 200, "10000")
	d.ended("c14", 203, call.ClassAbandoned, call.HungUpInGreeting)
	d.arrived("c15", 210, "10001")
	d.ended("c15", 211, call.ClassRefused, call.UnknownLine)
	d.arrived("c16", 220, "10000")
	d.ended("c16", 221, call.ClassFailed, call.SwitchFailure)
	d.arrived("c17", 230, "10000")
	d.arrived("c18", 240, "10000")
	d.ended("c18", 241, call.ClassRefused, call.ShutDown)
	d.write(call.Event{Kind: call.AgentChanged, At: d.at(250), Agent: "ann", From: call.Ready, To: call.Break})
	return d.events
}

// daySpec is the report of the fixed log's day in quarters of an hour.
func daySpec(t testing.TB) reports.Spec {
	g := reports.Grid{Step: reports.Quarter, Zone: zone(t, "Asia/Shanghai")}
	return reports.Spec{
		Period: g.DayOf(time.Date(2026, 3, 2, 12, 0, 0, 0, g.Zone)), Grid: g, Rules: reports.DefaultRules(),
	}
}

// compute makes a report that has to succeed.
func compute(t testing.TB, events []call.Event, spec reports.Spec) *reports.Report {
	t.Helper()
	r, err := reports.Recompute(events, spec)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// each yields events, then err when there is one.
func each(events []call.Event, err error) iter.Seq2[call.Event, error] {
	return func(yield func(call.Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(call.Event{}, err)
		}
	}
}

// sorted are events as the ledger yields them, call by call.
func sorted(events []call.Event) []call.Event {
	ordered := slices.Clone(events)
	slices.SortStableFunc(ordered, func(a, b call.Event) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.Seq, b.Seq))
	})
	return ordered
}
