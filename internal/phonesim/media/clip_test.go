package media_test

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"hotline/internal/phonesim/g711"
	"hotline/internal/phonesim/media"
	"hotline/internal/phonesim/tone"
)

// wav makes a WAV file with an odd chunk before the audio.
func wav(tag, channels, bits, rate int, body []byte) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00")
	b = binary.LittleEndian.AppendUint16(b, uint16(tag))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(bits))
	b = append(b, "LIST\x03\x00\x00\x00abc\x00data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	return append(b, body...)
}

func pcm16(samples []int16, channels int) []byte {
	var b []byte
	for _, s := range samples {
		for c := range channels {
			b = binary.LittleEndian.AppendUint16(b, uint16(s)*uint16(1-min(c, 1)))
		}
	}
	return b
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// chord returns code n as it sounds at another sampling rate.
func chordAt(n, rate int) []int16 {
	out := make([]int16, rate/2)
	for i := range out {
		var v float64
		for _, f := range tone.Frequencies(n) {
			v += 5000 * math.Sin(2*math.Pi*float64(f*i)/float64(rate))
		}
		out[i] = int16(v)
	}
	return out
}

func TestLoadClipReadsEveryFormat(t *testing.T) {
	t.Parallel()
	const code = 3210
	native := chordAt(code, 8000)
	for name, data := range map[string][]byte{
		"mono.wav":   wav(1, 1, 16, 8000, pcm16(native, 1)),
		"stereo.wav": wav(1, 2, 16, 8000, pcm16(native, 2)),
		"alaw.wav":   wav(6, 1, 8, 8000, g711.ALaw.EncodeAll(native)),
		"ulaw.wav":   wav(7, 1, 8, 8000, g711.ULaw.EncodeAll(native)),
		"raw.alaw":   g711.ALaw.EncodeAll(native),
		"raw.ul":     g711.ULaw.EncodeAll(native),
		"22050.wav":  wav(1, 1, 16, 22050, pcm16(chordAt(code, 22050), 1)),
		"16000.wav":  wav(1, 1, 16, 16000, pcm16(chordAt(code, 16000), 1)),
		"48000.wav":  wav(1, 1, 16, 48000, pcm16(chordAt(code, 48000), 1)),
	} {
		pcm, err := media.LoadClip(write(t, name, data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(pcm) < 3990 || len(pcm) > 4000 {
			t.Errorf("%s: %d samples, want half a second", name, len(pcm))
		}
		if n, ok := tone.Detect(pcm[400:3600]); !ok || n != code {
			t.Errorf("%s: heard code %d, %v; want %d", name, n, ok, code)
		}
	}
}

// What lies above 4 kHz must not come back as an audible tone.
func TestLoadClipDoesNotAlias(t *testing.T) {
	t.Parallel()
	high := make([]int16, 11025)
	for i := range high {
		high[i] = int16(10000 * math.Sin(2*math.Pi*6500*float64(i)/22050))
	}
	pcm, err := media.LoadClip(write(t, "high.wav", wav(1, 1, 16, 22050, pcm16(high, 1))))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range pcm[100 : len(pcm)-100] {
		if s > 100 || s < -100 {
			t.Fatalf("6.5 kHz came through at a level of %d", s)
		}
	}
}

func TestLoadClipRefuses(t *testing.T) {
	t.Parallel()
	good := wav(1, 1, 16, 8000, pcm16(chordAt(1, 8000), 1))
	for name, data := range map[string][]byte{
		"empty.wav":    {},
		"text.wav":     []byte("this is not audio at all"),
		"no-data.wav":  good[:44],
		"24bit.wav":    wav(1, 1, 24, 8000, make([]byte, 300)),
		"float.wav":    wav(3, 1, 32, 8000, make([]byte, 320)),
		"channels.wav": wav(1, 0, 16, 8000, make([]byte, 320)),
		"rate.wav":     wav(1, 1, 16, 1, make([]byte, 320)),
	} {
		if _, err := media.LoadClip(write(t, name, data)); !errors.Is(err, media.ErrClip) {
			t.Errorf("%s: %v, want ErrClip", name, err)
		}
	}
	if _, err := media.LoadClip(filepath.Join(t.TempDir(), "missing.wav")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}
