package testbed

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"hotline/configs/asterisk"
)

// Limits of starting and stopping Asterisk.
const (
	asteriskReady = 30 * time.Second
	asteriskGrace = 5 * time.Second
)

// ErrExternal says that an Asterisk runs elsewhere and is not ours to stop.
var ErrExternal = errors.New("this Asterisk runs elsewhere (ASTERISK_URL)")

// Options say how to run an Asterisk. The zero value is right for most tests.
type Options struct {
	// Agents may register; see [Agents].
	Agents []asterisk.Agent
	// App is the Stasis application; empty means [asterisk.DefaultApp].
	App string
	// RecordingDir takes the recordings; empty means a folder that is removed at Stop.
	RecordingDir string
	// SoundsDir is where "sound:" names resolve; empty means no sounds.
	SoundsDir string
	// MOHDir holds music; empty means a made tune.
	MOHDir string
	// ApologySound and Patience as in [asterisk.Params].
	ApologySound string
	Patience     int
	// Bind is the address of SIP and media; the zero value means 127.0.0.1.
	Bind netip.Addr
	// TrunkSources and AgentSources are who may call and register; empty means
	// this machine (127.0.0.0/8).
	TrunkSources, AgentSources []netip.Prefix
	// TrunkPeer as in [asterisk.Params]; the zero value means a free port of Bind.
	TrunkPeer netip.AddrPort
	// TrunkPort, AgentPort and HTTPPort are fixed ports; 0 means any free one.
	TrunkPort, AgentPort, HTTPPort int
	// BaselineNumber as in [asterisk.Params].
	BaselineNumber string
	// Prepare may change the parameters when all addresses are known and nothing is
	// written yet; nil = they stay. It is not called for an external Asterisk.
	Prepare func(*Asterisk, *asterisk.Params)
	// Stage is told what is done; may be nil.
	Stage Stage
}

// Asterisk is a running Asterisk with its addresses and its only ARI user. The
// fields stay the same over Restart. Methods are safe for concurrent use.
type Asterisk struct {
	// ARIURL is the root of ARI, as in http://127.0.0.1:8088/ari.
	ARIURL               string
	ARIUser, ARIPassword string
	// App is the Stasis application that the dialplan names.
	App string
	// TrunkAddr takes calls from callers (INVITE sip:number@TrunkAddr, UDP);
	// AgentAddr takes the registrations of agents (UDP).
	TrunkAddr, AgentAddr string
	// TrunkPeer is where Asterisk calls numbers outside (PJSIP/number@trunk, UDP); empty
	// for an external one. Who simulates the far side of the trunk listens there.
	TrunkPeer string
	// Agents are the accounts that may register.
	Agents []asterisk.Agent
	// RecordingDir is the root of the recordings; see [asterisk.Params].
	RecordingDir string
	// LogFile holds what Asterisk complains about.
	LogFile string
	// Version of the program; zero for an external one.
	Version Version

	install *Install
	dir     *RunDir
	console *os.File

	mu   sync.Mutex // guards proc
	proc *Process
}

// Agents makes n agents for tests and demo: a1001 with extension 1001 and so
// on, each with a random password.
func Agents(n int) []asterisk.Agent {
	agents := make([]asterisk.Agent, n)
	for i := range agents {
		extension := strconv.Itoa(1001 + i)
		agents[i] = asterisk.Agent{Name: "a" + extension, Extension: extension, Password: secret(8)}
	}
	return agents
}

// StartAsterisk finds or installs an Asterisk and runs it on loopback until
// Stop, Kill, or the end of this process, however it ends. It returns when ARI
// answers. With ASTERISK_URL set it gives [External] instead.
func StartAsterisk(ctx context.Context, options Options) (*Asterisk, error) {
	if url := os.Getenv("ASTERISK_URL"); url != "" {
		return External(url)
	}
	found, err := FindAsterisk(ctx, options.Stage)
	if err != nil {
		return nil, err
	}
	var a *Asterisk
	err = onFreePorts(func() (err error) {
		a, err = launch(ctx, found, options)
		return err
	})
	return a, err
}

