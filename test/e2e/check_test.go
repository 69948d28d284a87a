package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"hotline/ari/aritest"
	"hotline/internal/check"
	"hotline/internal/demo"
	"hotline/test/house"
)

// sheet is a hotline.yaml by key path, each value as it stands in the file.
type sheet map[string]string

// sheet is the configuration of the running site as an operator would write it.
func sheetOf(h *house.House) sheet {
	h.T.Helper()
	c := h.Config
	secret := filepath.Join(h.T.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(h.Asterisk.ARIPassword+"\n"), 0o600); err != nil {
		h.T.Fatal(err)
	}
	return sheet{
		"asterisk.url": quoted(c.Asterisk.URL), "asterisk.user": quoted(c.Asterisk.User),
		"asterisk.password_file": quoted(secret), "asterisk.app": quoted(c.Asterisk.App),
		"asterisk.recording_dir": quoted(c.Asterisk.RecordingDir), "asterisk.request_timeout": "1s",
		"redis.addr": quoted(c.Redis.Addr), "ledger.path": quoted(c.Ledger.Path),
		"recordings.dir": quoted(c.Recordings.Dir), "recordings.min_free_percent": "0",
		"lines": fmt.Sprintf("[{number: %q, queue: q}]", demo.Line), "queues": "[{id: q}]",
		"agents": "[{id: a1001, queues: [q]}]",
	}
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }

// with is the sheet with some keys changed.
func (s sheet) with(changes sheet) sheet {
	out := maps.Clone(s)
	maps.Copy(out, changes)
	return out
}

// write makes the file: groups with their keys, one a line.
func (s sheet) write(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	group := ""
	for _, key := range slices.Sorted(maps.Keys(s)) {
		name, leaf, grouped := strings.Cut(key, ".")
		if !grouped {
			fmt.Fprintf(&text, "%s: %s\n", key, s[key])
			continue
		}
		if name != group {
			group = name
			fmt.Fprintf(&text, "%s:\n", group)
		}
		fmt.Fprintf(&text, "  %s: %s\n", leaf, s[key])
	}
	file := filepath.Join(t.TempDir(), "hotline.yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// nobody is an address at which nothing listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// `hotline check` says of a running site that all is fine, and of each thing that an
// operator can get wrong what it is and what to do, while the rest stays fine.
func TestCheckSaysWhatIsWrong(t *testing.T) {
	h, hotline := house.Open(t, 1, nil), program(t)
	good := sheetOf(h)
	wrongSecret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(wrongSecret, []byte("not-the-password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		changes sheet
		code    int
		said    []string // what must stand there
	}{
		{"all fine", nil, 0, []string{
			"ok       asterisk version         22.", "ok       asterisk modules         all ",
			`ok       dialplan                 calls enter the application "hotline"`, "ok       recordings in Asterisk",
			"ok       clock of Asterisk", "ok       agents' phones           0 of 1 registered", "ok       redis",
			"ok       clock of Redis", "ok       ledger", "ok       recordings  ", "ok       recordings of Asterisk",
		}},
		{"Asterisk unreachable", sheet{"asterisk.url": quoted("http://" + nobody(t))}, 1, []string{
			"WRONG    asterisk                 http://127.0.0.1:", "connection refused",
			"-> start Asterisk, or correct asterisk.url",
		}},
		{"not an Asterisk", sheet{"asterisk.url": quoted("http://" + h.App.Addr())}, 1, []string{
			"WRONG    asterisk ", "-> asterisk.url must be the base address without /ari, and res_ari.so must be loaded",
		}},
		{"wrong password", sheet{"asterisk.password_file": quoted(wrongSecret)}, 1, []string{
			`WRONG    asterisk                 Asterisk refuses the user "hotline" or its password`, "-> compare ari.conf",
		}},
		{"wrong user", sheet{"asterisk.user": "nobody"}, 1, []string{
			`WRONG    asterisk                 Asterisk refuses the user "nobody" or its password`,
		}},
		{"wrong application", sheet{"asterisk.app": "helpdesk"}, 1, []string{
			`WRONG    dialplan                 calls enter the application "hotline", not "helpdesk"`, "-> correct asterisk.app",
		}},
		{"unknown phone", sheet{"agents": "[{id: a9999, queues: [q]}]"}, 1, []string{
			"WRONG    agents' phones           unknown to Asterisk: PJSIP/a9999", "-> add them to pjsip.conf",
		}},
		{"Redis unreachable", sheet{"redis.addr": quoted(nobody(t))}, 1, []string{
			"WRONG    redis ", "connection refused", "-> start Redis 6.2 or newer",
		}},
		{"no Redis", sheet{"redis.addr": `""`}, 0, []string{"warning  redis                    embedded"}},
		{"no recordings folder", sheet{"recordings.dir": quoted(h.Dir + "/missing")}, 1, []string{
			"WRONG    recordings               " + h.Dir + "/missing is not writable",
			"-> make the folder and give it to the user",
		}},
		{"no ledger folder", sheet{"ledger.path": quoted(h.Dir + "/missing/ledger.db")}, 1, []string{
			"WRONG    ledger                   " + h.Dir + "/missing is not writable",
		}},
		{"another spool", sheet{"asterisk.recording_dir": quoted(h.Dir + "/sounds")}, 0, []string{
			"warning  recordings in Asterisk   written to ", "-> asterisk.recording_dir must be the folder",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := finish(t, hotline, "check", "--config", good.with(c.changes).write(t))
			for _, want := range c.said {
				if !strings.Contains(r.out, want) {
					t.Errorf("%q is missing", want)
				}
			}
			wrong := strings.Count(r.out, "WRONG")
			if r.code != c.code || (wrong > 0) != (c.code == 1) || c.code == 0 && r.errOut != "" || wrong > 1 {
				t.Errorf("exit code %d, want %d", r.code, c.code)
			}
			if t.Failed() {
				t.Logf("it said\n%s%s", r.out, r.errOut)
			}
		})
	}
	t.Run("Asterisk hangs", func(t *testing.T) { checkOfSilence(t, h, hotline, good) })
	t.Run("disk nearly full", func(t *testing.T) { checkOfFullDisk(t, h) })
}

// checkOfSilence stops Asterisk without ending it: check must not wait for ever.
func checkOfSilence(t *testing.T, h *house.House, hotline string, good sheet) {
	t.Helper()
	if err := h.Asterisk.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := h.Asterisk.Signal(syscall.SIGCONT); err != nil {
			t.Error(err)
		}
	}()
	r := finish(t, hotline, "check", "--config", good.write(t))
	if r.code != 1 || !strings.Contains(r.out, "WRONG    asterisk ") || !strings.Contains(r.out, "ok       redis") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.errOut)
	}
}

