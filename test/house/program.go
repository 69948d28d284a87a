package house

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotline/internal/demo"
	"hotline/internal/live"
	"hotline/internal/testbed"
)

// errNobodyActs says that no controller answers now.
var errNobodyActs = errors.New("no controller acts")

// programToken is the token of the API of a controller that runs as a process of its own.
const programToken = "a token for the tests of the whole system"

// Controller is the real hotline as a process of its own, so that it can be killed.
type Controller struct {
	h    *House
	name string
	file string   // the program
	log  *os.File // standard error
	out  *os.File // standard output
	proc *testbed.Process
	api  *live.Client
	addr string // of the API
	runs int    // starts so far; each adds a line to the log when it acts
}

// Build makes the program once for a test.
func Build(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hotline")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", file, "hotline/cmd/hotline") //nolint:gosec // our own
	out, err := build.CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return file
}

// Controller starts a further controller on the site. All of one site share ledger, Redis
// and recordings; one acts, the others stand by.
func (h *House) Controller(program, name string) *Controller {
	h.T.Helper()
	c := &Controller{h: h, name: name, file: program}
	for file, text := range map[string]string{
		"password": h.Site.Asterisk.ARIPassword + "\n", "token": programToken + "\n", "hotline.yaml": h.settings(),
	} {
		if err := os.WriteFile(filepath.Join(h.Dir, file), []byte(text), 0o600); err != nil {
			h.T.Fatal(err)
		}
	}
	h.T.Cleanup(func() { c.end() })
	c.Start()
	return c
}

// settings is the site's configuration as an operator would write it.
func (h *House) settings() string {
	var b strings.Builder
	c := h.Config
	fmt.Fprintf(&b, "asterisk: {url: %q, user: %q, password_file: password, app: %q, recording_dir: %q}\n",
		c.Asterisk.URL, c.Asterisk.User, c.Asterisk.App, c.Asterisk.RecordingDir)
	fmt.Fprintf(&b, "redis: {addr: %q}\nledger: {path: %q}\n", c.Redis.Addr, c.Ledger.Path)
	fmt.Fprintf(&b, "recordings: {dir: %q, min_free_percent: 0}\n", c.Recordings.Dir)
	b.WriteString("api: {listen: \"127.0.0.1:0\", token_file: token}\n")
	fmt.Fprintf(&b, "lines:\n  - {number: %q, queue: %q, greeting: \"\", recording_notice: \"\"}\n", demo.Line, demo.Queue)
	q := c.Queues[0]
	fmt.Fprintf(&b, "queues:\n  - {id: %q, ring_for: %s, wrap_up: %s, announcement: \"\", music_class: default}\n",
		q.ID, q.RingFor, q.WrapUp)
	if d := c.Dialing; len(d.Allow) > 0 {
		fmt.Fprintf(&b, "dialing: {allow: [%q], max_calls: %d, max_per_hour: %d}\n", d.Allow[0], d.MaxCalls, d.MaxPerHour)
	}
	b.WriteString("agents:\n")
	for _, a := range c.Agents {
		fmt.Fprintf(&b, "  - {id: %q, extension: %q, queues: [%s]}\n", a.ID, a.Extension, demo.Queue)
	}
	return b.String()
}

// Start runs the process. It does not wait until it acts: a standby does not.
func (c *Controller) Start() {
	t := c.h.T
	t.Helper()
	log, out := c.open(".log"), c.open(".out")
	settings := filepath.Join(c.h.Dir, "hotline.yaml")
	cmd := exec.Command(c.file, "serve", "--config", settings) //nolint:gosec,noctx // our own, ended by Kill and end
	cmd.Stderr, cmd.Stdout = log, out
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HOTLINE_") { // those would be settings
			cmd.Env = append(cmd.Env, v)
		}
	}
	proc, err := testbed.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	c.log, c.out, c.proc = log, out, proc
	c.runs++
	c.h.acting = c
}

// open opens a file of the controller to which all its runs add.
func (c *Controller) open(ending string) *os.File {
	c.h.T.Helper()
	f, err := os.OpenFile(filepath.Join(c.h.Dir, c.name+ending), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.h.T.Fatal(err)
	}
	return f
}

