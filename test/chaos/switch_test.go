package chaos

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

// TestPeers10SwitchKilled: Asterisk dies (kill -9) with callers in talks, at ringing phones
// and in the queue, and is started again. All calls end as failures of the switch with the
// callers' numbers kept; what Asterisk had written of their recordings is stored, all of it.
// The agents are ready when their phones have registered, and the hotline takes calls.
func TestPeers10SwitchKilled(t *testing.T) {
	dice := chance(t)
	const agents = 8
	h := house.Open(t, agents, func(c *configs.Config) { c.Routing.SuspendAfter = 1 })
	phones := crowd(h, dice)
	legs := wave(h, dice, 0, *calls, 2*time.Second)
	h.Until("agents talk", func() bool { return talking(h) >= agents/2 })
	pass(t, between(dice, 0, time.Second))
	if err := h.Asterisk.Kill(); err != nil {
		t.Fatal(err)
	}
	died := time.Now().UTC()
	written := rawFiles(t, h)
	seen := until(h, 10*time.Second, "the loss is seen", func() bool { return !partOK(h, "asterisk") })
	hangUp(phones, legs)
	pass(t, between(dice, time.Second, 4*time.Second))
	if err := h.Asterisk.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	back := until(h, 10*time.Second, "Asterisk is back", func() bool { return partOK(h, "asterisk") })
	h.Over(legs...)
	for _, p := range phones {
		if err := p.Register(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ready := until(h, 20*time.Second, "all agents are ready", func() bool { return ready(h) == agents })
	h.Over(wave(h, dice, 1000, agents, time.Second)...)
	events := h.Settle()
	broken := func(s *house.Story) bool { return s.Caller.Ended.After(died) && s.Caller.Invite.Before(died) }
	_, all := verdict(h, events, broken)
	n, unwritten := 0, time.Duration(0)
	for _, s := range all {
		switch {
		case broken(s):
		case s.Caller.Ended.Before(died.Add(-closing)) || s.Caller.Invite.After(died):
			h.CompareRecording(s)
			continue
		default: // it was over, but Asterisk may have died before it closed the files
			stored(t, s, written[s.ID])
			continue
		}
		n++
		unwritten = max(unwritten, struck(h, s, died, written[s.ID]))
	}
	t.Logf("%d calls were struck; loss seen after %v, connected %v after the start, agents ready after %v; "+
		"at most %v of a recording had not been written by Asterisk", n, seen, back, ready, unwritten)
	if n < agents/2 {
		t.Errorf("%d calls were struck, want at least those of half the %d agents", n, agents)
	}
}

// struck checks a call that the death of Asterisk ended, and tells how much of it Asterisk
// had not written.
func struck(h *house.House, s *house.Story, died time.Time, written time.Duration) time.Duration {
	h.T.Helper()
	t, ended := h.T, s.One(h.T, call.Ended)
	if ended.Ending.Reason != call.SwitchFailure || ended.Number != s.Caller.Party {
		t.Errorf("call of %s ended as %v with number %q, want a failure of the switch",
			s.Caller.Party, ended.Ending, ended.Number)
	}
	if lasted := died.Sub(s.Caller.Answered); (lasted - ended.Total.Duration()).Abs() > 500*time.Millisecond {
		t.Errorf("call of %s lasted %v, %v by the ledger", s.Caller.Party, lasted, ended.Total.Duration())
	}
	if talks := s.Kinds[call.TalkEnded]; len(talks) > 0 && talks[0].By != call.BySystem {
		t.Errorf("talk of %s ended by %q, but neither side hung up", s.Caller.Party, talks[0].By)
	}
	stored(t, s, written)
	return died.Sub(s.Caller.Answered) - written
}

// closing is how long Asterisk may take after a call to write the rest of its recording.
const closing = 500 * time.Millisecond

// stored demands that all that Asterisk had written of a call is its recording.
func stored(t *testing.T, s *house.Story, written time.Duration) {
	t.Helper()
	if written == 0 {
		return
	}
	rec := s.One(t, call.Recorded).Recording
	if rec == nil || (rec.Length.Duration()-written).Abs() > time.Millisecond {
		t.Errorf("recording of %s: %+v, but %v were written", s.Caller.Party, rec, written)
	}
}

// rawFiles is how much of each call's recording is on disk.
func rawFiles(t *testing.T, h *house.House) map[call.ID]time.Duration {
	t.Helper()
	out := map[call.ID]time.Duration{}
	err := filepath.WalkDir(h.Asterisk.RecordingDir, func(path string, d os.DirEntry, err error) error {
		id, raw := strings.CutSuffix(strings.TrimSuffix(filepath.Base(path), ".alaw"), "-rx")
		if !raw {
			id, raw = strings.CutSuffix(strings.TrimSuffix(filepath.Base(path), ".alaw"), "-tx")
		}
		if err != nil || !raw {
			return err
		}
		info, err := d.Info()
		if err == nil {
			out[call.ID(id)] = max(out[call.ID(id)], time.Duration(info.Size())*time.Second/8000)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func talking(h *house.House) int { return inState(h, call.Talking) }

func ready(h *house.House) int { return inState(h, call.Ready) }

func inState(h *house.House, s call.AgentState) (n int) {
	for _, a := range h.Live().Agents {
		if a.State == s {
			n++
		}
	}
	return n
}

// hangUp is what people do when the line is dead.
func hangUp(phones []*phonesim.Agent, legs []*phonesim.Leg) {
	for _, p := range phones {
		p.Hangup()
	}
	for _, l := range legs {
		l.Hangup()
	}
}
