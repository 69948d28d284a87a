// Package tone gives every stream of a simulated call a sound of its own that
// a program can recognise again, in a recording or in received audio, and that
// music, speech and the tones of the telephone network practically never make.
//
// A code is a chord of three sine waves, one from each of three groups of
// frequencies. Every frequency is a multiple of 50 Hz, so 20 ms (160 samples at
// 8 kHz) hold a whole number of periods of all three: the sound repeats every
// frame, whatever the offset, one frame of codes is all a sender needs, and a
// 20 ms window separates neighbouring frequencies without leakage. One
// frequency from each group, with 850 Hz between the ends of the lowest and the
// highest, is a chord no DTMF digit, dial tone or ringing tone has.
package tone

import (
	"math"

	"hotline/internal/phonesim/g711"
)

// Shape of the grid.
const (
	// SampleRate is the rate of all audio here, in samples per second.
	SampleRate = 8000
	// Window is the shortest piece of audio that can be judged: 160 samples, 20 ms.
	Window = 160
	// Codes is the number of different codes; a code is a number in [0, Codes).
	Codes = lowCount * midCount * highCount

	step = 50 // Hertz between neighbours, one period more in a window.
	// The counts have no common divisor, so n modulo each of them numbers all
	// combinations, and codes that follow each other differ in all three
	// frequencies (Chinese remainder theorem).
	lowCount, lowBase   = 16, 400
	midCount, midBase   = 19, 1250
	highCount, highBase = 21, 2300
	// These three solve n mod count = own index for one count and 0 for the others.
	lowUnit, midUnit, highUnit = 5985, 1008, 5776
)

// Decision limits of the detector.
const (
	amplitude   = 5000 // Of each sine wave: the chord stays below half of full scale.
	minRMS      = 300  // Quieter audio is silence (-40 dB of full scale).
	minExplains = 0.90 // Share of the energy that the three frequencies must hold.
	minShare    = 0.22 // Share of the energy that each of the three must hold.
)

// Frequencies returns the three frequencies of code n in hertz, lowest first.
// Numbers outside [0, Codes) are folded into it.
func Frequencies(n int) [3]int {
	n = fold(n)
	return [3]int{
		lowBase + step*(n%lowCount),
		midBase + step*(n%midCount),
		highBase + step*(n%highCount),
	}
}

func fold(n int) int {
	return ((n % Codes) + Codes) % Codes
}

// Frame returns one period of code n, 20 ms of 16-bit samples at 8 kHz. Played
// again and again it makes a sound without a seam.
func Frame(n int) [Window]int16 {
	var out [Window]int16
	for k, f := range Frequencies(n) {
		// Different phases keep the three crests apart.
		phase := float64(k) * math.Pi / 2
		for i := range out {
			w := 2 * math.Pi * float64(f*i) / SampleRate
			out[i] += int16(math.Round(amplitude * math.Sin(w+phase)))
		}
	}
	return out
}

// Encoded returns the same period as G.711 codes, the payload of one RTP packet.
func Encoded(n int, law g711.Law) []byte {
	f := Frame(n)
	return law.EncodeAll(f[:])
}

// Detect tells which code the audio carries (16-bit samples at 8 kHz). It
// judges the longest whole number of windows at the start of pcm as one piece,
// and says ok only when one code explains nearly all the energy in it. Less
// than one window, silence, music, speech and two codes at once are not ok.
func Detect(pcm []int16) (n int, ok bool) {
	windows := len(pcm) / Window
	if windows == 0 {
		return 0, false
	}
	var folded [Window]float64
	var energy float64
	for i, s := range pcm[:windows*Window] {
		v := float64(s)
		folded[i%Window] += v
		energy += v * v
	}
	if energy < minRMS*minRMS*float64(windows*Window) {
		return 0, false
	}
	low, lowShare := strongest(&folded, lowBase, lowCount)
	mid, midShare := strongest(&folded, midBase, midCount)
	high, highShare := strongest(&folded, highBase, highCount)
	// Parseval: a sine wave of folded power p holds 2p/Window/windows of the
	// energy. What does not repeat each window cancels out in the sum above.
	scale := 2 / (Window * float64(windows) * energy)
	lowShare, midShare, highShare = lowShare*scale, midShare*scale, highShare*scale
	if lowShare+midShare+highShare < minExplains || min(lowShare, midShare, highShare) < minShare {
		return 0, false
	}
	return (low*lowUnit + mid*midUnit + high*highUnit) % Codes, true
}

// strongest returns the index and the power of the strongest frequency of one
// group, measured by the Goertzel algorithm.
func strongest(x *[Window]float64, base, count int) (index int, power float64) {
	for k := range count {
		if p := goertzel(x, base+step*k); p > power {
			index, power = k, p
		}
	}
	return index, power
}

func goertzel(x *[Window]float64, hertz int) float64 {
	coeff := 2 * math.Cos(2*math.Pi*float64(hertz)/SampleRate)
	var s1, s2 float64
	for _, v := range x {
		s1, s2 = v+coeff*s1-s2, s1
	}
	return s1*s1 + s2*s2 - coeff*s1*s2
}
