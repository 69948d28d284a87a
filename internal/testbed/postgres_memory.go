package testbed

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// freeSegment removes the piece of shared memory by which a PostgreSQL with these data tells
// that it runs. One that ended in order has removed it; one that was killed leaves it, some
// bytes that stay until the machine is started again. Nothing is removed that is in use.
func freeSegment(data string) error {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	lines := strings.Split(string(text), "\n")
	const keyLine = 6 // the key and the id of the segment, in the seventh line
	if len(lines) <= keyLine {
		return nil
	}
	segments, err := os.ReadFile("/proc/sysvipc/shm")
	if err != nil {
		return err
	}
	want := strings.Fields(lines[keyLine])
	for line := range strings.Lines(string(segments)) {
		// key, id, rights, size, makers, last user, number of users
		fields := strings.Fields(line)
		if len(want) != 2 || len(fields) < 7 || !slices.Equal(fields[:2], want) || fields[6] != "0" {
			continue
		}
		id, err := strconv.ParseUint(want[1], 10, 31)
		if err != nil {
			return err
		}
		if _, _, failed := syscall.Syscall(syscall.SYS_SHMCTL, uintptr(id), 0, 0); failed != 0 { // 0 is IPC_RMID
			return failed
		}
	}
	return nil
}
