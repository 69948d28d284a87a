package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"hotline/configs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What is wrong on the command line is exit code 2 and is named with its rule; help is 0.
func TestCommandLine(t *testing.T) {
	for args, c := range map[string]struct {
		code int
		want string
	}{
		"--help":                         {exitOK, "Run the hotline."},
		"demo --help":                    {exitOK, "--no-phones"},
		"":                               {exitUsage, `expected one of "serve"`},
		"dial":                           {exitUsage, "unexpected argument dial"},
		"demo --colour":                  {exitUsage, "unknown flag --colour"},
		"demo --agents=-1":               {exitUsage, "--agents -1: must be 0 to 500"},
		"demo --agents 501":              {exitUsage, "--agents 501: must be 0 to 500"},
		"demo --agents two":              {exitUsage, "--agents"},
		"demo --every 99ms":              {exitUsage, "--every 99ms: must be 100ms to 1h"},
		"demo --every 2h":                {exitUsage, "--every 2h0m0s: must be 100ms to 1h"},
		"demo --lang fr":                 {exitUsage, "--lang: must be one of zh-CN, en"},
		"live --lang fr":                 {exitUsage, `--lang must be one of "zh-CN","en"`},
		"agent a1 asleep":                {exitUsage, `<state> must be one of "ready","break","offline"`},
		"agent":                          {exitUsage, "expected \"<agent> <state>"},
		"serve --config /not/there.yaml": {exitUsage, "configuration file /not/there.yaml does not exist"},
		"check --config /not/there.yaml": {exitUsage, "configuration file /not/there.yaml does not exist"},
		"live --config /not/there.yaml":  {exitUsage, "configuration file /not/there.yaml does not exist"},
	} {
		out, errOut, code := command(t, strings.Fields(args)...)
		said := errOut
		if c.code == exitOK {
			said = out
		}
		if code != c.code || !strings.Contains(said, c.want) {
			t.Errorf("%q: exit code %d, %s%s", args, code, out, errOut)
		}
	}
}

// A bad configuration is exit code 2 for every command that reads one, with file, line and
// key, all faults at once.
func TestBadConfigurationIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hotline.yaml")
	text := "site:\n  colour: red\nasterisk:\n  request_timeout: soon\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"serve", "check", "live", "report", "recordings", "migrate", "agent a1 ready"} {
		out, errOut, code := command(t, append(strings.Fields(name), "--config", file)...)
		lines := strings.Split(strings.TrimSpace(errOut), "\n")
		if code != exitUsage || out != "" || len(lines) != 2 ||
			!strings.HasPrefix(lines[0], file+":2: site.colour: ") ||
			!strings.HasPrefix(lines[1], file+":4: asterisk.request_timeout: ") {
			t.Errorf("%s: exit code %d, %s%s", name, code, out, errOut)
		}
	}
}

// deskAPI answers as the API does and keeps what it was asked.
type deskAPI struct {
	token, path string
	body        map[string]string
}

