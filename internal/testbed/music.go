package testbed

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
)

const sampleRate = 8000

// tune is a short piece in plain sine tones (Hz), quiet enough to talk over.
var tune = []float64{392, 440, 523.25, 587.33, 659.25, 587.33, 523.25, 440}

// writeMusic makes music on hold, so that no file of anybody else's is needed.
// It is written as raw signed 16-bit samples at 8 kHz, which Asterisk plays as is.
func writeMusic(dir string) error {
	const perTone, fade = sampleRate / 2, sampleRate / 50
	samples := make([]byte, 0, 2*perTone*len(tune))
	for _, hertz := range tune {
		for i := range perTone {
			// Fading each tone in and out avoids clicks.
			edge := min(i, perTone-1-i, fade)
			level := 3000 * float64(edge) / fade
			value := level * math.Sin(2*math.Pi*hertz*float64(i)/sampleRate)
			samples = binary.LittleEndian.AppendUint16(samples, uint16(int16(value)))
		}
	}
	return os.WriteFile(filepath.Join(dir, "tune.sln"), samples, 0o600)
}
