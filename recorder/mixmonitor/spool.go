package mixmonitor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"hotline/call"
	"hotline/internal/g711"
	"hotline/recorder/store"
)

// Spool is the folder below which Asterisk writes the pairs.
type Spool struct {
	fs store.FS
}

// NewSpool is the spool in that folder.
func NewSpool(files store.FS) *Spool { return &Spool{fs: files} }

// suffixes are the endings of the files' names by channel, as the dialplan gives them.
var suffixes = [2]string{"-rx", "-tx"}

var laws = [2]g711.Law{g711.ALaw, g711.ULaw}

// Find looks for the pair of a call that began near that time: in the folder of the day,
// in those beside it, and in the spool itself. A pair of which no file exists is not an
// error, its Exists is false.
func (s *Spool) Find(c call.ID, near time.Time) (Pair, error) {
	if err := store.CheckID(c); err != nil {
		return Pair{}, err
	}
	for _, folder := range []string{
		store.Day(near), store.Day(near.AddDate(0, 0, -1)), store.Day(near.AddDate(0, 0, 1)), ".",
	} {
		if pair, err := s.look(c, folder); err != nil || pair.Exists() {
			return pair, err
		}
	}
	return Pair{Call: c}, nil
}

// Search looks for the pair of a call in all folders. It is for a pair that Find does not
// find: the spool may be large.
func (s *Spool) Search(ctx context.Context, c call.ID) (Pair, error) {
	if err := store.CheckID(c); err != nil {
		return Pair{}, err
	}
	found := Pair{Call: c}
	err := s.Walk(ctx, func(p Pair) error {
		if p.Call != c {
			return nil
		}
		found = p
		return fs.SkipAll
	})
	return found, err
}

// Look describes the pair anew: its sizes now, and files that appeared or went since.
func (s *Spool) Look(p Pair) (Pair, error) {
	if err := store.CheckID(p.Call); err != nil {
		return Pair{}, err
	}
	return s.look(p.Call, p.Folder)
}

func (s *Spool) look(c call.ID, folder string) (Pair, error) {
	pair := Pair{Call: c, Folder: folder}
	for channel, suffix := range suffixes {
		for _, law := range laws {
			name := path.Join(folder, string(c)+suffix+"."+law.String())
			info, err := s.fs.Stat(name)
			if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
				continue
			}
			if err != nil {
				return Pair{}, fmt.Errorf("mixmonitor: look for call %s: %w", c, err)
			}
			pair.Parts[channel] = Part{Path: name, Law: law, Size: info.Size(), Modified: info.ModTime()}
			break
		}
	}
	return pair, nil
}

// Walk visits every pair in the spool, folder by folder. fs.SkipAll from visit ends it
// early without an error. Files that are no part of a pair are passed over.
func (s *Spool) Walk(ctx context.Context, visit func(Pair) error) error {
	err := fs.WalkDir(s.fs, ".", func(folder string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && folder != ".":
			return nil // gone since its parent was listed
		case err != nil:
			return err
		case !entry.IsDir():
			return nil
		}
		return s.visitFolder(ctx, folder, visit)
	})
	if err != nil {
		return fmt.Errorf("mixmonitor: walk the spool: %w", err)
	}
	return nil
}

func (s *Spool) visitFolder(ctx context.Context, folder string, visit func(Pair) error) error {
	entries, err := s.fs.ReadDir(folder)
	if err != nil {
		return err
	}
	seen := make(map[call.ID]bool)
	for _, entry := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		c, ok := owner(entry.Name())
		if !ok || seen[c] {
			continue
		}
		seen[c] = true
		pair, err := s.look(c, folder)
		if err != nil {
			return err
		}
		if !pair.Exists() {
			continue // gone since the folder was listed
		}
		if err := visit(pair); err != nil {
			return err
		}
	}
	return nil
}

// owner is the call to which a file of that name belongs.
func owner(file string) (call.ID, bool) {
	for _, law := range laws {
		base, ok := strings.CutSuffix(file, "."+law.String())
		if !ok {
			continue
		}
		for _, suffix := range suffixes {
			if id, ok := strings.CutSuffix(base, suffix); ok {
				return call.ID(id), store.CheckID(call.ID(id)) == nil
			}
		}
	}
	return "", false
}

// SetAside renames the files of the pair so that they are no pair any more and stay for
// a person to look at.
func (s *Spool) SetAside(p Pair) error {
	for _, part := range p.Parts {
		if !part.Exists() {
			continue
		}
		if err := s.fs.Rename(part.Path, part.Path+".aside"); err != nil {
			return fmt.Errorf("mixmonitor: set aside %s: %w", part.Path, err)
		}
	}
	return nil
}

// Remove deletes the files of the pair.
func (s *Spool) Remove(p Pair) error {
	for _, part := range p.Parts {
		if !part.Exists() {
			continue
		}
		if err := s.fs.Remove(part.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("mixmonitor: remove %s: %w", part.Path, err)
		}
	}
	return nil
}
