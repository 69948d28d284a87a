package wav_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"
	"testing/iotest"

	goaudio "github.com/go-audio/wav"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hotline/recorder/wav"
)

var stereo = wav.Format{Rate: 8000, Channels: 2}

func write(t testing.TB, f wav.Format, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := wav.NewWriter(&b, f, int64(len(data)/f.FrameSize()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFileByteByByte(t *testing.T) {
	got := write(t, stereo, []byte{1, 2, 3, 4, 5, 6, 7, 8})
	want := []byte("RIFF\x2c\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00\x40\x1f\x00\x00\x00\x7d\x00\x00" +
		"\x04\x00\x10\x00data\x08\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(got) != wav.HeaderSize+8 {
		t.Errorf("the file has %d bytes", len(got))
	}
}

// TestStrangerReadsIt proves the files with a reader that is not ours.
func TestStrangerReadsIt(t *testing.T) {
	samples := []int16{0, -1, 1, math.MaxInt16, math.MinInt16, 8, -8, 1000}
	var data []byte
	for _, s := range samples {
		data = binary.LittleEndian.AppendUint16(data, uint16(s))
	}
	d := goaudio.NewDecoder(bytes.NewReader(write(t, stereo, data)))
	buf, err := d.FullPCMBuffer()
	if err != nil {
		t.Fatal(err)
	}
	if !d.IsValidFile() || d.SampleRate != 8000 || d.NumChans != 2 || d.BitDepth != 16 {
		t.Errorf("read as %d channels of %d bits at %d Hz", d.NumChans, d.BitDepth, d.SampleRate)
	}
	var got []int16
	for _, s := range buf.Data {
		got = append(got, int16(s))
	}
	if diff := cmp.Diff(samples, got); diff != "" {
		t.Error(diff)
	}
}

func TestPromiseIsKept(t *testing.T) {
	var b bytes.Buffer
	w, err := wav.NewWriter(&b, stereo, 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 9)); !errors.Is(err, wav.ErrSize) {
		t.Errorf("too many bytes: %v", err)
	}
	if b.Len() != wav.HeaderSize {
		t.Errorf("%d bytes were written of what was refused", b.Len()-wav.HeaderSize)
	}
	if _, err := w.Write(make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); !errors.Is(err, wav.ErrSize) {
		t.Errorf("too few bytes: %v", err)
	}
}

func TestImpossibleFiles(t *testing.T) {
	for _, c := range []struct {
		name   string
		format wav.Format
		frames int64
		want   error
	}{
		{"too long", stereo, (math.MaxUint32-wav.HeaderSize)/4 + 1, wav.ErrTooBig},
		{"negative", stereo, -1, wav.ErrTooBig},
		{"no channel", wav.Format{Rate: 8000}, 1, wav.ErrFormat},
		{"no rate", wav.Format{Channels: 1}, 1, wav.ErrFormat},
		{"longest", stereo, (math.MaxUint32 - wav.HeaderSize) / 4, nil},
	} {
		if _, err := wav.NewWriter(io.Discard, c.format, c.frames); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestWriteErrorIsPassedOn(t *testing.T) {
	full := errors.New("disk full")
	if _, err := wav.NewWriter(failing{full}, stereo, 1); !errors.Is(err, full) {
		t.Errorf("header: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestReadsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := wav.Format{Rate: rapid.IntRange(1, 192000).Draw(t, "rate"), Channels: rapid.IntRange(1, 16).Draw(t, "channels")}
		frames := rapid.IntRange(0, 500).Draw(t, "frames")
		data := rapid.SliceOfN(rapid.Byte(), frames*f.FrameSize(), frames*f.FrameSize()).Draw(t, "data")
		var b bytes.Buffer
		w, err := wav.NewWriter(&b, f, int64(frames))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		r, err := wav.NewReader(iotest.OneByteReader(&b))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if r.Format != f || r.Frames != int64(frames) || !bytes.Equal(got, data) {
			t.Fatalf("%+v with %d frames read as %+v with %d", f, frames, r.Format, r.Frames)
		}
	})
}

// TestEveryCut cuts a file at every byte: none of the pieces may pass for a recording.
func TestEveryCut(t *testing.T) {
	whole := write(t, stereo, []byte{1, 2, 3, 4, 5, 6, 7, 8})
	for n := range whole {
		r, err := wav.NewReader(bytes.NewReader(whole[:n]))
		if n < wav.HeaderSize {
			if !errors.Is(err, wav.ErrFormat) {
				t.Errorf("cut at %d: header read with %v", n, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(r); !errors.Is(err, wav.ErrSize) {
			t.Errorf("cut at %d: samples read with %v", n, err)
		}
	}
}

func TestForeignFiles(t *testing.T) {
	whole := write(t, stereo, []byte{1, 2, 3, 4})
	with := func(at int, b ...byte) []byte {
		changed := bytes.Clone(whole)
		copy(changed[at:], b)
		return changed
	}
	list := append(bytes.Clone(whole[:36]), "LIST\x03\x00\x00\x00abc\x00"...)
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"not RIFF", with(0, 'X'), wav.ErrFormat},
		{"not WAVE", with(8, 'X'), wav.ErrFormat},
		{"A-law inside", with(20, 6), wav.ErrFormat},
		{"8 bits", with(34, 8), wav.ErrFormat},
		{"frame size wrong", with(32, 3), wav.ErrFormat},
		{"no channels", with(22, 0), wav.ErrFormat},
		{"short fmt chunk", with(16, 4), wav.ErrFormat},
		{"half a frame", with(40, 3), wav.ErrSize},
		{"data before fmt", append(bytes.Clone(whole[:12]), whole[36:]...), wav.ErrFormat},
		{"unknown chunk of odd size", append(list, whole[36:]...), nil},
	} {
		if _, err := wav.NewReader(bytes.NewReader(c.file)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	broken := errors.New("disk broken")
	if _, err := wav.NewReader(iotest.ErrReader(broken)); !errors.Is(err, broken) || errors.Is(err, wav.ErrFormat) {
		t.Errorf("a broken disk is told as %v", err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(write(f, stereo, []byte{1, 2, 3, 4}))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := wav.NewReader(bytes.NewReader(file))
		if err != nil {
			return
		}
		data, err := io.ReadAll(r)
		if err == nil && int64(len(data)) != r.Frames*int64(r.Format.FrameSize()) {
			t.Fatalf("%d bytes for %d frames of %+v", len(data), r.Frames, r.Format)
		}
	})
}
