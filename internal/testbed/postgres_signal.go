package testbed

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Halt ends PostgreSQL in order, its connections with it. Its data stay, and Restart works.
func (p *Postgres) Halt() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.proc == nil || !p.proc.Running() {
		return nil
	}
	// A stopped one cannot end; without the interrupt it would wait for its connections.
	err := errors.Join(p.signal(syscall.SIGCONT), p.proc.Signal(syscall.SIGINT))
	return errors.Join(err, p.proc.Stop(postgresGrace))
}

// Kill ends PostgreSQL as a crash would (SIGKILL), its connections with it, and waits until
// all of it is gone. Its data stay, and Restart works.
func (p *Postgres) Kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Stopped, it cannot start another process in place of one that was killed.
	err := p.proc.Signal(syscall.SIGSTOP)
	children := p.children()
	for _, pid := range children {
		err = errors.Join(err, send(pid, syscall.SIGKILL))
	}
	err = errors.Join(err, p.proc.Kill())
	// The kernel takes a moment to clear them away, and a restart before that is refused.
	ticker := time.NewTicker(readyPoll)
	defer ticker.Stop()
	for slices.ContainsFunc(children, lives) {
		<-ticker.C
	}
	return err
}

// Signal sends a signal such as SIGSTOP or SIGCONT to all of PostgreSQL's processes.
func (p *Postgres) Signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signal(sig)
}

func (p *Postgres) signal(sig syscall.Signal) error {
	// The first of them goes first when they stop and last when they go on, so that none is
	// started between the two.
	pids := append([]int{p.proc.PID()}, p.children()...)
	if sig == syscall.SIGCONT {
		pids = append(pids[1:], pids[0])
	}
	var errs []error
	for _, pid := range pids {
		errs = append(errs, send(pid, sig))
	}
	return errors.Join(errs...)
}

// PID is the process id of the server's first process.
func (p *Postgres) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.proc.PID()
}

// children are the processes that serve connections and do the housekeeping. Each leads a
// group of its own, so that a signal to the server's group does not reach them.
func (p *Postgres) children() []int {
	var pids []int
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	for _, path := range stats {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if fields := statOf(pid); err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(p.proc.PID()) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// statOf are the fields of /proc/PID/stat behind the name: the state, the parent and so on;
// none when there is no such process.
func statOf(pid int) []string {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil
	}
	end := strings.LastIndex(string(text), ")")
	return strings.Fields(string(text)[end+1:])
}

// lives tells whether a process is there and is more than an entry that nobody has reaped.
func lives(pid int) bool {
	fields := statOf(pid)
	return len(fields) > 0 && fields[0] != "Z" && fields[0] != "X"
}

// send sends a signal; a process that is gone already is no error.
func send(pid int, sig syscall.Signal) error {
	if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
