package media

import (
	"time"

	"hotline/internal/phonesim/g711"
	"hotline/internal/phonesim/tone"
)

// Frame is the length of audio in one packet: 20 ms, 160 samples at 8 kHz.
const (
	FrameTime    = 20 * time.Millisecond
	FrameSamples = tone.Window
)

// numberedFrames is how many of the first frames of a code carry their number:
// more than any path takes to open, few enough that listening stays cheap, for
// a frame that differs from the one before has to be analysed.
const numberedFrames = 64

// Source is the sound one stream sends, in G.711 codes: a lead that is played
// first for a while, then a body that is played once or for ever, then silence.
// The zero value is silence. The slices are only read, so that thousands of
// streams can share one clip.
type Source struct {
	lead       []byte
	leadFrames int
	body       []byte
	loop       bool
	numbered   int // First frames that carry their number.
	pos        int // Next byte of the body.
	played     int // Frames played.
	frame      [FrameSamples]byte
}

// Tone returns a source that plays code n (see package tone) without end. Its
// first frames carry their number, from 0.
func Tone(n int, law g711.Law) *Source {
	return &Source{body: tone.Encoded(n, law), loop: true, numbered: numberedFrames}
}

// Clip returns a source that plays codes, once or in a loop. A last frame that
// is not full is filled up with silence; codes of full frames are shared, not
// copied, and must not change.
func Clip(codes []byte, law g711.Law, loop bool) *Source {
	if rest := len(codes) % FrameSamples; rest != 0 {
		full := make([]byte, 0, len(codes)+FrameSamples-rest)
		codes = append(append(full, codes...), silence(law)[rest:]...)
	}
	return &Source{body: codes, loop: loop}
}

// WithLead returns a copy of the source that plays code n for the given time
// first, so that a program can tell whose voice follows. The frames of the code
// carry their number, from 0.
func (s *Source) WithLead(n int, law g711.Law, d time.Duration) *Source {
	out := *s
	out.lead = tone.Encoded(n, law)
	out.leadFrames = int((d + FrameTime - 1) / FrameTime)
	out.numbered = min(out.leadFrames, numberedFrames)
	return &out
}

func silence(law g711.Law) []byte {
	out := make([]byte, FrameSamples)
	for i := range out {
		out[i] = law.Silence()
	}
	return out
}

// next returns the codes of the frame now due; nil is silence. They are valid
// until the next call.
func (s *Source) next() []byte {
	codes := s.codes()
	if s.played < s.numbered {
		copy(s.frame[:], codes)
		codes = s.frame[:]
		tone.Number(codes, s.played)
	}
	s.played++
	return codes
}

func (s *Source) codes() []byte {
	if s.played < s.leadFrames {
		return s.lead
	}
	if s.pos == len(s.body) {
		if !s.loop || len(s.body) == 0 {
			return nil
		}
		s.pos = 0
	}
	frame := s.body[s.pos : s.pos+FrameSamples]
	s.pos += FrameSamples
	return frame
}
