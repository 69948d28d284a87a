package check

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/configs"
)

// TestS12CheckTellsWhoIsOpen: hotline check says of each line what it does now and until
// when.
func TestS12CheckTellsWhoIsOpen(t *testing.T) {
	c := configs.Default()
	day := []configs.Opening{{From: 8 * 60, To: 18 * 60}}
	c.Lines = []configs.Line{
		{Number: "10000", Queue: "care"},
		{Number: "10001", Queue: "care", Hours: day},
		{Number: "10002", Queue: "care", Routes: []configs.Route{{From: 20 * 60, To: 6 * 60, Queue: "night"}}},
	}
	at := time.Date(2026, 11, 22, 21, 30, 20, 0, c.Zone())
	want := []Finding{
		{Name: "line 10000", Detail: "open, queue care, no change in the next days"},
		{Name: "line 10001", Detail: "closed, until Mon 2026-11-23 08:00"},
		{Name: "line 10002", Detail: "open, queue night, until Mon 2026-11-23 06:00"},
	}
	if diff := cmp.Diff(want, lines(c, at.UTC())); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// S1: ring limits that leave a third agent no time are pointed out.
func TestS1CheckWarnsOfLongRinging(t *testing.T) {
	c := configs.Default()
	c.Queues = []configs.Queue{
		{ID: "care", RingFor: 7499 * time.Millisecond}, {ID: "sales", RingFor: 7500 * time.Millisecond},
	}
	found := ringLimits(c)
	if len(found) != 1 || !found[0].Warn || found[0].Bad || found[0].Detail !=
		"queue sales: when two agents do not pick up, 15s of the 15s for an answer are gone" {
		t.Errorf("findings %+v, want one about sales", found)
	}
}
