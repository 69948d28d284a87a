package testbed

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// RunDir is a folder for one running program, or for what a run writes besides.
// A file lock in it tells other processes that its owner lives; folders whose
// owner died are swept away when the next one is made.
type RunDir struct {
	// Path of the folder.
	Path string

	lock *os.File
}

// runPrefix begins the name of every run folder.
const runPrefix = "run-"

// NewRunDir makes a folder that only this user can enter. The path is short,
// because a socket's path inside it may have 107 bytes at most. The error tells
// what is wrong with the folder of all run folders.
func NewRunDir() (*RunDir, error) {
	return newRunDir(filepath.Join(os.TempDir(), fmt.Sprintf("hotline-%d", os.Getuid())), 0o700)
}

// newPassableRunDir makes a folder as NewRunDir does that programs of another user can pass
// through, though not look into, on the way to what is theirs in it.
func newPassableRunDir() (*RunDir, error) {
	dir, err := newRunDir(filepath.Join(os.TempDir(), fmt.Sprintf("hotline-%d-passable", os.Getuid())), 0o711)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir.Path, 0o711); err != nil {
		return nil, errors.Join(err, dir.Remove())
	}
	return dir, nil
}

// newRunDir makes a run folder below parent, which has this mode and no other.
func newRunDir(parent string, mode os.FileMode) (*RunDir, error) {
	err := os.Mkdir(parent, mode)
	if err == nil {
		err = os.Chmod(parent, mode) // whatever the umask says
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	info, err := os.Lstat(parent)
	if err != nil {
		return nil, err
	}
	// In a folder that everybody may write to, someone else may have been first.
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(stat.Uid) != os.Getuid() || info.Mode().Perm() != mode {
		return nil, fmt.Errorf("%s must be a folder of this user alone (%04o); remove it or set TMPDIR", parent, mode)
	}
	guard, err := os.OpenFile(filepath.Join(parent, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = guard.Close() }()
	if err := flock(guard, syscall.LOCK_EX); err != nil {
		return nil, err
	}
	swept := sweep(parent)
	path, err := os.MkdirTemp(parent, runPrefix)
	if err != nil {
		return nil, errors.Join(swept, err)
	}
	file, err := os.OpenFile(filepath.Join(path, "owner"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = flock(file, syscall.LOCK_EX)
	}
	if err != nil {
		return nil, errors.Join(swept, err, os.RemoveAll(path))
	}
	return &RunDir{Path: path, lock: file}, nil
}

// Remove deletes the folder and all in it. A second Remove does nothing.
func (d *RunDir) Remove() error {
	err := os.RemoveAll(d.Path)
	if closed := d.lock.Close(); !errors.Is(closed, os.ErrClosed) {
		err = errors.Join(err, closed)
	}
	return err
}

// sweep removes folders whose owner is gone. The caller holds the parent's lock,
// so no folder is between being made and being locked.
func sweep(parent string) error {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return err
	}
	var errs []error
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), runPrefix) {
			continue
		}
		path := filepath.Join(parent, entry.Name())
		file, err := os.OpenFile(filepath.Join(path, "owner"), os.O_RDWR, 0)
		if err == nil {
			err = flock(file, syscall.LOCK_EX|syscall.LOCK_NB)
			errs = append(errs, file.Close())
		}
		if err == nil || errors.Is(err, os.ErrNotExist) {
			errs = append(errs, freeSegment(filepath.Join(path, "data")), os.RemoveAll(path))
		}
	}
	return errors.Join(errs...)
}

func flock(file *os.File, how int) error {
	for {
		err := syscall.Flock(int(file.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
