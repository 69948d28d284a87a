package testbed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Both servers start, Asterisk has nothing to complain about, ARI is open to
// its user on loopback alone, and Stop leaves neither process nor folder.
func TestStartAndStopLeaveNothing(t *testing.T) {
	a, err := StartAsterisk(t.Context(), Options{Agents: Agents(2), Stage: logStage(t)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := StartRedis(t.Context(), RedisOptions{Stage: logStage(t)})
	if err != nil {
		t.Fatal(errors.Join(err, a.Stop()))
	}
	if err := r.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(a.LogTail(1000)) {
		if strings.Contains(line, "WARNING[") || strings.Contains(line, "ERROR[") {
			t.Errorf("Asterisk complains: %s", line)
		}
	}
	wrong := Asterisk{ARIURL: a.ARIURL, ARIUser: a.ARIUser, ARIPassword: "not-the-password"}
	if err := wrong.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("a wrong password gives %v, want 401", err)
	}
	wantLoopbackOnly(t, a.ARIURL)

	dirs := []string{a.dir.Path, r.dir.Path}
	pids := []int{a.PID(), r.PID()}
	if err := errors.Join(a.Stop(), r.Stop()); err != nil {
		t.Error(err)
	}
	if err := errors.Join(a.Stop(), r.Stop()); err != nil {
		t.Errorf("second Stop: %v", err)
	}
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("process %d is still there", pid)
		}
	}
	for _, dir := range dirs {
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there", dir)
		}
	}
}

// wantLoopbackOnly tries ARI's port on the machine's other addresses.
func wantLoopbackOnly(t *testing.T, ariURL string) {
	t.Helper()
	parsed, err := url.Parse(ariURL)
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		network, ok := address.(*net.IPNet)
		if !ok || network.IP.IsLoopback() || network.IP.To4() == nil {
			continue
		}
		other := net.JoinHostPort(network.IP.String(), parsed.Port())
		if conn, err := net.DialTimeout("tcp", other, time.Second); err == nil {
			t.Errorf("ARI can be reached at %s", other)
			_ = conn.Close()
		}
	}
}

// A server that was killed, or simply restarted, comes back under the same
// address with the same passwords.
func TestRestartKeepsPorts(t *testing.T) {
	a := RunAsterisk(t, Options{})
	r := RunRedis(t, RedisOptions{AppendOnly: true})
	redisSay(t, r, "SET kept yes", "+OK")
	pid, url := a.PID(), a.ARIURL
	if err := errors.Join(a.Kill(), r.Kill()); err != nil {
		t.Fatal(err)
	}
	if err := a.Ping(t.Context()); err == nil {
		t.Error("ARI answers after Kill")
	}
	if err := errors.Join(a.Restart(t.Context()), r.Restart(t.Context())); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(a.Ping(t.Context()), r.Ping(t.Context())); err != nil {
		t.Error(err)
	}
	if a.ARIURL != url || a.PID() == pid {
		t.Errorf("ARI at %s as process %d, was %s as %d", a.ARIURL, a.PID(), url, pid)
	}
	redisSay(t, r, "GET kept", "$3")
	if err := errors.Join(a.Restart(t.Context()), a.Ping(t.Context())); err != nil {
		t.Errorf("restart of a running one: %v", err)
	}
}

// redisSay sends one command and wants the first line of the answer.
func redisSay(t *testing.T, r *Redis, command, want string) {
	t.Helper()
	conn, err := net.Dial("tcp", r.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	var answer string
	if _, err := fmt.Fprintf(conn, "%s\r\n", command); err == nil {
		_, err = fmt.Fscanln(conn, &answer)
		if err != nil {
			t.Fatal(err)
		}
	}
	if answer != want {
		t.Errorf("%s: %q, want %q", command, answer, want)
	}
}

// A stopped program (SIGSTOP) does not answer; Stop still ends it.
func TestSignalAndStop(t *testing.T) {
	a := RunAsterisk(t, Options{})
	if err := a.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := a.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stopped Asterisk: %v, want a timeout", err)
	}
	if err := a.Stop(); err != nil {
		t.Error(err)
	}
}

