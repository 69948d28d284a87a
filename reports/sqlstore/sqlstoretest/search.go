package sqlstoretest

import (
	"slices"
	"testing"

	"hotline/call"
	"hotline/reports/sqlstore"
)

// wholeCalls asks for periods and expects calls whole, whichever part of them lies inside.
func wholeCalls(t *testing.T, l Ledger) {
	stay := func(id call.ID, k call.Kind, at, entered int) call.Event {
		return call.Event{Kind: k, At: At(at), Call: id, Queue: "q", Entered: At(entered), Agent: "a"}
	}
	talk := stay("b", call.TalkEnded, 900, 200)
	talk.Answer = At(300)
	must(t, l,
		call.Event{Kind: call.Arrived, At: At(150), Call: "b"},
		call.Event{Kind: call.Arrived, At: At(100), Call: "a"},
		call.Event{Kind: call.AgentChanged, At: At(100), Agent: "a"},
		stay("b", call.Queued, 200, 200),
		call.Event{Kind: call.Ended, At: At(800), Call: "a"},
		talk,
		Recording("b", "b.wav", 150, 800),
	)
	for _, c := range []struct {
		name     string
		from, to int
		want     []uint64
	}{
		{"arrival of a", 100, 101, []uint64{2, 5}},
		{"end of the period is outside", 99, 100, nil},
		{"arrivals of both, call by call", 100, 151, []uint64{2, 5, 1, 4, 6, 7}},
		{"queue entry of b", 200, 201, []uint64{1, 4, 6, 7}},
		{"answer of b", 300, 301, []uint64{1, 4, 6, 7}},
		{"ends of both", 800, 901, nil},
	} {
		var got []uint64
		for e, err := range l.Events(t.Context(), At(c.from), At(c.to)) {
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			got = append(got, e.Seq)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: events %v, want %v", c.name, got, c.want)
		}
	}
	for range l.Events(t.Context(), At(0), At(1000)) {
		break // a reader that has enough gives the connection back
	}
}

// recordings looks for recordings by everything that S23 names.
func recordings(t *testing.T, l Ledger) {
	answered := func(id call.ID, agent call.AgentID) call.Event {
		return call.Event{Kind: call.Answered, At: At(0), Call: id, Queue: "q", Entered: At(0), Agent: agent}
	}
	arrived := func(id call.ID, number string) call.Event {
		return call.Event{Kind: call.Arrived, At: At(0), Call: id, Number: number, Line: "10000"}
	}
	must(t, l,
		arrived("1", "+8613800138000"), answered("1", "zoe"), answered("1", "ann"),
		Recording("1", "1.wav", 0, 1000),
		arrived("2", "013900139000"), answered("2", "ann"), Recording("2", "2.wav", 1000, 2000),
		arrived("3", ""), call.Event{
			Kind: call.Messaged, At: At(2900), Call: "3", Offset: 700, Held: 2200, Reason: string(call.Closed),
		}, Recording("3", "3.wav", 2000, 3000),
		Recording("4", "4.wav", 3000, 4000), // made while nobody was here to see the call
	)
	for _, c := range []struct {
		name   string
		filter sqlstore.Filter
		want   []call.ID
	}{
		{"all, the newest first", sqlstore.Filter{}, []call.ID{"4", "3", "2", "1"}},
		{"the newest two", sqlstore.Filter{Limit: 2}, []call.ID{"4", "3"}},
		{"call", sqlstore.Filter{Call: "3"}, []call.ID{"3"}},
		{"whole number", sqlstore.Filter{Number: "+8613800138000"}, []call.ID{"1"}},
		{"end of the number", sqlstore.Filter{Number: "13800138000"}, []call.ID{"1"}},
		{"common end", sqlstore.Filter{Number: "000"}, []call.ID{"2", "1"}},
		{"no wildcard", sqlstore.Filter{Number: "13%000"}, nil},
		{"agent who answered", sqlstore.Filter{Agent: "ann"}, []call.ID{"2", "1"}},
		{"agent before a transfer", sqlstore.Filter{Agent: "zoe"}, []call.ID{"1"}},
		{"stranger", sqlstore.Filter{Agent: "bob"}, nil},
		{"from", sqlstore.Filter{From: At(2000)}, []call.ID{"4", "3"}},
		{"to", sqlstore.Filter{To: At(2000)}, []call.ID{"2", "1"}},
		{"messages", sqlstore.Filter{Messages: true}, []call.ID{"3"}},
		{"length", sqlstore.Filter{MinLength: 2000, MaxLength: 3000}, []call.ID{"3", "2"}},
		{"all together", sqlstore.Filter{
			Call: "2", Agent: "ann", Number: "9000", From: At(1000), To: At(1001), MinLength: 2000, MaxLength: 2000,
		}, []call.ID{"2"}},
	} {
		found, err := l.Recordings(t.Context(), c.filter)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var got []call.ID
		for _, r := range found {
			got = append(got, r.Call)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: calls %v, want %v", c.name, got, c.want)
		}
	}
	left, err := l.Recordings(t.Context(), sqlstore.Filter{Messages: true})
	want := sqlstore.Message{Offset: 700, Length: 2200, Reason: call.Closed}
	if err != nil || len(left) != 1 || left[0].Message == nil || *left[0].Message != want {
		t.Errorf("messages %+v, %v; want %+v", left, err, want)
	}
	found, err := l.Recordings(t.Context(), sqlstore.Filter{Call: "1"})
	if err != nil || len(found) != 1 {
		t.Fatalf("%d recordings, %v", len(found), err)
	}
	r := found[0]
	if r.Number != "+8613800138000" || r.Line != "10000" || !r.Arrived.Equal(At(0)) ||
		!slices.Equal(r.Agents, []call.AgentID{"zoe", "ann"}) || r.Recording.Path != "1.wav" || r.Seq != 4 ||
		r.Message != nil {
		t.Errorf("recording of call 1 is %+v", r)
	}
	for name, f := range map[string]sqlstore.Filter{
		"period": {From: At(1), To: At(1)}, "length": {MinLength: 2, MaxLength: 1},
		"negative": {MinLength: -1}, "limit": {Limit: -1},
	} {
		if _, err := l.Recordings(t.Context(), f); err == nil {
			t.Errorf("%s: a filter that selects nothing by mistake is accepted", name)
		}
	}
}
