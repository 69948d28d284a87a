package sqlstore

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"hotline/call"
)

// crashVariable names the ledger, a file or an address, that the test binary, started as a
// second process, writes until it is killed. The others are its password and its spool.
const (
	crashVariable = "HOTLINE_TEST_CRASH_LEDGER"
	crashPassword = "HOTLINE_TEST_CRASH_PASSWORD"
	crashSpool    = "HOTLINE_TEST_CRASH_SPOOL"
)

func crashing() bool { return os.Getenv(crashVariable) != "" }

// crash records events for ever. Without a spool it prints the number of each batch that
// Committed tells, one a line; with one, how many events are stored and how many spooled.
func crash() {
	ctx := context.Background()
	if os.Getenv(crashSpool) != "" {
		if err := crashSpooling(ctx); err != nil {
			fmt.Println(err)
		}
		os.Exit(1)
	}
	s, err := Open(ctx, os.Getenv(crashVariable))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	w, err := NewWriter(s, WriterOptions{
		MaxDelay: time.Millisecond, Committed: func(last uint64) { fmt.Println(last) },
	})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go func() { _ = w.Run(ctx) }()
	for i := 1; ; i++ {
		w.Record(numbered(i))
		if i%64 == 0 {
			_ = w.Flush(ctx)
		}
	}
}

// crashSpooling writes events at some pace and tells after each what is safe.
func crashSpooling(ctx context.Context) error {
	s, err := OpenAt(ctx, Place{URL: os.Getenv(crashVariable), Password: os.Getenv(crashPassword)})
	if err != nil {
		return err
	}
	w, err := NewWriter(s, WriterOptions{MaxDelay: time.Millisecond, MaxBatch: 16, Spool: os.Getenv(crashSpool)})
	if err != nil {
		return err
	}
	go func() { _ = w.Run(ctx) }()
	tick := time.NewTicker(time.Millisecond)
	for i := 1; ; i++ {
		w.Record(numbered(i))
		<-tick.C
		s := w.Stats()
		fmt.Println(s.Stored, s.Spooled)
	}
}

// numbered is the i-th event of a long row.
func numbered(i int) call.Event {
	return call.Event{Kind: call.Arrived, At: time.UnixMilli(int64(i)), Call: call.ID(strconv.Itoa(i))}
}

// TestKilledInTheMiddle kills a process that writes, several times, and looks at what it
// left: every event that was told to be committed, in order, without gaps.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		path := filepath.Join(t.TempDir(), "ledger.db")
		told := killed(t, self, path, 5+round*7)
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		events, err := s.After(t.Context(), 0, 1_000_000)
		if err != nil {
			t.Fatal(err)
		}
		if uint64(len(events)) < told {
			t.Errorf("%d events were committed, %d are left", told, len(events))
		}
		for i, e := range events {
			if want := numbered(i + 1); e.Seq != uint64(i+1) || e.Call != want.Call {
				t.Fatalf("event %d is number %d of call %s", i+1, e.Seq, e.Call)
			}
		}
		if _, err := s.Append(t.Context(), []call.Event{numbered(1)}); err != nil {
			t.Errorf("the ledger cannot be written after the crash: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// killed runs the writing process until it has told of so many batches, kills it with
// SIGKILL and returns the last number it told.
func killed(t *testing.T, self, path string, batches int) uint64 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), crashVariable+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var last uint64
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if last, err = strconv.ParseUint(lines.Text(), 10, 64); err != nil {
			t.Fatalf("the writing process says %q", lines.Text())
		}
		if n == batches {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the writing process ended by itself")
	}
	return last
}
