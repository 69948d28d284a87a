package e2e

import (
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hotline/call"
	"hotline/internal/phonesim"
	"hotline/internal/phonesim/tone"
	"hotline/recorder"
	"hotline/recorder/wav"
)

// window is one judged piece of a recording.
const window = 20 * time.Millisecond

// heardIn is where a code stands in one channel of a recording.
type heardIn struct {
	first, last time.Duration
	windows     int
}

// codes lists the codes in both channels of a stored recording.
func codes(t *testing.T, path string) (channels [2]map[int]heardIn, length time.Duration) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := wav.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	frames := len(raw) / 4
	for c := range channels {
		pcm := make([]int16, frames)
		for i := range pcm {
			pcm[i] = int16(binary.LittleEndian.Uint16(raw[4*i+2*c:]))
		}
		channels[c] = map[int]heardIn{}
		for at := 0; at+tone.Window <= frames; at += tone.Window {
			if code, ok := tone.Detect(pcm[at : at+tone.Window]); ok {
				when := time.Duration(at) * time.Second / tone.SampleRate
				h, known := channels[c][code]
				if !known {
					h.first = when
				}
				h.last = when + window
				h.windows++
				channels[c][code] = h
			}
		}
	}
	return channels, time.Duration(frames) * time.Second / tone.SampleRate
}

// compareRecording holds a recording against what the phones said and heard: the whole call
// from the first to the last second, the caller on the left, what he heard on the right.
func (h *house) compareRecording(s *story) {
	t := h.t
	t.Helper()
	for _, f := range s.kinds[call.RecordingFault] {
		t.Errorf("call of %s: recording fault: %s", s.caller.Party, f.Reason)
	}
	rec := s.one(t, call.Recorded).Recording
	if rec == nil {
		return
	}
	path := filepath.Join(h.Config.Recordings.Dir, filepath.FromSlash(rec.Path))
	found, err := recorder.Verify(path)
	if err == nil {
		err = found.Matches(*rec)
	}
	if err != nil {
		t.Errorf("recording of %s: %v", s.caller.Party, err)
		return
	}
	sound, length := codes(t, path)
	total := s.caller.Ended.Sub(s.caller.Answered)
	if d := (length - total).Abs(); d > tolerance {
		t.Errorf("recording of %s lasts %v, the call %v", s.caller.Party, length, total)
	}
	whole(t, s, "caller on the left", sound[0][s.caller.Tone], 0, total)
	for code := range sound[0] {
		if code != s.caller.Tone {
			t.Errorf("recording of %s: code %d of somebody else on the left", s.caller.Party, code)
		}
	}
	if len(s.kinds[call.Answered]) == 0 {
		if len(sound[1]) > 0 {
			t.Errorf("recording of %s: an agent is heard on the right, but none answered", s.caller.Party)
		}
		return
	}
	agent := s.offers[len(s.offers)-1]
	whole(t, s, "agent on the right", sound[1][agent.Tone],
		agent.Answered.Sub(s.caller.Answered), s.caller.Answered.Sub(s.caller.Answered)+agentEnd(agent, s.caller))
	if silent := found.Channels[1].Silent(); silent > length/2 {
		t.Errorf("recording of %s: %v of %v silent on the right: where is the music?", s.caller.Party, silent, length)
	}
}

// agentEnd is when the agent was last to be heard, from the caller's answer.
func agentEnd(agent, caller phonesim.Record) time.Duration {
	end := agent.Ended
	if caller.Ended.Before(end) {
		end = caller.Ended
	}
	return end.Sub(caller.Answered)
}

// whole checks that a code is heard from begin to end. Music and voice share a window at
// the begin, and the first packets cross two jitter paths.
func whole(t *testing.T, s *story, what string, h heardIn, begin, end time.Duration) {
	t.Helper()
	const edge = 150 * time.Millisecond
	if (h.first-begin).Abs() > edge || (h.last-end).Abs() > edge {
		t.Errorf("recording of %s: %s is heard from %v to %v, want %v to %v",
			s.caller.Party, what, h.first, h.last, begin, end)
	}
	expected := int((end - begin) / window)
	if missing := expected - h.windows; missing > 8 {
		t.Errorf("recording of %s: %s has %d of %d windows", s.caller.Party, what, h.windows, expected)
	}
}
