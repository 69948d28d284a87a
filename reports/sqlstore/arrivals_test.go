package sqlstore_test

import (
	"fmt"
	"slices"
	"testing"

	"hotline/call"
	"hotline/reports/sqlstore"
	"hotline/reports/sqlstore/sqlstoretest"
)

// TestCallsByArrival: by every filter, and page by page each call once, also those that
// arrived in the same millisecond.
func TestCallsByArrival(t *testing.T) {
	t.Parallel()
	sqlstore.EachPlace(t, callsByArrival)
}

func callsByArrival(t *testing.T, place sqlstore.Place) {
	s, at := openAt(t, place), sqlstoretest.At
	var events []call.Event
	for i, id := range []call.ID{"a", "b", "c", "d", "e"} {
		begin := at(100 + i/2*100) // a and b at 100, c and d at 200, e at 300
		events = append(events,
			call.Event{Kind: call.Arrived, At: begin, Call: id, Number: fmt.Sprint("1380000000", i)},
			call.Event{Kind: call.Queued, At: begin, Call: id, Queue: call.QueueID(fmt.Sprint("q", i%2)), Entered: begin},
			call.Event{
				Kind: call.Answered, At: begin, Call: id, Queue: "q", Agent: call.AgentID(fmt.Sprint("g", i%3)), Entered: begin,
			},
		)
	}
	if _, err := s.Append(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		f    sqlstore.Arrivals
		want []call.ID
	}{
		"all":           {sqlstore.Arrivals{}, []call.ID{"e", "d", "c", "b", "a"}},
		"period":        {sqlstore.Arrivals{From: at(100), To: at(200)}, []call.ID{"b", "a"}},
		"queue":         {sqlstore.Arrivals{Queue: "q1"}, []call.ID{"d", "b"}},
		"agents":        {sqlstore.Arrivals{Agents: []call.AgentID{"g1", "g2"}}, []call.ID{"e", "c", "b"}},
		"number":        {sqlstore.Arrivals{Number: "003"}, []call.ID{"d"}},
		"no wild cards": {sqlstore.Arrivals{Number: "%"}, nil},
		"newest":        {sqlstore.Arrivals{Limit: 2}, []call.ID{"e", "d"}},
		"behind d":      {sqlstore.Arrivals{Begin: at(200), Call: "d"}, []call.ID{"c", "b", "a"}},
		"all together":  {sqlstore.Arrivals{Queue: "q0", Agents: []call.AgentID{"g2"}, From: at(150)}, []call.ID{"c"}},
	} {
		got, err := s.Arrived(t.Context(), c.f)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %v, want %v", name, got, err, c.want)
		}
	}
}