// checkOfFullDisk asks for more room than any disk in use has, which no file may.
func checkOfFullDisk(t *testing.T, h *house.House) {
	t.Helper()
	cfg := *h.Config
	cfg.Recordings.MinFreePercent = 100
	full := 0
	for _, f := range check.Run(t.Context(), &cfg) {
		if f.Bad && strings.Contains(f.Detail, "% free") && strings.Contains(f.Fix, "nearly full, less than 100 % is free") {
			full++
		}
	}
	if full != 2 {
		t.Errorf("%d full folders, want that of the recordings and that of Asterisk's", full)
	}
}

// An Asterisk that is too old, or without a module, cannot be had for a test: a scripted one
// plays it.
func TestCheckOfAnOldAsterisk(t *testing.T) {
	hotline, old := program(t), aritest.New()
	defer old.Close()
	script := func(route string, document any) {
		old.On(route, func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) {
			_ = json.NewEncoder(w).Encode(document)
		})
	}
	script("GET /asterisk/info", map[string]any{"system": map[string]string{"version": "20.9.3"}})
	script("GET /asterisk/modules", []map[string]string{{"name": "app_stasis.so", "status": "Running"}})
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(aritest.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := finish(t, hotline, "check", "--config", sheet{
		"asterisk.url":           quoted(strings.TrimSuffix(old.URL(), "/ari")),
		"asterisk.password_file": quoted(secret), "redis.addr": `""`,
		"lines": "[{number: \"95001\", queue: q}]", "queues": "[{id: q}]", "agents": "[{id: a1001, queues: [q]}]",
	}.write(t))
	for _, want := range []string{
		"WRONG    asterisk version         20.9.3", "-> install Asterisk 22.10.1 or newer",
		"WRONG    asterisk modules         not running: ", "app_mixmonitor.so", "-> add them to modules.conf",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if r.code != 1 || strings.Contains(r.out, "not running: app_stasis.so") || t.Failed() {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.errOut)
	}
}

// A configuration that breaks its rules is exit code 2, with file, line and key of all faults.
func TestCheckRefusesABadConfiguration(t *testing.T) {
	file := sheet{
		"asterisk.url": "here", "recordings.min_free_percent": "95", "site.colour": "red", "redis.db": "many",
	}.write(t)
	r := finish(t, program(t), "check", "--config", file)
	for _, want := range []string{
		file + ":8: site.colour: is not a key", file + ":6: redis.db: must be a whole number",
	} {
		if !strings.Contains(r.errOut, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if r.code != 2 || r.out != "" || t.Failed() {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.errOut)
	}
}
