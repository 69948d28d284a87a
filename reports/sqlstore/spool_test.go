package sqlstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"hotline/call"
	"hotline/internal/testbed"
)

// TestSpoolIsDrainedInOrder lets the database hang for long: what is recorded meanwhile is on
// the disk, outside the queue, and comes into the ledger once and in order.
func TestSpoolIsDrainedInOrder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{}
		r := run(t, l, WriterOptions{Spool: dir, Capacity: 600})
		r.record(1, 5)
		pass(time.Second)
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("there is a spool although the database answers: %v", err)
		}
		l.fail(hang)
		for i := range 20 { // more than the queue holds
			r.record(6+100*i, 105+100*i)
			pass(2 * time.Second)
		}
		if s := r.Stats(); s.Spooled != 2000 || s.Depth != 2000 || s.Lost != 0 || !s.Failing {
			t.Errorf("stats %+v, want 2000 events in the spool", s)
		}
		l.fail(none)
		r.record(2006, 2010)
		if err := r.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		l.holds(t, 2010)
		if s := r.Stats(); s.Spooled != 0 || s.Failing || s.Stored != 2010 {
			t.Errorf("stats %+v, want nothing in the spool", s)
		}
		if err := r.finish(); err != nil {
			t.Error(err)
		}
	})
	nothingIn(t, dir)
}

// nothingIn looks for files that the spool has left.
func nothingIn(t *testing.T, dir string) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
}

// TestSpoolOfAnEarlierRun ends a writer while the database is away. The next one brings its
// events in first, although one batch is in the ledger whose answer was lost.
func TestSpoolOfAnEarlierRun(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{faults: []fault{forget}, down: refuse}
		first := run(t, l, WriterOptions{Spool: dir, MaxBatch: 10})
		first.record(1, 35)
		if err := first.finish(); err != nil {
			t.Errorf("run ended with %v although all is in the spool", err)
		}
		l.holds(t, 10)
		l.fail(none)
		second, err := NewWriter(l, WriterOptions{Spool: dir})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := second.Recover(t.Context()); n != 4 || err != nil {
			t.Errorf("%d batches, %v; want 4", n, err)
		}
		l.holds(t, 35)
	})
	nothingIn(t, dir)
}

// TestSpoolKeepsToTheGuard: who must not write any more puts nothing aside for later either.
func TestSpoolKeepsToTheGuard(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{}
		r := run(t, l, WriterOptions{Spool: dir, Guard: func(context.Context) error { return errDown }})
		r.record(1, 3)
		if err := r.finish(); !errors.Is(err, ErrUnsaved) {
			t.Errorf("run ended with %v, want ErrUnsaved", err)
		}
		l.holds(t, 0)
	})
	nothingIn(t, dir)
}

