package configs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretFiles(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
		want    string // the secret, or
		rule    string // the rule that is broken
	}{
		"one line":        {"s3 cret\r\n", 0o600, "s3 cret", ""},
		"without newline": {"s3cret", 0o640, "s3cret", ""},
		"empty":           {"\n", 0o600, "", "must not be an empty file"},
		"two lines":       {"a\nb\n", 0o600, "", "must be a file of one line"},
		"too long":        {strings.Repeat("x", maxSecret+1), 0o600, "", "must be a file of one line"},
		"world-readable":  {"s3cret", 0o644, "", "must not be open to other users: chmod o-rwx"},
		"world-writable":  {"s3cret", 0o602, "", "must not be open to other users: chmod o-rwx"},
	} {
		file := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, c.mode); err != nil { // The umask does not apply to it.
			t.Fatal(err)
		}
		got, err := readSecret(file)
		if c.rule == "" && (err != nil || got.Reveal() != c.want) {
			t.Errorf("%s: %q, %v, want %q", name, got.Reveal(), err, c.want)
		}
		if c.rule != "" && (err == nil || !strings.HasPrefix(err.Error(), c.rule)) {
			t.Errorf("%s: %v, want %s", name, err, c.rule)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
	}
	if _, err := readSecret(t.TempDir()); err == nil || !strings.HasPrefix(err.Error(), "must be a regular file") {
		t.Errorf("folder: %v, want a refusal", err)
	}
}

func TestSecretsOfEveryKey(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"asterisk", "redis", "token", "2001"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("secret of "+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "hotline.yaml")
	err := os.WriteFile(file, []byte(`
asterisk: {password_file: asterisk}
redis: {password_file: redis}
api: {listen: "0.0.0.0:80", token_file: token}
queues: [{id: q}]
agents: [{id: a2001, queues: [q], password_file: "2001"}, {id: a2002, queues: [q]}]
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, got := range map[string]Secret{
		"secret of asterisk": cfg.Asterisk.Password,
		"secret of redis":    cfg.Redis.Password,
		"secret of token":    cfg.API.Token,
		"secret of 2001":     cfg.Agents[0].Password,
		"":                   cfg.Agents[1].Password,
	} {
		if got.Reveal() != want {
			t.Errorf("secret %q, want %q", got.Reveal(), want)
		}
	}
	showsNoSecret(t, cfg)
}

func showsNoSecret(t *testing.T, cfg *Config) {
	t.Helper()
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("settings", "config", cfg, "password", cfg.Redis.Password)
	asJSON, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{log.String(), string(asJSON)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		texts = append(texts, fmt.Sprintf(verb, *cfg), fmt.Sprintf(verb, cfg.Redis.Password))
	}
	for _, text := range texts {
		if strings.Contains(text, "secret of") || strings.Contains(text, fmt.Sprintf("%x", "secret of")) {
			t.Errorf("a secret is shown: %s", text)
		}
	}
}

// TestTokenIsMadeOnce: the first start makes the API's token, for this user alone, and no
// start replaces it.
func TestTokenIsMadeOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "api-token")
	environment := []string{
		"HOTLINE_ASTERISK_PASSWORD_FILE=" + secretFile(t, "x"), "HOTLINE_API_TOKEN_FILE=" + file,
	}
	var tokens []string
	for range 2 {
		cfg, err := Load("", environment)
		if err != nil {
			t.Fatal(err)
		}
		if err := cfg.MakeToken(); err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, cfg.API.Token.Reveal())
	}
	if tokens[0] != tokens[1] || len(tokens[0]) < 20 {
		t.Errorf("the token was %q, then %q", tokens[0], tokens[1])
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v, %v; want 0600", info, err)
	}
	cfg := Default()
	cfg.API.TokenFile = filepath.Join(file, "no-folder")
	if err := cfg.MakeToken(); err == nil || !cfg.API.Token.Empty() {
		t.Errorf("a token that cannot be kept was made: %v", err)
	}
}