// runsLine tells where the API listens, as soon as the controller acts. A run that was killed
// while it stood by has none: Kill counts it out.
var runsLine = regexp.MustCompile(`msg="hotline runs" api=(\S+)`)

// api is the API of who acts now, nil while nobody does.
func (h *House) api() (*live.Client, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.acting == nil {
		return nil, ""
	}
	return h.acting.client(), h.acting.addr
}

// client is the API of the process that runs now, nil before it listens. House.mu is held.
func (c *Controller) client() *live.Client {
	if c.api == nil && c.proc != nil {
		text, err := os.ReadFile(c.log.Name())
		if err != nil {
			return nil
		}
		if all := runsLine.FindAllSubmatch(text, -1); len(all) == c.runs {
			c.addr = string(all[len(all)-1][1])
			c.api = live.NewClient(c.addr, programToken)
		}
	}
	return c.api
}

// Kill ends the process as a crash does and waits until it is gone.
func (c *Controller) Kill() {
	c.h.T.Helper()
	c.h.mu.Lock()
	if c.client() == nil {
		c.runs--
	}
	c.h.mu.Unlock()
	if err := c.proc.Kill(); err != nil {
		c.h.T.Fatal(err)
	}
	c.close()
}

// endMax is how long an orderly end may take.
const endMax = 5 * time.Second

// End asks the process to end (SIGTERM), as a supervisor does, and waits. It must end by
// itself with exit code 0. It returns how long that took.
func (c *Controller) End() time.Duration {
	c.h.T.Helper()
	if c.client() == nil {
		c.runs--
	}
	began := time.Now()
	c.Signal(syscall.SIGTERM)
	if err := c.Wait(endMax); err != nil {
		c.h.T.Errorf("controller %s did not end in order: %v", c.name, err)
	}
	c.close()
	return time.Since(began)
}

// Wait waits until the process has ended by itself and tells how, as (*exec.Cmd).Wait does.
func (c *Controller) Wait(most time.Duration) error {
	ctx, cancel := context.WithTimeout(c.h.T.Context(), most)
	defer cancel()
	return c.proc.Wait(ctx)
}

// Log is what the controller has written so far, over all its runs.
func (c *Controller) Log() string {
	c.h.T.Helper()
	text, err := os.ReadFile(filepath.Join(c.h.Dir, c.name+".log"))
	if err != nil {
		c.h.T.Fatal(err)
	}
	return string(text)
}

// Said is what the controller has written to standard output, over all its runs.
func (c *Controller) Said() string {
	c.h.T.Helper()
	text, err := os.ReadFile(filepath.Join(c.h.Dir, c.name+".out"))
	if err != nil {
		c.h.T.Fatal(err)
	}
	return string(text)
}

// Addr is the address of its API, "" before it acts.
func (c *Controller) Addr() string {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	c.client()
	return c.addr
}

// Signal sends a signal, such as SIGSTOP.
func (c *Controller) Signal(s syscall.Signal) {
	c.h.T.Helper()
	if err := c.proc.Signal(s); err != nil {
		c.h.T.Fatal(err)
	}
}

// StandsBy tells whether the process waits for another controller's end.
func (c *Controller) StandsBy() bool { return strings.Contains(c.Log(), "standing by") }

// Running tells whether the process is there.
func (c *Controller) Running() bool { return c.proc != nil && c.proc.Running() }

// Forget takes note that the process has ended by itself, so that it can be started again.
func (c *Controller) Forget() { c.close() }

func (c *Controller) close() {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	if c.api != nil {
		c.api.Close()
	}
	if err := errors.Join(c.log.Close(), c.out.Close()); err != nil {
		c.h.T.Error(err)
	}
	c.proc, c.api = nil, nil
}

func (c *Controller) end() {
	if c.proc != nil {
		if err := c.proc.Stop(10 * time.Second); err != nil {
			c.h.T.Errorf("stop controller %s: %v", c.name, err)
		}
		c.close()
	}
	if text, err := os.ReadFile(filepath.Join(c.h.Dir, c.name+".log")); err == nil && c.h.T.Failed() {
		c.h.T.Logf("log of controller %s:\n%s", c.name, tail(text, 40_000))
	}
}

func tail(text []byte, most int) []byte { return text[max(0, len(text)-most):] }
