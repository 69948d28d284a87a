package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// pcm is the format tag of linear samples.
const pcm = 1

// Reader yields the samples of one file as interleaved little-endian bytes.
type Reader struct {
	Format Format // shape of the samples
	Frames int64  // number of frames by the header

	r    io.Reader
	left int64
}

// NewReader reads the header from r. A stream that is no 16-bit PCM wave file gives
// ErrFormat. Chunks that are unknown are passed over.
func NewReader(r io.Reader) (*Reader, error) {
	var riff [12]byte
	if _, err := io.ReadFull(r, riff[:]); err != nil {
		return nil, malformed("riff header", err)
	}
	if string(riff[:4]) != "RIFF" || string(riff[8:]) != "WAVE" {
		return nil, fmt.Errorf("%w: no RIFF WAVE header", ErrFormat)
	}
	reader := &Reader{r: r}
	for {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, malformed("chunk header", err)
		}
		size := binary.LittleEndian.Uint32(head[4:])
		switch string(head[:4]) {
		case "fmt ":
			if err := reader.readFormat(size); err != nil {
				return nil, err
			}
		case "data":
			return reader, reader.begin(size)
		default:
			if _, err := io.CopyN(io.Discard, r, int64(size)+int64(size&1)); err != nil {
				return nil, malformed("chunk", err)
			}
		}
	}
}

// readFormat reads the fmt chunk; anything after its first 16 bytes is passed over.
func (r *Reader) readFormat(size uint32) error {
	var b [16]byte
	if size < uint32(len(b)) {
		return fmt.Errorf("%w: fmt chunk of %d bytes", ErrFormat, size)
	}
	if _, err := io.ReadFull(r.r, b[:]); err != nil {
		return malformed("fmt chunk", err)
	}
	if _, err := io.CopyN(io.Discard, r.r, int64(size)+int64(size&1)-int64(len(b))); err != nil {
		return malformed("fmt chunk", err)
	}
	le := binary.LittleEndian
	tag, bits, rate := le.Uint16(b[0:]), le.Uint16(b[14:]), le.Uint32(b[4:])
	f := Format{Rate: int(min(rate, math.MaxInt32)), Channels: int(le.Uint16(b[2:]))}
	if _, err := f.dataSize(0); err != nil {
		return err
	}
	if tag != pcm || bits != 16 || int(le.Uint16(b[12:])) != f.FrameSize() {
		return fmt.Errorf("%w: tag %d with %d bits", ErrFormat, tag, bits)
	}
	r.Format = f
	return nil
}

func (r *Reader) begin(size uint32) error {
	if r.Format.Channels == 0 {
		return fmt.Errorf("%w: no fmt chunk before the samples", ErrFormat)
	}
	frame := uint32(r.Format.FrameSize())
	if size%frame != 0 {
		return fmt.Errorf("%w: %d bytes are no whole frames", ErrSize, size)
	}
	r.Frames, r.left = int64(size/frame), int64(size)
	return nil
}

// Read yields the next bytes of samples. A file that ends before its header says gives
// ErrSize instead of io.EOF.
func (r *Reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.r.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if errors.Is(err, io.EOF) && r.left > 0 {
		return n, fmt.Errorf("%w: %d bytes missing", ErrSize, r.left)
	}
	return n, err
}

// malformed tells a file that is cut off from a disk that cannot be read.
func malformed(where string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: cut off in the %s", ErrFormat, where)
	}
	return fmt.Errorf("wav: read %s: %w", where, err)
}
