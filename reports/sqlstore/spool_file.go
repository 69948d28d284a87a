package sqlstore

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// checksum of a line finds what a torn write or a bad disk leaves.
func checksum(body []byte) uint32 { return crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) }

// lineOf is a batch as it stands in the file: checksum, a blank, JSON.
func lineOf(b Batch) ([]byte, error) {
	body, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%08x %s\n", checksum(body), body), nil
}

// batchOf reads a line with its end.
func batchOf(text []byte) (Batch, error) {
	sum, body, ok := strings.Cut(strings.TrimSuffix(string(text), "\n"), " ")
	want, err := strconv.ParseUint(sum, 16, 32)
	if !ok || err != nil || uint32(want) != checksum([]byte(body)) {
		return Batch{}, fmt.Errorf("%w: its checksum is wrong", errDamaged)
	}
	var b Batch
	if err := json.Unmarshal([]byte(body), &b); err != nil {
		return Batch{}, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return b, nil
}

// leftSpools opens the files that earlier runs left in a folder, the oldest first. Files of
// processes that live are left alone. A last line without its end, which a crash tears off,
// was never taken in and is left out.
func leftSpools(dir string) ([]*spool, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*"+spoolSuffix))
	if err != nil {
		return nil, err
	}
	var left []*spool
	for _, name := range names { // a writer's name begins with its time
		s, err := reopen(dir, name)
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			for _, opened := range left {
				err = errors.Join(err, opened.close())
			}
			return nil, fmt.Errorf("spool %s: %w", name, err)
		}
		left = append(left, s)
	}
	return left, nil
}

// reopen opens the file of an earlier run.
func reopen(dir, name string) (*spool, error) {
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	s := &spool{dir: dir, name: name, file: file}
	lines := bufio.NewReader(file)
	for {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		s.end += int64(len(text))
		s.waiting++
	}
}

// writerName is a name for one run: names of later runs come later in order.
func writerName(now time.Time, random string) string {
	return now.UTC().Format("20060102T150405.000000000Z") + "-" + strings.ToLower(random[:16])
}
