package reports_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
	"hotline/reports"
)

// TestS104AnswersByQueueAndAgent counts who was asked and what they said, by hand: Ann was
// asked four times, answered by 5, 4 and 1; Bob once, without an answer. What was asked after
// midnight belongs to the day of the talk.
func TestS104AnswersByQueueAndAgent(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	d := &desk{start: spec.Period.Start}
	asked := func(id call.ID, agent call.AgentID, at float64, score int) {
		d.arrived(id, at-70, "10000")
		d.queued(id, "complaints", at-65, false).answered(5, agent, 60, 10)
		ev := call.Event{Kind: call.SurveyBegun, At: d.at(at), Call: id, Queue: "complaints", Agent: agent}
		d.write(ev)
		ev.Kind, ev.At, ev.Score = call.Surveyed, d.at(at+5), score
		d.write(ev)
	}
	asked("1", "ann", 100, 5)
	asked("2", "ann", 200, 4)
	asked("3", "ann", 300, 1)
	asked("4", "ann", 86_402, 0)
	asked("5", "bob", 500, 0)
	asked("6", "bob", 86_500, 3) // answered on the next day
	r := compute(t, d.events, spec)
	want := []reports.Survey{
		{Queue: "complaints", Agent: "ann", Asked: 4, Answered: 3, By: [reports.Scores]int64{1, 0, 0, 1, 1}},
		{Queue: "complaints", Agent: "bob", Asked: 1},
	}
	if diff := cmp.Diff(want, r.Surveys); diff != "" {
		t.Fatalf("surveys (-want +got):\n%s", diff)
	}
	if got, want := r.Surveys[0].Satisfied(), (reports.Ratio{Part: 2, Whole: 3}); got != want {
		t.Errorf("satisfied %+v, want %+v", got, want)
	}
	if got, want := r.Surveys[0].Satisfaction(), (reports.Ratio{Part: 10, Whole: 15}); got != want {
		t.Errorf("satisfaction %+v, want %+v", got, want)
	}
	shown := show(t, r, reports.View{Format: reports.CSVFormat, Parts: []reports.Part{reports.SurveysPart}})
	for _, line := range []string{"complaints,ann,4,3,1,1,0,0,1,66.", "complaints,bob,1,0,0,0,0,0,0,,"} {
		if !strings.Contains(shown, line) {
			t.Errorf("no line %q in\n%s", line, shown)
		}
	}
}
