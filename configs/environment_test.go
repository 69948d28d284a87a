package configs

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestEnvironmentOverridesTheFile(t *testing.T) {
	cfg, err := Load("testdata/good/full.yaml", []string{
		"HOTLINE_ASTERISK_PASSWORD_FILE=" + secretFile(t, "x"),
		"HOTLINE_ASTERISK_REQUEST_TIMEOUT=2s",
		"HOTLINE_SITE_LANGUAGE=zh-CN",
		"HOTLINE_REDIS_ADDR=",
		"HOTLINE_REDIS_DB=7",
		"HOTLINE_SITE_NAME=a=b",
		"HOTLINE_CACHE=/not/ours",
		"PATH=/bin",
	})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Asterisk.RequestTimeout != 2*time.Second || cfg.Site.Language != Chinese ||
		!cfg.Redis.Embedded() || cfg.Redis.DB != 7 || cfg.Site.Name != "a=b" {
		t.Errorf("settings %+v are not those of the environment", cfg)
	}
}

func TestEnvironmentProblemsNameTheVariable(t *testing.T) {
	secret := "HOTLINE_ASTERISK_PASSWORD_FILE=" + secretFile(t, "x")
	for entry, want := range map[string]string{
		"HOTLINE_ASTERISK_URL=ws://x":           "environment: HOTLINE_ASTERISK_URL: must be an address such as",
		"HOTLINE_ASTERISK_ULR=http://x":         "environment: HOTLINE_ASTERISK_ULR: names no key",
		"HOTLINE_ASTERISK_PASSWORD=secret":      "environment: HOTLINE_ASTERISK_PASSWORD: names no key",
		"HOTLINE_ASTERISK_REQUEST_TIMEOUT=soon": "environment: HOTLINE_ASTERISK_REQUEST_TIMEOUT: must be a duration",
		"HOTLINE_REDIS_DB=one":                  "environment: HOTLINE_REDIS_DB: must be a whole number",
		"HOTLINE_LINES=10000":                   "environment: HOTLINE_LINES: names no key that the environment",
		"HOTLINE_LOG_LEVEL=loud":                "environment: HOTLINE_LOG_LEVEL: must be one of debug, info",
	} {
		_, err := Load("", []string{secret, entry})
		problems := problemsOf(t, err)
		if len(problems) != 1 || !strings.HasPrefix(problems.Error(), want) {
			t.Errorf("%s: reported %v, want %s", entry, problems, want)
		}
		if strings.Contains(problems.Error(), "secret") && strings.Contains(entry, "=secret") {
			t.Errorf("%s: the report shows the password", entry)
		}
	}
}

// TestVariableNamesAreUnique: a_b.c and a.b_c would both be HOTLINE_A_B_C.
func TestVariableNamesAreUnique(t *testing.T) {
	seen := map[string]string{}
	for _, key := range everyKey(reflect.TypeFor[Config](), "") {
		name := variableOf(key)
		if other, twice := seen[name]; twice {
			t.Errorf("%s stands for both %s and %s", name, key, other)
		}
		seen[name] = key
	}
	if seen["HOTLINE_ASTERISK_PASSWORD_FILE"] != "asterisk.password_file" {
		t.Error("HOTLINE_ASTERISK_PASSWORD_FILE is not asterisk.password_file")
	}
}
