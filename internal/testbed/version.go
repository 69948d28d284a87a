package testbed

import (
	"fmt"
	"regexp"
	"strconv"
)

// MinAsterisk is the oldest Asterisk that may run: earlier ones let a read-only
// or ordinary ARI user take over the machine, and one packet stop SIP.
var MinAsterisk = Version{22, 10, 1}

// Version is major, minor and patch of a program.
type Version [3]int

var versionPattern = regexp.MustCompile(`(?:^|[^0-9.])(?:\d+:)?(\d+)(?:\.(\d+)(?:\.(\d+))?|\+\d)`)

// ParseVersion finds the first version in text such as "Asterisk 22.10.1+dfsg"
// or Debian's "1:22.10.1+dfsg-1" and "18+293"; an epoch is skipped, what is missing is 0.
// Certified releases ("certified-22.8-cert1") have no patch either and compare by
// their base. The error tells the text in which no version was found.
func ParseVersion(text string) (Version, error) {
	match := versionPattern.FindStringSubmatch(text)
	if match == nil {
		return Version{}, fmt.Errorf("no version in %q", text)
	}
	var version Version
	for i, digits := range match[1:] {
		if digits == "" {
			continue
		}
		number, err := strconv.Atoi(digits)
		if err != nil {
			return Version{}, fmt.Errorf("version in %q: %w", text, err)
		}
		version[i] = number
	}
	return version, nil
}

// Less reports whether v is older than other.
func (v Version) Less(other Version) bool {
	for i := range v {
		if v[i] != other[i] {
			return v[i] < other[i]
		}
	}
	return false
}

// String gives "22.10.1".
func (v Version) String() string {
	return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2])
}
