package phonesim

import (
	"sync"
	"time"

	"hotline/internal/phonesim/g711"
	"hotline/internal/phonesim/media"
)

// leadTime is how long a telephone that speaks from a recording plays its code
// first: long enough to be recognised although the first packets of a call may
// find no listener yet.
const leadTime = 400 * time.Millisecond

// Audio is recorded speech that any number of telephones can speak at a time.
type Audio struct {
	pcm     []int16
	loop    bool
	encode  [2]sync.Once
	encoded [2][]byte
}

// NewAudio makes audio of 16-bit samples at 8 kHz. With loop it is repeated
// until the call ends, else followed by silence.
func NewAudio(pcm []int16, loop bool) *Audio {
	return &Audio{pcm: pcm, loop: loop}
}

// LoadAudio reads audio from a WAV file (PCM of 16 bits, A-law or mu-law, any
// rate, the first channel) or from a headerless file of A-law (.alaw, .al) or
// mu-law (.ulaw, .ul) at 8 kHz.
func LoadAudio(path string, loop bool) (*Audio, error) {
	pcm, err := media.LoadClip(path)
	if err != nil {
		return nil, err
	}
	return NewAudio(pcm, loop), nil
}

// source makes what one telephone sends: its code alone, or its code first and
// then the audio.
func (a *Audio) source(code int, law g711.Law) *media.Source {
	if a == nil {
		return media.Tone(code, law)
	}
	a.encode[law].Do(func() {
		full := (len(a.pcm) + media.FrameSamples - 1) / media.FrameSamples * media.FrameSamples
		pcm := make([]int16, full)
		copy(pcm, a.pcm)
		a.encoded[law] = law.EncodeAll(pcm)
	})
	return media.Clip(a.encoded[law], law, a.loop).WithLead(code, law, leadTime)
}
