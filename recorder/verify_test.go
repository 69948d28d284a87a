package recorder_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
	"hotline/recorder"
	"hotline/recorder/wav"
)

func verify(t *testing.T, content []byte) (recorder.Report, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.wav")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return recorder.Verify(path)
}

// level is n samples of one A-law code.
func level(n int, code byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = code
	}
	return b
}

func TestS22SilentSpansAreFound(t *testing.T) {
	const silence, loud, deep = 0xd5, 0xaa, 0x2a
	join := func(parts ...[]byte) (all []byte) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	left := join(level(800, silence), level(160, loud), level(159, silence), level(81, deep),
		level(160, silence), level(240, loud))
	right := join(level(1000, loud), level(600, silence))
	report, err := verify(t, wave(left, right))
	if err != nil {
		t.Fatal(err)
	}
	ms := time.Millisecond
	want := []recorder.Sound{
		{Peak: 32256, Silence: []recorder.Span{{From: 0, To: 100 * ms}, {From: 150 * ms, To: 170 * ms}}},
		{Peak: 32256, Silence: []recorder.Span{{From: 125 * ms, To: 200 * ms}}},
	}
	if diff := cmp.Diff(want, report.Channels); diff != "" {
		t.Error(diff)
	}
	if report.Frames != 1600 || report.Length != 200 || report.Rate != 8000 || report.Bytes != 44+6400 {
		t.Errorf("%+v", report)
	}
	if got := report.Channels[0].Silent(); got != 120*ms {
		t.Errorf("silent for %s", got)
	}
}

// TestPeers09BrokenFilesAreTold: a file without its header, cut off or with something
// behind its end is no recording, and the verifier says so.
func TestPeers09BrokenFilesAreTold(t *testing.T) {
	whole := wave(sound(20_000, 1), sound(20_000, 2))
	for name, c := range map[string]struct {
		content []byte
		want    error
	}{
		"whole":      {whole, nil},
		"empty call": {wave(nil, nil), nil},
		"cut off":    {whole[:len(whole)-1], wav.ErrSize},
		"half":       {whole[:len(whole)/2], wav.ErrSize},
		"trailing":   {append(slices.Clip(whole), 0), wav.ErrSize},
		"empty":      {nil, wav.ErrFormat},
		"no wave":    {[]byte("not a wave file, but long enough to hold a header"), wav.ErrFormat},
	} {
		if _, err := verify(t, c.content); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := recorder.Verify(filepath.Join(t.TempDir(), "absent.wav")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
}

func TestChangedFileDoesNotMatch(t *testing.T) {
	content := wave(sound(1600, 1), sound(1600, 2))
	report, err := verify(t, content)
	if err != nil {
		t.Fatal(err)
	}
	rec := call.Recording{SHA256: report.SHA256, Bytes: 44 + 6400, Length: 200, Rate: 8000}
	if err := report.Matches(rec); err != nil {
		t.Error(err)
	}
	content[len(content)-1] ^= 1
	changed, err := verify(t, content)
	if err != nil {
		t.Fatal(err)
	}
	if err := changed.Matches(rec); !errors.Is(err, recorder.ErrMismatch) {
		t.Errorf("one bit changed: %v", err)
	}
	for _, other := range []call.Recording{
		{SHA256: rec.SHA256, Bytes: 1, Length: 200, Rate: 8000},
		{SHA256: rec.SHA256, Bytes: rec.Bytes, Length: 201, Rate: 8000},
		{SHA256: rec.SHA256, Bytes: rec.Bytes, Length: 200, Rate: 16000},
	} {
		if err := report.Matches(other); !errors.Is(err, recorder.ErrMismatch) {
			t.Errorf("%+v: %v", other, err)
		}
	}
}
