package store

import (
	"fmt"
	"syscall"
)

// Space is the room of the file system that holds a folder, in bytes.
type Space struct {
	Total uint64
	Free  uint64 // what an ordinary user may still write
}

// Free measures the file system that holds path.
func Free(path string) (Space, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil {
		return Space{}, fmt.Errorf("store: space of %s: %w", path, err)
	}
	block := uint64(st.Bsize)
	return Space{Total: st.Blocks * block, Free: st.Bavail * block}, nil
}

// Level says how short the space is. A higher level is worse.
type Level int

// The levels: each is an alarm of its own, the last leaves little time.
const (
	Enough   Level = iota // 20 % or more are free
	Low                   // less than 20 %
	VeryLow               // less than 10 %
	Critical              // less than 5 %
)

// String is the level as a word.
func (l Level) String() string {
	switch l {
	case Enough:
		return "enough"
	case Low:
		return "low"
	case VeryLow:
		return "very low"
	case Critical:
		return "critical"
	default:
		return "unknown"
	}
}

// Percent is the free part of the total, 0 to 100; 0 when nothing is known.
func (s Space) Percent() float64 {
	if s.Total == 0 {
		return 0
	}
	return 100 * float64(s.Free) / float64(s.Total)
}

// Level judges the space.
func (s Space) Level() Level {
	switch free := s.Percent(); {
	case free < 5:
		return Critical
	case free < 10:
		return VeryLow
	case free < 20:
		return Low
	default:
		return Enough
	}
}
