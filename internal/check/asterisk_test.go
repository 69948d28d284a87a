package check

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/ari"
	"hotline/ari/aritest"
	"hotline/configs"
)

func TestCheckOfVersion(t *testing.T) {
	for text, want := range map[string]string{
		"22.10.1": "ok", "22.10.1+dfsg+~cs6.17": "ok", "22.11.0-rc1": "ok", "23.0.0": "ok", "100.0.0": "ok",
		"22.10.0": "bad", "22.9.9": "bad", "22.10": "bad", "20.19.0": "bad", "18.26.4": "bad",
		"GIT-master-1234": "warn", "certified-22.8-cert1": "warn", "": "warn",
	} {
		f := version(text)
		if got := grade(f); got != want || (f.Fix == "") != (want == "ok") {
			t.Errorf("%q is %s, want %s: %+v", text, got, want, f)
		}
	}
}

func grade(f Finding) string {
	switch {
	case f.Bad:
		return "bad"
	case f.Warn:
		return "warn"
	default:
		return "ok"
	}
}

func TestCheckOfClock(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for apart, want := range map[time.Duration]string{
		0: "ok", clockMax: "ok", -clockMax: "ok", clockMax + time.Millisecond: "bad", -clockMax - time.Millisecond: "bad",
		8 * time.Hour: "bad",
	} {
		f := clock(Finding{Name: "clock"}, now.Add(apart), now)
		if got := grade(f); got != want || !strings.HasPrefix(f.Detail, apart.Abs().String()) {
			t.Errorf("%v is %s, want %s: %+v", apart, got, want, f)
		}
		if f.Bad && !strings.Contains(f.Fix, "NTP") {
			t.Errorf("%v: %+v does not say what to do", apart, f)
		}
	}
}

func TestCheckOfFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path    string
		minFree int
		grade   string
		detail  string
	}{
		"fine":        {dir, 0, "ok", "% free"},
		"nearly full": {dir, 101, "bad", "% free"},
		"missing":     {filepath.Join(dir, "missing"), 0, "bad", "missing is not writable"},
		"a file":      {file, 0, "bad", "file is not writable"},
	} {
		f := folder("recordings", c.path, c.minFree)
		if grade(f) != c.grade || !strings.Contains(f.Detail, c.detail) || f.Bad != (f.Fix != "") {
			t.Errorf("%s: %+v", name, f)
		}
	}
	// Looking must leave nothing behind.
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}

// scripted is an Asterisk of which every answer can be changed.
type scripted struct {
	*aritest.Server
	cfg *configs.Config
}

func script(t *testing.T) scripted {
	t.Helper()
	s := scripted{Server: aritest.New(), cfg: configs.Default()}
	t.Cleanup(s.Close)
	s.cfg.Asterisk.URL = strings.TrimSuffix(s.URL(), "/ari")
	s.cfg.Asterisk.User, s.cfg.Asterisk.Password = aritest.User, configs.NewSecret(aritest.Password)
	s.cfg.Asterisk.App, s.cfg.Asterisk.RequestTimeout = aritest.App, time.Second
	s.says("GET /asterisk/info", map[string]any{"system": map[string]string{"version": "22.10.1"}})
	s.runs(needed...)
	return s
}

// says lets a route answer with a document.
func (s scripted) says(route string, document any) {
	s.On(route, func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) {
		_ = json.NewEncoder(w).Encode(document)
	})
}

// runs lets modules run, and one more that nobody needs and that does not.
func (s scripted) runs(names ...string) {
	list := []map[string]string{{"name": "res_other.so", "status": "Not Running"}}
	for _, name := range names {
		list = append(list, map[string]string{"name": name, "status": "Running"})
	}
	s.says("GET /asterisk/modules", list)
}

