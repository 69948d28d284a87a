package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"hotline/internal/phonesim/g711"
)

// ErrClip marks an audio file that cannot be used.
var ErrClip = errors.New("unusable audio file")

// Formats of the WAV header.
const (
	wavPCM  = 1
	wavALaw = 6
	wavULaw = 7

	sampleRate = 8000
	maxClip    = 64 << 20 // Bytes; an hour at 8 kHz in 16 bits is 58 MB.
)

// LoadClip reads an audio file as 16-bit samples at 8 kHz: a WAV file (16-bit
// PCM, A-law or mu-law, any rate, first channel), or a headerless file of A-law
// (.alaw, .al) or mu-law (.ulaw, .ul).
func LoadClip(path string) ([]int16, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read audio: %w", err)
	}
	if info.Size() > maxClip {
		return nil, fmt.Errorf("%w: %s has %d bytes, more than %d", ErrClip, path, info.Size(), maxClip)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read audio: %w", err)
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".alaw", ".al":
		return decodeLaw(g711.ALaw, data), nil
	case ".ulaw", ".ul":
		return decodeLaw(g711.ULaw, data), nil
	}
	pcm, err := decodeWAV(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return pcm, nil
}

func decodeLaw(law g711.Law, codes []byte) []int16 {
	pcm := make([]int16, len(codes))
	law.DecodeTo(pcm, codes)
	return pcm
}

// wavFormat is the part of the "fmt " chunk that matters.
type wavFormat struct {
	tag, channels, bits int
	rate                int
}

func decodeWAV(data []byte) ([]int16, error) {
	if len(data) < 12 || string(data[:4]) != "RIFF" || string(data[8:12]) != "WAVE" {
		return nil, fmt.Errorf("%w: not a WAV file", ErrClip)
	}
	var format wavFormat
	for rest := data[12:]; len(rest) >= 8; {
		id, size := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:]))
		body := rest[8:]
		// Writers to a pipe cannot know the size and leave a huge one.
		size = min(size, len(body))
		body = body[:size]
		switch {
		case id == "fmt " && size >= 16:
			format = wavFormat{
				tag:      int(binary.LittleEndian.Uint16(body)),
				channels: int(binary.LittleEndian.Uint16(body[2:])),
				rate:     int(binary.LittleEndian.Uint32(body[4:])),
				bits:     int(binary.LittleEndian.Uint16(body[14:])),
			}
		case id == "data":
			return format.samples(body)
		}
		rest = rest[min(8+size+size%2, len(rest)):]
	}
	return nil, fmt.Errorf("%w: WAV file without audio", ErrClip)
}

func (f wavFormat) samples(body []byte) ([]int16, error) {
	if f.channels < 1 || f.rate < 4000 || f.rate > 192000 {
		return nil, fmt.Errorf("%w: %d channels at %d Hz", ErrClip, f.channels, f.rate)
	}
	var pcm []int16
	switch {
	case f.tag == wavPCM && f.bits == 16:
		for i := 0; i+1 < len(body); i += 2 * f.channels {
			pcm = append(pcm, int16(binary.LittleEndian.Uint16(body[i:])))
		}
	case (f.tag == wavALaw || f.tag == wavULaw) && f.bits == 8:
		law := g711.ALaw
		if f.tag == wavULaw {
			law = g711.ULaw
		}
		for i := 0; i < len(body); i += f.channels {
			pcm = append(pcm, law.Decode(body[i]))
		}
	default:
		return nil, fmt.Errorf("%w: WAV format %d with %d bits", ErrClip, f.tag, f.bits)
	}
	return resample(pcm, f.rate), nil
}

// resample converts to 8 kHz with a windowed sinc filter, which keeps what lies
// above the telephone band from folding into it.
func resample(pcm []int16, rate int) []int16 {
	if rate == sampleRate {
		return pcm
	}
	const crossings = 16
	ratio := float64(rate) / sampleRate
	cutoff := min(1, 1/ratio) * 0.95 // Of the input's half rate.
	half := crossings / cutoff       // Reach of the filter in input samples.
	out := make([]int16, int(float64(len(pcm))/ratio))
	for i := range out {
		center := float64(i) * ratio
		var sum, weights float64
		for k := max(0, int(center-half)+1); k <= int(center+half) && k < len(pcm); k++ {
			d := float64(k) - center
			w := sinc(d*cutoff) * (0.5 + 0.5*math.Cos(math.Pi*d/half))
			sum += w * float64(pcm[k])
			weights += w
		}
		if weights != 0 {
			sum /= weights
		}
		out[i] = int16(max(math.MinInt16, min(math.MaxInt16, math.Round(sum))))
	}
	return out
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}
