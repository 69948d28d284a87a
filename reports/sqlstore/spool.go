package sqlstore

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

var (
	// ErrSpoolFull is returned when no batch may be added to the spool any more.
	ErrSpoolFull = errors.New("spool of the ledger is full")
	// errDamaged is the cause when a line of the spool is not as it was written.
	errDamaged = errors.New("a line of the spool is damaged")
)

// spoolSuffix ends the names of the files of a spool.
const spoolSuffix = ".spool"

// spool keeps batches in a file while the database does not answer. A line is one batch behind
// its checksum, and it is on the disk before add returns. The file is there only as long as
// something is in it. Its methods may be called from several goroutines.
type spool struct {
	dir   string
	name  string // of the file, once there was one
	limit int64  // bytes

	mu      sync.Mutex
	file    *os.File // nil when there is none
	end     int64    // where the next line begins
	next    int64    // where the oldest line begins that is not in the ledger
	waiting int      // batches from there on
	damaged bool     // a line could not be read
}

// newSpool is an empty spool of one writer in a folder, which is made when it is needed.
func newSpool(dir, writer string, limit int64) *spool {
	return &spool{dir: dir, name: filepath.Join(dir, writer+spoolSuffix), limit: limit}
}

// busy tells whether batches are waiting.
func (s *spool) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting > 0
}

// add appends a batch, and calls taken when it is on the disk and before anybody can drain it.
// It tells whether it is the only one, so that somebody must begin to drain the spool.
func (s *spool) add(b Batch, taken func()) (first bool, err error) {
	text, err := lineOf(b)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end+int64(len(text)) > s.limit {
		return false, fmt.Errorf("%w: %s has %d bytes", ErrSpoolFull, s.name, s.end)
	}
	if s.file == nil {
		if err := s.create(); err != nil {
			return false, err
		}
	}
	_, err = s.file.WriteAt(text, s.end)
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		// What was written of the line must not stand before the next one.
		return false, errors.Join(err, s.file.Truncate(s.end))
	}
	s.end += int64(len(text))
	s.waiting++
	taken()
	return s.waiting == 1, nil
}

// create makes the file. Its lock tells other processes that its owner lives.
func (s *spool) create() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(s.name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		err = syncDir(s.dir)
	}
	if err != nil {
		return errors.Join(err, file.Close(), os.Remove(s.name))
	}
	s.file = file
	return nil
}

// syncDir brings the names in a folder to the disk.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// head is the oldest batch and the size of its line, false when there is none. When the line
// is damaged, its size comes with the error, which wraps errDamaged.
func (s *spool) head() (Batch, int64, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == 0 {
		return Batch{}, 0, false, nil
	}
	text, err := bufio.NewReader(io.NewSectionReader(s.file, s.next, s.end-s.next)).ReadBytes('\n')
	if err != nil {
		return Batch{}, 0, false, fmt.Errorf("read %s: %w", s.name, err)
	}
	b, err := batchOf(text)
	s.damaged = s.damaged || err != nil
	return b, int64(len(text)), err == nil, err
}

// done removes the oldest batch, whose line has so many bytes, and tells whether there are
// more. With the last one it removes the file; one with a damaged line is renamed instead,
// because a person may want to read it. Who is told that there are no more has to leave the
// spool alone: the next add begins anew.
func (s *spool) done(size int64) (more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next += size
	s.waiting--
	if s.waiting > 0 {
		return true, nil
	}
	return false, s.finish()
}

// finish puts the file away, for one who holds the lock or has the spool alone.
func (s *spool) finish() error {
	away := os.Remove
	if s.damaged {
		away = func(name string) error { return os.Rename(name, name+".damaged") }
	}
	err := errors.Join(away(s.name), s.file.Close())
	s.file, s.end, s.next, s.damaged = nil, 0, 0, false
	return err
}

// close leaves what is in the spool to the next run.
func (s *spool) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file, s.waiting = nil, 0
	return err
}
