// Package store keeps finished recordings: it alone decides how they are named, it makes
// them appear whole or not at all, and it watches the space that is left.
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"hotline/call"
)

// Store is a folder of recordings, <day>/<call>.wav.
type Store struct {
	fs FS
}

// New is the store in that folder. It makes nothing; folders appear when they are used.
func New(files FS) *Store { return &Store{fs: files} }

// Find looks for the recording of a call that began near that time. The neighbouring days
// are tried too, because the switch named the day by its own clock. A recording that does
// not exist is fs.ErrNotExist.
func (s *Store) Find(c call.ID, near time.Time) (string, error) {
	for _, days := range []int{0, -1, 1} {
		name, err := Name(c, Day(near.AddDate(0, 0, days)))
		if err != nil {
			return "", err
		}
		_, err = s.fs.Stat(name)
		if err == nil {
			return name, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("store: look for %s: %w", name, err)
		}
	}
	return "", fmt.Errorf("store: recording of call %s: %w", c, fs.ErrNotExist)
}

// Open opens a recording for reading. One that does not exist is fs.ErrNotExist.
func (s *Store) Open(name string) (fs.File, error) {
	file, err := s.fs.Open(name)
	if err != nil {
		return nil, fmt.Errorf("store: open recording: %w", err)
	}
	return file, nil
}

// Create begins a recording of that name, as from Name. Until Commit it is a file of
// another name, which no reader of the store takes for a recording.
func (s *Store) Create(name string) (*Part, error) {
	if err := s.mkdirs(incoming); err != nil {
		return nil, err
	}
	file, err := s.fs.Create(partName(name))
	if err != nil {
		return nil, fmt.Errorf("store: create recording: %w", err)
	}
	return &Part{store: s, name: name, file: file}, nil
}

// mkdirs makes a folder and those above it. Each one made is made durable in its parent,
// otherwise a power failure could lose a recording with its whole day.
func (s *Store) mkdirs(dir string) error {
	if _, err := s.fs.Stat(dir); err == nil {
		return nil
	}
	parent := path.Dir(dir)
	if parent != "." {
		if err := s.mkdirs(parent); err != nil {
			return err
		}
	}
	if err := s.fs.Mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("store: make folder: %w", err)
	}
	if err := s.fs.SyncDir(parent); err != nil {
		return fmt.Errorf("store: make folder: %w", err)
	}
	return nil
}

// RemoveParts deletes files that were begun and neither finished nor touched since that
// time: what a crash left behind. It says how many.
func (s *Store) RemoveParts(before time.Time) (int, error) {
	entries, err := s.fs.ReadDir(incoming)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("store: list unfinished recordings: %w", err)
	}
	removed := 0
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || path.Ext(entry.Name()) != ".part" || !info.ModTime().Before(before) {
			continue
		}
		if err := s.fs.Remove(path.Join(incoming, entry.Name())); err != nil {
			return removed, fmt.Errorf("store: remove unfinished recording: %w", err)
		}
		removed++
	}
	return removed, nil
}
