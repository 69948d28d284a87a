package store_test

import (
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
	"hotline/recorder/store"
	"hotline/recorder/store/storetest"
)

var day = time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC)

func TestNames(t *testing.T) {
	for _, c := range []struct {
		id   call.ID
		day  string
		want string
	}{
		{"1700000000.12", "2026/02/28", "2026/02/28/1700000000.12.wav"},
		{"pbx-1-1700000000.12", "2026/02/28", "2026/02/28/pbx-1-1700000000.12.wav"},
		{"a", "2024/02/29", "2024/02/29/a.wav"},
		{"a..b", "2026/02/28", "2026/02/28/a..b.wav"}, // dots that lead nowhere
	} {
		got, err := store.Name(c.id, c.day)
		if err != nil || got != c.want {
			t.Errorf("%q on %s: %q, %v", c.id, c.day, got, err)
		}
	}
}

// attacks are ids that must never become part of a path.
var attacks = []call.ID{
	"", ".", "..", "../../x", "../x", "/etc/passwd", "a/b", `a\b`, "a\x00b", ".hidden", "-rf", "a b", "a\nb",
	"a%2fb", "电话", "a\xff", "a:b", "~", "$(x)", call.ID(strings.Repeat("a", 129)), call.ID(strings.Repeat("a", 1<<20)),
}

func TestNamesThatAreRefused(t *testing.T) {
	for _, id := range attacks {
		if got, err := store.Name(id, "2026/02/28"); !errors.Is(err, store.ErrName) {
			t.Errorf("%.40q: %q, %v", string(id), got, err)
		}
		if _, err := store.New(store.Dir(t.TempDir())).Find(id, day); !errors.Is(err, store.ErrName) {
			t.Errorf("find %.40q: %v", string(id), err)
		}
	}
	for _, folder := range []string{
		"", ".", "..", "2026/2/28", "2026/02/30", "2026/02/28/..", "../2026/02/28", "20260228",
	} {
		if got, err := store.Name("a", folder); !errors.Is(err, store.ErrName) {
			t.Errorf("day %q: %q, %v", folder, got, err)
		}
	}
}

// TestNoIDLeavesTheStore draws ids that are half path: whatever gets a name stays inside.
func TestNoIDLeavesTheStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := call.ID(rapid.StringMatching(`[a-z./\\-]{0,12}`).Draw(t, "id"))
		name, err := store.Name(id, "2026/02/28")
		if err == nil && (filepath.Dir(name) != "2026/02/28" || !filepath.IsLocal(name)) {
			t.Fatalf("%q became %q", id, name)
		}
	})
}

// TestSecondDoor asks the file system itself for what lies outside of it.
func TestSecondDoor(t *testing.T) {
	base := t.TempDir()
	outside, inside := filepath.Join(base, "secret"), filepath.Join(base, "store")
	if err := errors.Join(os.WriteFile(outside, []byte("x"), 0o600), os.Mkdir(inside, 0o700),
		os.Symlink(outside, filepath.Join(inside, "link"))); err != nil {
		t.Fatal(err)
	}
	dir := store.Dir(inside)
	for _, name := range []string{"../secret", "link", outside, "a/../../secret"} {
		if file, err := dir.Open(name); err == nil {
			t.Errorf("%s was opened: %v", name, file.Close())
		}
		if file, err := dir.Create(name); err == nil {
			t.Errorf("%s was created: %v", name, file.Close())
		}
	}
	if got, err := os.ReadFile(outside); err != nil || string(got) != "x" {
		t.Errorf("the file outside is %q, %v", got, err)
	}
	if info, err := dir.Stat("link"); err != nil || info.Mode().IsRegular() {
		t.Errorf("the link is described as %v, %v", info, err)
	}
}

func TestDays(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*3600)
	if got := store.Day(time.Date(2026, 3, 1, 7, 59, 59, 0, shanghai)); got != "2026/02/28" {
		t.Errorf("the day is %s", got)
	}
	if !store.IsDay("2026/02/28") || store.IsDay("2026/02/29") || store.IsDay("2026/02") {
		t.Error("days are not told from other folders")
	}
}

func TestS23RecordingIsFoundByCallAndDay(t *testing.T) {
	dir := store.Dir(t.TempDir())
	s := store.New(dir)
	for _, at := range []time.Time{day, day.AddDate(0, 0, 1), day.AddDate(0, 0, 2)} {
		name, err := store.Name(call.ID("c"+at.Format("02")), store.Day(at))
		if err != nil {
			t.Fatal(err)
		}
		put(t, s, name, "sound")
	}
	for id, want := range map[call.ID]string{
		"c28": "2026/02/28/c28.wav", // the day asked for is 1 March
		"c01": "2026/03/01/c01.wav",
		"c02": "2026/03/02/c02.wav",
	} {
		if got, err := s.Find(id, day.AddDate(0, 0, 1)); err != nil || got != want {
			t.Errorf("%s: %q, %v", id, got, err)
		}
	}
	if _, err := s.Find("c28", day.AddDate(0, 0, 2)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("two days later: %v", err)
	}
	if _, err := s.Open("2026/03/01/c09.wav"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open what is not there: %v", err)
	}
}

func put(t *testing.T, s *store.Store, name, content string) {
	t.Helper()
	part, err := s.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(part, content); err != nil {
		t.Fatal(err)
	}
	if err := part.Commit(); err != nil {
		t.Fatal(err)
	}
}

