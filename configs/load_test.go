package configs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// secretFile writes a password file that only its owner may read.
func secretFile(tb testing.TB, content string) string {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	return name
}

// problemsOf returns the problems of a load that must fail with them.
func problemsOf(t *testing.T, err error) Problems {
	t.Helper()
	problems, ok := errors.AsType[Problems](err)
	if !ok {
		t.Fatalf("error is %T (%v), want Problems", err, err)
	}
	return problems
}

func TestGoodFiles(t *testing.T) {
	env := []string{"HOTLINE_ASTERISK_PASSWORD_FILE=" + secretFile(t, "s3cret\n")}
	for _, name := range cases(t, "good") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			cfg, err := Load(name, env)
			if err != nil {
				t.Fatal(err)
			}
			if got := cfg.Asterisk.Password.Reveal(); got != "s3cret" {
				t.Errorf("password %q, want s3cret", got)
			}
		})
	}
}

// TestBadFiles loads each file of testdata/bad. Its first comment lines say what must be
// reported, "# want LINE KEY: RULE" with RULE's beginning at least: all of it, and nothing
// else, in this order or another.
func TestBadFiles(t *testing.T) {
	env := "HOTLINE_ASTERISK_PASSWORD_FILE=" + secretFile(t, "s3cret\n")
	for _, name := range cases(t, "bad") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			environ := []string{env}
			if strings.Contains(string(content), "\n  password_file:") {
				environ = nil // The file speaks of it.
			}
			_, err = Load(name, environ)
			compare(t, problemsOf(t, err), name, string(content))
		})
	}
}

func compare(t *testing.T, got Problems, name, content string) {
	t.Helper()
	open := map[int]Problem{}
	for i, p := range got {
		open[i] = p
	}
	for line := range strings.Lines(content) {
		want, ok := strings.CutPrefix(strings.TrimSpace(line), "# want ")
		if !ok {
			break
		}
		found := false
		for i, p := range open {
			said := fmt.Sprintf("%d %s: %s", p.Line, p.Key, p.Rule)
			if p.Source == name && strings.HasPrefix(said, want) {
				delete(open, i)
				found = true
				break
			}
		}
		if !found {
			t.Errorf("nothing reported as %s", want)
		}
	}
	for _, p := range open {
		t.Errorf("reported without being wanted: %d %s: %s", p.Line, p.Key, p.Rule)
	}
}

func cases(tb testing.TB, kind string) []string {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", kind, "*.yaml"))
	if err != nil || len(names) == 0 {
		tb.Fatalf("no cases in testdata/%s (%v)", kind, err)
	}
	return names
}

func TestFullFileIsReadWhole(t *testing.T) {
	cfg, err := Load("testdata/good/full.yaml", []string{"HOTLINE_ASTERISK_PASSWORD_FILE=" + secretFile(t, "x")})
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs("testdata/good")
	if err != nil {
		t.Fatal(err)
	}
	for what, is := range map[string]bool{
		"relative paths start at the file": cfg.Ledger.Path == filepath.Join(dir, "ledger.db"),
		"recording_dir too":                cfg.Asterisk.RecordingDir == filepath.Join(dir, "spool"),
		"day_start":                        cfg.Site.DayStart == 5*60+30 && cfg.Site.DayStart.String() == "05:30",
		"zone":                             cfg.Zone().String() == "Europe/London",
		"request_timeout":                  cfg.Asterisk.RequestTimeout == 1500*time.Millisecond,
		"redis.db":                         cfg.Redis.DB == 3 && !cfg.Redis.Embedded(),
		"name of a line":                   cfg.Lines[0].Name == "北京" && cfg.Lines[1].Name == "10001",
		"greeting of a line":               cfg.Lines[1].Greeting == "closed",
		"max_wait":                         cfg.Queues[0].MaxWait == 10*time.Minute,
		"a key beside":                     cfg.Queues[0].RingFor == 6*time.Second && cfg.Queues[0].Name == "day",
		"a group partly":                   cfg.Figures.Threshold == 20*time.Second && cfg.Figures.VerifyDays == 31,
		"target":                           cfg.Queues[0].Target == 90 && cfg.Queues[1].Target == 85,
		"an empty text":                    cfg.Queues[0].Announcement == "" && cfg.Queues[1].Announcement != "",
		"a zero":                           cfg.Queues[1].WrapUp == 0 && cfg.Queues[1].AnnounceEvery == 0,
		"endpoint":                         cfg.Agents[0].Endpoint == "PJSIP/3001@trunk",
		"queues of an agent":               len(cfg.Agents[0].Queues) == 2 && cfg.Agents[0].Queues[1] == "night",
		"sound":                            cfg.Sound("closed") == "sound:custom/hotline/en/closed",
	} {
		if !is {
			t.Errorf("%s is not as written: %+v", what, cfg)
		}
	}
}

func TestNoFileIsAllDefaults(t *testing.T) {
	cfg, err := Load("", []string{"HOTLINE_ASTERISK_PASSWORD_FILE=" + secretFile(t, "x")})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.API.Listen != Default().API.Listen || len(cfg.Lines) != 0 {
		t.Errorf("settings %+v, want the defaults", cfg)
	}
}

func TestUnreadableFile(t *testing.T) {
	dir := t.TempDir()
	long := filepath.Join(dir, "long.yaml")
	if err := os.WriteFile(long, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(dir, "none.yaml"), dir, long} {
		if _, err := Load(name, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Load(%s): %v, want an error that names the file", name, err)
		}
	}
}

func TestProblemReadsAsOneLine(t *testing.T) {
	_, err := Load("testdata/bad/wrong-values.yaml", nil)
	lines := strings.Split(problemsOf(t, err).Error(), "\n")
	want := `testdata/bad/wrong-values.yaml:6: site.language: must be one of zh-CN, en, not "fr"`
	if len(lines) != 5 || lines[0] != want {
		t.Errorf("text\n%s\nwants 5 lines, the first\n%s", strings.Join(lines, "\n"), want)
	}
}

func FuzzLoad(f *testing.F) {
	for _, kind := range []string{"good", "bad"} {
		for _, name := range cases(f, kind) {
			content, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(content)
		}
	}
	f.Add([]byte(Sample()))
	f.Fuzz(func(t *testing.T, content []byte) {
		cfg := Default()
		_, problems := decode("fuzz.yaml", content, cfg)
		cfg.Complete()
		for _, p := range append(problems, cfg.check()...) {
			if p.Rule == "" {
				t.Errorf("problem without a rule: %+v", p)
			}
		}
		for _, l := range cfg.Lines {
			cfg.GreetingAt(l)(time.Unix(0, 0))
		}
	})
}
