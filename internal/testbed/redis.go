package testbed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Limits of starting and stopping Redis.
const (
	redisReady = 15 * time.Second
	redisGrace = 3 * time.Second
)

// RedisOptions say how to run a Redis. The zero value is right for most tests.
type RedisOptions struct {
	// AppendOnly keeps the data over Restart and Kill (appendfsync always).
	AppendOnly bool
	// Port is a fixed port; 0 means any free one.
	Port int
	// Args are further arguments of redis-server, also after a Restart.
	Args []string
	// Stage is told what is done; may be nil.
	Stage Stage
}

// Redis is a running Redis on loopback. Methods are safe for concurrent use.
type Redis struct {
	// Addr is host:port; it stays the same over Restart.
	Addr string
	// LogFile holds what Redis logs.
	LogFile string

	root     *Root
	dir      *RunDir
	options  RedisOptions
	sentinel bool

	mu   sync.Mutex // guards proc
	proc *Process
}

// StartRedis finds or installs Redis and runs it on loopback until Stop, Kill,
// or the end of this process, however it ends. It returns when it answers.
func StartRedis(ctx context.Context, options RedisOptions) (*Redis, error) {
	root, err := FindRedis(ctx, options.Stage)
	if err != nil {
		return nil, err
	}
	var r *Redis
	err = onFreePorts(func() (err error) {
		r, err = launchRedis(ctx, root, options)
		return err
	})
	return r, err
}

func launchRedis(ctx context.Context, root *Root, options RedisOptions) (*Redis, error) {
	dir, err := NewRunDir()
	if err != nil {
		return nil, err
	}
	return startIn(ctx, &Redis{root: root, dir: dir, options: options, LogFile: filepath.Join(dir.Path, "redis.log")})
}

// startIn starts what stands in the folder of r.
func startIn(ctx context.Context, r *Redis) (*Redis, error) {
	var err error
	options, dir, port := r.options, r.dir, r.options.Port
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if port == 0 {
		if port, err = freeTCP(loopback); err != nil {
			return nil, errors.Join(err, dir.Remove())
		}
	}
	r.Addr = netip.AddrPortFrom(loopback, uint16(port)).String()
	if err := options.Stage.run("start Redis", func() error { return r.start(ctx) }); err != nil {
		return nil, errors.Join(fmt.Errorf("start Redis: %w", err), r.Stop())
	}
	return r, nil
}

func (r *Redis) start(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, port, err := net.SplitHostPort(r.Addr)
	if err != nil {
		return err
	}
	args := []string{
		"--bind", "127.0.0.1", "--port", port, "--dir", r.dir.Path, "--logfile", r.LogFile, "--daemonize", "no",
	}
	switch {
	case r.sentinel: // it rewrites its own file, which is named first
		args = append([]string{filepath.Join(r.dir.Path, sentinelFile), "--sentinel"}, args...)
	case r.options.AppendOnly:
		args = append(args, "--save", "", "--appendonly", "yes", "--appendfsync", "always")
	default:
		args = append(args, "--save", "", "--appendonly", "no")
	}
	args = append(args, r.options.Args...)
	cmd, err := r.root.Command(context.WithoutCancel(ctx), "redis-server", args...)
	if err != nil {
		return err
	}
	cmd.Dir = r.dir.Path
	if r.proc, err = Start(cmd); err != nil {
		return err
	}
	ready, cancel := context.WithTimeout(ctx, redisReady)
	defer cancel()
	if err := r.proc.waitReady(ready, r.ask); err != nil {
		return errors.Join(err, r.proc.Kill(), portConflict(r.LogFile))
	}
	return nil
}

// Ping asks Redis for its process id. nil means that it answers, has loaded its
// data, and is our own program, not another one on the same port.
func (r *Redis) Ping(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ask(ctx)
}

func (r *Redis) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.Addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if _, err := conn.Write([]byte("PING\r\nINFO server\r\nQUIT\r\n")); err != nil {
		return err
	}
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "-") {
			return fmt.Errorf("redis answers %s", line)
		}
		if pid, ok := strings.CutPrefix(line, "process_id:"); ok {
			if pid != strconv.Itoa(r.proc.PID()) {
				return fmt.Errorf("%w: another Redis answers on %s", errPortTaken, r.Addr)
			}
			return nil
		}
	}
	return errors.Join(errors.New("redis closed the connection"), lines.Err())
}

// Restart stops Redis, if it still runs, and starts it again on the same port.
// Data survive only with AppendOnly.
func (r *Redis) Restart(ctx context.Context) error {
	if err := r.halt(); err != nil {
		return err
	}
	if err := r.start(ctx); err != nil {
		return fmt.Errorf("restart Redis: %w", err)
	}
	return nil
}

// Stop ends Redis and removes its folder. A second Stop does nothing.
func (r *Redis) Stop() error {
	return errors.Join(r.halt(), r.dir.Remove())
}

func (r *Redis) halt() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.proc == nil {
		return nil
	}
	return r.proc.Stop(redisGrace)
}

// Kill ends Redis as a crash would (SIGKILL) and waits until it is gone. Its
// folder stays, and Restart works.
func (r *Redis) Kill() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.proc.Kill()
}

// Signal sends a signal such as SIGSTOP or SIGCONT.
func (r *Redis) Signal(sig syscall.Signal) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.proc.Signal(sig)
}

// PID is the process id.
func (r *Redis) PID() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.proc.PID()
}
