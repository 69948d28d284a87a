package app

import (
	"os"
	"path/filepath"
	"testing"
)

// TestHookFile: what was saved comes back, nobody else may read it, and nothing is left over.
func TestHookFile(t *testing.T) {
	dir := t.TempDir()
	f := hookFile{filepath.Join(dir, "hooks.json")}
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
	if err := (hookFile{filepath.Join(dir, "none", "hooks.json")}).SaveHooks(t.Context(), nil); err == nil {
		t.Error("saved into a folder that does not exist")
	}
}
