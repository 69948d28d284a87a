package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// hookFile keeps the subscriptions of other programs in a file beside the folder of the
// recordings. It holds keys of signatures, so nobody else may read it.
type hookFile struct{ path string }

// LoadHooks returns what was saved last, nil when there was nothing yet.
func (f hookFile) LoadHooks(context.Context) ([]byte, error) {
	raw, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return raw, err
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