// launch makes a run folder with configuration and starts Asterisk in it once.
func launch(ctx context.Context, found *Install, options Options) (*Asterisk, error) {
	dir, err := NewRunDir()
	if err != nil {
		return nil, err
	}
	a := &Asterisk{install: found, dir: dir, Version: found.Version, Agents: options.Agents}
	if err := a.prepare(options); err != nil {
		return nil, errors.Join(err, a.Stop())
	}
	title := fmt.Sprintf("start Asterisk %s", found.Version)
	if err := options.Stage.run(title, func() error { return a.start(ctx) }); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w%s", title, err, a.logTail()), a.Stop())
	}
	return a, nil
}

// prepare makes folders, links and configuration.
func (a *Asterisk) prepare(options Options) error {
	for _, name := range []string{
		"etc", "state/lib", "state/cache", "state/spool", "state/run", "state/log",
		"data/sounds", "recordings", "music",
	} {
		if err := os.MkdirAll(a.path(name), 0o700); err != nil {
			return err
		}
	}
	for _, name := range []string{"documentation", "rest-api"} {
		if err := os.Symlink(filepath.Join(a.install.DataDir, name), a.path("data/"+name)); err != nil {
			return err
		}
	}
	if options.SoundsDir != "" {
		if err := os.Remove(a.path("data/sounds")); err != nil {
			return err
		}
		if err := os.Symlink(options.SoundsDir, a.path("data/sounds")); err != nil {
			return err
		}
	}
	params, err := a.params(options)
	if err != nil {
		return err
	}
	if options.MOHDir == "" {
		if err := writeMusic(params.MOHDir); err != nil {
			return err
		}
	}
	a.console, err = os.OpenFile(a.path("state/log/console.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	a.App, a.RecordingDir = params.App, params.RecordingDir
	a.ARIUser, a.ARIPassword = params.ARIUser, params.ARIPassword
	a.ARIURL = fmt.Sprintf("http://127.0.0.1:%d/ari", params.HTTPPort)
	a.TrunkAddr = netip.AddrPortFrom(params.Bind, uint16(params.TrunkPort)).String()
	a.AgentAddr = netip.AddrPortFrom(params.Bind, uint16(params.AgentPort)).String()
	a.TrunkPeer = params.TrunkPeer.String()
	a.LogFile = a.path("state/log/messages.log")
	if options.Prepare != nil {
		options.Prepare(a, &params)
	}
	return asterisk.Render(a.path("etc"), params)
}

func (a *Asterisk) path(name string) string { return filepath.Join(a.dir.Path, name) }

func (a *Asterisk) params(options Options) (asterisk.Params, error) {
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	params := asterisk.Params{
		ModuleDir: a.install.ModuleDir, DataDir: a.path("data"), StateDir: a.path("state"),
		RecordingDir: orElse(options.RecordingDir, a.path("recordings")),
		MOHDir:       orElse(options.MOHDir, a.path("music")),
		ApologySound: options.ApologySound,
		Patience:     options.Patience,
		SystemName:   "t" + secret(4),
		EntityID:     entityID(),
		MaxFiles:     openFiles(),
		Bind:         options.Bind,
		TrunkPort:    options.TrunkPort, AgentPort: options.AgentPort, HTTPPort: options.HTTPPort,
		TrunkSources: options.TrunkSources, AgentSources: options.AgentSources,
		TrunkPeer: options.TrunkPeer,
		ARIUser:   "hotline", ARIPassword: secret(16),
		App:    orElse(options.App, asterisk.DefaultApp),
		Agents: options.Agents,

		BaselineNumber: options.BaselineNumber,
	}
	if !params.Bind.IsValid() {
		params.Bind = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if params.TrunkSources == nil {
		params.TrunkSources = loopback
	}
	if params.AgentSources == nil {
		params.AgentSources = loopback
	}
	params.RTPStart, params.RTPEnd = rtpRange()
	return params, choosePorts(&params)
}

// openFiles is what 1,000 recorded calls need, or as much as this user may have.
func openFiles() int {
	const enough = 65536
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1024
	}
	return int(min(limit.Max, enough))
}

func choosePorts(params *asterisk.Params) error {
	var err error
	if params.TrunkPort == 0 {
		if params.TrunkPort, err = freeUDP(params.Bind); err != nil {
			return err
		}
	}
	for params.AgentPort == 0 || params.AgentPort == params.TrunkPort {
		if params.AgentPort, err = freeUDP(params.Bind); err != nil {
			return err
		}
	}
	// Where the trunk's own callers are elsewhere, nobody here may be called by it.
	here := func(s netip.Prefix) bool { return s.Contains(params.Bind) }
	if !params.TrunkPeer.IsValid() && slices.ContainsFunc(params.TrunkSources, here) {
		if params.TrunkPeer, err = freePeer(params.Bind); err != nil {
			return err
		}
	}
	if params.HTTPPort == 0 {
		params.HTTPPort, err = freeTCP(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	}
	return err
}

// start runs the program and waits until ARI answers.
func (a *Asterisk) start(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	// The program outlives ctx, which bounds the start only.
	cmd, err := a.install.Root.Command(context.WithoutCancel(ctx), "asterisk", "-f", "-C", a.path("etc/asterisk.conf"))
	if err != nil {
		return err
	}
	cmd.Dir = a.dir.Path
	cmd.Stdout, cmd.Stderr = a.console, a.console
	if a.proc, err = Start(cmd); err != nil {
		return err
	}
	ready, cancel := context.WithTimeout(ctx, asteriskReady)
	defer cancel()
	// The log is read also when ARI answers: SIP's ports may be the taken ones.
	err = a.proc.waitReady(ready, func(ctx context.Context) error {
		answer := a.Ping(ctx)
		if taken := portConflict(a.LogFile); taken != nil {
			return taken
		}
		return answer
	})
	if err != nil {
		return errors.Join(err, a.proc.Kill())
	}
	return nil
}

// Restart stops Asterisk, if it still runs, and starts it again with the same
// ports, folders and passwords. Calls end, registrations survive.
func (a *Asterisk) Restart(ctx context.Context) error {
	if a.dir == nil {
		return ErrExternal
	}
	if err := a.halt(); err != nil {
		return err
	}
	if err := a.start(ctx); err != nil {
		return fmt.Errorf("restart Asterisk: %w%s", err, a.logTail())
	}
	return nil
}

// Stop ends Asterisk and removes its folder with all in it. A second Stop does
// nothing; an external Asterisk is left alone.
func (a *Asterisk) Stop() error {
	if a.dir == nil {
		return nil
	}
	err := a.halt()
	if a.console != nil {
		if closed := a.console.Close(); !errors.Is(closed, os.ErrClosed) {
			err = errors.Join(err, closed)
		}
	}
	return errors.Join(err, a.dir.Remove())
}

func (a *Asterisk) halt() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.proc == nil {
		return nil
	}
	return a.proc.Stop(asteriskGrace)
}

// Kill ends Asterisk as a crash would (SIGKILL) and waits until it is gone. Its
// folder stays, and Restart works.
func (a *Asterisk) Kill() error {
	if a.dir == nil {
		return ErrExternal
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.proc.Kill()
}

// Signal sends a signal such as SIGSTOP or SIGCONT.
func (a *Asterisk) Signal(sig syscall.Signal) error {
	if a.dir == nil {
		return ErrExternal
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.proc.Signal(sig)
}

// PID is the process id, 0 for an external Asterisk.
func (a *Asterisk) PID() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.proc == nil {
		return 0
	}
	return a.proc.PID()
}

// CLI runs one command of Asterisk's own console, such as "core show channels",
// and gives back what it printed.
func (a *Asterisk) CLI(ctx context.Context, command string) (string, error) {
	if a.dir == nil {
		return "", ErrExternal
	}
	cmd, err := a.install.Root.Command(ctx, "asterisk", "-C", a.path("etc/asterisk.conf"), "-rx", command)
	if err != nil {
		return "", err
	}
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("asterisk -rx %q: %w", command, err)
	}
	return string(text), nil
}

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// secret gives n random bytes as hexadecimal digits.
func secret(n int) string {
	bytes := make([]byte, n)
	_, _ = rand.Read(bytes) // never fails: it ends the program instead
	return hex.EncodeToString(bytes)
}

// entityID is a random, locally administered address.
func entityID() string {
	bytes := make([]byte, 6)
	_, _ = rand.Read(bytes) // never fails: it ends the program instead
	bytes[0] = bytes[0]&^1 | 2
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x",
		bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5])
}
