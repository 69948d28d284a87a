package house

import (
	"cmp"
	"fmt"
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

// unfinished tells the stories of calls that lack an end, a recording or the end of a work.
func unfinished(events []call.Event) string {
	// One number keeps three balances apart: of arrivals, of recordings, of works after talks.
	balance := map[call.ID]int{}
	for _, e := range events {
		switch e.Kind {
		case call.Arrived:
			balance[e.Call] += 1 << 8
		case call.Ended:
			balance[e.Call] -= 1 << 8
			balance[e.Call] += 1 << 16
		case call.Recorded, call.RecordingFault:
			balance[e.Call] -= 1 << 16
		case call.TalkEnded:
			balance[e.Call]++
		case call.WrapUpEnded:
			balance[e.Call]--
		default: // they need no other one
		}
	}
	var out strings.Builder
	out.WriteString("calls that are not finished:")
	for id, n := range balance {
		if n != 0 && id != "" {
			out.WriteString("\n" + Tell(events, id))
		}
	}
	return out.String()
}
