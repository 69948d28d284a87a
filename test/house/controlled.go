package house

import (
	"slices"
	"testing"
	"time"

	"hotline/call"
)

// CompareControlled holds a call that went through several hands against what its phones
// witnessed: each agent's own talk, each leg to a number outside, the holds, the whole.
func CompareControlled(t *testing.T, p *Play, s *Story) {
	t.Helper()
	c := s.Caller
	ended := s.One(t, call.Ended)
	near(t, s, "the call", c.Ended.Sub(c.Answered), ended.Total)
	compareOffers(t, s)
	CompareTalks(t, s, tolerance)
	compareOutside(t, s)
	if ended.Ending.Class != call.ClassAnswered {
		t.Errorf("call of %s (%s) ended as %v", c.Party, p.Script, ended.Ending)
	}
	var held, inTalks call.Millis
	for _, e := range s.Kinds[call.HoldEnded] {
		held += e.Held
	}
	for _, e := range s.Kinds[call.TalkEnded] {
		inTalks += e.Hold
	}
	if held != inTalks {
		t.Errorf("call of %s: %d ms on hold in all, the talks say %d", c.Party, held, inTalks)
	}
	if len(p.Refused) == 0 && (p.Script == "hold" || p.Script == "two holds") {
		near(t, s, "the hold", p.Held, held)
	}
}

// CompareTalks holds the talk of each agent against his own phone. Where the controller was
// killed meanwhile, it may have missed the begin or the end of a talk by as much as unseen.
func CompareTalks(t *testing.T, s *Story, unseen time.Duration) {
	t.Helper()
	talks := slices.Clone(s.Kinds[call.TalkEnded])
	for _, r := range s.Offers {
		if r.Answered.IsZero() {
			continue
		}
		i := slices.IndexFunc(talks, func(e call.Event) bool {
			return string(e.Agent) == r.Party && e.Answer.Sub(r.Answered).Abs() < time.Second+unseen
		})
		if i < 0 && (crossed(r) || unseen > tolerance && !s.Caller.Hears(r.Tone)) {
			continue // he picked up and was gone again, perhaps while nobody acted: nobody talked
		}
		if i < 0 {
			t.Errorf("call of %s: %s talked from %v on, the ledger does not know", s.Caller.Party, r.Party, r.Answered)
			continue
		}
		if d := (r.Ended.Sub(r.Answered) - talks[i].Talk.Duration()).Abs(); d > unseen {
			t.Errorf("call of %s: the talk of %s differs by %v from his phone's", s.Caller.Party, r.Party, d)
		}
		if talks[i].Direction == call.Inbound && r.Ended.Sub(r.Answered) > time.Second+unseen &&
			(!s.Caller.Hears(r.Tone) || !r.Hears(s.Caller.Tone)) {
			t.Errorf("call of %s: he and %s did not hear each other", s.Caller.Party, r.Party)
		}
		talks = slices.Delete(talks, i, i+1)
	}
	for _, e := range talks {
		t.Errorf("call of %s: the ledger has a talk of %s, his phone has not", s.Caller.Party, e.Agent)
	}
}

// compareOutside holds the legs to numbers outside against the phones there.
func compareOutside(t *testing.T, s *Story) {
	t.Helper()
	ends := s.Kinds[call.DialEnded]
	if len(ends) != len(s.Kinds[call.Dialled]) || len(ends) != len(s.Outside) {
		t.Errorf("call of %s: %d numbers dialled, %d ended, %d rang", s.Caller.Party,
			len(s.Kinds[call.Dialled]), len(ends), len(s.Outside))
		return
	}
	for i, r := range s.Outside {
		if !r.Answered.IsZero() {
			near(t, s, "the talk with "+r.Party, r.Ended.Sub(r.Answered), ends[i].Talk)
		}
	}
}

// CompareControlledRecording holds a recording of a call that went through several hands
// against the caller's own ear: whatever voice he heard, for as long as he heard it, is on the
// right, and he himself on the left from the first to the last second.
//
// slack is how far length of recording and call may differ.
func (h *House) CompareControlledRecording(s *Story, slack time.Duration) {
	t := h.T
	t.Helper()
	_, sound, ok := h.recordingOf(s, slack)
	if !ok {
		return
	}
	heard := map[int]int{}
	for _, span := range s.Caller.Heard {
		heard[span.Tone] += span.Windows
	}
	for _, r := range slices.Concat(s.Offers, s.Outside) {
		// Two voices at once are neither to the ear, which hears the mix a moment later than
		// the recording has it: a conference may differ by some windows.
		if missing := heard[r.Tone] - sound[1][r.Tone].Windows; missing > missingMax(s) {
			t.Errorf("recording of %s: %s is heard for %d windows, the caller heard %d", s.Caller.Party, r.Party,
				sound[1][r.Tone].Windows, heard[r.Tone])
		}
	}
}

// missingMax is how many windows of a voice may be missing.
func missingMax(s *Story) int {
	if len(s.Kinds[call.Conferenced]) > 0 {
		return 25
	}
	return 8
}
