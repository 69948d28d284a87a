package reports_test

import (
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/reports"
)

// TestWaitsToldAreHeldAgainstWaits: who was told and answered is judged, who hung up is not.
func TestWaitsToldAreHeldAgainstWaits(t *testing.T) {
	t.Parallel()
	start := daySpec(t).Period.Start.Add(9 * time.Hour)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	told := func(id call.ID, s int, p50, p90, said call.Millis) call.Event {
		return call.Event{
			Kind: call.Estimated, Call: id, At: at(s), Queue: "q", Entered: start, P50: p50, P90: p90, Said: said,
		}
	}
	entered := func(id call.ID) call.Event {
		return call.Event{Kind: call.Queued, Call: id, At: start, Queue: "q", Entered: start, Queueing: true}
	}
	r := compute(t, []call.Event{
		// Answered after 100 s: told at 10 s and at 70 s, so 90 s and 30 s were left.
		entered("1"), told("1", 10, 90_000, 120_000, 120_000), told("1", 70, 20_000, 25_000, 20_000),
		{Kind: call.Answered, Call: "1", At: at(100), Queue: "q", Entered: start, Agent: "ann", Wait: 100_000},
		// Answered after 50 s: 40 s were left.
		entered("2"), told("2", 10, 30_000, 60_000, 60_000),
		{Kind: call.Answered, Call: "2", At: at(50), Queue: "q", Entered: start, Agent: "ann", Wait: 50_000},
		entered("3"), told("3", 10, 30_000, 60_000, 60_000),
		{Kind: call.LeftQueue, Call: "3", At: at(20), Queue: "q", Entered: start, Outcome: call.Abandoned, Wait: 20_000},
	}, daySpec(t))
	want := reports.Calibration{Told: 4, Answered: 3, WithinP50: 1, WithinP90: 2, Over: 50_000, Under: 10_000}
	if r.Told != want {
		t.Errorf("calibration %+v, want %+v", r.Told, want)
	}
	text := show(t, r, reports.View{Lang: reports.English})
	const line = "waits told: 4, answered 3 of them; within p50 33.33 %, within p90 66.67 %; " +
		"mean error 20.0 s (over 16.7, under 3.3)\n"
	if !strings.Contains(text, line) {
		t.Errorf("no line %q in\n%s", line, text)
	}
	if doc := show(t, r, reports.View{Format: reports.JSONFormat}); !strings.Contains(doc, `"waits_told":{"told":4,`) {
		t.Errorf("no calibration in\n%s", doc)
	}
}
