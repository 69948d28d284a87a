package house

import (
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hotline/call"
	"hotline/internal/phonesim/tone"
	"hotline/recorder"
	"hotline/recorder/wav"
)

// Window is one judged piece of a recording.
const Window = 20 * time.Millisecond

// HeardIn is where a code stands in one channel of a recording.
type HeardIn struct {
	First, Last time.Duration
	Windows     int
}

// Codes lists the codes in both channels of a stored recording.
func Codes(t *testing.T, path string) (channels [2]map[int]HeardIn, length time.Duration) {
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
		channels[c] = map[int]HeardIn{}
		for at := 0; at+tone.Window <= frames; at += tone.Window {
			if code, ok := tone.Detect(pcm[at : at+tone.Window]); ok {
				when := time.Duration(at) * time.Second / tone.SampleRate
				h, known := channels[c][code]
				if !known {
					h.First = when
				}
				h.Last = when + Window
				h.Windows++
				channels[c][code] = h
			}
		}
	}
	return channels, time.Duration(frames) * time.Second / tone.SampleRate
}

// CompareRecording holds a recording against what the phones said and heard: the whole call
// from the first to the last second, the caller on the left, what he heard on the right.
func (h *House) CompareRecording(s *Story) {
	t := h.T
	t.Helper()
	found, sound, ok := h.recordingOf(s, tolerance)
	if !ok {
		return
	}
	for code := range sound[0] {
		if code != s.Caller.Tone {
			t.Errorf("recording of %s: code %d of somebody else on the left", s.Caller.Party, code)
		}
	}
	if len(s.Kinds[call.Answered]) == 0 {
		if len(sound[1]) > 0 {
			t.Errorf("recording of %s: an agent is heard on the right, but none answered", s.Caller.Party)
		}
		return
	}
	agent := s.Offers[len(s.Offers)-1]
	// The caller's own ear says from when to when: an agent who picked up while no controller
	// ran is heard only when the next one has joined him.
	for _, heard := range s.Caller.Heard {
		if heard.Tone == agent.Tone {
			whole(t, s, "agent on the right", sound[1][agent.Tone],
				heard.First.Sub(s.Caller.Answered), heard.Last.Sub(s.Caller.Answered))
		}
	}
	silent, total := found.Channels[1].Silent(), s.Caller.Ended.Sub(s.Caller.Answered)
	if silent > total/2+h.Blind {
		t.Errorf("recording of %s: %v of %v silent on the right: where is the music?", s.Caller.Party, silent, total)
	}
}

// recordingOf opens the recording of a call and checks what holds for every one: it is the one
// that the ledger names, as long as the call to within slack, and has the caller on the left
// from the first to the last second.
func (h *House) recordingOf(s *Story, slack time.Duration) (
	found recorder.Report, sound [2]map[int]HeardIn, ok bool,
) {
	t := h.T
	t.Helper()
	for _, f := range s.Kinds[call.RecordingFault] {
		t.Errorf("call of %s: recording fault: %s", s.Caller.Party, f.Reason)
	}
	rec := s.One(t, call.Recorded).Recording
	if rec == nil {
		return found, sound, false
	}
	path := filepath.Join(h.Config.Recordings.Dir, filepath.FromSlash(rec.Path))
	found, err := recorder.Verify(path)
	if err == nil {
		err = found.Matches(*rec)
	}
	if err != nil {
		t.Errorf("recording of %s: %v", s.Caller.Party, err)
		return found, sound, false
	}
	sound, length := Codes(t, path)
	total := s.Caller.Ended.Sub(s.Caller.Answered)
	// Asterisk's recording is clocked by frames, so a long call may lose one now and then.
	if d := (length - total).Abs(); d > slack+total/1000 {
		t.Errorf("recording of %s lasts %v, the call %v", s.Caller.Party, length, total)
	}
	whole(t, s, "caller on the left", sound[0][s.Caller.Tone], 0, total)
	return found, sound, true
}

// whole checks that a code is heard from begin to end. Music and voice share a window at
// the begin, and the first packets cross two jitter paths.
func whole(t *testing.T, s *Story, what string, h HeardIn, begin, end time.Duration) {
	t.Helper()
	const edge = 150 * time.Millisecond
	if (h.First-begin).Abs() > edge || (h.Last-end).Abs() > edge {
		t.Errorf("recording of %s: %s is heard from %v to %v, want %v to %v",
			s.Caller.Party, what, h.First, h.Last, begin, end)
	}
	expected := int((end - begin) / Window)
	if missing := expected - h.Windows; missing > 8 {
		t.Errorf("recording of %s: %s has %d of %d windows", s.Caller.Party, what, h.Windows, expected)
	}
}
