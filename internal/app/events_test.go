package app

import (
	"testing"

	"hotline/acd/redisstore"
	"hotline/ari"
	"hotline/call"
	"hotline/reports"
)

// TestS7CallerNumber: the number is shown as delivered, a withheld one as withheld, and no
// stranger's text gets into the house.
func TestS7CallerNumber(t *testing.T) {
	for raw, want := range map[string]string{
		"13800000001":                   "13800000001",
		"+8613800000001":                "+8613800000001",
		"anonymous":                     "",
		"Unavailable":                   "",
		"":                              "",
		"138\r\nX: y":                   "138Xy",
		"12;rm -rf /":                   "12rm-rf",
		"\x00\xff":                      "",
		"号码13800000001":                 "13800000001",
		string(make([]byte, 200)) + "1": "1",
	} {
		if got := callerNumber(raw); got != want {
			t.Errorf("callerNumber(%q) = %q, want %q", raw, got, want)
		}
	}
	long := make([]byte, 4096)
	for i := range long {
		long[i] = '7'
	}
	if got := callerNumber(string(long)); len(got) != numberMax {
		t.Errorf("a long number keeps %d characters, want %d", len(got), numberMax)
	}
}

// TestOutcomeOfCause holds the causes that were seen on Asterisk 22.10.1.
func TestOutcomeOfCause(t *testing.T) {
	for cause, want := range map[int]call.Outcome{
		17: call.Busy, 21: call.Rejected, 19: call.NoAnswer, 18: call.NoAnswer, 127: call.NoAnswer, 0: call.NoAnswer,
		1: call.Unreachable, 34: call.Unreachable, 58: call.Unreachable, 20: call.Unreachable, 23: call.Unreachable,
	} {
		if got := outcomeOf(cause); got != want {
			t.Errorf("cause %d is %q, want %q", cause, got, want)
		}
	}
}

func TestFiguresOfCounters(t *testing.T) {
	f := FiguresOf(redisstore.Counter{
		Offered: 10, Queued: 4, Answered: 6, AnsweredIn: 5, Abandoned: 3, Short: 2,
		WaitAnswered: 60, WaitAbandoned: 30, WaitShort: 4, MaxWait: 20, Talks: 6, Talk: 600, Wraps: 5, Wrap: 50,
	})
	want := reports.Figures{
		Offered: 10, Queued: 4, Answered: 6, AnsweredInT: 5, Abandoned: 1, Short: 2, Waiting: 1,
		AnsweredWait: 60, AbandonedWait: 26, ShortWait: 4, MaxWait: 20, Talks: 6, Talk: 600, Handled: 5, Wrap: 50,
	}
	if f != want {
		t.Errorf("figures %+v, want %+v", f, want)
	}
	if p := serviceLevel(redisstore.Counter{}); p != nil {
		t.Errorf("service level without a call is %v, want none", *p)
	}
}

// TestStrays: a talk found after a restart is left alone until one side hangs up.
func TestStrays(t *testing.T) {
	snap := ari.Snapshot{
		Channels: []ari.Channel{
			{ID: "c1", State: ari.ChannelUp, Created: t0},
			{ID: "c1-a1", State: ari.ChannelUp},
			{ID: "c2", State: ari.ChannelUp, Created: t0},
			{ID: "c2-a1", State: ari.ChannelRinging},
			{ID: "c3", State: ari.ChannelUp, Created: t0},
			{ID: "c3-a1", State: ari.ChannelUp},
		},
		Bridges: []ari.Bridge{
			{ID: "hl-c1", Channels: []string{"c1", "c1-a1"}},
			{ID: "hl-c2", Channels: []string{"c2"}},
			{ID: "hl-c3", Channels: []string{"c3", "c3-a1"}},
			{ID: "foreign", Channels: []string{"c3"}},
		},
	}
	var s strays
	s.find(snap, func(id call.ID) bool { return id == "c3" })
	if !s.has("c1") || s.has("c2") || s.has("c3") {
		t.Fatalf("strays: c1 %v, c2 %v, c3 %v; want c1 alone", s.has("c1"), s.has("c2"), s.has("c3"))
	}
	over, left := s.end("c1", "c1-a1")
	if over != nil || len(left) != 1 || left[0] != "c1" {
		t.Errorf("the agent hung up: over %v, left %v; want the caller left", over, left)
	}
	over, left = s.end("c1", "c1")
	if over == nil || !over.begin.Equal(t0) || len(left) != 0 || s.has("c1") {
		t.Errorf("the caller is gone: over %v, left %v", over, left)
	}
}
