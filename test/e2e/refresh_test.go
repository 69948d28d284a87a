package e2e

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"hotline/ari"
	"hotline/configs/prompts"
	"hotline/internal/g711"
	"hotline/internal/phonesim"
	phoneLaw "hotline/internal/phonesim/g711"
	"hotline/internal/phonesim/tone"
	"hotline/internal/testbed"
)

// switchboard is an Asterisk that a test commands by itself, without the hotline, with a
// phone for each agent and one that calls in.
type switchboard struct {
	t        *testing.T
	ctx      context.Context
	asterisk *testbed.Asterisk
	sim      *phonesim.Sim
	ari      *ari.Client
	firstMu  sync.Mutex         // the phones ask from their own goroutines
	first    map[string]*uint16 // RTP number that an agent's phone begins at

	caller  *phonesim.Leg
	channel string // the caller's
	rec     string // the recording's path without its ending
}

// musicCode is what the music on hold is made of, so that the phones know it when they
// hear it. No phone speaks it.
const musicCode = 1500

func openSwitchboard(t *testing.T, agents int, law phoneLaw.Law) *switchboard {
	t.Helper()
	sounds, music := t.TempDir(), t.TempDir()
	s := &switchboard{t: t, first: map[string]*uint16{}}
	var tune []byte
	for range 500 { // 10 s
		for _, sample := range tone.Frame(musicCode) {
			tune = binary.LittleEndian.AppendUint16(tune, uint16(sample))
		}
	}
	s.ok(errors.Join(prompts.WriteSounds(filepath.Join(sounds, "hotline")),
		os.WriteFile(filepath.Join(music, "code.sln"), tune, 0o600)))
	s.asterisk = testbed.RunAsterisk(t, testbed.Options{
		Agents: testbed.Agents(agents), SoundsDir: sounds, MOHDir: music,
	})
	var cancel context.CancelFunc
	s.ctx, cancel = context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	a := s.asterisk
	client, err := ari.New(ari.Options{URL: a.ARIURL, User: a.ARIUser, Password: a.ARIPassword, App: a.App})
	s.ok(err)
	s.ari = client
	ended := make(chan error, 1)
	go func() { ended <- client.Run(s.ctx) }()
	t.Cleanup(func() {
		cancel()
		for range client.Messages() { // emptied so that Run can end
		}
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	s.sim, err = phonesim.New(phonesim.Options{CallerAddr: a.TrunkPeer, Law: law})
	s.ok(err)
	t.Cleanup(func() {
		if err := s.sim.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close the phones: %v", err)
		}
	})
	for _, account := range a.Agents {
		_, err := s.sim.NewAgent(s.ctx, phonesim.AgentOptions{
			User: account.Name, Password: account.Password, Registrar: a.AgentAddr,
			Behave: func(o phonesim.Offer) phonesim.Action {
				act := phonesim.Answer(0, 0)
				act.FirstNumber = s.firstOf(o.Agent)
				return act
			},
		})
		s.ok(err)
	}
	return s
}

func (s *switchboard) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// until reads messages up to the event of that type for that channel.
func (s *switchboard) until(want ari.EventType, channel string) *ari.Event {
	s.t.Helper()
	for {
		select {
		case m := <-s.ari.Messages():
			e, ok := m.(*ari.Event)
			if ok && e.Type == want && e.Channel != nil && (channel == "" || e.Channel.ID == channel) {
				return e
			}
		case <-s.ctx.Done():
			s.t.Fatalf("no %s of %s", want, channel)
		}
	}
}

// holds waits until the condition does.
func (s *switchboard) holds(what string, condition func() bool) {
	s.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			s.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// call brings a caller into a bridge of his own.
func (s *switchboard) call() {
	s.t.Helper()
	var err error
	s.caller, err = s.sim.Call(s.ctx, phonesim.CallOptions{
		To: "sip:10010@" + s.asterisk.TrunkAddr, From: "13800138000", FirstNumber: new(uint16(1)),
	})
	s.ok(err)
	start := s.until(ari.StasisStart, "")
	s.channel, s.rec = start.Channel.ID, filepath.Join(s.asterisk.RecordingDir, start.Args[2])
	s.ok(s.ari.CreateBridge(s.ctx, "b", "mixing", ""))
	s.ok(s.ari.AddChannel(s.ctx, "b", s.channel))
	s.until(ari.ChannelEnteredBridge, s.channel)
}

// dial brings an agent's phone, or a number outside, to its answer.
func (s *switchboard) dial(endpoint, leg string) {
	s.t.Helper()
	_, err := s.ari.CreateChannel(s.ctx, ari.CreateParams{Endpoint: endpoint, ChannelID: leg, Originator: s.channel})
	s.ok(err)
	s.until(ari.StasisStart, leg)
	s.ok(s.ari.Dial(s.ctx, leg, s.channel, 10*time.Second))
	for s.until(ari.ChannelStateChange, leg).Channel.State != ari.ChannelUp {
	}
}

// tone is the code that a party of the switch's calls speaks.
func (s *switchboard) tone(party string) int {
	s.t.Helper()
	for _, r := range s.sim.Ledger() {
		if r.Party == party {
			return r.Tone
		}
	}
	s.t.Fatalf("%s was never called", party)
	return 0
}

// firstOf is the RTP number with which an agent's phone begins, nil for one by chance.
func (s *switchboard) firstOf(agent string) *uint16 {
	s.firstMu.Lock()
	defer s.firstMu.Unlock()
	return s.first[agent]
}

// agentJoins rings an agent, whose phone begins at an RTP number, and joins him.
func (s *switchboard) agentJoins(i int, leg string, first uint16) (agent string) {
	s.t.Helper()
	agent = s.asterisk.Agents[i].Name
	s.firstMu.Lock()
	s.first[agent] = &first
	s.firstMu.Unlock()
	s.dial("PJSIP/"+agent, leg)
	s.ok(s.ari.AddChannel(s.ctx, "b", leg))
	s.until(ari.ChannelEnteredBridge, leg)
	return agent
}

// agentTalks joins an agent and waits until the caller has heard him for a second.
func (s *switchboard) agentTalks(i int, leg string, first uint16) (agent string) {
	s.t.Helper()
	agent = s.agentJoins(i, leg, first)
	s.talks(agent, 50)
	return agent
}

// talks waits until the caller has heard so many more frames of a party.
func (s *switchboard) talks(party string, frames int) {
	s.t.Helper()
	code := s.tone(party)
	want := frames + s.heard(code)
	s.holds(fmt.Sprintf("the caller hears %d frames of %s", frames, party), func() bool { return s.heard(code) >= want })
}

// frame is the sound of one packet of a phone.
const frame = 20 * time.Millisecond

// heard is how many frames of a code the caller heard.
func (s *switchboard) heard(code int) (frames int) {
	r := s.caller.Record()
	for _, span := range r.Heard {
		if span.Tone == code {
			frames += span.Windows
		}
	}
	return frames
}

// refresh is what the hotline does before another agent is heard.
func (s *switchboard) refresh() {
	s.t.Helper()
	s.ok(s.ari.PlayOnChannel(s.ctx, s.channel, "refresh-"+s.channel, "", prompts.Refresh("hotline")...))
}

// recorded hangs the caller up and counts the frames of each code in what he said and in
// what he heard.
func (s *switchboard) recorded() (said, heard map[int]int) {
	s.t.Helper()
	s.ok(s.ari.Hangup(s.ctx, s.channel, ""))
	s.until(ari.StasisEnd, s.channel)
	<-s.caller.Done()
	size := func(ending string) int64 {
		info, err := os.Stat(s.rec + ending)
		s.ok(err)
		return info.Size()
	}
	last := int64(-1)
	s.holds("the recording is complete", func() bool {
		now := size("-rx.alaw") + size("-tx.alaw")
		same := now == last && now > 0
		last = now
		return same
	})
	r := s.caller.Record()
	length := int64(r.Ended.Sub(r.Answered) / time.Millisecond * 8)
	for _, ending := range []string{"-rx.alaw", "-tx.alaw"} {
		// Shorter than the call by at most 200 ms: the answer and the last frame.
		if n := size(ending); n < length-1600 || n > length+1600 {
			s.t.Errorf("%s has %d ms of %d", ending, n/8, length/8)
		}
	}
	return s.codes("-rx.alaw"), s.codes("-tx.alaw")
}

// codes counts the frames of each code in one half of the recording.
func (s *switchboard) codes(ending string) map[int]int {
	s.t.Helper()
	coded, err := os.ReadFile(s.rec + ending)
	s.ok(err)
	codes := map[int]int{}
	table := g711.ALaw.Table()
	pcm := make([]int16, tone.Window)
	for ; len(coded) >= tone.Window; coded = coded[tone.Window:] {
		for i := range pcm {
			pcm[i] = table[coded[i]]
		}
		if code, ok := tone.Detect(pcm); ok {
			codes[code]++
		}
	}
	return codes
}

// holdsAll fails unless the recording has what the caller heard of each party, but for
// three frames at each change of who speaks.
func (s *switchboard) holdsAll(recorded map[int]int, changes int, parties ...string) {
	s.t.Helper()
	for _, party := range parties {
		code := s.tone(party)
		if heard := s.heard(code); recorded[code] < heard-3*changes || heard == 0 {
			s.t.Errorf("the caller heard %d frames of %s, the recording %d", heard, party, recorded[code])
		}
	}
}

// Each agent's RTP numbers lie behind those of the agent before, in 16 bits, and yet the
// recording holds every one of them. Without the refresh the second is recorded as silence.
func TestPeers08EachAgentStaysInTheRecording(t *testing.T) {
	for name, c := range map[string]struct {
		law   phoneLaw.Law
		a, b  uint16
		music bool
	}{
		"a little behind":          {phoneLaw.ALaw, 60000, 59000, false},
		"half the numbers ahead":   {phoneLaw.ALaw, 100, 40000, false},
		"music between on mu-law":  {phoneLaw.ULaw, 60000, 59000, true},
		"half ahead on mu-law":     {phoneLaw.ULaw, 100, 40000, false},
		"music between from below": {phoneLaw.ALaw, 100, 40000, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := openSwitchboard(t, 2, c.law)
			s.call()
			a := s.agentTalks(0, "leg-a", c.a)
			if c.music {
				s.ok(s.ari.StartMusic(s.ctx, s.channel, ""))
			}
			s.ok(s.ari.RemoveChannel(s.ctx, "b", "leg-a"))
			s.refresh()
			b := s.agentJoins(1, "leg-b", c.b)
			if c.music {
				s.ok(s.ari.StopMusic(s.ctx, s.channel))
			}
			s.talks(b, 50)
			// And back to the first, whose numbers went on meanwhile.
			s.ok(s.ari.RemoveChannel(s.ctx, "b", "leg-b"))
			s.refresh()
			s.ok(s.ari.AddChannel(s.ctx, "b", "leg-a"))
			s.talks(a, 50)
			said, heard := s.recorded()
			s.holdsAll(heard, 2, a, b)
			if own := s.caller.Record(); said[own.Tone] < int(own.RTP.Sent)-5 {
				t.Errorf("the caller sent %d frames, the recording has %d", own.RTP.Sent, said[own.Tone])
			}
		})
	}
}

// Three become two: the mixed sound of three carries no numbers, but that of the agent who
// stays does, and they lie behind those of the one who leaves. One refresh, when the third
// joins, is enough, and whoever speaks meanwhile loses at most 40 ms.
func TestRefreshServesAConferenceBackToTwo(t *testing.T) {
	s := openSwitchboard(t, 2, phoneLaw.ALaw)
	s.call()
	a := s.agentTalks(0, "leg-a", 60000)
	s.refresh()
	s.talks(a, 50)
	r := s.caller.Record()
	span := r.Heard[len(r.Heard)-1]
	frames := int((span.Last.Sub(span.First)+frame/2)/frame) + 1
	t.Logf("a refresh in mid-talk cost %d frames", frames-span.Windows)
	if missed := frames - span.Windows; missed > 2 || len(r.Heard) != 1 {
		t.Errorf("a refresh in mid-talk cost %d frames of 20 ms: %+v", missed, r.Heard)
	}
	b := s.agentJoins(1, "leg-b", 59000)
	received := s.caller.Record().RTP.Received
	s.holds("the three are together for a second", func() bool {
		return s.caller.Record().RTP.Received > received+50
	})
	s.ok(s.ari.RemoveChannel(s.ctx, "b", "leg-a"))
	s.talks(b, 50)
	_, heard := s.recorded()
	s.holdsAll(heard, 2, a, b)
}

// lastHeard is when a leg began to hear a code for the last time; the zero time for never.
func lastHeard(leg *phonesim.Leg, code int) (began time.Time) {
	r := leg.Record()
	for _, span := range r.Heard {
		if span.Tone == code {
			began = span.First
		}
	}
	return began
}

// A caller on hold hears music at once, and the agent at once after it; the recording holds
// the music, nothing that the agent said meanwhile, and whoever comes after the hold.
func TestHoldPlaysMusicAndKeepsTheRecordingWhole(t *testing.T) {
	s := openSwitchboard(t, 2, phoneLaw.ALaw)
	s.call()
	a := s.agentTalks(0, "leg-a", 60000)
	agent := s.sim.Phone(a).Calls()[0]
	hold := func(leg string) {
		s.refresh()
		s.ok(s.ari.StartMusic(s.ctx, s.channel, ""))
		asked := time.Now()
		s.ok(s.ari.RemoveChannel(s.ctx, "b", leg))
		s.holds("a second of music is heard", func() bool {
			began := lastHeard(s.caller, musicCode)
			return began.After(asked.Add(-100*time.Millisecond)) && time.Since(began) > time.Second
		})
		took := lastHeard(s.caller, musicCode).Sub(asked)
		t.Logf("music is heard after %v", took)
		if took > 100*time.Millisecond {
			t.Errorf("the caller heard music %v after the hold", took)
		}
	}
	hold("leg-a")
	if heard := agent.Record().Heard; time.Since(heard[len(heard)-1].Last) < 500*time.Millisecond {
		t.Errorf("the agent hears the caller on hold: %+v", heard)
	}
	asked := time.Now()
	s.ok(s.ari.AddChannel(s.ctx, "b", "leg-a"))
	s.ok(s.ari.StopMusic(s.ctx, s.channel))
	s.talks(a, 25)
	took := lastHeard(s.caller, s.tone(a)).Sub(asked)
	t.Logf("the agent is heard after %v", took)
	if took > 100*time.Millisecond {
		t.Errorf("the caller heard the agent %v after the hold", took)
	}
	hold("leg-a")
	b := s.agentJoins(1, "leg-b", 59000)
	s.ok(s.ari.StopMusic(s.ctx, s.channel))
	s.talks(b, 50)
	_, heard := s.recorded()
	s.holdsAll(heard, 2, a, b)
	if code := s.tone(a); heard[code] > s.heard(code)+5 {
		t.Errorf("the caller heard %d frames of the agent, the recording has %d", s.heard(code), heard[code])
	}
	if heard[musicCode] < 90 {
		t.Errorf("%d frames of music are recorded, want those of two seconds", heard[musicCode])
	}
}

// Keys of phones reach the application from a plain mixing bridge, and so does a phone's own
// hold, during which the other side hears music.
func TestPhoneKeysAndHoldAreTold(t *testing.T) {
	s := openSwitchboard(t, 1, phoneLaw.ALaw)
	s.call()
	keys := func(leg *phonesim.Leg, channel, pressed string) {
		s.ok(leg.Press(pressed))
		for _, key := range pressed {
			e := s.until(ari.ChannelDtmfReceived, channel)
			if e.Digit != string(key) || (e.Duration-100*time.Millisecond).Abs() > 60*time.Millisecond {
				t.Errorf("key %q for %v, want %q for 100 ms", e.Digit, e.Duration, key)
			}
		}
	}
	s.holds("the caller talks", func() bool { return s.caller.Record().RTP.Sent > 0 })
	keys(s.caller, s.channel, "1*")
	a := s.agentTalks(0, "leg-a", 100)
	agent := s.sim.Phone(a).Calls()[0]
	keys(s.caller, s.channel, "29#")
	keys(agent, "leg-a", "0")
	if got := agent.Record().Keys; got != "29#" {
		t.Errorf("the agent's phone was told the keys %q", got)
	}
	s.ok(s.ari.SendDTMF(s.ctx, "leg-a", "7", 0))
	s.holds("the agent's phone is told a key of ours", func() bool { return agent.Record().Keys == "29#7" })

	s.ok(agent.Hold(s.ctx))
	s.until(ari.ChannelHold, "leg-a")
	s.holds("the caller hears music", func() bool { return !lastHeard(s.caller, musicCode).IsZero() })
	s.ok(agent.Resume(s.ctx))
	s.until(ari.ChannelUnhold, "leg-a")
	s.talks(a, 25)
}

// A number outside is dialled by the trunk and talks with an agent, each heard by the other.
func TestNumberOutsideTalksWithAnAgent(t *testing.T) {
	s := openSwitchboard(t, 1, phoneLaw.ALaw)
	s.call()
	out, err := s.sim.NewOutside(phonesim.OutsideOptions{
		Number: "13900001111", Behave: func(phonesim.Offer) phonesim.Action { return phonesim.Answer(0, 0) },
	})
	s.ok(err)
	a := s.agentTalks(0, "leg-a", 100)
	agent := s.sim.Phone(a).Calls()[0]
	s.dial("PJSIP/"+out.Number()+"@trunk", "leg-out")
	outside := out.Calls()[0]
	s.ok(s.ari.CreateBridge(s.ctx, "c", "mixing", ""))
	s.ok(s.ari.RemoveChannel(s.ctx, "b", "leg-a"))
	s.ok(s.ari.AddChannel(s.ctx, "c", "leg-a", "leg-out"))
	s.holds("agent and outside hear each other", func() bool {
		there, here := outside.Record(), agent.Record()
		return there.Hears(here.Tone) && here.Hears(there.Tone)
	})
	there, caller := outside.Record(), s.caller.Record()
	if there.Hears(caller.Tone) || caller.Hears(there.Tone) {
		t.Errorf("the caller, who is elsewhere, is heard outside: %+v", there.Heard)
	}
	s.ok(s.ari.Hangup(s.ctx, "leg-out", ""))
	<-outside.Done()
	if r := outside.Record(); r.Result != phonesim.ResultAnswered || r.EndedBy != phonesim.SideRemote {
		t.Errorf("outside %+v", r)
	}
	s.ok(s.ari.DeleteBridge(s.ctx, "c"))
}
