package store

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// FS is what the recorder asks of a file system: one folder and all below it, by slash
// separated relative paths. It is an interface so that tests can make any step fail.
type FS interface {
	fs.ReadDirFS
	fs.StatFS
	Create(name string) (File, error) // for writing; an older file of that name is emptied
	Mkdir(name string) error
	Rename(from, to string) error // replaces to
	Remove(name string) error
	SyncDir(name string) error // makes names created or renamed in the folder durable
}

// File is a file being written.
type File interface {
	io.WriteCloser
	Stat() (fs.FileInfo, error)
	Sync() error
}

// The rights of what we create: recordings are personal data, so others get none.
const (
	fileMode = 0o640
	dirMode  = 0o750
)

// Dir is the folder of that path as an FS. It is opened anew for each operation, so that
// a folder which was replaced behind our back is used as it is now. No path, and no
// symbolic link, leads out of it.
type Dir string

// within runs do with the folder opened.
func (d Dir) within(do func(*os.Root) error) error {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return err
	}
	err = do(root)
	if closeErr := root.Close(); err == nil {
		err = closeErr
	}
	return err
}

// Open opens a file or folder for reading.
func (d Dir) Open(name string) (fs.File, error) {
	var file fs.File
	err := d.within(func(r *os.Root) (err error) {
		file, err = r.FS().Open(name)
		return err
	})
	return file, err
}

// ReadDir lists a folder in the order of names.
func (d Dir) ReadDir(name string) ([]fs.DirEntry, error) {
	var entries []fs.DirEntry
	err := d.within(func(r *os.Root) (err error) {
		entries, err = fs.ReadDir(r.FS(), name)
		return err
	})
	return entries, err
}

// Stat describes a file or folder; a symbolic link is described itself and not followed.
func (d Dir) Stat(name string) (fs.FileInfo, error) {
	var info fs.FileInfo
	err := d.within(func(r *os.Root) (err error) {
		info, err = r.Lstat(name)
		return err
	})
	return info, err
}

// Create opens a file for writing and empties it.
func (d Dir) Create(name string) (File, error) {
	var file File
	err := d.within(func(r *os.Root) (err error) {
		file, err = r.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode)
		return err
	})
	return file, err
}

// Mkdir makes one folder; its parent must exist.
func (d Dir) Mkdir(name string) error {
	return d.within(func(r *os.Root) error { return r.Mkdir(name, dirMode) })
}

// Rename moves a file within the folder and replaces the target.
func (d Dir) Rename(from, to string) error {
	return d.within(func(r *os.Root) error { return r.Rename(from, to) })
}

// Remove deletes one file or empty folder.
func (d Dir) Remove(name string) error {
	return d.within(func(r *os.Root) error { return r.Remove(name) })
}

// SyncDir brings the folder's own entries to the disk.
func (d Dir) SyncDir(name string) error {
	return d.within(func(r *os.Root) error {
		dir, err := r.Open(name)
		if err != nil {
			return err
		}
		err = dir.Sync()
		if closeErr := dir.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return fmt.Errorf("sync folder %s: %w", name, err)
		}
		return nil
	})
}
