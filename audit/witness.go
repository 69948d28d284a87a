package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// Witness is the file outside the database that holds the head of the log after each entry,
// one line each. It is only ever appended to, so that it can be made append-only by the file
// system (chattr +a), stand on another disk, or be carried away line by line.
type Witness struct {
	mu sync.Mutex
	f  *os.File
}

// OpenWitness opens the file, or makes it, readable by its owner alone.
func OpenWitness(path string) (*Witness, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	w := &Witness{f: f}
	// A line that a power cut tore must not spoil the next one.
	if err := w.endLine(); err != nil {
		return nil, errors.Join(fmt.Errorf("witness: %w", err), f.Close())
	}
	return w, nil
}

func (w *Witness) endLine() error {
	info, err := w.f.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	var last [1]byte
	if _, err := w.f.ReadAt(last[:], info.Size()-1); err != nil {
		return err
	}
	if last[0] == '\n' {
		return nil
	}
	_, err = w.f.WriteString("\n")
	return err
}

// Note appends a head. It comes after the entry is stored: so a crash between the two leaves
// a log that is longer than its witness, which is no fault, and never a shorter one.
func (w *Witness) Note(h Head) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.f.WriteString(h.String() + "\n"); err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	return nil
}

// Close closes the file.
func (w *Witness) Close() error { return w.f.Close() }

// ReadWitness returns the heads of a file and how many of its lines are none. A file that
// does not exist has no heads.
func ReadWitness(path string) (heads []Head, torn int, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("witness: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if lines.Text() == "" {
			continue
		}
		h, err := ParseHead(lines.Text())
		if err != nil {
			torn++
			continue
		}
		heads = append(heads, h)
	}
	return heads, torn, lines.Err()
}