// TestSpoolWithDamage cuts the last line off and breaks one in the middle.
func TestSpoolWithDamage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newSpool(dir, "w", 1<<20)
	for i := range 4 {
		b := Batch{Writer: "w", Number: uint64(i + 1), Events: []call.Event{numbered(i + 1)}}
		if _, err := s.add(b, func() {}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(s.name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	lines[1] = strings.Replace(lines[1], `"call":"2"`, `"call":"7"`, 1)
	broken := strings.Join(lines, "")
	if err := os.WriteFile(s.name, []byte(broken[:len(broken)-5]), 0o600); err != nil {
		t.Fatal(err)
	}
	l := &ledger{}
	w, err := NewWriter(l, WriterOptions{Spool: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(l.events) != 2 || l.events[0].Call != "1" || l.events[1].Call != "3" {
		t.Errorf("the ledger holds %+v, want the calls 1 and 3", l.events)
	}
	if _, err := os.Stat(s.name + ".damaged"); err != nil {
		t.Errorf("the damaged file is not kept: %v", err)
	}
}

// TestSpoolHasABound: beyond it events stay in memory, and none is lost.
func TestSpoolHasABound(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{down: refuse}
		r := run(t, l, WriterOptions{Spool: dir, SpoolLimit: 2000, MaxBatch: 5})
		r.record(1, 100)
		pass(10 * time.Second)
		if s := r.Stats(); s.Spooled == 0 || s.Spooled == 100 || s.Depth != 100 {
			t.Errorf("stats %+v, want some of 100 in the spool", s)
		}
		l.fail(none)
		if err := r.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		l.holds(t, 100)
		if err := r.finish(); err != nil {
			t.Error(err)
		}
	})
}

// TestSpoolWhilePostgreSQLIsAway stops, kills and restarts the database under a writer.
func TestSpoolWhilePostgreSQLIsAway(t *testing.T) {
	t.Parallel()
	server, place := ownDatabase(t)
	s := storeAt(t, place)
	dir := t.TempDir()
	r := run(t, s, WriterOptions{Spool: dir, MaxBatch: 20, MaxDelay: time.Millisecond, Drain: time.Minute})
	n := 0
	more := func(events int) {
		r.record(n+1, n+events)
		n += events
	}
	for _, fault := range []struct{ away, back func() error }{
		{func() error { return server.Signal(syscall.SIGSTOP) }, func() error { return server.Signal(syscall.SIGCONT) }},
		{server.Kill, func() error { return server.Restart(t.Context()) }},
		{server.Halt, func() error { return server.Restart(t.Context()) }},
	} {
		more(50)
		if err := r.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := fault.away(); err != nil {
			t.Fatal(err)
		}
		more(50)
		eventually(t, func() bool { return r.Stats().Spooled > 0 })
		more(50)
		if err := fault.back(); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.finish(); err != nil {
		t.Error(err)
	}
	inOrder(t, s, n)
	nothingIn(t, dir)
}

// TestSpoolOutlivesAKill kills the writing process with SIGKILL while the database is stopped,
// then the database, and lets the next process begin. What the killed one had in the ledger or
// in the spool is in the ledger then, once and in order.
func TestSpoolOutlivesAKill(t *testing.T) {
	t.Parallel()
	server, place := ownDatabase(t)
	s := storeAt(t, place)
	dir := t.TempDir()
	safe := killedWhileAway(t, server, place, dir)
	if err := errors.Join(server.Kill(), server.Restart(t.Context())); err != nil {
		t.Fatal(err)
	}
	w, err := NewWriter(s, WriterOptions{Spool: dir})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := w.Recover(t.Context()); n == 0 || err != nil {
		t.Errorf("%d batches, %v; want some", n, err)
	}
	last, err := s.LastSeq(t.Context())
	if err != nil || int(last) < safe {
		t.Errorf("%d events are in the ledger, %v; %d were safe", last, err, safe)
	}
	inOrder(t, s, int(last))
	nothingIn(t, dir)
}

// killedWhileAway runs a writing process, stops the database under it and kills it when it has
// put events aside. It tells how many of its events were in the ledger or in the spool.
func killedWhileAway(t *testing.T, server *testbed.Postgres, place Place, dir string) (safe int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), crashVariable+"="+place.URL, crashPassword+"="+place.Password, crashSpool+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, stopped := bufio.NewScanner(out), false
	for lines.Scan() {
		var stored, spooled int
		if _, err := fmt.Sscan(lines.Text(), &stored, &spooled); err != nil {
			t.Fatalf("the writing process says %q", lines.Text())
		}
		safe = stored + spooled
		if stored > 100 && !stopped {
			stopped = true
			if err := server.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
		}
		if spooled > 500 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the writing process ended by itself")
	}
	return safe
}

// ownDatabase is a PostgreSQL that the test may stop, with an empty database.
func ownDatabase(t *testing.T) (*testbed.Postgres, Place) {
	t.Helper()
	server := testbed.RunPostgres(t, testbed.PostgresOptions{})
	url, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return server, Place{URL: url, Password: server.Password}
}

// eventually waits until something is so.
func eventually(t *testing.T, is func() bool) {
	t.Helper()
	limit, tick := time.NewTimer(time.Minute), time.NewTicker(10*time.Millisecond)
	defer limit.Stop()
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatal("it is not so after a minute")
		}
	}
}

// inOrder compares the ledger with the events 1 to n.
func inOrder(t *testing.T, s *Store, n int) {
	t.Helper()
	events, err := s.After(t.Context(), 0, 1_000_000)
	if err != nil || len(events) != n {
		t.Fatalf("%d events, %v; want %d", len(events), err, n)
	}
	for i, e := range events {
		if e.Seq != uint64(i+1) || string(e.Call) != strconv.Itoa(i+1) {
			t.Fatalf("event %d is number %d of call %s", i+1, e.Seq, e.Call)
		}
	}
}
