package mixmonitor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"hotline/internal/g711"
)

// block is how many frames are decoded at a time: a second or so, small enough to stay in
// the processor's cache.
const block = 8 << 10

// Reader decodes a pair into stereo frames: left = Caller, right = Heard, 16 bits each,
// little-endian. The shorter file is continued with silence to the length of the longer.
type Reader struct {
	sides  [2]side
	frames int64 // still to come
	in     [2][block]byte
	out    [4 * block]byte
}

// side is one file being read; left counts its samples still to come.
type side struct {
	file  fs.File
	path  string
	table *g711.Table
	left  int64
}

// Open begins to read the pair as far as its sizes say; what is appended later is not
// read. A file that does not exist is silence.
func (s *Spool) Open(p Pair) (*Reader, error) {
	r := &Reader{frames: p.Frames()}
	for channel, part := range p.Parts {
		if !part.Exists() {
			continue
		}
		file, err := s.fs.Open(part.Path)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("mixmonitor: open: %w", err), r.Close())
		}
		r.sides[channel] = side{file: file, path: part.Path, table: part.Law.Table(), left: part.Size}
	}
	return r, nil
}

// WriteTo writes all frames to w and says how many bytes that were. A file that became
// shorter than it was is io.ErrUnexpectedEOF.
func (r *Reader) WriteTo(w io.Writer) (int64, error) {
	var written int64
	for r.frames > 0 {
		n := int(min(r.frames, block))
		out := r.out[:4*n]
		var got [2]int
		for channel := range r.sides {
			var err error
			if got[channel], err = r.sides[channel].fill(r.in[channel][:n]); err != nil {
				return written, err
			}
		}
		r.interleave(out, got)
		m, err := w.Write(out)
		written += int64(m)
		if err != nil {
			return written, err
		}
		r.frames -= int64(n)
	}
	return written, nil
}

// interleave decodes one block; got is how many samples each side has in it.
func (r *Reader) interleave(out []byte, got [2]int) {
	both := min(got[Caller], got[Heard])
	if both > 0 {
		left, right := r.sides[Caller].table, r.sides[Heard].table
		rx, tx := r.in[Caller][:both], r.in[Heard][:both]
		for i, code := range rx {
			frame := uint32(uint16(left[code])) | uint32(uint16(right[tx[i]]))<<16
			binary.LittleEndian.PutUint32(out[4*i:], frame)
		}
	}
	clear(out[4*both:])
	for channel, n := range got {
		for i := both; i < n; i++ {
			sample := r.sides[channel].table[r.in[channel][i]]
			binary.LittleEndian.PutUint16(out[4*i+2*channel:], uint16(sample))
		}
	}
}

// fill reads into p what the side still has, at most len(p) samples.
func (s *side) fill(p []byte) (int, error) {
	n := int(min(s.left, int64(len(p))))
	if n == 0 {
		return 0, nil
	}
	if _, err := io.ReadFull(s.file, p[:n]); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, fmt.Errorf("mixmonitor: read %s: %w", s.path, err)
	}
	s.left -= int64(n)
	return n, nil
}

// Close closes the files.
func (r *Reader) Close() error {
	var errs []error
	for _, side := range r.sides {
		if side.file != nil {
			errs = append(errs, side.file.Close())
		}
	}
	return errors.Join(errs...)
}
