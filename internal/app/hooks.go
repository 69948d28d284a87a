package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// hookFile keeps the subscriptions of other programs in a file beside the folder of the
// recordings. It holds keys of signatures, so nobody else may read it.
type hookFile struct {
	path string
	log  *slog.Logger
}

// damagedFile ends the name of a file of subscriptions that cannot be understood.
const damagedFile = ".damaged"

// LoadHooks returns what was saved last, nil when there was nothing yet. A file that a disk has
// damaged is set aside with an alarm: other programs are not told then, and calls are taken.
func (f hookFile) LoadHooks(context.Context) ([]byte, error) {
	raw, err := os.ReadFile(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil || json.Valid(raw):
		return raw, err
	}
	f.log.Error("ALARM: subscriptions of other programs are damaged and set aside", "file", f.path+damagedFile)
	return nil, os.Rename(f.path, f.path+damagedFile)
}

// SaveHooks replaces the file as a whole, so that a crash leaves the old or the new one.
func (f hookFile) SaveHooks(_ context.Context, state []byte) (err error) {
	part, err := os.CreateTemp(filepath.Dir(f.path), ".hooks-*") // readable by its owner alone
	if err != nil {
		return fmt.Errorf("subscriptions: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(part.Name()))
		}
	}()
	_, err = part.Write(state)
	if err == nil {
		err = part.Sync()
	}
	if err = errors.Join(err, part.Close()); err != nil {
		return fmt.Errorf("subscriptions: %w", err)
	}
	return os.Rename(part.Name(), f.path)
}