func (d *deskAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.token, d.path, d.body = r.Header.Get("Authorization"), r.URL.Path, nil
	raw, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(raw, &d.body)
	}
	if err != nil || d.body["state"] == "offline" {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"status":422,"detail":"state: must wait"}`)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// The API is found by flags or by the configuration, its token in a file or the environment.
func TestAgentCommand(t *testing.T) {
	desk := &deskAPI{}
	server := httptest.NewServer(desk)
	defer server.Close()
	addr := server.Listener.Addr().String()
	dir := t.TempDir()
	config, token := filepath.Join(dir, "hotline.yaml"), filepath.Join(dir, "api.secret")
	for file, text := range map[string]string{
		config: settings + "api: {listen: \"" + addr + "\", token_file: api.secret}\n",
		token:  "of-the-file\n", filepath.Join(dir, "asterisk.secret"): "a-password-of-the-test\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOTLINE_TOKEN", "of-the-environment")
	for args, want := range map[string]string{
		"--api " + addr: "Bearer of-the-environment",
		"--api http://" + addr + "/ --token-file " + token: "Bearer of-the-file",
	} {
		*desk = deskAPI{}
		_, errOut, code := command(t, append(strings.Fields("agent a1001 break lunch"), strings.Fields(args)...)...)
		if code != exitOK || desk.token != want || desk.path != "/api/v1/agents/a1001/state" ||
			desk.body["state"] != "break" || desk.body["reason"] != "lunch" {
			t.Errorf("%s: exit code %d, %s: %+v", args, code, errOut, desk)
		}
	}
	if _, errOut, code := command(t, "agent", "a1001", "ready", "--config", config); code != exitOK ||
		desk.token != "Bearer of-the-file" {
		t.Errorf("by the configuration: exit code %d, %s: %+v", code, errOut, desk)
	}
	if _, errOut, code := command(t, "agent", "a1001", "offline", "--config", config); code != exitFailed ||
		!strings.Contains(errOut, "state: must wait") {
		t.Errorf("a refusal: exit code %d, %s", code, errOut)
	}
	if _, errOut, code := command(t, "agent", "a1001", "ready", "--api", addr, "--token-file", token+"x"); code != 1 ||
		!strings.Contains(errOut, "token file: ") {
		t.Errorf("no token file: exit code %d, %s", code, errOut)
	}
}

// The view ends without an error when the user has enough of it.
func TestLiveCommandEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out strings.Builder
	if code := runWith(env{ctx: ctx, out: &out, errOut: &out}, []string{"live", "--api", "127.0.0.1:1"}); code != exitOK {
		t.Errorf("exit code %d, %s", code, out.String())
	}
}

func TestMigrateCommand(t *testing.T) {
	h := build(t)
	out, errOut, code := command(t, "migrate", "--config", h.config)
	if code != exitOK || !strings.Contains(out, "ledger.db is up to date, 23 events") {
		t.Errorf("exit code %d, %s%s", code, out, errOut)
	}
}

// Nothing runs: each thing that is missing has its line with what to do, and the exit code
// says that something is wrong.
func TestCheckWithNothingThere(t *testing.T) {
	h := build(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := taken.Addr().String() // free again, so that a connection is refused
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOTLINE_ASTERISK_URL", "http://"+nobody)
	t.Setenv("HOTLINE_REDIS_ADDR", nobody)
	t.Setenv("HOTLINE_ASTERISK_RECORDING_DIR", filepath.Join(h.recordings, "missing"))
	t.Setenv("HOTLINE_RECORDINGS_MIN_FREE_PERCENT", "0") // the disk of a machine that tests is often full
	out, errOut, code := command(t, "check", "--config", h.config)
	if code != exitFailed || !strings.Contains(errOut, errCheck.Error()) {
		t.Errorf("exit code %d, %s", code, errOut)
	}
	for _, want := range []string{
		"WRONG    asterisk", "-> start Asterisk, or correct asterisk.url", "WRONG    redis", "-> start Redis 6.2 or newer",
		"ok       ledger", "ok       recordings ", "WRONG    recordings of Asterisk", "missing is not writable",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

// Credentials that a simulated phone uses are not offered to people.
func TestDemoFooter(t *testing.T) {
	a := access{
		Trunk: "127.0.0.1:5060", Line: "95001", Registrar: "127.0.0.1:5070", API: "http://127.0.0.1:1",
		Agents: []credentials{
			{User: "a1001", Password: "one", Simulated: true}, {User: "a1002", Password: "two", Extension: "1002"},
		},
	}
	text := strings.Join(a.lines(), "\n")
	for _, want := range []string{
		"sip:95001@127.0.0.1:5060", "http://127.0.0.1:1/api/v1/live", "sip:a1002@127.0.0.1:5070  password two",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "a1001") || !strings.HasSuffix(text, "removes everything.") {
		t.Errorf("footer:\n%s", text)
	}
}

func TestDemoAccounts(t *testing.T) {
	for _, c := range []struct {
		cmd                 demoCmd
		accounts, simulated int
	}{
		{demoCmd{Agents: 5}, 6, 5},
		{demoCmd{Agents: 0}, 1, 0},
		{demoCmd{Agents: 5, NoPhones: true}, 5, 0},
		{demoCmd{Agents: 0, NoPhones: true}, 0, 0},
	} {
		if a, s := c.cmd.accounts(), c.cmd.simulated(); a != c.accounts || s != c.simulated {
			t.Errorf("%+v: %d accounts, %d of them simulated", c.cmd, a, s)
		}
	}
}

func TestLogger(t *testing.T) {
	var out strings.Builder
	logger(&out, configs.Log{Level: "warn", Format: "json"}).Info("not this")
	logger(&out, configs.Log{Level: "warn", Format: "json"}).Warn("this")
	logger(&out, configs.Log{Level: "info", Format: "text"}).Info("that")
	if got := out.String(); !strings.Contains(got, `"msg":"this"`) || !strings.Contains(got, "msg=that") ||
		strings.Contains(got, "not this") {
		t.Errorf("%s", got)
	}
}
