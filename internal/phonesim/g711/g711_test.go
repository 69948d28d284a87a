package g711_test

import (
	"math/bits"
	"testing"

	"pgregory.net/rapid"

	"hotline/internal/phonesim/g711"
)

// Anchors from the tables of ITU-T G.711, scaled to 16 bits: the ends of the
// range, both zeros and a value in the middle.
func TestDecodeAnchors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		law  g711.Law
		code byte
		want int16
	}{
		{g711.ALaw, 0xD5, 8},
		{g711.ALaw, 0x55, -8},
		{g711.ALaw, 0xAA, 32256},
		{g711.ALaw, 0x2A, -32256},
		{g711.ALaw, 0x80, 5504},
		{g711.ALaw, 0xC5, 264},
		{g711.ALaw, 0xF5, 528},
		{g711.ULaw, 0xFF, 0},
		{g711.ULaw, 0x7F, 0},
		{g711.ULaw, 0x80, 32124},
		{g711.ULaw, 0x00, -32124},
		{g711.ULaw, 0xEF, 132},
		{g711.ULaw, 0xFE, 8},
	} {
		if got := c.law.Decode(c.code); got != c.want {
			t.Errorf("%s 0x%02X decodes to %d, want %d", c.law.Name(), c.code, got, c.want)
		}
	}
}

func TestEveryCodeSurvivesRoundTrip(t *testing.T) {
	t.Parallel()
	for _, law := range []g711.Law{g711.ALaw, g711.ULaw} {
		for i := range 256 {
			code := byte(i)
			got := law.Encode(law.Decode(code))
			if law == g711.ULaw && code == 0x7F {
				// Mu-law has two codes for zero; the encoder prefers +0.
				code = 0xFF
			}
			if got != code {
				t.Errorf("%s 0x%02X came back as 0x%02X", law.Name(), code, got)
			}
		}
	}
}

// Every one of the 65536 samples must come back within half a step, and a
// larger sample never as a smaller value.
func TestEncodeIsWithinHalfAStepAndMonotone(t *testing.T) {
	t.Parallel()
	for _, law := range []g711.Law{g711.ALaw, g711.ULaw} {
		last := int16(-32768)
		for s := -32768; s <= 32767; s++ {
			got := law.Decode(law.Encode(int16(s)))
			if got < last {
				t.Fatalf("%s: sample %d decodes to %d, below the %d before it", law.Name(), s, got, last)
			}
			last = got
			if d, limit := distance(s, int(got)), stepHalf(law, s); d > limit {
				t.Fatalf("%s: sample %d decodes to %d, off by %d, limit %d", law.Name(), s, got, d, limit)
			}
		}
	}
}

func distance(a, b int) int {
	return max(a-b, b-a)
}

// stepHalf is half the quantisation step of the segment that holds sample s.
func stepHalf(law g711.Law, s int) int {
	if law == g711.ULaw {
		m := distance(s, 0)
		if m > 32124 {
			return m - 32124 // Above the top step the code can only clip.
		}
		return 1 << (bits.Len(uint(m+132)) - 6)
	}
	m := s
	if s < 0 {
		m = ^s
	}
	return max(8, 1<<max(bits.Len(uint(m))-6, 0)) + 1 // One more for the one's complement.
}

func TestBlocksMatchSamples(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		law := rapid.SampledFrom([]g711.Law{g711.ALaw, g711.ULaw}).Draw(t, "law")
		pcm := rapid.SliceOf(rapid.Int16()).Draw(t, "pcm")
		codes := law.EncodeAll(pcm)
		back := make([]int16, len(pcm))
		if n := law.DecodeTo(back, codes); n != len(pcm) {
			t.Fatalf("decoded %d samples of %d", n, len(pcm))
		}
		for i := range pcm {
			if back[i] != law.Decode(law.Encode(pcm[i])) {
				t.Fatalf("sample %d differs from its single conversion", i)
			}
		}
	})
}

func TestPayloadTypes(t *testing.T) {
	t.Parallel()
	for _, law := range []g711.Law{g711.ALaw, g711.ULaw} {
		if got, ok := g711.FromPayloadType(law.PayloadType()); !ok || got != law {
			t.Errorf("%s: payload type %d leads to %v, %v", law.Name(), law.PayloadType(), got, ok)
		}
		if s := law.Decode(law.Silence()); s < -8 || s > 8 {
			t.Errorf("%s: silence decodes to %d", law.Name(), s)
		}
	}
	if _, ok := g711.FromPayloadType(101); ok {
		t.Error("payload type 101 was taken for G.711")
	}
}
