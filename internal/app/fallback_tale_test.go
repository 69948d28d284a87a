package app

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hotline/acd"
	"hotline/ari"
	"hotline/call"
	"hotline/reports/sqlstore"
)

func byPhone(channel string) call.AgentID {
	return call.AgentID(strings.TrimPrefix(endpointOf(channel), "PJSIP/"))
}

// outline is what a story says, in short.
func outline(events []call.Event) (out []string) {
	for _, e := range events {
		words := []string{string(e.Kind), e.At.Format("05.000")}
		for _, w := range []string{string(e.Agent), string(e.Outcome), string(e.Ending.Reason), string(e.By)} {
			if w != "" {
				words = append(words, w)
			}
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}

// TestTaleOfACallWithoutController: what Asterisk's own queue did with a call reads in the
// ledger like any other call.
func TestTaleOfACallWithoutController(t *testing.T) {
	const in = "2026-03-01T08:00:01.000Z,in,13800000000,95001,hl-complaints\n"
	line := func(at, rest string) string { return "2026-03-01T08:00:" + at + "Z," + rest + "\n" }
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"answered by the second agent, who hangs up": {
			in + line("06.000", "ring,PJSIP/a1001-00000001") + line("09.000", "gone,PJSIP/a1001-00000001,0") +
				line("10.000", "ring,PJSIP/a1002-00000002") + line("12.500", "up,PJSIP/a1002-00000002") +
				line("20.250", "gone,PJSIP/a1002-00000002,16") + line("20.251", "left") + line("20.252", "end"),
			[]string{
				"arrived 01.000", "queued 01.000", "offered 06.000 a1001", "offer_ended 09.000 a1001 no_answer",
				"offered 10.000 a1002", "answered 12.500 a1002", "connected 12.500 a1002",
				"talk_ended 20.250 a1002 agent", "ended 20.252 agent_hung_up agent",
			},
		},
		"the caller hangs up in the talk, his end comes first": {
			in + line("06.000", "ring,PJSIP/a1001-00000001") + line("07.000", "up,PJSIP/a1001-00000001") +
				line("09.000", "end") + line("09.001", "gone,PJSIP/a1001-00000001,16"),
			[]string{
				"arrived 01.000", "queued 01.000", "offered 06.000 a1001", "answered 07.000 a1001",
				"connected 07.000 a1001", "talk_ended 09.001 a1001 caller", "ended 09.000 caller_hung_up caller",
			},
		},
		"the caller hangs up while a phone rings": {
			in + line("06.000", "ring,PJSIP/a1001-00000001") + line("07.000", "gone,PJSIP/a1001-00000001,16") +
				line("07.001", "end"),
			[]string{
				"arrived 01.000", "queued 01.000", "offered 06.000 a1001", "offer_ended 07.000 a1001 canceled",
				"left_queue 07.001 abandoned", "ended 07.001 hung_up_while_rung caller",
			},
		},
		"busy, and the caller gives up at once": {
			in + line("06.000", "ring,PJSIP/a1001-00000001") + line("06.010", "gone,PJSIP/a1001-00000001,17") +
				line("06.100", "end"),
			[]string{
				"arrived 01.000", "queued 01.000", "offered 06.000 a1001", "offer_ended 06.010 a1001 busy",
				"left_queue 06.100 abandoned", "ended 06.100 hung_up_in_queue caller",
			},
		},
		"waited too long": {
			in + line("30.000", "late") + line("33.000", "end"),
			[]string{
				"arrived 01.000", "queued 01.000", "left_queue 30.000 timed_out", "ended 33.000 waited_too_long system",
			},
		},
		"Asterisk died in mid-talk, its last line is cut": {
			in + line("06.000", "ring,PJSIP/a1001-00000001") + line("07.000", "up,PJSIP/a1001-00000001") + "2026-03-01T08:0",
			[]string{
				"arrived 01.000", "queued 01.000", "offered 06.000 a1001", "answered 07.000 a1001",
				"connected 07.000 a1001", "talk_ended 59.000 a1001 caller", "ended 59.000 lost caller",
			},
		},
		"a number that leads nowhere": {
			"2026-03-01T08:00:01.000Z,in,,4711,\n" + line("06.000", "late") + line("08.000", "end"),
			[]string{"arrived 01.000", "ended 08.000 unknown_line system"},
		},
	} {
		told, whole := readTale("c", []byte(c.text))
		if !whole {
			t.Errorf("%s: no tale", name)
			continue
		}
		end := told.end
		if end.IsZero() {
			end = t0.Add(59 * time.Second)
		}
		events, _ := told.whole(byPhone, end, 3*time.Second)
		if diff := cmp.Diff(c.want, outline(events)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		for _, e := range events {
			if !e.Fallback || e.Call != "c" || sqlstore.Valid(e) != nil {
				t.Errorf("%s: %+v: %v", name, e, sqlstore.Valid(e))
			}
		}
	}
}

// TestTaleIsTotal: whatever stands in the file, a story comes out that the ledger takes, with
// one arrival and one end.
func TestTaleIsTotal(t *testing.T) {
	words := []string{
		"in,138,95001,hl-q", "in,,,", "in,1", "ring,PJSIP/a-1", "ring,PJSIP/b-2", "up,PJSIP/a-1", "up,PJSIP/c-3",
		"gone,PJSIP/a-1,16", "gone,PJSIP/b-2,x", "left", "late", "end", "", "nonsense", "ring", "gone,x",
	}
	rapid.Check(t, func(r *rapid.T) {
		var text strings.Builder
		for range rapid.IntRange(0, 12).Draw(r, "lines") {
			when := t0.Add(time.Duration(rapid.IntRange(0, 60_000).Draw(r, "ms")) * time.Millisecond)
			text.WriteString(when.Format(time.RFC3339Nano) + "," + rapid.SampledFrom(words).Draw(r, "what") + "\n")
		}
		text.WriteString(rapid.StringN(0, 40, -1).Draw(r, "rest"))
		told, whole := readTale("c", []byte(text.String()))
		if !whole {
			return
		}
		end := told.end
		if end.IsZero() {
			end = told.last
		}
		events, talk := told.whole(byPhone, end, time.Second)
		n := map[call.Kind]int{}
		for _, e := range events {
			n[e.Kind]++
			if err := sqlstore.Valid(e); err != nil {
				r.Fatalf("%+v: %v\n%s", e, err, text.String())
			}
		}
		if n[call.Arrived] != 1 || n[call.Ended] != 1 || n[call.Offered] != n[call.OfferEnded]+n[call.Answered] ||
			(talk != nil) != (n[call.TalkEnded] == 1) || n[call.TalkEnded] != n[call.Answered] {
			r.Fatalf("%v\n%s", n, text.String())
		}
	})
}

// TestAgentOfAnotherCallIsNotRung: to the engine an agent whose phone Asterisk's own queue has
// is signed out, and comes back at his work, on his break, or ready.
func TestAgentOfAnotherCallIsNotRung(t *testing.T) {
	var engine told
	r := newRoster(&engine, map[call.AgentID]string{"ann": "PJSIP/a1001"}, slog.New(slog.DiscardHandler))
	busy, now := map[call.AgentID]bool{"ann": true}, t0
	look := func(engaged map[call.AgentID]bool, work map[call.AgentID]acd.Restore) {
		for id := range engaged {
			r.hold(id)
		}
		r.release(now, engaged, work)
		now = now.Add(restMin)
	}
	look(busy, nil)
	r.seen(ari.Endpoint{Tech: "PJSIP", Resource: "a1001", State: ari.EndpointOnline})
	if !r.keep(acd.Restore{Agent: "ann", State: call.Break, Reason: "lunch"}) || len(engine) != 0 {
		t.Fatalf("the engine was told %v of an agent who talks", engine)
	}
	if err := r.ask(t.Context(), "ann", call.Ready, ""); err == nil {
		t.Error("an agent who talks can be set ready")
	}
	look(nil, nil)
	if len(engine) != 0 {
		t.Errorf("released at once: %v", engine)
	}
	look(nil, nil)
	look(busy, nil)
	look(nil, map[call.AgentID]acd.Restore{"ann": {Agent: "ann", State: call.WrapUp}})
	want := told{
		acd.Restore{Agent: "ann", State: call.Break, Reason: "lunch"},
		acd.SignOut{Agent: "ann", Reason: ReasonFallback},
		acd.Restore{Agent: "ann", State: call.WrapUp},
	}
	if diff := cmp.Diff(want, engine); diff != "" {
		t.Errorf("the engine was told (-want +got):\n%s", diff)
	}
}