// finding is the one of that name.
func (s scripted) finding(t *testing.T, name string) Finding {
	t.Helper()
	all := asterisk(t.Context(), s.cfg)
	for _, f := range all {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no finding %q in %+v", name, all)
	return Finding{}
}

func TestCheckOfModules(t *testing.T) {
	s := script(t)
	if f := s.finding(t, "asterisk modules"); f.Bad || !strings.HasPrefix(f.Detail, "all ") {
		t.Errorf("all there: %+v", f)
	}
	s.cfg.Agents = []configs.Agent{{ID: "a1001"}, {ID: "a1002", AutoAnswer: true}}
	if f := s.finding(t, "asterisk modules"); !f.Bad || f.Detail != "not running: res_pjsip_header_funcs.so" {
		t.Errorf("a phone that is to pick up by itself: %+v", f)
	}
	s.cfg.Agents = nil
	var rest []string
	for _, name := range needed {
		if name != "app_mixmonitor.so" && name != "codec_alaw.so" {
			rest = append(rest, name)
		}
	}
	s.runs(rest...)
	f := s.finding(t, "asterisk modules")
	if !f.Bad || f.Detail != "not running: app_mixmonitor.so, codec_alaw.so" || !strings.Contains(f.Fix, "modules.conf") {
		t.Errorf("two missing: %+v", f)
	}
	s.says("GET /asterisk/modules", []map[string]string{{"name": "chan_pjsip.so", "status": "Not Running"}})
	if f = s.finding(t, "asterisk modules"); !f.Bad || !strings.Contains(f.Detail, "chan_pjsip.so") {
		t.Errorf("loaded but not running: %+v", f)
	}
	s.On("GET /asterisk/modules", aritest.Fail(http.StatusInternalServerError, "no list"))
	if f = s.finding(t, "asterisk modules"); !f.Bad || f.Fix == "" {
		t.Errorf("no list: %+v", f)
	}
}

func TestCheckOfUnreachableAsterisk(t *testing.T) {
	for name, c := range map[string]struct {
		spoil       func(scripted)
		detail, fix string
	}{
		"wrong password": {
			func(s scripted) { s.cfg.Asterisk.Password = configs.NewSecret("wrong") },
			`Asterisk refuses the user "hotline" or its password`, "ari.conf",
		},
		"no ARI there": {func(s scripted) { s.cfg.Asterisk.URL += "/other" }, "/other", "without /ari"},
		"broken":       {func(s scripted) { s.On("GET /asterisk/info", aritest.BreakBefore()) }, "EOF", "start Asterisk"},
		"silent": {
			func(s scripted) {
				s.cfg.Asterisk.RequestTimeout = 100 * time.Millisecond
				s.On("GET /asterisk/info", aritest.Hang())
			},
			"deadline", "start Asterisk",
		},
		"gone":      {func(s scripted) { s.Close() }, "refused", "start Asterisk"},
		"no scheme": {func(s scripted) { s.cfg.Asterisk.URL = "ftp://x" }, "scheme must be http", "asterisk section"},
	} {
		t.Run(name, func(t *testing.T) {
			s := script(t)
			c.spoil(s)
			all := asterisk(t.Context(), s.cfg)
			if len(all) != 1 || all[0].Name != "asterisk" || !all[0].Bad ||
				!strings.Contains(all[0].Detail, c.detail) || !strings.Contains(all[0].Fix, c.fix) {
				t.Errorf("%+v", all)
			}
		})
	}
}

func TestCheckOfPhones(t *testing.T) {
	s := script(t)
	s.SetEndpoint("PJSIP/a1001", ari.EndpointOnline)
	s.SetEndpoint("PJSIP/a1002", ari.EndpointOffline)
	s.cfg.Agents = []configs.Agent{{ID: "a1001"}, {ID: "a1002"}}
	s.cfg.Complete()
	if f := s.finding(t, "agents' phones"); f.Bad || f.Detail != "1 of 2 registered" {
		t.Errorf("%+v", f)
	}
	s.cfg.Agents = append(s.cfg.Agents, configs.Agent{ID: "a1003"})
	s.cfg.Complete()
	if f := s.finding(t, "agents' phones"); !f.Bad || f.Detail != "unknown to Asterisk: PJSIP/a1003" {
		t.Errorf("%+v", f)
	}
	s.On("GET /endpoints/{tech}/{resource}", aritest.Fail(http.StatusInternalServerError, "broken"))
	if f := s.finding(t, "agents' phones"); !f.Bad || strings.Contains(f.Detail, "unknown to Asterisk") {
		t.Errorf("%+v", f)
	}
}

func TestCheckOfCallsOutside(t *testing.T) {
	s := script(t)
	if f := s.finding(t, "calls outside"); f.Bad || !strings.Contains(f.Detail, "none is allowed") {
		t.Errorf("%+v", f)
	}
	s.cfg.Dialing.Allow = []configs.Pattern{"110"}
	if f := s.finding(t, "calls outside"); !f.Bad || f.Fix == "" || f.Detail != "Asterisk has no endpoint PJSIP/trunk" {
		t.Errorf("%+v", f)
	}
	s.SetEndpoint("PJSIP/trunk", ari.EndpointOffline)
	if f := s.finding(t, "calls outside"); f.Bad || f.Detail != "by PJSIP/trunk, 1 kinds of numbers" {
		t.Errorf("%+v", f)
	}
}

// The embedded Redis is worth a warning, a Redis that is not there is a fault.
func TestCheckOfRedis(t *testing.T) {
	cfg := configs.Default()
	cfg.Redis.Addr = ""
	if all := redis(t.Context(), cfg); len(all) != 1 || grade(all[0]) != "warn" {
		t.Errorf("embedded: %+v", all)
	}
	cfg.Redis.Addr = filepath.Join(t.TempDir(), "no.sock")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	all := redis(ctx, cfg)
	if len(all) != 1 || !all[0].Bad || !strings.Contains(all[0].Detail, "no.sock") || all[0].Fix == "" {
		t.Errorf("not there: %+v", all)
	}
}
