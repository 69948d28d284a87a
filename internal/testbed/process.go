package testbed

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// ErrExited says that a program ended although nobody asked it to.
var ErrExited = errors.New("exited")

// Process is a running program that cannot outlive us. Its methods may be called
// from several goroutines.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed once the program is gone and reaped
	err  error         // how it ended; read only after done
}

// Start runs cmd in a process group of its own, as the user that cmd names. The kernel kills it when we
// die, also by SIGKILL. That promise is bound to the thread that started the
// program, so one goroutine keeps its thread until the program has ended.
func Start(cmd *exec.Cmd) (*Process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid, cmd.SysProcAttr.Pdeathsig = true, syscall.SIGKILL
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		<-p.done
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Running reports whether the program has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Wait gives back how the program ended, as (*exec.Cmd).Wait does: nil for exit
// code 0. The error is that of ctx when it ends first.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return fmt.Errorf("%s still runs: %w", p.cmd.Path, context.Cause(ctx))
	}
}

// Signal sends sig; a program that is gone already is no error.
func (p *Process) Signal(sig syscall.Signal) error {
	if !p.Running() {
		return nil
	}
	if err := syscall.Kill(p.PID(), sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal %d to %d: %w", sig, p.PID(), err)
	}
	return nil
}

// Stop asks the program to end and waits; after grace it is killed with its
// whole group. It returns once the program is reaped.
func (p *Process) Stop(grace time.Duration) error {
	err := p.Signal(syscall.SIGTERM)
	// A stopped process would not see the request.
	err = errors.Join(err, p.Signal(syscall.SIGCONT))
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return err
	case <-timer.C:
		return errors.Join(err, p.Kill())
	}
}

// Kill ends the program's group at once and waits until it is reaped.
func (p *Process) Kill() error {
	var err error
	if p.Running() {
		err = syscall.Kill(-p.PID(), syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			err = nil
		}
	}
	<-p.done
	return err
}

// readyPoll is how often a starting program is asked whether it is ready.
const readyPoll = 20 * time.Millisecond

// waitReady asks until the program answers. It ends early when the program
// does or when ask says errPortTaken, and gives back the last answer when ctx
// ends first.
func (p *Process) waitReady(ctx context.Context, ask func(context.Context) error) error {
	ticker := time.NewTicker(readyPoll)
	defer ticker.Stop()
	var last error
	for {
		if last = ask(ctx); last == nil || errors.Is(last, errPortTaken) {
			return last
		}
		select {
		case <-p.done:
			return fmt.Errorf("%w: %w", ErrExited, p.err)
		case <-ctx.Done():
			return fmt.Errorf("not ready in time: %w", errors.Join(context.Cause(ctx), last))
		case <-ticker.C:
		}
	}
}
