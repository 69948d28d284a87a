package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

// TestHookFile: what was saved comes back, nobody else may read it, and nothing is left over.
func TestHookFile(t *testing.T) {
	dir := t.TempDir()
	f := hookFile{filepath.Join(dir, "hooks.json"), slog.New(slog.DiscardHandler)}
	if raw, err := f.LoadHooks(t.Context()); raw != nil || err != nil {
		t.Errorf("nothing yet: %q %v", raw, err)
	}
	for _, text := range []string{"[1]", "[]"} {
		if err := f.SaveHooks(t.Context(), []byte(text)); err != nil {
			t.Fatal(err)
		}
		if raw, err := f.LoadHooks(t.Context()); string(raw) != text || err != nil {
			t.Errorf("%q %v, want %q", raw, err, text)
		}
	}
	info, err := os.Stat(f.path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
		t.Errorf("left over: %v %v", names, err)
	}
	if err := (hookFile{path: filepath.Join(dir, "none", "hooks.json")}).SaveHooks(t.Context(), nil); err == nil {
		t.Error("saved into a folder that does not exist")
	}
}

// TestDamagedHookFile: calls are taken although a disk has damaged the subscriptions, and
// somebody can look at what is left of them.
func TestDamagedHookFile(t *testing.T) {
	f := hookFile{filepath.Join(t.TempDir(), "hooks.json"), slog.New(slog.DiscardHandler)}
	const torn = `[{"id":`
	if err := os.WriteFile(f.path, []byte(torn), 0o600); err != nil {
		t.Fatal(err)
	}
	if raw, err := f.LoadHooks(t.Context()); raw != nil || err != nil {
		t.Errorf("%q %v, want none", raw, err)
	}
	if raw, err := os.ReadFile(f.path + damagedFile); string(raw) != torn || err != nil {
		t.Errorf("set aside: %q %v", raw, err)
	}
}
