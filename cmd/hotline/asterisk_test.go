package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline/internal/testbed"
)

// plan is a hotline.yaml of two agents with its passwords, and the flags for an Asterisk
// on loopback whose files stand below the same folder.
type plan struct {
	dir, config string
	args        []string
}

func newPlan(t *testing.T, dir, more string) plan {
	t.Helper()
	port := freePort(t, "tcp")
	text := fmt.Sprintf(`
asterisk: {url: "http://127.0.0.1:%s", password_file: ari, recording_dir: spool, request_timeout: 1s}
redis: {addr: ""}
ledger: {path: ledger.db}
recordings: {dir: recordings, min_free_percent: 0}
lines: [{number: "95001", queue: complaints}]
queues: [{id: complaints}]
agents:
  - {id: wangfang, name: 王芳, extension: "2001", queues: [complaints], password_file: wangfang}
  - {id: liqiang, extension: "2002", queues: [complaints], password_file: liqiang}
`, port) + more
	for name, content := range map[string]string{
		"hotline.yaml": text, "ari": "of-ari-0123456789abcdef\n", "wangfang": "of-wangfang\n", "liqiang": "of-liqiang\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "recordings"), 0o700); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "hotline.yaml")
	return plan{dir: dir, config: config, args: []string{
		"asterisk-files", "--config", config, "--out", filepath.Join(dir, "etc"),
		"--data", filepath.Join(dir, "data"), "--state", filepath.Join(dir, "state"), "--name", "test",
		"--bind", "127.0.0.1", "--trunk-from", "127.0.0.0/8", "--agents-from", "127.0.0.1",
		"--trunk-port", freePort(t, "udp"), "--agent-port", freePort(t, "udp"),
	}}
}

// freePort is a port of loopback that nobody uses at the moment.
func freePort(t *testing.T, kind string) string {
	t.Helper()
	var addr string
	if kind == "tcp" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addr = l.Addr().String()
	} else {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		addr = c.LocalAddr().String()
	}
	return addr[strings.LastIndexByte(addr, ':')+1:]
}

// A real Asterisk starts on the files, and `hotline check` with the same hotline.yaml finds
// nothing wrong: version, modules, application, recordings' folder and both phones.
func TestAsteriskFilesStartAnAsterisk(t *testing.T) {
	installed, err := testbed.FindAsterisk(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := testbed.NewRunDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dir.Remove(); err != nil {
			t.Error(err)
		}
	})
	p := newPlan(t, dir.Path, "")
	for _, name := range []string{"documentation", "rest-api"} {
		target := filepath.Join(dir.Path, "data", name)
		err := os.MkdirAll(filepath.Dir(target), 0o700)
		if err == nil {
			err = os.Symlink(filepath.Join(installed.DataDir, name), target)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	p.run(t, installed)
	out := p.checked(t)
	for _, want := range []string{
		"ok       asterisk version", "ok       asterisk modules",
		`ok       dialplan                 calls enter the application "hotline"`,
		"ok       recordings in Asterisk   " + filepath.Join(dir.Path, "spool"), "agents' phones           0 of 2 registered",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

// run writes the files and starts Asterisk on them, until the test's end.
func (p plan) run(t *testing.T, installed *testbed.Install) {
	t.Helper()
	if out, errOut, code := command(t, append(p.args, "--modules", installed.ModuleDir)...); code != exitOK {
		t.Fatalf("exit code %d, %s%s", code, out, errOut)
	}
	conf := filepath.Join(p.dir, "etc", "asterisk.conf")
	cmd, err := installed.Root.Command(context.WithoutCancel(t.Context()), "asterisk", "-f", "-C", conf)
	if err != nil {
		t.Fatal(err)
	}
	console, err := os.Create(filepath.Join(p.dir, "console.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = console, console
	asterisk, err := testbed.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := errors.Join(asterisk.Stop(5*time.Second), console.Close())
		said, failed := os.ReadFile(console.Name())
		if err = errors.Join(err, failed); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("Asterisk said:\n%s", said)
		}
	})
}

// checked runs `hotline check` until nothing is wrong any more, which Asterisk's start takes.
func (p plan) checked(t *testing.T) string {
	t.Helper()
	tick, limit := time.NewTicker(100*time.Millisecond), time.NewTimer(30*time.Second)
	defer tick.Stop()
	defer limit.Stop()
	for {
		out, errOut, code := command(t, "check", "--config", p.config)
		if code == exitOK {
			return out
		}
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("exit code %d, %s%s", code, out, errOut)
		}
	}
}

// What is there stays, unless --force says otherwise; what is written is for its owner alone.
func TestAsteriskFilesReplaceNothing(t *testing.T) {
	p := newPlan(t, t.TempDir(), "  - {id: byhand, endpoint: PJSIP/desk7, queues: [complaints]}\n")
	prompt := filepath.Join(p.dir, "data", "sounds", "hotline", "zh-CN", "greeting.sln")
	conf := filepath.Join(p.dir, "etc", "pjsip.conf")
	if out, errOut, code := command(t, p.args...); code != exitOK || !strings.Contains(out, "2 agents.") {
		t.Fatalf("exit code %d, %s%s", code, out, errOut)
	}
	info, err := os.Stat(conf)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", conf, info, err)
	}
	for _, name := range []string{prompt, filepath.Join(p.dir, "state", "music", "calm.sln")} {
		if info, err = os.Stat(name); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	for _, own := range []string{conf, prompt} {
		if err := os.Remove(conf); err != nil { // so that the prompt alone is in the way, too
			t.Fatal(err)
		}
		if err := os.WriteFile(own, []byte("our own"), 0o600); err != nil {
			t.Fatal(err)
		}
		out, errOut, code := command(t, p.args...)
		if code != exitFailed || out != "" || !strings.Contains(errOut, "--force") {
			t.Errorf("%s is there: exit code %d, %s%s", own, code, out, errOut)
		}
		if text, err := os.ReadFile(own); err != nil || string(text) != "our own" {
			t.Errorf("%s holds %q, %v", own, text, err)
		}
		if out, errOut, code = command(t, append(p.args, "--force")...); code != exitOK {
			t.Errorf("--force: exit code %d, %s%s", code, out, errOut)
		}
	}
	text, err := os.ReadFile(conf)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"[wangfang](agent-base)", "password = of-wangfang", `callerid = "王芳" <2001>`, "[liqiang](agent-base)",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %q", conf, want)
		}
	}
	if strings.Contains(string(text), "byhand") || strings.Contains(string(text), "desk7") {
		t.Error("there is an account for an agent whose endpoint was written by hand")
	}
}