func files(t *testing.T, root string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		found[filepath.ToSlash(name)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestOrderOfSteps is what keeps a power failure from leaving a name without its content.
func TestOrderOfSteps(t *testing.T) {
	var steps []string
	s := store.New(storetest.Faulty{FS: store.Dir(t.TempDir()), Before: func(step, name string) error {
		steps = append(steps, step+" "+name)
		return nil
	}})
	put(t, s, "2026/02/28/c.wav", "sound")
	want := []string{
		"mkdir incoming", "syncdir .",
		"create incoming/c.wav.part", "write incoming/c.wav.part", "sync incoming/c.wav.part",
		"mkdir 2026", "syncdir .", "mkdir 2026/02", "syncdir 2026", "mkdir 2026/02/28", "syncdir 2026/02",
		"rename 2026/02/28/c.wav", "syncdir 2026/02/28",
	}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Error(diff)
	}
}

// TestEveryStepFails makes each step fail once: under the final name there is nothing or
// the whole file, never a part of it, and a second attempt succeeds.
func TestEveryStepFails(t *testing.T) {
	const name, content = "2026/02/28/c.wav", "all of the sound"
	broken := errors.New("disk broken")
	for k := 0; ; k++ {
		root, n, failed := t.TempDir(), 0, ""
		faulty := storetest.Faulty{FS: store.Dir(root), Before: func(step, name string) error {
			n++
			if n == k+1 {
				failed = step
				return broken
			}
			return nil
		}}
		err := attempt(store.New(faulty), name, content)
		if failed == "" {
			if k < 13 || err != nil {
				t.Errorf("only %d steps, last error %v", k, err)
			}
			return
		}
		if !errors.Is(err, broken) {
			t.Errorf("step %d %s: error %v", k, failed, err)
		}
		for file, got := range files(t, root) {
			// Only the last step comes after the rename; the file is whole by then.
			if file != name || got != content || failed != "syncdir" {
				t.Errorf("step %d %s: left %s with %q", k, failed, file, got)
			}
		}
		put(t, store.New(store.Dir(root)), name, content)
		if diff := cmp.Diff(map[string]string{name: content}, files(t, root)); diff != "" {
			t.Errorf("step %d %s: after the second attempt %s", k, failed, diff)
		}
	}
}

func attempt(s *store.Store, name, content string) error {
	part, err := s.Create(name)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(part, content); err != nil {
		return errors.Join(err, part.Abort())
	}
	if err := part.Commit(); err != nil {
		return errors.Join(err, part.Abort())
	}
	return nil
}

// torn is a file system that loses what is written to it without saying so.
type torn struct{ store.FS }

func (f torn) Create(name string) (store.File, error) {
	file, err := f.FS.Create(name)
	return tornFile{file}, err
}

type tornFile struct{ store.File }

func (tornFile) Write(p []byte) (int, error) { return len(p), nil }

func TestTornFileIsNotNamed(t *testing.T) {
	root := t.TempDir()
	if err := attempt(store.New(torn{store.Dir(root)}), "2026/02/28/c.wav", "sound"); !errors.Is(err, store.ErrTorn) {
		t.Errorf("commit: %v", err)
	}
	if left := files(t, root); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestUnfinishedFilesAreRemoved(t *testing.T) {
	root := t.TempDir()
	s := store.New(store.Dir(root))
	if n, err := s.RemoveParts(day); n != 0 || err != nil {
		t.Errorf("an empty store: %d, %v", n, err)
	}
	for _, name := range []string{"2026/02/28/old.wav", "2026/02/28/new.wav"} {
		if _, err := s.Create(name); err != nil { // and never finished
			t.Fatal(err)
		}
	}
	foreign := filepath.Join(root, "incoming", "notes.txt")
	old := filepath.Join(root, "incoming", "old.wav.part")
	if err := errors.Join(os.WriteFile(foreign, nil, 0o600), os.Chtimes(old, day, day),
		os.Chtimes(foreign, day, day)); err != nil {
		t.Fatal(err)
	}
	if n, err := s.RemoveParts(day.Add(time.Second)); n != 1 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
	want := map[string]string{"incoming/new.wav.part": "", "incoming/notes.txt": ""}
	if diff := cmp.Diff(want, files(t, root)); diff != "" {
		t.Error(diff)
	}
}

func TestRightsOfFiles(t *testing.T) {
	root := t.TempDir()
	put(t, store.New(store.Dir(root)), "2026/02/28/c.wav", "sound")
	for name, dir := range map[string]bool{"2026": true, "2026/02/28/c.wav": false} {
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir() != dir || info.Mode().Perm()&0o007 != 0 {
			t.Errorf("%s: %v lets others in", name, info.Mode())
		}
	}
}

func TestSpace(t *testing.T) {
	for _, c := range []struct {
		free uint64
		want store.Level
	}{
		{1000, store.Enough},
		{200, store.Enough},
		{199, store.Low},
		{100, store.Low},
		{99, store.VeryLow},
		{50, store.VeryLow},
		{49, store.Critical},
		{0, store.Critical},
	} {
		if got := (store.Space{Total: 1000, Free: c.free}).Level(); got != c.want {
			t.Errorf("%d of 1000: %s, want %s", c.free, got, c.want)
		}
	}
	if got := (store.Space{}).Percent(); got != 0 {
		t.Errorf("nothing known: %v %%", got)
	}
	space, err := store.Free(t.TempDir())
	if err != nil || space.Total == 0 || space.Free > space.Total {
		t.Errorf("measured %+v, %v", space, err)
	}
	if _, err := store.Free(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent folder: %v", err)
	}
}
