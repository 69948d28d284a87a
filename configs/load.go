package configs

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed hotline.yaml
var sample string

// Sample returns the commented sample of hotline.yaml.
func Sample() string { return sample }

// maxFile bounds the file that is read, in bytes. A thousand agents take some 200 kB.
const maxFile = 4 << 20

// Load reads the settings: defaults, the file, the environment (NAME=value, as of
// os.Environ), password files, in this order, and checks them. An empty path means no
// file. Relative paths in the settings are taken from the file's folder, so that a start
// from elsewhere finds the same files. The error is a Problems unless the file cannot be
// read at all.
func Load(path string, env []string) (*Config, error) {
	cfg := Default()
	var lines map[string]int
	var problems Problems
	if path != "" {
		content, err := readFile(path)
		if err != nil {
			return nil, err
		}
		lines, problems = decode(path, content, cfg)
	}
	set, more := applyEnvironment(env, cfg)
	problems = append(problems, more...)
	if len(problems) > 0 {
		return nil, problems // The rules would speak of values that nobody wrote.
	}
	cfg.Complete()
	if path != "" {
		dir, err := filepath.Abs(filepath.Dir(path))
		if err != nil {
			return nil, fmt.Errorf("read configuration: %w", err)
		}
		cfg.resolve(dir)
	}
	problems = slices.Concat(cfg.readSecrets(), cfg.readNumbers(), cfg.check())
	for i := range problems {
		problems[i] = locate(problems[i], path, lines, set)
	}
	if err := problems.asError(); err != nil {
		return nil, err
	}
	return cfg, nil
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("configuration file %s does not exist", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("configuration file %s must be at most %d bytes long", path, maxFile)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return content, nil
}

// resolve makes every relative path absolute to the file's folder.
func (c *Config) resolve(dir string) {
	paths := []*string{
		&c.Asterisk.PasswordFile, &c.Asterisk.RecordingDir, &c.Redis.PasswordFile,
		&c.Redis.SentinelPasswordFile,
		&c.Ledger.Path, &c.Ledger.PasswordFile, &c.Ledger.Spool,
		&c.People.Path, &c.Audit.Path, &c.Audit.Witness, &c.Recordings.Dir, &c.API.TokenFile,
	}
	for i := range c.Agents {
		paths = append(paths, &c.Agents[i].PasswordFile)
	}
	for i := range c.Grades {
		paths = append(paths, &c.Grades[i].NumbersFile)
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
}

// locate says where the value that breaks a rule was written: the variable, or the line of
// the key or of the nearest group around it when the key itself is left out.
func locate(p Problem, path string, lines map[string]int, set map[string]string) Problem {
	if name, ok := set[p.Key]; ok {
		return Problem{Source: environment, Key: name, Rule: p.Rule}
	}
	p.Source = path
	for key := p.Key; key != ""; key = parentKey(key) {
		if line, ok := lines[key]; ok {
			p.Line = line
			break
		}
	}
	return p
}

func parentKey(key string) string {
	if i := strings.LastIndexAny(key, ".["); i >= 0 {
		return key[:i]
	}
	return ""
}