// What the operator wrote wrongly is named, with exit code 2, and nothing is written.
func TestAsteriskFilesNameWhatIsWrong(t *testing.T) {
	odd := filepath.Join(t.TempDir(), "a;b")
	for name, c := range map[string]struct {
		old, new string   // in hotline.yaml
		args     []string // added, or in place of earlier ones
		want     []string
	}{
		"no passwords": {"queues: [complaints], password_file:", "queues: [complaints] } #", nil, []string{
			"agents[0].password_file: must name the file of wangfang's SIP password",
			"agents[1].password_file: must name the file of liqiang's SIP password",
		}},
		"no extension": {`extension: "2002", `, "", nil, []string{"agents[1].extension: must be given"}},
		"ARI elsewhere": {"127.0.0.1", "192.0.2.1", nil, []string{
			"hotline.yaml: asterisk.url: must be http on a loopback address",
		}},
		"ARI by TLS":      {"http:", "https:", nil, []string{"asterisk.url: must be http on a loopback address"}},
		"short password":  {"password_file: ari", "password_file: liqiang", nil, []string{"ARIPassword: want 16 to 64"}},
		"everybody":       {args: []string{"--trunk-from", "0.0.0.0/0"}, want: []string{"would let anybody call"}},
		"no peer":         {args: []string{"--trunk-to", "127.0.0.1"}, want: []string{"--trunk-to"}},
		"foreign peer":    {args: []string{"--trunk-to", "192.0.2.9:5060"}, want: []string{"is none of TrunkSources"}},
		"no network":      {args: []string{"--trunk-from", "carrier"}, want: []string{`"carrier" must be an address`}},
		"bits of a host":  {args: []string{"--agents-from", "10.1.2.3/8"}, want: []string{`"10.1.2.3/8" must be an address`}},
		"no address":      {args: []string{"--bind", "here"}, want: []string{"--bind"}},
		"one port":        {args: []string{"--trunk-port", "5070", "--agent-port", "5070"}, want: []string{"are both 5070"}},
		"no room for RTP": {args: []string{"--rtp-end", "10001"}, want: []string{"RTPStart..RTPEnd"}},
		"odd name":        {args: []string{"--name", "a b"}, want: []string{`SystemName "a b"`}},
		"odd folder":      {args: []string{"--out", odd}, want: []string{strconv.Quote(odd)}},
	} {
		p := newPlan(t, t.TempDir(), "")
		text, err := os.ReadFile(p.config)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.ReplaceAll(string(text), c.old, c.new)
		if c.old == "" {
			changed = string(text)
		}
		if err := os.WriteFile(p.config, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		out, errOut, code := command(t, append(p.args, c.args...)...)
		if code != exitUsage || out != "" {
			t.Errorf("%s: exit code %d, %s%s", name, code, out, errOut)
		}
		for _, want := range c.want {
			if !strings.Contains(errOut, want) {
				t.Errorf("%s: %q is missing in %s", name, want, errOut)
			}
		}
		if _, err := os.Stat(odd); err == nil {
			t.Errorf("%s: the odd folder was made", name)
		}
		if _, err := os.Stat(filepath.Join(p.dir, "etc")); err == nil {
			t.Errorf("%s: files were written", name)
		}
	}
	p := newPlan(t, t.TempDir(), "")
	for _, flag := range []string{"--out", "--bind", "--trunk-from", "--agents-from"} {
		args := append([]string{}, p.args...)
		for i, a := range args {
			if a == flag {
				args = append(args[:i], args[i+2:]...)
				break
			}
		}
		if _, errOut, code := command(t, args...); code != exitUsage || !strings.Contains(errOut, flag) {
			t.Errorf("without %s: exit code %d, %s", flag, code, errOut)
		}
	}
}
