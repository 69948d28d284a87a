package app

import (
	"testing"

	"hotline/call"
)

// TestHealthOfRecordings: a fault shows until another call is recorded without one.
func TestHealthOfRecordings(t *testing.T) {
	var h health
	for i, step := range []struct {
		kind call.Kind
		call call.ID
		ok   bool
	}{
		{call.Recorded, "a", true},
		{call.RecordingFault, "b", false},
		{call.Recorded, "b", false}, // stored all the same, with a second missing
		{call.Recorded, "c", true},
		{call.RecordingFault, "d", false},
		{call.RecordingFault, "e", false},
		{call.Recorded, "d", true},
	} {
		h.recording(call.Event{Kind: step.kind, Call: step.call, Reason: "missing_audio"})
		if got := h.report(); got.OK != step.ok {
			t.Errorf("step %d: %+v, want ok %t", i, got, step.ok)
		}
	}
}
