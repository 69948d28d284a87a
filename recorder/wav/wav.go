// Package wav writes and reads the one kind of file the recorder stores: RIFF WAVE with
// 16-bit linear PCM. The writer is told the number of frames beforehand, so the header is
// right from the first byte, the file can be hashed while it is written, and a file whose
// header and size disagree is known to be broken.
package wav

import (
	"errors"
	"fmt"
	"math"
)

// HeaderSize is the size in bytes of the header this package writes.
const HeaderSize = 44

// Errors of this package; those of the reader wrap the place where they were met.
var (
	ErrFormat = errors.New("wav: not a 16-bit PCM wave file")
	ErrSize   = errors.New("wav: header and content disagree in size")
	ErrTooBig = errors.New("wav: more frames than a wave file can hold")
)

// Format is the shape of the samples. A frame is one 16-bit sample of each channel.
type Format struct {
	Rate     int // frames per second
	Channels int
}

// FrameSize is the size of one frame in bytes.
func (f Format) FrameSize() int { return 2 * f.Channels }

// dataSize is the size in bytes of the samples of a file with that many frames. A wave
// file counts its bytes in 32 bits: 37 hours of stereo at 8000 frames per second.
func (f Format) dataSize(frames int64) (uint32, error) {
	if f.Rate <= 0 || f.Rate > math.MaxInt32 || f.Channels <= 0 || f.Channels > 16 {
		return 0, fmt.Errorf("%w: %d channels at %d Hz", ErrFormat, f.Channels, f.Rate)
	}
	limit := int64(math.MaxUint32-HeaderSize) / int64(f.FrameSize())
	if frames < 0 || frames > limit {
		return 0, fmt.Errorf("%w: %d frames", ErrTooBig, frames)
	}
	return uint32(frames) * uint32(f.FrameSize()), nil
}