// When the program that started the servers is killed, they die with it, and
// the next run sweeps their folders away.
func TestKilledParentLeavesNothing(t *testing.T) {
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), childEnv+"=1")
	parent.Stderr = os.Stderr
	stdin, err := parent.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	stdout, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var report childReport
	decodeErr := json.NewDecoder(stdout).Decode(&report)
	if err := parent.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = parent.Wait() // says that it was killed
	if decodeErr != nil || len(report.PIDs) < 3 {
		t.Fatalf("the child reports %+v, %v", report, decodeErr)
	}
	until(t, "the servers are gone", func() bool { return !slices.ContainsFunc(report.PIDs, alive) })
	for _, sweeping := range []func() (*RunDir, error){NewRunDir, newPassableRunDir} {
		next, err := sweeping()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = next.Remove() }()
	}
	for _, dir := range report.Dirs {
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there", dir)
		}
	}
}

// alive reports whether a process runs; one that is dead but not yet reaped by
// its new parent does not.
func alive(pid int) bool {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(text), ") ")
	return !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// A folder whose owner lives is never swept.
func TestSweepSparesTheLiving(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	first, err := NewRunDir()
	if err != nil {
		t.Fatal(err)
	}
	second, err := NewRunDir()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(first.Path); err != nil {
		t.Errorf("a living owner's folder was swept: %v", err)
	}
	if err := first.lock.Close(); err != nil { // as the kernel does when its owner dies
		t.Fatal(err)
	}
	third, err := NewRunDir()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(first.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a dead owner's folder is still there: %v", err)
	}
	if err := errors.Join(second.Remove(), third.Remove()); err != nil {
		t.Error(err)
	}
}

// A folder that others can enter is refused, whoever made it.
func TestRunDirMustBePrivate(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	shared := filepath.Join(os.TempDir(), fmt.Sprintf("hotline-%d", os.Getuid()))
	if err := os.Mkdir(shared, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(shared, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := NewRunDir(); err == nil || !strings.Contains(err.Error(), "this user alone") {
		t.Errorf("got %v, want a refusal", err)
	}
}

// Two starts at the same fixed port: the second fails and says why.
func TestTakenPortIsSaid(t *testing.T) {
	a := RunAsterisk(t, Options{})
	_, port, err := net.SplitHostPort(strings.TrimPrefix(strings.TrimSuffix(a.ARIURL, "/ari"), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	second, err := StartAsterisk(ctx, Options{HTTPPort: number})
	if err == nil {
		t.Fatal(errors.Join(errors.New("the second start succeeded"), second.Stop()))
	}
	if !errors.Is(err, errPortTaken) {
		t.Errorf("got %v, want %v", err, errPortTaken)
	}
}

// ASTERISK_URL names one that runs elsewhere, which is used and never stopped.
func TestExternal(t *testing.T) {
	running := RunAsterisk(t, Options{})
	parsed, err := url.Parse(running.ARIURL)
	if err != nil {
		t.Fatal(err)
	}
	parsed.User = url.UserPassword(running.ARIUser, running.ARIPassword)
	t.Setenv("ASTERISK_URL", parsed.String())
	t.Setenv("ASTERISK_TRUNK_ADDR", running.TrunkAddr)
	a, err := StartAsterisk(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if a.ARIURL != running.ARIURL || a.TrunkAddr != running.TrunkAddr {
		t.Errorf("got %s %s", a.ARIURL, a.TrunkAddr)
	}
	if err := errors.Join(a.Ping(t.Context()), a.Stop(), running.Ping(t.Context())); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"Kill": a.Kill(), "Restart": a.Restart(t.Context()), "Signal": a.Signal(syscall.SIGSTOP),
	} {
		if !errors.Is(err, ErrExternal) {
			t.Errorf("%s: %v, want %v", name, err, ErrExternal)
		}
	}
	if _, err := External("http://localhost:8088/ari"); err == nil {
		t.Error("a URL without user is taken")
	}
	http.DefaultClient.CloseIdleConnections()
}
