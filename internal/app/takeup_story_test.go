package app

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/ari"
	"hotline/ari/aritest"
	"hotline/call"
	"hotline/callflow"
	"hotline/configs"
	"hotline/internal/metrics"
	"hotline/reports/sqlstore"
)

// storyWith is a story's events with the times that do not matter here.
func storyWith(events ...call.Event) story {
	begin := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	all := append([]call.Event{
		{Kind: call.Arrived},
		{Kind: call.Queued, Queue: "care"},
		{Kind: call.Offered, Agent: "ann", Offer: "c-a1"},
		{Kind: call.Answered, Agent: "ann", Offer: "c-a1"},
		{Kind: call.Connected, Agent: "ann", Offer: "c-a1"},
	}, events...)
	for i := range all {
		all[i].Call, all[i].At = "c", begin.Add(time.Duration(i)*time.Second)
	}
	return storyOf("c", all)
}

// Events of Bob, whom Ann asks.
var (
	bobRung   = call.Event{Kind: call.Offered, Direction: call.Consult, Agent: "bob", Offer: "c-c1-a1"}
	bobTalks  = call.Event{Kind: call.Answered, Direction: call.Consult, Agent: "bob", Offer: "c-c1-a1"}
	bobJoined = call.Event{Kind: call.Connected, Direction: call.Consult, Agent: "bob", Offer: "c-c1-a1"}
	annHolds  = call.Event{Kind: call.AgentChanged, Agent: "ann", From: call.Talking, To: call.Hold}
)

