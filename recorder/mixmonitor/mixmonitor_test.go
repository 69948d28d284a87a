package mixmonitor_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hotline/call"
	"hotline/internal/g711"
	"hotline/recorder/mixmonitor"
	"hotline/recorder/store"
)

var begin = time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC)

// spool is a folder with the files of that content.
func spool(t testing.TB, files map[string]string) (*mixmonitor.Spool, string) {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600))
		if err != nil {
			t.Fatal(err)
		}
	}
	return mixmonitor.NewSpool(store.Dir(root)), root
}

func TestPairIsFound(t *testing.T) {
	s, _ := spool(t, map[string]string{
		"2026/02/28/c1-rx.alaw": "abc", "2026/02/28/c1-tx.alaw": "ab",
		"2026/02/27/c2-rx.ulaw": "a", "2026/02/27/c2-tx.ulaw": "",
		"2026/03/01/c3-tx.alaw": "a",
		"c4-rx.alaw":            "a", "c4-tx.alaw": "a",
		"other/place/c5-rx.alaw": "a", "other/place/c5-tx.ulaw": "a",
		"2026/02/26/c6-rx.alaw": "a",
	})
	type found struct {
		Folder string
		Sizes  [2]int64
		Laws   [2]g711.Law
		Whole  bool
	}
	both := [2]g711.Law{g711.ALaw, g711.ALaw}
	for id, want := range map[call.ID]found{
		"c1": {"2026/02/28", [2]int64{3, 2}, both, true},
		"c2": {"2026/02/27", [2]int64{1, 0}, [2]g711.Law{g711.ULaw, g711.ULaw}, true},
		"c3": {"2026/03/01", [2]int64{0, 1}, [2]g711.Law{0, g711.ALaw}, false},
		"c4": {".", [2]int64{1, 1}, both, true},
		"c5": {}, // only a search finds it
		"c6": {}, // two days before is no neighbour
		"c":  {},
	} {
		p, err := s.Find(id, begin)
		got := found{p.Folder, p.Sizes(), [2]g711.Law{p.Parts[0].Law, p.Parts[1].Law}, p.Whole()}
		if err != nil || p.Call != id || p.Exists() != (want.Folder != "") {
			t.Errorf("%s: %+v, %v", id, p, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
	for _, id := range []call.ID{"c1", "c5", "c6"} {
		if p, err := s.Search(t.Context(), id); err != nil || !p.Exists() || p.Call != id {
			t.Errorf("search %s: %+v, %v", id, p, err)
		}
	}
	if p, err := s.Search(t.Context(), "c7"); err != nil || p.Exists() {
		t.Errorf("search for nothing: %+v, %v", p, err)
	}
}

func TestPathAttacks(t *testing.T) {
	s, root := spool(t, map[string]string{"spool/keep": "x"})
	secret := filepath.Join(root, "secret-rx.alaw")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []call.ID{"../secret", "../../x", "a\x00", "", "..", "a/b", call.ID(strings.Repeat("x", 70000))} {
		_, find := s.Find(id, begin)
		_, search := s.Search(t.Context(), id)
		_, look := s.Look(mixmonitor.Pair{Call: id, Folder: "."})
		for _, err := range []error{find, search, look} {
			if !errors.Is(err, store.ErrName) {
				t.Errorf("%.20q: %v", string(id), err)
			}
		}
	}
	inner := mixmonitor.NewSpool(store.Dir(filepath.Join(root, "spool")))
	if p, err := inner.Look(mixmonitor.Pair{Call: "secret", Folder: ".."}); err == nil {
		t.Errorf("a folder outside of the spool was read: %+v", p)
	}
}

func TestWalkVisitsEachPairOnce(t *testing.T) {
	s, root := spool(t, map[string]string{
		"2026/02/28/c1-rx.alaw": "a", "2026/02/28/c1-tx.alaw": "a",
		"2026/02/28/c2-tx.ulaw": "a",
		"c3-rx.alaw":            "a",
		"c-rx-tx.alaw":          "a", // a call named c-rx
		"notes.txt":             "a", "c4.wav": "a", "c5-rx.alaw.part": "a", "-rx.alaw": "a", "c6-rx.alaw.aside": "a",
	})
	if err := errors.Join(os.Mkdir(filepath.Join(root, "c7-rx.alaw"), 0o700),
		os.Symlink(filepath.Join(root, "notes.txt"), filepath.Join(root, "c8-rx.alaw"))); err != nil {
		t.Fatal(err)
	}
	visits := make(map[call.ID]int)
	visit := func(p mixmonitor.Pair) error {
		visits[p.Call]++
		return nil
	}
	if err := s.Walk(t.Context(), visit); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[call.ID]int{"c1": 1, "c2": 1, "c3": 1, "c-rx": 1}, visits); diff != "" {
		t.Error(diff)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Walk(ctx, visit); !errors.Is(err, context.Canceled) {
		t.Errorf("walk without time: %v", err)
	}
	if err := mixmonitor.NewSpool(store.Dir(filepath.Join(root, "absent"))).Walk(t.Context(), visit); err == nil {
		t.Error("a spool that does not exist was walked")
	}
}

func TestPairIsRemovedOrSetAside(t *testing.T) {
	s, root := spool(t, map[string]string{"c1-rx.alaw": "a", "c1-tx.alaw": "a", "c2-tx.alaw": "b"})
	c1, err1 := s.Find("c1", begin)
	c2, err2 := s.Find("c2", begin)
	if err := errors.Join(err1, err2, s.Remove(c1), s.Remove(c1), s.SetAside(c2)); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(root)
	if err != nil || len(entries) != 1 || entries[0].Name() != "c2-tx.alaw.aside" {
		t.Errorf("left: %v, %v", entries, err)
	}
}

func TestBegan(t *testing.T) {
	modified := time.Date(2026, 2, 28, 12, 0, 0, 0, time.UTC)
	for id, want := range map[call.ID]time.Time{
		"1700000000.12":     time.Unix(1700000000, 0).UTC(),
		"pbx-1-1700000000.": time.Unix(1700000000, 0).UTC(),
		"17.12":             modified.Add(-2 * time.Second),
		"call-9":            modified.Add(-2 * time.Second),
		"1700000000":        modified.Add(-2 * time.Second),
	} {
		p := mixmonitor.Pair{Call: id}
		p.Parts[mixmonitor.Heard] = mixmonitor.Part{Path: "x", Size: 2 * mixmonitor.Rate, Modified: modified}
		if got := p.Began(); !got.Equal(want) {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}

// read gives the stereo frames of the pair.
func read(t testing.TB, s *mixmonitor.Spool, id call.ID) ([]byte, error) {
	t.Helper()
	p, err := s.Find(id, begin)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	var b bytes.Buffer
	n, err := r.WriteTo(&b)
	if n != int64(b.Len()) {
		t.Errorf("%d bytes told, %d written", n, b.Len())
	}
	return b.Bytes(), err
}

func TestFramesByteByByte(t *testing.T) {
	// 0xaa and 0x2a are the loudest codes of A-law, 0xd5 its silence: 8.
	for _, c := range []struct {
		name, rx, tx, want string
	}{
		{"left is the caller", "\xaa\xaa", "\x2a\x2a", "\x00\x7e\x00\x82\x00\x7e\x00\x82"},
		{"caller's file is longer", "\xaa\xd5", "\x2a", "\x00\x7e\x00\x82\x08\x00\x00\x00"},
		{"caller's file is shorter", "\xaa", "\x2a\xd5", "\x00\x7e\x00\x82\x00\x00\x08\x00"},
		{"caller's file is empty", "", "\x2a", "\x00\x00\x00\x82"},
		{"both are empty", "", "", ""},
	} {
		s, _ := spool(t, map[string]string{"c-rx.alaw": c.rx, "c-tx.alaw": c.tx})
		if got, err := read(t, s, "c"); err != nil || string(got) != c.want {
			t.Errorf("%s: %x, %v, want %x", c.name, got, err, c.want)
		}
	}
}

func TestMissingFileIsSilence(t *testing.T) {
	s, _ := spool(t, map[string]string{"c-rx.alaw": "\xaa", "d-tx.ulaw": "\x80"})
	for id, want := range map[call.ID]string{"c": "\x00\x7e\x00\x00", "d": "\x00\x00\x7c\x7d"} {
		if got, err := read(t, s, id); err != nil || string(got) != want {
			t.Errorf("%s: %x, %v", id, got, err)
		}
	}
}

// TestSplitAndJoin is the property of the whole part: sound that is split into a pair and
// joined again is the same, for both laws, mixed, and for every relation of the lengths.
func TestSplitAndJoin(t *testing.T) {
	root := t.TempDir()
	s := mixmonitor.NewSpool(store.Dir(root))
	laws := []g711.Law{g711.ALaw, g711.ULaw}
	rapid.Check(t, func(t *rapid.T) {
		var codes [2][]byte
		names := [2]string{"c-rx.", "c-tx."}
		var law [2]g711.Law
		for i := range codes {
			n := rapid.IntRange(0, 10_000).Draw(t, "samples")
			seed := rapid.Uint64().Draw(t, "seed")
			codes[i], law[i] = noise(n, seed), rapid.SampledFrom(laws).Draw(t, "law")
			for _, l := range laws {
				_ = os.Remove(filepath.Join(root, names[i]+l.String())) // of the round before
			}
			if err := os.WriteFile(filepath.Join(root, names[i]+law[i].String()), codes[i], 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var want []byte
		for i := range max(len(codes[0]), len(codes[1])) {
			for channel, c := range codes {
				sample := int16(0)
				if i < len(c) {
					sample = law[channel].Table()[c[i]]
				}
				want = binary.LittleEndian.AppendUint16(want, uint16(sample))
			}
		}
		p, err := s.Find("c", begin)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Open(p)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if _, err := r.WriteTo(&got); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Fatalf("%d and %d samples came back different", len(codes[0]), len(codes[1]))
		}
	})
}

// noise is bytes that do not repeat (xorshift).
func noise(n int, seed uint64) []byte {
	seed |= 1
	b := make([]byte, n)
	for i := range b {
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		b[i] = byte(seed)
	}
	return b
}

func TestReadsNoFurtherThanItLooked(t *testing.T) {
	s, root := spool(t, map[string]string{"c-rx.alaw": "aa", "c-tx.alaw": "aa"})
	p, err := s.Find("c", begin)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"c-rx.alaw": "aaaa", "c-tx.alaw": "a"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if _, err := r.WriteTo(&got); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file that shrank: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if now, err := s.Look(p); err != nil || now.Sizes() != [2]int64{4, 1} {
		t.Errorf("looked at again: %+v, %v", now, err)
	}
	p.Parts[mixmonitor.Caller].Path = "gone"
	if _, err := s.Open(p); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
}
