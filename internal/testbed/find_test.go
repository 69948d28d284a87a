package testbed

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Every way in which Asterisk cannot be had ends soon, and says what was tried
// and what one can do.
func TestUnavailableIsSaidPlainly(t *testing.T) {
	empty := t.TempDir()
	old := fakeAsterisk(t, "Asterisk 20.6.0")
	tests := []struct {
		name string
		env  map[string]string
		want []string
	}{
		{
			"no apt",
			map[string]string{"PATH": empty},
			[]string{"no asterisk on PATH", "apt-get", "Debian and Ubuntu only"},
		},
		{
			"too old and no apt",
			map[string]string{"PATH": old},
			[]string{"asterisk 20.6.0 is older than 22.10.1"},
		},
		{
			"no network",
			map[string]string{"HOTLINE_DEBIAN_MIRROR": "http://127.0.0.1:1/debian"},
			[]string{"http://127.0.0.1:1/debian", "package lists of Debian cannot be read", "Is there a network"},
		},
		{
			"wrong root",
			map[string]string{"ASTERISK_ROOT": empty},
			[]string{"ASTERISK_ROOT", empty},
		},
		{
			"cache not writable",
			map[string]string{"HOTLINE_CACHE": "/proc/nowhere"},
			[]string{"HOTLINE_CACHE"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("HOTLINE_CACHE", t.TempDir())
			t.Setenv("ASTERISK_ROOT", "")
			t.Setenv("ASTERISK_URL", "")
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err := StartAsterisk(ctx, Options{})
			if !errors.Is(err, ErrUnavailable) {
				t.Fatalf("got %v, want %v", err, ErrUnavailable)
			}
			for _, want := range append(test.want, "ASTERISK_URL") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not said in: %v", want, err)
				}
			}
		})
	}
}

// fakeAsterisk is a folder for PATH with a program that only tells a version.
func fakeAsterisk(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\necho '" + version + "'\n"
	if err := os.WriteFile(filepath.Join(dir, "asterisk"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Waiting for another process's installation ends with the context.
func TestLockWaitsNoLongerThanAllowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lock(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	unlock()
	again, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

// ASTERISK_ROOT names an unpacked root that is used as it is.
func TestNamedRootIsUsed(t *testing.T) {
	installed, err := FindAsterisk(t.Context(), logStage(t))
	if err != nil {
		t.Fatal(err)
	}
	if installed.Root.Dir == "" {
		t.Skip("the machine's own Asterisk is new enough; nothing is unpacked")
	}
	t.Setenv("ASTERISK_ROOT", installed.Root.Dir)
	t.Setenv("HOTLINE_CACHE", t.TempDir())
	t.Setenv("PATH", t.TempDir())
	named, err := FindAsterisk(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if named.Version != installed.Version || named.ModuleDir != installed.ModuleDir {
		t.Errorf("got %+v, want %+v", named, installed)
	}
}

// Only a whole root of the right version is taken from the cache.
func TestCachedRootMustBeWhole(t *testing.T) {
	set := t.TempDir()
	dir := filepath.Join(set, "22.10.1-amd64-x")
	loader := filepath.Join(dir, "usr/lib64/ld-linux-x86-64.so.2")
	w := want{names: []string{"asterisk"}, minimum: MinAsterisk}
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	manifest := func(version string) string {
		return `{"names":["asterisk"],"arch":"amd64","packages":[{"name":"asterisk","version":"` + version + `"}]}`
	}
	write(loader, "")
	if cached(set, w) != nil {
		t.Error("a root without a manifest was taken")
	}
	write(filepath.Join(dir, manifestName), manifest("1:22.10.0-1"))
	if cached(set, w) != nil {
		t.Error("a root that is too old was taken")
	}
	write(filepath.Join(dir, manifestName), manifest("1:22.10.1+dfsg-1"))
	root := cached(set, w)
	if root == nil || root.Dir != dir || root.version != (Version{22, 10, 1}) {
		t.Errorf("got %+v, want the whole root", root)
	}
	if err := os.Remove(loader); err != nil {
		t.Fatal(err)
	}
	if cached(set, w) != nil {
		t.Error("a root without its C library was taken")
	}
}
