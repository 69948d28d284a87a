package app

import (
	"testing"
	"time"

	"hotline/ari"
	"hotline/call"
)

// TestPeers10AnswerLostWithTheRun: an agent picked up, and the controller died before it
// could write that. The caller hung up before the next run. The agent's leg in the caller's
// bridge tells that the call was answered; a leg that was not joined tells nothing.
func TestPeers10AnswerLostWithTheRun(t *testing.T) {
	begin := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	rung := []call.Event{
		{Kind: call.Arrived, Call: "c", At: begin},
		{Kind: call.Queued, Call: "c", At: begin, Queue: "care", Entered: begin},
		{Kind: call.Offered, Call: "c", At: begin.Add(time.Second), Agent: "ann", Offer: "c-a1", Entered: begin},
	}
	soon, seen, end := begin.Add(2*time.Second), begin.Add(3*time.Second), begin.Add(9*time.Second)
	for name, c := range map[string]struct {
		state   ari.ChannelState
		members []string
		end     time.Time
		answer  time.Time // zero when nobody answered
	}{
		"joined":                          {ari.ChannelUp, []string{"c-a1"}, end, seen},
		"joined, the caller left at once": {ari.ChannelUp, []string{"c-a1"}, soon, soon},
		"picked up and not joined":        {ari.ChannelUp, nil, end, time.Time{}},
		"rings":                           {ari.ChannelRinging, nil, end, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			a, s := unconnected(t), storyOf("c", rung)
			leg := ari.Channel{ID: "c-a1", State: c.state}
			h := newHolding(ari.Snapshot{
				Channels: []ari.Channel{leg}, Bridges: []ari.Bridge{{ID: "hl-c", Channels: c.members}},
			}, a.agentOf)
			h.seen = seen
			a.heard(&s, leg, c.end, h)
			if got := s.parts[0].answered.At; !got.Equal(c.answer) {
				t.Errorf("answered at %v, want %v", got, c.answer)
			}
			want := call.ClassAbandoned
			if !c.answer.IsZero() {
				want = call.ClassAnswered
			}
			if got := s.ending().Class; got != want {
				t.Errorf("the call is %q, want %q", got, want)
			}
		})
	}
}
