package reports_test

import (
	"testing"

	"hotline/call"
	"hotline/reports"
)

// TestS17CallsThatCannotGetInAreCountedApart: closed, busy and dropped calls and messages,
// each in its own column, whether the caller entered a queue or not.
func TestS17CallsThatCannotGetInAreCountedApart(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	d := &desk{start: spec.Period.Start}
	came := func(id call.ID, class call.Class, reason call.Reason) {
		d.arrived(id, 1, "10000")
		d.ended(id, 60, class, reason)
	}
	waited := func(id call.ID, how call.Outcome, class call.Class, reason call.Reason) {
		d.arrived(id, 1, "10000")
		d.queued(id, "complaints", 2, true).left(50, how)
		d.ended(id, 60, class, reason)
	}
	came("a1", call.ClassRefused, call.Closed)
	came("a2", call.ClassMessage, call.Closed)
	waited("b1", call.Overflowed, call.ClassRefused, call.QueueFull)
	waited("b2", call.Overflowed, call.ClassMessage, call.QueueFull)
	waited("c1", call.ToMessage, call.ClassMessage, call.OnWish)
	waited("c2", call.Abandoned, call.ClassAbandoned, call.Lost)
	came("d1", call.ClassFailed, call.SwitchFailure)
	r := compute(t, d.events, spec)
	want := reports.Line{Line: "10000", Arrivals: reports.Arrivals{
		Arrived: 7, Entered: 4, Closed: 2, Failed: 1, Busy: 2, Messages: 3, Dropped: 2,
		Abandoned: 1, Voiced: 2, TurnedAway: 1,
	}}
	if len(r.Lines) != 1 || r.Lines[0] != want {
		t.Errorf("lines are %+v, want %+v", r.Lines, want)
	}
	f := r.Total.Figures
	if err := f.Check(); err != nil || f.ToMessage != 1 || f.Abandoned != 1 {
		t.Errorf("figures %+v, %v: who chose to leave a message is no abandon", f, err)
	}
}
