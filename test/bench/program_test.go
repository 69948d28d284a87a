package bench

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hotline/call"
	"hotline/internal/live"
	"hotline/internal/testbed"
)

// programEnv names a hotline to measure instead of the one in this folder, for instance an
// older one or one that profiles itself.
const programEnv = "HOTLINE_BENCH_PROGRAM"

// program is the real hotline, started and stopped for its turns.
type program struct {
	file, dir string
	proc      *testbed.Process
	log       *os.File
	api       *live.Client
}

// build makes the program and writes its configuration.
func build(tb testing.TB, h *house) *program {
	tb.Helper()
	p := &program{file: os.Getenv(programEnv), dir: tb.TempDir()}
	if p.file == "" {
		p.file = filepath.Join(p.dir, "hotline")
		out, err := exec.CommandContext(tb.Context(), "go", "build", "-buildvcs=auto", "-o", p.file,
			"hotline/cmd/hotline").CombinedOutput()
		if err != nil {
			tb.Fatalf("build: %v\n%s", err, out)
		}
	}
	for name, text := range map[string]string{
		"password": h.asterisk.ARIPassword + "\n", "token": "a token for the benchmark\n", "hotline.yaml": settings(h),
	} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(p.dir, "recordings"), 0o700); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.stop(tb) })
	return p
}

// settings is the configuration: no prompts and no wrap-up, as on the other side.
func settings(h *house) string {
	var b strings.Builder
	fmt.Fprintf(&b, "asterisk: {url: %q, user: %q, password_file: password, app: %q, recording_dir: %q}\n",
		strings.TrimSuffix(h.asterisk.ARIURL, "/ari"), h.asterisk.ARIUser, h.asterisk.App, h.asterisk.RecordingDir)
	fmt.Fprintf(&b, "redis: {addr: %q}\n", h.redis.Addr)
	b.WriteString("ledger: {path: ledger.db}\nrecordings: {dir: recordings, min_free_percent: 0}\n")
	b.WriteString("api: {listen: \"127.0.0.1:0\", token_file: token}\n")
	fmt.Fprintf(&b, "lines:\n  - {number: %q, queue: q, greeting: \"\"}\n", ours.number())
	b.WriteString("queues:\n  - {id: q, ring_for: 15s, wrap_up: 0s, announcement: \"\", music_class: default}\n")
	b.WriteString("agents:\n")
	for _, a := range h.asterisk.Agents {
		fmt.Fprintf(&b, "  - {id: %q, extension: %q, queues: [q]}\n", a.Name, a.Extension)
	}
	return b.String()
}

// start runs the program with a new ledger and waits until its API listens.
func (p *program) start(h *house) {
	h.Helper()
	old, err := filepath.Glob(filepath.Join(p.dir, "ledger.db*"))
	for _, name := range old {
		if err == nil {
			err = os.Remove(name)
		}
	}
	if err == nil {
		p.log, err = os.Create(filepath.Join(p.dir, "log"))
	}
	if err != nil {
		h.Fatal(err)
	}
	cmd := exec.Command(p.file, "serve", "--config", filepath.Join(p.dir, "hotline.yaml"))
	cmd.Stderr = p.log
	// Variables with this prefix are settings of the program.
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HOTLINE_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	if p.proc, err = testbed.Start(cmd); err != nil {
		h.Fatal(err)
	}
	address := ""
	h.until("the hotline's API listens", func() bool {
		if !p.proc.Running() {
			h.Fatalf("the hotline ended%s", p.tail())
		}
		address = p.address()
		return address != ""
	})
	p.api = live.NewClient(address, "a token for the benchmark")
}

var runs = regexp.MustCompile(`msg="hotline runs" api=(\S+)`)

// address is where the API listens, as the log says; "" before.
func (p *program) address() string {
	text, err := os.ReadFile(p.log.Name())
	if err != nil {
		return ""
	}
	if match := runs.FindSubmatch(text); match != nil {
		return string(match[1])
	}
	return ""
}

// ready counts the agents who are ready.
func (p *program) ready(h *house) int {
	l, err := p.api.Live(h.Context())
	if err != nil {
		return 0
	}
	count := 0
	for _, a := range l.Agents {
		if a.State == call.Ready {
			count++
		}
	}
	return count
}

// stop ends the program; it may be called again.
func (p *program) stop(tb testing.TB) {
	tb.Helper()
	if p.proc == nil {
		return
	}
	if err := p.proc.Stop(endMax); err != nil {
		tb.Errorf("stop the hotline: %v", err)
	}
	p.api.Close()
	if err := p.log.Close(); err != nil {
		tb.Error(err)
	}
	if tb.Failed() {
		tb.Logf("the hotline%s", p.tail())
	}
	p.proc, p.api = nil, nil
}

// pid is the process id, 0 while the program does not run.
func (p *program) pid() int {
	if p.proc == nil {
		return 0
	}
	return p.proc.PID()
}

// warnings counts the lines of the log that complain.
func (p *program) warnings() int {
	text, err := os.ReadFile(filepath.Join(p.dir, "log"))
	if err != nil {
		return 0
	}
	return bytes.Count(text, []byte("level=WARN")) + bytes.Count(text, []byte("level=ERROR"))
}

// tail is the end of the log, for a message.
func (p *program) tail() string {
	text, err := os.ReadFile(filepath.Join(p.dir, "log"))
	if err != nil || len(text) == 0 {
		return ""
	}
	return " said:\n" + string(text[max(0, len(text)-2000):])
}

// version is the commit the program was built from, with a plus sign when files differed.
func (p *program) version() string {
	info, err := buildinfo.ReadFile(p.file)
	if err != nil {
		return "unknown"
	}
	commit, changed := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+"
		}
	}
	return commit + changed
}
