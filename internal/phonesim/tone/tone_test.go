package tone_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"hotline/internal/phonesim/g711"
	"hotline/internal/phonesim/tone"
)

// play returns samples of code n, starting offset samples into its period.
func play(n, offset, samples int) []int16 {
	f := tone.Frame(n)
	out := make([]int16, samples)
	for i := range out {
		out[i] = f[(i+offset)%len(f)]
	}
	return out
}

func throughLaw(law g711.Law, pcm []int16) []int16 {
	out := make([]int16, len(pcm))
	law.DecodeTo(out, law.EncodeAll(pcm))
	return out
}

func addNoise(r *rand.Rand, pcm []int16, sigma float64) {
	for i, s := range pcm {
		v := float64(s) + sigma*r.NormFloat64()
		pcm[i] = int16(max(-32768, min(32767, v)))
	}
}

func rms(pcm []int16) float64 {
	var e float64
	for _, s := range pcm {
		e += float64(s) * float64(s)
	}
	return math.Sqrt(e / float64(len(pcm)))
}

func TestEveryCodeIsDetectedThroughBothLaws(t *testing.T) {
	t.Parallel()
	seen := make(map[[3]int]int, tone.Codes)
	for n := range tone.Codes {
		f := tone.Frequencies(n)
		if other, ok := seen[f]; ok {
			t.Fatalf("codes %d and %d share the frequencies %v", other, n, f)
		}
		seen[f] = n
		if f[0] < 400 || f[2] > 3300 {
			t.Fatalf("code %d leaves the telephone band: %v", n, f)
		}
		for _, law := range []g711.Law{g711.ALaw, g711.ULaw} {
			pcm := throughLaw(law, play(n, n%tone.Window, tone.Window))
			if got, ok := tone.Detect(pcm); !ok || got != n {
				t.Fatalf("%s: code %d detected as %d, %v", law.Name(), n, got, ok)
			}
		}
	}
}

func TestCodesSurviveNoiseAt20dB(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for n := range tone.Codes {
		pcm := play(n, r.IntN(tone.Window), tone.Window)
		addNoise(r, pcm, rms(pcm)/10)
		if got, ok := tone.Detect(throughLaw(g711.ALaw, pcm)); !ok || got != n {
			t.Fatalf("code %d with noise detected as %d, %v", n, got, ok)
		}
	}
}

func TestAnyLengthOffsetAndLoudness(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, tone.Codes-1).Draw(t, "n")
		length := rapid.IntRange(tone.Window, 8*tone.Window).Draw(t, "length")
		pcm := play(n, rapid.IntRange(0, tone.Window-1).Draw(t, "offset"), length)
		quieter := rapid.IntRange(1, 16).Draw(t, "quieter")
		for i := range pcm {
			pcm[i] /= int16(quieter)
		}
		if got, ok := tone.Detect(throughLaw(g711.ALaw, pcm)); !ok || got != n {
			t.Fatalf("detected %d, %v", got, ok)
		}
	})
}

// chord is a sum of sine waves with harmonics, like notes of instruments.
func chord(r *rand.Rand, notes []float64, samples int) []int16 {
	out := make([]float64, samples)
	for _, f := range notes {
		for h := 1; h <= 6 && f*float64(h) < 3600; h++ {
			a, p := 6000/float64(h*len(notes)), 2*math.Pi*r.Float64()
			for i := range out {
				out[i] += a * math.Sin(2*math.Pi*f*float64(h)*float64(i)/tone.SampleRate+p)
			}
		}
	}
	pcm := make([]int16, samples)
	for i, v := range out {
		pcm[i] = int16(v)
	}
	return pcm
}

func TestNothingElseIsTakenForACode(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	refuse := func(what string, pcm []int16) {
		t.Helper()
		if n, ok := tone.Detect(pcm); ok {
			t.Errorf("%s was taken for code %d", what, n)
		}
	}
	refuse("nothing", nil)
	refuse("less than a window", play(7, 0, tone.Window-1))
	refuse("silence", make([]int16, 400))
	for n := range 1500 {
		half := play(n, 0, tone.Window)
		addNoise(r, half, rms(half)/2)
		refuse("a code in loud noise", half)
		noise := make([]int16, tone.Window)
		addNoise(r, noise, 6000)
		refuse("noise", noise)
		notes := make([]float64, 1+r.IntN(4))
		for i := range notes {
			notes[i] = 110 * math.Pow(2, float64(r.IntN(48))/12)
		}
		refuse("chord", chord(r, notes, tone.Window))
		voice := 80 + 20*float64(r.IntN(12))
		refuse("voiced speech", chord(r, []float64{voice}, tone.Window))
		refuse("two codes at once", mix(play(r.IntN(3000), 0, tone.Window), play(3000+r.IntN(3000), 0, tone.Window)))
	}
}

func TestTelephoneTonesAreNotCodes(t *testing.T) {
	t.Parallel()
	low, high := []float64{697, 770, 852, 941}, []float64{1209, 1336, 1477, 1633}
	pairs := [][]float64{
		{350, 440}, {440, 480}, {480, 620}, {425}, {400}, {400, 450}, {1400, 2060, 2450, 2600}, {2100}, {1100},
	}
	for _, l := range low {
		for _, h := range high {
			pairs = append(pairs, []float64{l, h})
		}
	}
	for _, p := range pairs {
		for _, length := range []int{tone.Window, 5 * tone.Window} {
			pcm := make([]int16, length)
			for i := range pcm {
				for _, f := range p {
					pcm[i] += int16(7000 * math.Sin(2*math.Pi*f*float64(i)/tone.SampleRate))
				}
			}
			if n, ok := tone.Detect(pcm); ok {
				t.Errorf("tone %v of %d samples was taken for code %d", p, length, n)
			}
		}
	}
}

func mix(a, b []int16) []int16 {
	out := make([]int16, len(a))
	for i := range a {
		out[i] = a[i]/2 + b[i]/2
	}
	return out
}

func TestEncodedIsTheFrame(t *testing.T) {
	t.Parallel()
	codes := tone.Encoded(4711, g711.ALaw)
	pcm := make([]int16, len(codes))
	g711.ALaw.DecodeTo(pcm, codes)
	if n, ok := tone.Detect(pcm); !ok || n != 4711 {
		t.Errorf("payload of code 4711 detected as %d, %v", n, ok)
	}
	if got, want := tone.Frequencies(-1), tone.Frequencies(tone.Codes-1); got != want {
		t.Errorf("code -1 has the frequencies %v, want those of the last code, %v", got, want)
	}
}

func BenchmarkDetect(b *testing.B) {
	pcm := play(123, 0, tone.Window)
	for b.Loop() {
		tone.Detect(pcm)
	}
}