// TestHalfDoneControl: whatever an agent was doing when the controller was killed, also
// between two steps, ends with nobody alone.
func TestHalfDoneControl(t *testing.T) {
	given := func(kind call.TransferKind) call.Event {
		return call.Event{Kind: call.Transferred, Agent: "ann", Offer: "c-a1", Reason: string(kind)}
	}
	toBob := callflow.Intent{After: "c-a1", To: callflow.Target{Agent: "bob"}}
	outside := callflow.Intent{After: "c-a1", To: callflow.Target{Number: "9001"}}
	dialled := call.Event{Kind: call.Dialled, Agent: "ann", Leg: "c-o1", Target: outside.To.String()}
	called := callflow.Held{Leg: "c-o1", Number: "9001", Up: true}
	ann := callflow.Held{Leg: "c-a1", Agent: "ann", Of: "c", Up: true}
	bob := callflow.Held{Leg: "c-c1-a1", Agent: "bob", Of: "c-c1", Up: true}
	held := func(h callflow.Held, back bool) callflow.Held { h.OnHold, h.Back = true, back; return h }
	joined := func(h callflow.Held) callflow.Held { h.Joined = true; return h }
	asks := &callflow.Asking{Of: "c-c1", By: "c-a1", From: "ann", Leg: "c-c1-a1", To: callflow.Target{Agent: "bob"}}
	for name, c := range map[string]struct {
		story  story
		main   []string // in the caller's bridge
		side   []string // in the consultation's
		alone  []string // in none
		intent callflow.Intent
		legs   []callflow.Held
		asks   *callflow.Asking
		then   *callflow.Target
	}{
		"talk": {story: storyWith(), main: []string{"c-a1"}, legs: []callflow.Held{joined(ann)}},
		"hold": {story: storyWith(annHolds), alone: []string{"c-a1"}, legs: []callflow.Held{held(ann, false)}},
		"hold whose word was lost": {
			story: storyWith(), alone: []string{"c-a1"}, legs: []callflow.Held{held(ann, false)},
		},
		"consultation that rings": {
			story: storyWith(annHolds, bobRung), side: []string{"c-a1"}, intent: toBob,
			legs: []callflow.Held{held(ann, true)},
		},
		"consultation": {
			story: storyWith(annHolds, bobRung, bobTalks, bobJoined), side: []string{"c-a1", "c-c1-a1"}, intent: toBob,
			legs: []callflow.Held{held(ann, false), bob}, asks: asks,
		},
		"the asking agent hung up unseen": {
			story: storyWith(annHolds, bobRung, bobTalks, bobJoined), side: []string{"c-c1-a1"}, intent: toBob,
			legs: []callflow.Held{bob}, asks: asks,
		},
		"back from the consultation, the other not hung up yet": {
			story: storyWith(annHolds, bobRung, bobTalks, bobJoined), main: []string{"c-a1"}, side: []string{"c-c1-a1"},
			legs: []callflow.Held{joined(ann)},
		},
		"conference": {
			story: storyWith(annHolds, bobRung, bobTalks, bobJoined), main: []string{"c-a1", "c-c1-a1"},
			legs: []callflow.Held{joined(ann), joined(bob)},
		},
		"conference, the agent not back yet": {
			story: storyWith(annHolds, bobRung, bobTalks, bobJoined), main: []string{"c-c1-a1"}, side: []string{"c-a1"},
			intent: toBob, legs: []callflow.Held{joined(bob), held(ann, true)},
		},
		"handed over, the agent not hung up yet": {
			story: storyWith(annHolds, bobRung, bobTalks, bobJoined, given(call.Attended)), main: []string{"c-c1-a1"},
			side: []string{"c-a1"}, legs: []callflow.Held{joined(bob)},
		},
		"taken over, now on hold": {
			story: storyWith(annHolds, bobRung, bobTalks, bobJoined, given(call.Attended)), alone: []string{"c-c1-a1"},
			legs: []callflow.Held{held(bob, false)},
		},
		"given away, the agent not hung up yet": {
			story: storyWith(given(call.Blind)), alone: []string{"c-a1"}, intent: toBob, then: &toBob.To,
		},
		"given away, and the word of it lost": {story: storyWith(), intent: toBob, then: &toBob.To},
		"the agent hung up unseen":            {story: storyWith()},
		"given to a number, and all words of it lost": {
			story: storyWith(), alone: []string{"c-o1"}, intent: outside, legs: []callflow.Held{called},
		},
		"given to a number that rings": {
			story: storyWith(given(call.Blind), dialled), alone: []string{"c-o1"}, intent: outside,
			legs: []callflow.Held{called},
		},
		"a number called by nobody knows whom": {story: storyWith(), alone: []string{"c-o1"}},
	} {
		t.Run(name, func(t *testing.T) {
			a, snap := unconnected(t), ari.Snapshot{Bridges: []ari.Bridge{
				{ID: "hl-c", Channels: append([]string{"c"}, c.main...)}, {ID: "hl-c-c1", Channels: c.side},
			}}
			for _, id := range append(append(c.main, c.side...), c.alone...) {
				snap.Channels = append(snap.Channels, ari.Channel{ID: id, State: ari.ChannelUp})
			}
			h := newHolding(snap, a.agentOf)
			seats, then := a.settleTalk(t.Context(), &c.story, a.settleLegs(t.Context(), &c.story, c.intent, h), c.intent, h)
			var legs []callflow.Held
			for _, k := range seats.legs() {
				k.Since = time.Time{} // now
				legs = append(legs, k.Held)
			}
			if diff := cmp.Diff(c.legs, legs); diff != "" {
				t.Errorf("legs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.asks, seats.asking(&c.story, c.intent, h)); diff != "" {
				t.Errorf("consultation (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.then, then); diff != "" {
				t.Errorf("where the caller goes (-want +got):\n%s", diff)
			}
		})
	}
}

// unconnected is an app with a ledger that nobody drains and a switch that knows no channel.
func unconnected(t *testing.T) *App {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	log := slog.New(slog.DiscardHandler)
	writer, err := sqlstore.NewWriter(store, sqlstore.WriterOptions{Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	fake := aritest.New()
	t.Cleanup(fake.Close)
	client, err := ari.New(fake.Options())
	if err != nil {
		t.Fatal(err)
	}
	return &App{
		cfg: configs.Default(), log: log, writer: writer, ari: client, roster: newRoster(nil, nil, log),
		dialer: newDialer(configs.Default(), func() int { return 0 }), tallies: metrics.NewTallies(15_000),
	}
}
