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

// process is a running program that cannot outlive us.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed once the program is gone and reaped
	err  error         // how it ended; read only after done
}

// start runs cmd in a process group of its own. The kernel kills it when we
// die, also by SIGKILL. That promise is bound to the thread that started the
// program, so one goroutine keeps its thread until the program has ended.
func start(cmd *exec.Cmd) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &process{cmd: cmd, done: make(chan struct{})}
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

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// signal sends sig; a program that is gone already is no error.
func (p *process) signal(sig syscall.Signal) error {
	if !p.running() {
		return nil
	}
	if err := syscall.Kill(p.pid(), sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal %d to %d: %w", sig, p.pid(), err)
	}
	return nil
}

// stop asks the program to end and waits; after grace it is killed with its
// whole group. It returns once the program is reaped.
func (p *process) stop(grace time.Duration) error {
	err := p.signal(syscall.SIGTERM)
	// A stopped process would not see the request.
	err = errors.Join(err, p.signal(syscall.SIGCONT))
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return err
	case <-timer.C:
		return errors.Join(err, p.kill())
	}
}

// kill ends the program's group at once and waits until it is reaped.
func (p *process) kill() error {
	var err error
	if p.running() {
		err = syscall.Kill(-p.pid(), syscall.SIGKILL)
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
func (p *process) waitReady(ctx context.Context, ask func(context.Context) error) error {
	ticker := time.NewTicker(readyPoll)
	defer ticker.Stop()
	var last error
	for {
		if last = ask(ctx); last == nil || errors.Is(last, errPortTaken) {
			return last
		}
		select {
		case <-p.done:
			return fmt.Errorf("%w: %v", ErrExited, p.err)
		case <-ctx.Done():
			return fmt.Errorf("not ready in time: %w", errors.Join(context.Cause(ctx), last))
		case <-ticker.C:
		}
	}
}
