package testbed

import (
	"bufio"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// defaultMirror serves machines whose own package sources are not Debian's.
const defaultMirror = "http://ftp.debian.org/debian"

// source is one line of apt's configuration: where packages come from and
// which keys sign them.
type source struct {
	uri      string
	suites   []string
	signedBy string // a keyring file, or empty
}

// machine is where this computer keeps what we read from it; tests point it at
// folders of their own.
type machine struct {
	osRelease string
	aptDir    string
	keyrings  []string
}

func thisMachine() machine {
	return machine{
		osRelease: "/etc/os-release",
		aptDir:    "/etc/apt",
		keyrings: []string{
			"/usr/share/keyrings/debian-archive-keyring.pgp",
			"/usr/share/keyrings/debian-archive-keyring.gpg",
		},
	}
}

// debianSource tells from which mirror and with which keyring Debian's packages
// are to be had. The machine's own choice wins, because it is the one known to
// be reachable and trusted. The keyring is empty when the machine has none.
func (m machine) debianSource() (mirror, keyring string) {
	for _, file := range m.keyrings {
		if _, err := os.Stat(file); err == nil {
			keyring = file
			break
		}
	}
	mirror = defaultMirror
	id, codename := m.release()
	if id == "debian" {
		for _, candidate := range m.sources() {
			if slices.Contains(candidate.suites, codename) {
				mirror = candidate.uri
				if candidate.signedBy != "" {
					keyring = candidate.signedBy
				}
				break
			}
		}
	}
	if override := os.Getenv("HOTLINE_DEBIAN_MIRROR"); override != "" {
		mirror = override
	}
	return strings.TrimRight(mirror, "/"), keyring
}

// release reads the distribution's id and the code name of its release.
func (m machine) release() (id, codename string) {
	text, err := os.ReadFile(m.osRelease)
	if err != nil {
		return "", ""
	}
	for line := range strings.Lines(string(text)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok {
			continue
		}
		value = strings.Trim(value, `"'`)
		switch key {
		case "ID":
			id = value
		case "VERSION_CODENAME":
			codename = value
		}
	}
	return id, codename
}

// sources lists the machine's package sources in both of apt's formats. What
// cannot be read is left out: it only makes the answer less specific.
func (m machine) sources() []source {
	files := []string{filepath.Join(m.aptDir, "sources.list")}
	for _, pattern := range []string{"*.list", "*.sources"} {
		found, err := filepath.Glob(filepath.Join(m.aptDir, "sources.list.d", pattern))
		if err == nil {
			files = append(files, found...)
		}
	}
	var all []source
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if strings.HasSuffix(file, ".sources") {
			all = append(all, parseDeb822(string(text))...)
		} else {
			all = append(all, parseList(string(text))...)
		}
	}
	return all
}

// parseList reads the one-line format: deb [options] uri suite components.
func parseList(text string) []source {
	var all []source
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "deb ")
		if !ok {
			continue
		}
		var one source
		rest = strings.TrimSpace(rest)
		if strings.HasPrefix(rest, "[") {
			options, after, closed := strings.Cut(rest[1:], "]")
			if !closed {
				continue
			}
			one.signedBy = keyringFile(option(options, "signed-by"))
			rest = after
		}
		fields := strings.Fields(rest)
		if len(fields) < 2 || !isWeb(fields[0]) {
			continue
		}
		one.uri, one.suites = fields[0], fields[1:2]
		all = append(all, one)
	}
	return all
}

func option(options, name string) string {
	for field := range strings.FieldsSeq(options) {
		key, value, _ := strings.Cut(field, "=")
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// parseDeb822 reads the format of *.sources files: stanzas of "Key: value",
// with lines that begin with a blank continuing the value above.
func parseDeb822(text string) []source {
	var all []source
	stanza := make(map[string]string)
	last := ""
	flush := func() {
		all = append(all, stanzaSources(stanza)...)
		stanza, last = make(map[string]string), ""
	}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.TrimSpace(line) == "":
			flush()
		case line[0] == ' ' || line[0] == '\t':
			stanza[last] += "\n" + strings.TrimSpace(line)
		default:
			key, value, _ := strings.Cut(line, ":")
			last = strings.ToLower(strings.TrimSpace(key))
			stanza[last] = strings.TrimSpace(value)
		}
	}
	flush()
	return all
}

func stanzaSources(stanza map[string]string) []source {
	if !slices.Contains(strings.Fields(stanza["types"]), "deb") || strings.EqualFold(stanza["enabled"], "no") {
		return nil
	}
	var all []source
	for uri := range strings.FieldsSeq(stanza["uris"]) {
		if isWeb(uri) {
			all = append(all, source{
				uri:      uri,
				suites:   strings.Fields(stanza["suites"]),
				signedBy: keyringFile(stanza["signed-by"]),
			})
		}
	}
	return all
}

// keyringFile drops what is no file: a key written into the stanza itself, or
// the fingerprint of one.
func keyringFile(value string) string {
	first, _, _ := strings.Cut(value, ",")
	if filepath.IsAbs(first) && !strings.ContainsAny(first, " \n") {
		return first
	}
	return ""
}

// isWeb leaves out local media and schemes that need another program.
func isWeb(uri string) bool {
	parsed, err := url.Parse(uri)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != ""
}
