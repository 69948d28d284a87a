package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotline/call"
	"hotline/internal/live"
	"hotline/internal/testbed"
	"hotline/web"
)

// program builds the real hotline.
func program(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hotline")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", file, "hotline/cmd/hotline")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return file
}

// result is how a command ended and what it wrote.
type result struct {
	out, errOut string
	code        int
}

// finish runs a command to its end.
func finish(t *testing.T, program string, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v: %v", args, err)
	}
	return result{out: out.String(), errOut: errOut.String(), code: cmd.ProcessState.ExitCode()}
}

// eventually asks again and again until the condition holds or the limit is over.
func eventually(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	tick, over := time.NewTicker(20*time.Millisecond), time.NewTimer(limit)
	defer tick.Stop()
	defer over.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-over.C:
			t.Fatalf("waited %v in vain until %s", limit, what)
		}
	}
}

// demoRun is a `hotline demo --json` of its own, with a folder of its own for all it writes.
type demoRun struct {
	t      *testing.T
	proc   *testbed.Process
	tmp    string // its TMPDIR
	stderr string
	pids   []int // Asterisk and Redis
	access printed
	api    *live.Client
}

// printed is what the demo tells about itself.
type printed struct {
	Trunk      string `json:"trunk"`
	Line       string `json:"line"`
	Registrar  string `json:"registrar"`
	API        string `json:"api"`
	Token      string `json:"token"`
	User       string `json:"user"`
	Once       string `json:"once"`
	Recordings string `json:"recordings"`
	Ledger     string `json:"ledger"`
	Agents     []struct {
		User      string `json:"user"`
		Password  string `json:"password"`
		Extension string `json:"extension"`
		Simulated bool   `json:"simulated"`
	} `json:"agents"`
}

// temporary is a folder with a short path, because sockets lie in it.
func temporary(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// startDemo runs a demo and waits until it has told how to use it.
func startDemo(t *testing.T, program, tmp string, args ...string) *demoRun {
	t.Helper()
	d := &demoRun{t: t, tmp: tmp, stderr: filepath.Join(t.TempDir(), "stderr")}
	stdout := filepath.Join(t.TempDir(), "stdout")
	cmd := exec.Command(program, append([]string{"demo", "--json"}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	out, err := os.Create(stdout)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	log, err := os.Create(d.stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = out, log
	if d.proc, err = testbed.Start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.proc.Stop(30 * time.Second); err != nil {
			t.Errorf("stop the demo: %v", err)
		}
		if t.Failed() {
			t.Logf("the demo said:\n%s", d.said())
		}
	})
	eventually(t, 5*time.Minute, "the demo tells how to use it", func() bool {
		if !d.proc.Running() {
			t.Fatalf("the demo ended:\n%s", d.said())
		}
		text, err := os.ReadFile(stdout)
		return err == nil && json.Unmarshal(text, &d.access) == nil
	})
	d.api = live.NewClient(d.access.API, d.access.Token)
	t.Cleanup(d.api.Close)
	d.pids = childrenOf(t, d.proc.PID())
	if len(d.pids) != 2 {
		t.Errorf("the demo has %d processes, want Asterisk and Redis", len(d.pids))
	}
	return d
}

// said is what the demo wrote to standard error.
func (d *demoRun) said() string {
	text, err := os.ReadFile(d.stderr)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (d *demoRun) live() web.Live {
	d.t.Helper()
	l, err := d.api.Live(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return l
}

func (d *demoRun) state(agent string) call.AgentState {
	d.t.Helper()
	for _, a := range d.live().Agents {
		if string(a.ID) == agent {
			return a.State
		}
	}
	d.t.Fatalf("agent %s is unknown", agent)
	return ""
}

// end sends a signal and expects the demo to leave in order and to leave nothing.
func (d *demoRun) end(sig syscall.Signal) {
	d.t.Helper()
	if err := d.proc.Signal(sig); err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(d.t.Context(), 40*time.Second)
	defer cancel()
	if err := d.proc.Wait(ctx); err != nil {
		d.t.Errorf("signal %v: the demo ended with %v, want exit code 0:\n%s", sig, err, d.said())
	}
	d.gone()
	if left := runFolders(d.t, d.tmp); len(left) > 0 {
		d.t.Errorf("signal %v: the demo left %v", sig, left)
	}
}

// gone expects the processes of the demo to have ended.
func (d *demoRun) gone() {
	d.t.Helper()
	eventually(d.t, 10*time.Second, "Asterisk and Redis are gone", func() bool {
		return !slices.ContainsFunc(d.pids, alive)
	})
}

// runFolders lists what demos have left in their TMPDIR.
func runFolders(t *testing.T, tmp string) []string {
	t.Helper()
	left := []string{}
	entries, err := os.ReadDir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		inside, err := os.ReadDir(filepath.Join(tmp, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range inside {
			if f.Name() != "lock" {
				left = append(left, filepath.Join(e.Name(), f.Name()))
			}
		}
	}
	return left
}

// stat gives the state and the parent of a process; ok is false when there is none.
func stat(pid int) (state string, parent int, ok bool) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", 0, false
	}
	// The name before it may hold anything, but no second ") ".
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return "", 0, false
	}
	parent, err = strconv.Atoi(fields[1])
	return fields[0], parent, err == nil
}

// alive reports whether a process runs; one that waits to be reaped does not.
func alive(pid int) bool {
	state, _, ok := stat(pid)
	return ok && state != "Z" && state != "X"
}

// childrenOf lists the living children of a process.
func childrenOf(t *testing.T, pid int) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var children []int
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if _, parent, ok := stat(child); ok && parent == pid && alive(child) {
			children = append(children, child)
		}
	}
	return children
}
