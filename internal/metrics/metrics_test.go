package metrics

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"hotline/acd"
	"hotline/call"
)

// scrape is what Prometheus reads.
func scrape(t *testing.T, r Readings, ts *Tallies) string {
	t.Helper()
	answer := httptest.NewRecorder()
	Handler(func(context.Context) Readings { return r }, ts).ServeHTTP(answer, httptest.NewRequestWithContext(
		t.Context(), "GET", "/metrics", nil))
	if answer.Code != 200 {
		t.Fatalf("status %d: %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// TestEngineThatDoesNotAnswerLeavesAHole: what comes from the engine is missing then, not
// zero, and the rest is there.
func TestEngineThatDoesNotAnswerLeavesAHole(t *testing.T) {
	const idle, stages = `hotline_agents{state="ready"} 1`, `hotline_calls{stage="waiting"} 0`
	ts := NewTallies(15_000)
	engine := &acd.Snapshot{Agents: []acd.AgentView{{State: call.Ready}}}
	if text := scrape(t, Readings{Engine: engine}, ts); !strings.Contains(text, idle) || !strings.Contains(text, stages) {
		t.Errorf("an agent is ready, and it says\n%s", text)
	}
	if text := scrape(t, Readings{}, ts); strings.Contains(text, "hotline_agents") || !strings.Contains(text, stages) {
		t.Errorf("the engine does not answer, and it says\n%s", text)
	}
}

// TestTalliesCountCallersAlone: the leg of a consultation neither waited nor was offered.
func TestTalliesCountCallersAlone(t *testing.T) {
	ts := NewTallies(15_000)
	for _, direction := range []call.Direction{call.Inbound, call.Consult} {
		ts.Note(call.Event{Kind: call.Queued, Queue: "care", Direction: direction})
		ts.Note(call.Event{Kind: call.Answered, Queue: "care", Direction: direction, Wait: 7_000})
	}
	text := scrape(t, Readings{}, ts)
	for _, want := range []string{
		`hotline_queue_offered_total{queue="care"} 1`,
		`hotline_queue_answer_wait_seconds_bucket{queue="care",le="5"} 0`,
		`hotline_queue_answer_wait_seconds_bucket{queue="care",le="10"} 1`,
		`hotline_queue_answer_wait_seconds_count{queue="care"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
}
