package wav

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Writer writes one file from front to back.
type Writer struct {
	w    io.Writer
	left int64 // bytes of samples still owed
}

// NewWriter writes the header of a file of exactly that many frames to w.
func NewWriter(w io.Writer, f Format, frames int64) (*Writer, error) {
	size, err := f.dataSize(frames)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(header(f, size)); err != nil {
		return nil, fmt.Errorf("wav: write header: %w", err)
	}
	return &Writer{w: w, left: int64(size)}, nil
}

// Write takes interleaved little-endian samples. More than promised is refused with
// ErrSize and nothing of p is written.
func (w *Writer) Write(p []byte) (int, error) {
	if int64(len(p)) > w.left {
		return 0, fmt.Errorf("%w: %d bytes too many", ErrSize, int64(len(p))-w.left)
	}
	n, err := w.w.Write(p)
	w.left -= int64(n)
	return n, err
}

// Close says with ErrSize when fewer frames came than were promised. It does not close
// the underlying writer.
func (w *Writer) Close() error {
	if w.left != 0 {
		return fmt.Errorf("%w: %d bytes missing", ErrSize, w.left)
	}
	return nil
}

func header(f Format, size uint32) []byte {
	le := binary.LittleEndian
	b := make([]byte, 0, HeaderSize)
	b = append(b, "RIFF"...)
	b = le.AppendUint32(b, HeaderSize-8+size)
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16) // size of what follows up to "data"
	b = le.AppendUint16(b, pcm)
	b = le.AppendUint16(b, uint16(f.Channels))
	b = le.AppendUint32(b, uint32(f.Rate))
	b = le.AppendUint32(b, uint32(f.Rate)*uint32(f.FrameSize())) // bytes per second
	b = le.AppendUint16(b, uint16(f.FrameSize()))
	b = le.AppendUint16(b, 16) // bits per sample
	b = append(b, "data"...)
	return le.AppendUint32(b, size)
}
