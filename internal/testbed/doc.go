// Package testbed finds or installs a real Asterisk, Redis and PostgreSQL and runs
// them on loopback with throw-away data. Demo, tests and CI share this one path.
//
// Nothing here needs root and nothing touches the system: packages are fetched
// by the machine's own apt into a private state, unpacked into a cache folder
// and run through their own dynamic loader. Signatures are always checked.
//
// Environment: ASTERISK_ROOT (an unpacked Asterisk to use), ASTERISK_URL
// (an Asterisk that runs elsewhere, see [External]), HOTLINE_CACHE (cache folder
// instead of the user's), HOTLINE_DEBIAN_MIRROR (where Debian's packages come
// from).
package testbed

import "time"

// Stage is told of every step of finding, installing and starting: what it was,
// how long it took, and the error that ended it, if any. It is called from the
// goroutine that does the work, never concurrently. A nil Stage is silent.
type Stage func(name string, took time.Duration, err error)

// run does one step and reports it.
func (s Stage) run(name string, step func() error) error {
	began := time.Now()
	err := step()
	if s != nil {
		s(name, time.Since(began), err)
	}
	return err
}
