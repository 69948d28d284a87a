package store

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"time"

	"hotline/call"
)

// ErrName is returned for a call id or a path that must not reach the file system.
var ErrName = errors.New("store: name not allowed")

// names is what a call id may look like: Asterisk's "system-1700000000.12" and the ids
// we choose ourselves. No slash, no leading dot, and short enough for every suffix.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// CheckID is the first of two doors: an id that does not pass never becomes part of a
// path. The second is the file system's root, which no path can leave.
func CheckID(c call.ID) error {
	if !names.MatchString(string(c)) {
		return fmt.Errorf("%w: call id %.40q", ErrName, string(c))
	}
	return nil
}

// Day is the folder of a day, "2026/01/31" in UTC: the layout of the store, and that of
// the spool as the dialplan names it.
func Day(t time.Time) string { return t.UTC().Format("2006/01/02") }

// IsDay says whether a folder is named as Day does it.
func IsDay(folder string) bool {
	t, err := time.Parse("2006/01/02", folder)
	return err == nil && Day(t) == folder
}

// Name is the path of a call's recording relative to the root of the store, slash
// separated; day is a folder as from Day.
func Name(c call.ID, day string) (string, error) {
	if err := CheckID(c); err != nil {
		return "", err
	}
	if !IsDay(day) {
		return "", fmt.Errorf("%w: day %.40q", ErrName, day)
	}
	return path.Join(day, string(c)+".wav"), nil
}

// incoming is the folder of files that are being written. It is one folder and not the
// day's own, so that what a crash left behind is found without walking the whole store.
const incoming = "incoming"

// partName is the name under which a recording is written before it is announced.
func partName(name string) string { return path.Join(incoming, path.Base(name)+".part") }
