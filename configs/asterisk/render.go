// Package asterisk holds the configuration that Asterisk runs with: a small,
// hardened set of files in which every setting says why it is there. The same
// files serve production, demo, tests and CI; they differ in [Params] alone.
package asterisk

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed files/*.conf.tmpl
var templates embed.FS

// fileMode keeps the passwords inside the files from other users of the machine.
const fileMode fs.FileMode = 0o600

// view is what the templates see: checked parameters plus the folder they are
// written to and the addresses joined from bind address and port.
type view struct {
	Params
	EtcDir        string
	HTTPBind      netip.Addr
	TrunkAddr     netip.AddrPort
	AgentAddr     netip.AddrPort
	Sources       []netip.Prefix
	BaselineQueue string
	Tries         int // each after so many seconds: see [Params.Patience]
	TryEvery      float64
}

// Render checks p and writes every configuration file into dir, which must
// exist. Files are readable by their owner only, because they hold passwords.
// The error names the parameter and the rule it breaks; nothing is written then.
func Render(dir string, p Params) error {
	if err := p.validate(); err != nil {
		return err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("configuration folder %q: %w", dir, err)
	}
	if err := checkPath("configuration folder", abs); err != nil {
		return err
	}
	files, err := execute(newView(abs, p))
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(abs, name), text, fileMode); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

func newView(dir string, p Params) view {
	v := view{
		Params:    p,
		EtcDir:    dir,
		HTTPBind:  netip.AddrFrom4([4]byte{127, 0, 0, 1}),
		TrunkAddr: netip.AddrPortFrom(p.Bind, uint16(p.TrunkPort)),
		AgentAddr: netip.AddrPortFrom(p.Bind, uint16(p.AgentPort)),

		TryEvery:      TryEvery.Seconds(),
		BaselineQueue: BaselineQueue,
	}
	v.Tries = int(p.patience() / TryEvery)
	if v.QueueStay == 0 {
		v.QueueStay = defaultStay
	}
	seen := make(map[netip.Prefix]bool)
	for _, source := range append(append([]netip.Prefix{}, p.TrunkSources...), p.AgentSources...) {
		if !seen[source] {
			seen[source] = true
			v.Sources = append(v.Sources, source)
		}
	}
	return v
}

// execute renders all files in memory first, so that a fault in one template
// never leaves a folder with half of the old and half of the new settings.
func execute(v view) (map[string][]byte, error) {
	files, err := fill(templates, "files/*.conf.tmpl", v)
	if err != nil {
		return nil, err
	}
	return files, v.baseline(files)
}

// fill gives the text of each template of a folder under the file's name.
func fill(folder embed.FS, pattern string, v view) (map[string][]byte, error) {
	set, err := template.New("asterisk").Option("missingkey=error").ParseFS(folder, pattern)
	if err != nil {
		return nil, fmt.Errorf("configuration templates: %w", err)
	}
	files := make(map[string][]byte)
	for _, tmpl := range set.Templates() {
		name, ok := strings.CutSuffix(tmpl.Name(), ".tmpl")
		if !ok {
			continue
		}
		var text bytes.Buffer
		if err := tmpl.Execute(&text, v); err != nil {
			return nil, fmt.Errorf("render %s: %w", name, err)
		}
		files[name] = text.Bytes()
	}
	return files, nil
}
