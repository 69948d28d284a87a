package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// ErrUnavailable says that a program is neither on this machine nor to be
// fetched. The text tells in plain words what was tried and what one can do.
var ErrUnavailable = errors.New("not available")

// probeTime bounds how long a program may take to tell its version.
const probeTime = 10 * time.Second

// Install is an Asterisk that can be started.
type Install struct {
	Root    *Root
	Version Version
	// ModuleDir holds its modules, DataDir its documentation and ARI description.
	ModuleDir, DataDir string
}

// FindAsterisk gives an Asterisk of at least [MinAsterisk]: the one named by
// ASTERISK_ROOT, the one on PATH, one from the cache, or a fresh one
// from Debian's packages. The error wraps [ErrUnavailable].
func FindAsterisk(ctx context.Context, stage Stage) (*Install, error) {
	const advice = "Install Asterisk >= 22.10.1 yourself, or set ASTERISK_ROOT to a folder " +
		"with an unpacked one, or ASTERISK_URL to one that runs elsewhere."
	if dir := os.Getenv("ASTERISK_ROOT"); dir != "" {
		found, err := asteriskAt(ctx, dir)
		if err != nil {
			return nil, unavailable("Asterisk in ASTERISK_ROOT", advice, err)
		}
		return found, nil
	}
	found, onPath := asteriskOnPath(ctx)
	if onPath == nil {
		return found, nil
	}
	root, err := install(ctx, stage, want{names: []string{"asterisk"}, skip: asteriskUnused, minimum: MinAsterisk})
	if err == nil {
		found, err = asteriskIn(root)
	}
	if err != nil {
		return nil, unavailable("Asterisk >= "+MinAsterisk.String(), advice, fmt.Errorf("%w, and %w", onPath, err))
	}
	return found, nil
}

// FindRedis gives a Redis server: the one on PATH, one from the cache, or a
// fresh one from Debian's packages. The error wraps [ErrUnavailable].
func FindRedis(ctx context.Context, stage Stage) (*Root, error) {
	machine := &Root{}
	if _, err := machine.Path("redis-server"); err == nil {
		return machine, nil
	}
	root, err := install(ctx, stage, want{names: []string{"redis-server"}})
	if err != nil {
		return nil, unavailable("redis-server", "Install Redis with the system's package manager.", err)
	}
	return root, nil
}

// asteriskAt opens an unpacked root whose version nobody has checked yet.
func asteriskAt(ctx context.Context, dir string) (*Install, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	root, err := openRoot(absolute, runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	probe, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	if root.version, err = asteriskVersion(probe, root); err != nil {
		return nil, err
	}
	return asteriskIn(root)
}

func asteriskOnPath(ctx context.Context) (*Install, error) {
	root := &Root{}
	if _, err := root.Path("asterisk"); err != nil {
		return nil, errors.New("no asterisk on PATH")
	}
	probe, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	var err error
	if root.version, err = asteriskVersion(probe, root); err != nil {
		return nil, err
	}
	return asteriskIn(root)
}

func asteriskVersion(ctx context.Context, root *Root) (Version, error) {
	cmd, err := root.Command(ctx, "asterisk", "-V")
	if err != nil {
		return Version{}, err
	}
	text, err := cmd.Output()
	if err != nil {
		return Version{}, fmt.Errorf("asterisk -V: %w", err)
	}
	return ParseVersion(string(text))
}

// asteriskIn completes a root whose version is known with the folders that
// Asterisk's configuration must name.
func asteriskIn(root *Root) (*Install, error) {
	if root.version.Less(MinAsterisk) {
		return nil, fmt.Errorf("asterisk %s is older than %s", root.version, MinAsterisk)
	}
	found := &Install{Root: root, Version: root.version}
	for _, dir := range moduleFolders(root) {
		if _, err := os.Stat(filepath.Join(dir, "app_stasis.so")); err == nil {
			found.ModuleDir = dir
			break
		}
	}
	for _, dir := range []string{"usr/share/asterisk", "var/lib/asterisk", "usr/local/var/lib/asterisk"} {
		dir = filepath.Join("/", root.Dir, dir)
		if _, err := os.Stat(filepath.Join(dir, "documentation/core-en_US.xml")); err == nil {
			found.DataDir = dir
			break
		}
	}
	if found.ModuleDir == "" {
		return nil, fmt.Errorf("asterisk %s: its modules are not found (app_stasis.so)", root.version)
	}
	if found.DataDir == "" {
		return nil, fmt.Errorf("asterisk %s: its documentation is not found (core-en_US.xml)", root.version)
	}
	return found, nil
}

// moduleFolders are the places where distributions and source builds put modules.
func moduleFolders(root *Root) []string {
	folders := []string{"usr/lib/asterisk/modules", "usr/lib64/asterisk/modules", "usr/local/lib/asterisk/modules"}
	if kind, ok := platforms[runtime.GOARCH]; ok {
		folders = append([]string{"usr/lib/" + kind.triplet + "/asterisk/modules"}, folders...)
	}
	for i, dir := range folders {
		folders[i] = filepath.Join("/", root.Dir, dir)
	}
	// A build with a prefix of its own keeps its modules beside its programs.
	if file, err := exec.LookPath("asterisk"); err == nil && root.Dir == "" {
		folders = append(folders, filepath.Join(filepath.Dir(filepath.Dir(file)), "lib/asterisk/modules"))
	}
	return folders
}

// unavailable says in plain words what is missing, why, and what one can do.
func unavailable(what, advice string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, ErrNoApt):
		hint = " Packages can be fetched by themselves on Debian and Ubuntu only."
	case errors.Is(err, errUnreachable):
		hint = " Is there a network, and is Debian's mirror reachable? HOTLINE_DEBIAN_MIRROR names another."
	}
	return fmt.Errorf("%s is %w (%w).%s %s", what, ErrUnavailable, err, hint, advice)
}
