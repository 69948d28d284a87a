package house

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hotline/call"
)

// Tell is what the ledger has of a call, a line for each event, for the output of a test that
// failed.
func Tell(events []call.Event, id call.ID) string {
	var out strings.Builder
	out.WriteString(string(id))
	for _, e := range events {
		if e.Call == id {
			fmt.Fprintf(&out, "\n  %s %s %s %s %s %s %s", e.At.Format("15:04:05.000"), e.Kind, e.Agent,
				cmp.Or(string(e.Offer), string(e.Leg)), e.Target, e.Outcome, cmp.Or(e.Reason, string(e.Ending.Reason)))
		}
	}
	return out.String()
}

// owed is what a call still lacks: ends of arrivals, recordings of ended calls, ends of the
// work after talks.
type owed struct{ ends, recordings, works int }

// unfinished tells the stories of calls that lack something.
func unfinished(events []call.Event) string {
	calls := map[call.ID]owed{}
	for _, e := range events {
		o := calls[e.Call]
		switch e.Kind {
		case call.Arrived:
			o.ends++
		case call.Ended:
			o.ends--
			o.recordings++
		case call.Recorded, call.RecordingFault:
			o.recordings--
		case call.TalkEnded:
			o.works++
		case call.WrapUpEnded:
			o.works--
		default: // they need no other one
		}
		calls[e.Call] = o
	}
	var out strings.Builder
	out.WriteString("calls that are not finished:")
	for _, id := range slices.Sorted(maps.Keys(calls)) {
		if calls[id] != (owed{}) && id != "" {
			out.WriteString("\n" + Tell(events, id))
		}
	}
	return out.String()
}
