package tone_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hotline/internal/phonesim/g711"
	"hotline/internal/phonesim/tone"
)

// A numbered frame is still the sound it was, under both laws.
func TestNumberedFrameKeepsItsCode(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		code := rapid.IntRange(0, tone.Codes-1).Draw(r, "code")
		number := rapid.IntRange(0, 65535).Draw(r, "number")
		law := rapid.SampledFrom([]g711.Law{g711.ALaw, g711.ULaw}).Draw(r, "law")
		frame := tone.Encoded(code, law)
		tone.Number(frame, number)
		if got, ok := tone.NumberOf(frame); !ok || got != number {
			r.Errorf("read %d %v, want %d", got, ok, number)
		}
		damaged := slices.Clone(frame)
		damaged[rapid.IntRange(0, 47).Draw(r, "damaged")] ^= 1
		if got, ok := tone.NumberOf(damaged); ok {
			r.Errorf("read %d from a damaged frame of number %d", got, number)
		}
		pcm := make([]int16, tone.Window)
		law.DecodeTo(pcm, frame)
		if got, ok := tone.Detect(pcm); !ok || got != code {
			r.Errorf("heard code %d %v, want %d", got, ok, code)
		}
		// Through linear samples and back, as a switch that mixes passes it on.
		if got, ok := tone.NumberOf(law.EncodeAll(pcm)); !ok || got != number {
			r.Errorf("read %d %v after decoding, want %d", got, ok, number)
		}
	})
}

// No frame without a number seems to have one.
func TestPlainFramesHaveNoNumber(t *testing.T) {
	t.Parallel()
	for _, law := range []g711.Law{g711.ALaw, g711.ULaw} {
		for code := range tone.Codes {
			if n, ok := tone.NumberOf(tone.Encoded(code, law)); ok {
				t.Fatalf("code %d of %s carries the number %d", code, law.Name(), n)
			}
		}
	}
	for _, frame := range [][]byte{nil, make([]byte, 47), make([]byte, 160)} {
		if n, ok := tone.NumberOf(frame); ok {
			t.Errorf("%d bytes of nothing carry the number %d", len(frame), n)
		}
	}
}

// The listener tells which frame of the sender it heard first.
func TestTrackNotesTheFirstNumber(t *testing.T) {
	t.Parallel()
	p := newTape()
	p.noise(5)
	for n := 3; n < 10; n++ {
		frame := tone.Encoded(17, g711.ALaw)
		tone.Number(frame, n)
		p.feed(frame)
	}
	p.tone(17, 20)
	spans, _ := p.track.Spans()
	if len(spans) != 1 || spans[0].Number != 3 || spans[0].Windows != 27 {
		t.Errorf("heard %+v, want code 17 from frame 3 on, 27 windows", spans)
	}
}
