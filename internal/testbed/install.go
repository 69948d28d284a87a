package testbed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// manifestName marks an unpacked root as whole and tells what is in it.
const manifestName = "hotline-packages.json"

// lockPoll is how often a process looks whether another one's installation is done.
const lockPoll = 200 * time.Millisecond

// manifest is written last, so that its presence proves a whole root.
type manifest struct {
	Names    []string `json:"names"`
	Arch     string   `json:"arch"`
	Origin   string   `json:"origin"`
	Packages []deb    `json:"packages"`
}

// want is a set of packages to have unpacked.
type want struct {
	names []string
	skip  []string // dependencies to leave out
	// minimum asks for a version of the first package; zero takes any.
	minimum Version
	// cache is where it is unpacked; empty for the cache of this user.
	cache string
}

// version gives the version of the first package of the set.
func (m manifest) version() (Version, error) {
	for _, one := range m.Packages {
		if one.Name == m.Names[0] {
			return ParseVersion(one.Version)
		}
	}
	return Version{}, fmt.Errorf("%s is not among the unpacked packages", m.Names[0])
}

// cacheDir is where unpacked packages live from one run to the next.
func cacheDir() (string, error) {
	dir := os.Getenv("HOTLINE_CACHE")
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no cache folder for this user, set HOTLINE_CACHE to one: %w", err)
		}
		dir = filepath.Join(user, "hotline")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("cache folder, HOTLINE_CACHE names another: %w", err)
	}
	return dir, nil
}

// cacheDir is the folder that w asks for, made when it is not there.
func (w want) cacheDir() (string, error) {
	if w.cache == "" {
		return cacheDir()
	}
	return w.cache, os.MkdirAll(w.cache, 0o755)
}

// install gives the root in which w is unpacked, fetching it if it is not in
// the cache. Two processes that want the same do the work once.
func install(ctx context.Context, stage Stage, w want) (*Root, error) {
	cache, err := w.cacheDir()
	if err != nil {
		return nil, err
	}
	set := filepath.Join(cache, "roots", strings.Join(w.names, "+"))
	if root := cached(set, w); root != nil {
		return root, nil
	}
	unlock, err := lock(ctx, filepath.Join(cache, "install.lock"))
	if err != nil {
		return nil, fmt.Errorf("wait for another installation: %w", err)
	}
	defer unlock()
	if root := cached(set, w); root != nil {
		return root, nil
	}
	if err := os.MkdirAll(set, 0o755); err != nil {
		return nil, err
	}
	origins, err := packageOrigins(ctx, stage, cache, w)
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, origin := range origins {
		root, err := origin.install(ctx, stage, set, w)
		if err == nil {
			return root, nil
		}
		failed = append(failed, err)
		if ctx.Err() != nil || errors.Is(err, errUnreachable) {
			break
		}
	}
	return nil, errors.Join(failed...)
}

// cached finds a whole root that serves w.
func cached(set string, w want) *Root {
	entries, err := os.ReadDir(set)
	if err != nil {
		return nil
	}
	for _, entry := range slices.Backward(entries) {
		dir := filepath.Join(set, entry.Name())
		text, err := os.ReadFile(filepath.Join(dir, manifestName))
		if err != nil {
			continue
		}
		var m manifest
		if json.Unmarshal(text, &m) != nil || len(m.Names) == 0 {
			continue
		}
		version, err := m.version()
		if err != nil || version.Less(w.minimum) {
			continue
		}
		root, err := openRoot(dir, m.Arch)
		if err != nil {
			continue
		}
		root.version = version
		return root
	}
	return nil
}

// place is where packages can come from.
type place struct {
	apt *apt
	// sources gives the sources file for a keyring, and keys is where a newer
	// keyring may be put. nil: the package lists are there and not read anew.
	sources func(keyring string) string
	keys    string
}

// errUnreachable stops the search: another suite of the same mirror would fail
// the same way, after the same wait.
var errUnreachable = errors.New("package lists of Debian cannot be read")

// install fetches and unpacks w into a new folder below set. The folder gets its
// name only when all is in it, so a crash leaves nothing that looks whole.
func (p place) install(ctx context.Context, stage Stage, set string, w want) (*Root, error) {
	if p.sources != nil {
		err := stage.run("read the package lists of "+p.apt.origin, func() error { return p.update(ctx, stage) })
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errUnreachable, err)
		}
	}
	var debs []deb
	err := stage.run("work out what "+strings.Join(w.names, ", ")+" needs", func() (err error) {
		debs, err = p.apt.resolve(ctx, w.names)
		return err
	})
	if err != nil {
		return nil, err
	}
	m := manifest{Names: w.names, Arch: p.apt.arch, Origin: p.apt.origin, Packages: debs}
	version, err := m.version()
	if err != nil {
		return nil, err
	}
	if version.Less(w.minimum) {
		return nil, fmt.Errorf("%s has %s %s, too old", p.apt.origin, w.names[0], version)
	}
	title := fmt.Sprintf("download %s %s (%d packages)", w.names[0], version, len(debs))
	if err := stage.run(title, func() error { return p.apt.download(ctx, w.names) }); err != nil {
		return nil, err
	}
	final := filepath.Join(set, m.key(version))
	err = stage.run("unpack into "+final, func() error { return p.unpack(ctx, m, final) })
	if err != nil {
		return nil, err
	}
	root, err := openRoot(final, m.Arch)
	if err != nil {
		return nil, err
	}
	root.version = version
	return root, p.apt.clean()
}

func (p place) unpack(ctx context.Context, m manifest, final string) error {
	// Left by a crash; we hold the lock, so nobody is at work in them.
	stale, err := filepath.Glob(filepath.Join(filepath.Dir(final), ".unpack-*"))
	if err != nil {
		return err
	}
	for _, dir := range stale {
		if err := removeAll(dir); err != nil {
			return err
		}
	}
	temporary, err := os.MkdirTemp(filepath.Dir(final), ".unpack-")
	if err != nil {
		return err
	}
	defer func() { _ = removeAll(temporary) }()
	if err := p.apt.unpack(ctx, m.Packages, temporary); err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(temporary, manifestName), text, 0o644); err != nil {
		return err
	}
	if err := os.Chmod(temporary, 0o755); err != nil {
		return err
	}
	return os.Rename(temporary, final)
}

// key names a root by the exact versions in it.
func (m manifest) key(version Version) string {
	hash := sha256.New()
	for _, one := range m.Packages {
		fmt.Fprintf(hash, "%s=%s\n", one.Name, one.Version)
	}
	return fmt.Sprintf("%s-%s-%s", version, m.Arch, hex.EncodeToString(hash.Sum(nil))[:12])
}

// removeAll also removes folders that a package made read-only.
func removeAll(dir string) error {
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return err
	})
	return errors.Join(err, os.RemoveAll(dir))
}

// lock takes the file lock path, waiting until it is free or ctx ends. The lock
// is bound to this process: it is free again however the process dies.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o644)
	if err != nil {
		return nil, err
	}
	ticker := time.NewTicker(lockPoll)
	defer ticker.Stop()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), file.Close())
		case <-ticker.C:
		}
	}
}
