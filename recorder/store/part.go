package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// ErrTorn is returned by Commit when the file on the disk is not as long as what was
// written to it.
var ErrTorn = errors.New("store: file is shorter than what was written")

// Part is a recording that is being written. It ends with either Commit or Abort.
type Part struct {
	store   *Store
	name    string
	file    File
	written int64
}

// Write appends to the file.
func (p *Part) Write(b []byte) (int, error) {
	n, err := p.file.Write(b)
	p.written += int64(n)
	if err != nil {
		return n, fmt.Errorf("store: write recording: %w", err)
	}
	return n, nil
}

// Commit brings the file to the disk and gives it its name, in this order, so that under
// that name there is never anything but a whole file, whatever happens between. After an
// error Abort is still due.
func (p *Part) Commit() error {
	info, err := p.file.Stat()
	if err == nil && info.Size() != p.written {
		err = fmt.Errorf("%w: %d of %d bytes", ErrTorn, info.Size(), p.written)
	}
	if err == nil {
		err = p.file.Sync()
	}
	if closeErr := p.close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("store: finish recording: %w", err)
	}
	if err := p.store.mkdirs(path.Dir(p.name)); err != nil {
		return err
	}
	if err := p.store.fs.Rename(partName(p.name), p.name); err != nil {
		return fmt.Errorf("store: name recording: %w", err)
	}
	if err := p.store.fs.SyncDir(path.Dir(p.name)); err != nil {
		return fmt.Errorf("store: name recording: %w", err)
	}
	return nil
}

// Abort removes the file if it has not been named yet.
func (p *Part) Abort() error {
	err := p.store.fs.Remove(partName(p.name))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(p.close(), err)
}

func (p *Part) close() error {
	if p.file == nil {
		return nil
	}
	err := p.file.Close()
	p.file = nil
	return err
}
