package recorder

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"hotline/call"
	"hotline/recorder/wav"
)

// What counts as silence: samples that are no louder than the smallest steps of G.711, for
// at least one packet's time.
const (
	quietPeak = 16
	quietTime = 20 * time.Millisecond
)

// Report is what stands in a stored file.
type Report struct {
	Bytes    int64
	SHA256   string // of the whole file, hex
	Rate     int    // frames per second
	Frames   int64
	Length   call.Millis // by the number of frames
	Channels []Sound     // 0 = left = caller, 1 = right = what the caller hears
}

// Sound describes one channel.
type Sound struct {
	Peak    int    // loudest sample, 0 to 32768
	Silence []Span // where at least 20 ms are silent, in order
}

// Span is a part of a recording, as times from its begin.
type Span struct{ From, To time.Duration }

// Silent is the length of all silence.
func (s Sound) Silent() time.Duration {
	var sum time.Duration
	for _, span := range s.Silence {
		sum += span.To - span.From
	}
	return sum
}

// ErrMismatch is returned when a stored file is not what was announced.
var ErrMismatch = errors.New("recorder: file differs from its record")

// Matches holds the file against what was announced of it.
func (r Report) Matches(rec call.Recording) error {
	switch {
	case r.Bytes != rec.Bytes:
		return fmt.Errorf("%w: %d bytes instead of %d", ErrMismatch, r.Bytes, rec.Bytes)
	case r.SHA256 != rec.SHA256:
		return fmt.Errorf("%w: hash %s instead of %s", ErrMismatch, r.SHA256, rec.SHA256)
	case r.Length != rec.Length || r.Rate != rec.Rate:
		return fmt.Errorf("%w: %d ms at %d Hz instead of %d ms at %d Hz",
			ErrMismatch, r.Length, r.Rate, rec.Length, rec.Rate)
	}
	return nil
}

// Verify reads a stored file again from the first byte to the last. A file that is no
// recording is wav.ErrFormat, one whose header and size disagree wav.ErrSize.
func Verify(path string) (report Report, err error) {
	file, err := os.Open(path)
	if err != nil {
		return report, fmt.Errorf("recorder: verify: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	report, err = verify(file)
	if err != nil {
		return report, fmt.Errorf("recorder: verify %s: %w", path, err)
	}
	return report, nil
}

// verify is Verify for a recording of the store.
func (r *Recorder) verify(name string) (report Report, err error) {
	file, err := r.store.Open(name)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	report, err = verify(file)
	if err != nil {
		return report, fmt.Errorf("recorder: verify %s: %w", name, err)
	}
	return report, nil
}

func verify(file io.Reader) (Report, error) {
	sum := sha256.New()
	counted := &counter{r: io.TeeReader(bufio.NewReaderSize(file, 64<<10), sum)}
	samples, err := wav.NewReader(counted)
	if err != nil {
		return Report{}, err
	}
	sounds := make([]listener, samples.Format.Channels)
	for i := range sounds {
		sounds[i].least = int64(quietTime * time.Duration(samples.Format.Rate) / time.Second)
	}
	buf := make([]byte, 4096*samples.Format.FrameSize())
	for at := int64(0); ; {
		n, err := io.ReadFull(samples, buf)
		at += listen(sounds, buf[:n], at)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return Report{}, err
		}
	}
	trailing, err := io.Copy(io.Discard, counted)
	if err != nil {
		return Report{}, err
	}
	if trailing > 0 {
		return Report{}, fmt.Errorf("%w: %d bytes after the samples", wav.ErrSize, trailing)
	}
	rate := int64(samples.Format.Rate)
	report := Report{
		Bytes:  counted.n,
		SHA256: hex.EncodeToString(sum.Sum(nil)),
		Rate:   samples.Format.Rate,
		Frames: samples.Frames,
		Length: call.Millis(samples.Frames * 1000 / rate),
	}
	for i := range sounds {
		report.Channels = append(report.Channels, sounds[i].report(samples.Frames, rate))
	}
	return report, nil
}

// listen gives the frames of p, of which the first is number at, to the channels'
// listeners and says how many there were.
func listen(sounds []listener, p []byte, at int64) int64 {
	frame := 2 * len(sounds)
	n := int64(0)
	for ; len(p) >= frame; p = p[frame:] {
		for i := range sounds {
			sounds[i].hear(int(int16(binary.LittleEndian.Uint16(p[2*i:]))), at+n)
		}
		n++
	}
	return n
}

// listener follows the samples of one channel.
type listener struct {
	peak   int
	least  int64 // samples that make a silence
	quiet  bool
	since  int64      // first sample of what is heard now
	silent [][2]int64 // silences, from and to
}

func (l *listener) hear(sample int, at int64) {
	loud := max(sample, -sample)
	l.peak = max(l.peak, loud)
	if quiet := loud <= quietPeak; quiet != l.quiet {
		l.turn(at)
		l.quiet = quiet
	}
}

// turn ends a silence, or begins one.
func (l *listener) turn(at int64) {
	if l.quiet && at-l.since >= l.least {
		l.silent = append(l.silent, [2]int64{l.since, at})
	}
	l.since = at
}

func (l *listener) report(frames, rate int64) Sound {
	l.turn(frames)
	sound := Sound{Peak: l.peak}
	for _, s := range l.silent {
		sound.Silence = append(sound.Silence, Span{From: when(s[0], rate), To: when(s[1], rate)})
	}
	return sound
}

func when(sample, rate int64) time.Duration {
	return time.Duration(sample * int64(time.Second) / rate)
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
