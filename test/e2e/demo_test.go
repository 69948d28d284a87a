package e2e

import (
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotline/call"
	"hotline/recorder"
)

// recordingsIn lists the finished recordings below a folder.
func recordingsIn(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.HasSuffix(path, ".wav") {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The demo as `make demo` runs it: callers come, agents answer, calls are recorded, and an
// account is free for a real phone. Ctrl-C in the middle of calls removes everything.
func TestDemoShowsCalls(t *testing.T) {
	d := startDemo(t, program(t), temporary(t), "--agents", "3", "--every", "700ms")
	free := 0
	for i, a := range d.access.Agents {
		if !a.Simulated {
			free++
			if s := d.state(a.User); s != call.Offline {
				t.Errorf("%s is %s, want a free account", a.User, s)
			}
		}
		if a.User == "" || a.Password == "" || a.Extension == "" {
			t.Errorf("agent %d has no name, password or extension", i)
		}
	}
	if len(d.access.Agents) != 4 || free != 1 {
		t.Errorf("%d accounts, %d of them free, want 4 and 1", len(d.access.Agents), free)
	}
	eventually(t, 2*time.Minute, "calls are queued, answered and recorded", func() bool {
		l := d.live()
		return l.Queues[0].Answered >= 3 && l.Queues[0].Waiting > 0 && len(recordingsIn(t, d.access.Recordings)) >= 3
	})
	if l := d.live(); !l.Health.OK {
		t.Errorf("not healthy: %+v", l.Health)
	}
	for _, path := range recordingsIn(t, d.access.Recordings) {
		if found, err := recorder.Verify(path); err != nil || found.Length == 0 || len(found.Channels) != 2 {
			t.Errorf("%s: %v, %+v", path, err, found)
		}
	}
	d.end(syscall.SIGINT)
}

// A demo that is killed takes Asterisk and Redis with it, and the next one removes its
// folders. That one, without a single phone, ends in order when its terminal is closed.
func TestDemoKilledLeavesNothing(t *testing.T) {
	hotline, tmp := program(t), temporary(t)
	killed := startDemo(t, hotline, tmp, "--no-phones", "--agents", "1")
	if err := killed.proc.Kill(); err != nil {
		t.Fatal(err)
	}
	killed.gone()
	if left := runFolders(t, tmp); len(left) != 3 {
		t.Errorf("the killed demo left %v, expected the folders of Asterisk, Redis and the hotline", left)
	}
	// A test run by nohup ignores the hang-up, and a demo would take that over from it.
	hangUps := make(chan os.Signal, 1)
	signal.Notify(hangUps, syscall.SIGHUP)
	defer signal.Stop(hangUps)
	next := startDemo(t, hotline, tmp, "--no-phones", "--agents", "0")
	if left := runFolders(t, tmp); len(left) != 3 {
		t.Errorf("beside the running demo there are %v, want only its own three folders", left)
	}
	for _, path := range []string{killed.access.Recordings, killed.access.Ledger} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s of the killed demo is still there", path)
		}
	}
	if l := next.live(); len(next.access.Agents) != 0 || len(l.Agents) != 0 || len(l.Queues) != 1 {
		t.Errorf("a demo without agents has %+v and shows %+v", next.access.Agents, l)
	}
	next.end(syscall.SIGHUP)
}

// What cannot be is refused before anything is started.
func TestDemoRefusesBadFlags(t *testing.T) {
	hotline := program(t)
	tmp := temporary(t)
	t.Setenv("TMPDIR", tmp)
	for args, want := range map[string]string{
		"--agents=-1":   "--agents -1: must be 0 to 500",
		"--agents many": "--agents: expected",
		"--every 1ms":   "--every 1ms: must be 100ms to 1h",
		"--lang fr":     "--lang: must be one of zh-CN, en",
		"--colour":      "unknown flag --colour",
		"--no-phones 3": "unexpected argument 3",
	} {
		r := finish(t, hotline, append([]string{"demo"}, strings.Fields(args)...)...)
		if r.code != 2 || r.out != "" || !strings.Contains(r.errOut, want) {
			t.Errorf("%s: exit code %d, %s%s", args, r.code, r.out, r.errOut)
		}
	}
	if left := runFolders(t, tmp); len(left) > 0 {
		t.Errorf("refused demos left %v", left)
	}
}
