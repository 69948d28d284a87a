package testbed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// ErrNoApt says that this machine cannot fetch Debian packages.
var ErrNoApt = errors.New("apt-get and dpkg-deb are not on this machine")

// suites are the Debian releases that carry programs as new as we need, tried
// in this order: the coming stable one, then the one it is made from, for the
// weeks in which a package is missing in the first.
var suites = []string{"forky", "sid"}

// scriptsOnly are needed by packages' installation scripts alone, which are
// never run. They are declared as present. A name that no longer exists does no harm.
var scriptsOnly = strings.Fields("adduser debconf init-system-helpers lsb-base sysvinit-utils passwd perl-base")

// asteriskUnused are dependencies of Asterisk's modules that we do not load,
// its sample configuration and its sounds: three quarters of the download.
var asteriskUnused = strings.Fields(`
	asterisk-config-custom asterisk-core-sounds-en
	libcodec2-1.2 libcurl4t64 libglib2.0-0t64 libgmime-3.0-0t64 libgsm1 libical3t64 libiksemel3
	libjack-jackd2-0 libjwt2 libldap2 liblua5.1-0 libneon27t64 libodbc2 libogg0 libopencore-amrnb0
	libopencore-amrwb0 libopus0 libopusenc0 libopusfile0 libportaudio2 libpq5 libradcli4 libsnmp45
	libspandsp2t64 libspeex1 libspeexdsp1 libsrtp2-1 libsybdb5 libunbound8 libvo-amrwbenc0
	libvorbis0a libvorbisenc2 libvorbisfile3 openssl-provider-legacy`)

// apt runs the machine's own apt-get with a private state: its own lists,
// cache and an empty package database, so that it works as an ordinary user
// and sees none of the installed packages as a help.
type apt struct {
	dir    string // work folder
	config string // file named by APT_CONFIG
	origin string // what is said in messages: mirror and suite
	arch   string
}

// newApt prepares a private apt below dir. sources is the text of its sources
// file; the empty text means the machine's own sources.
func newApt(ctx context.Context, dir, origin, sources string, skip []string) (*apt, error) {
	for _, program := range []string{"apt-get", "apt-config", "dpkg", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, ErrNoApt
		}
	}
	a := &apt{dir: dir, config: filepath.Join(dir, "apt.conf"), origin: origin}
	for _, folder := range []string{"state/lists/partial", "cache/archives/partial", "etc/empty"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			return nil, err
		}
	}
	arch, err := output(ctx, nil, "dpkg", "--print-architecture")
	if err != nil {
		return nil, fmt.Errorf("ask dpkg for the architecture: %w", err)
	}
	a.arch = strings.TrimSpace(arch)
	network, err := networkSettings(ctx)
	if err != nil {
		return nil, err
	}
	files := map[string]string{
		"state/status": presentPackages(skip, a.arch),
		"apt.conf":     network + a.settings(sources == ""),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return a, a.useSources(sources)
}

// useSources writes the private sources file.
func (a *apt) useSources(text string) error {
	return os.WriteFile(filepath.Join(a.dir, "etc/sources.list"), []byte(text), 0o600)
}

// settings leave out the machine's hooks, which expect root, and state what
// must hold whatever the machine says: signatures count.
func (a *apt) settings(machineSources bool) string {
	empty := filepath.Join(a.dir, "etc/empty")
	// A list of ours that cannot be read is an error; of the machine's sources a
	// dead one of some third party must not stand in the way.
	errorMode := "any"
	list, parts := filepath.Join(a.dir, "etc/sources.list"), empty
	if machineSources {
		list, parts = "/etc/apt/sources.list", "/etc/apt/sources.list.d"
		errorMode = "persistent"
	}
	var text strings.Builder
	for _, setting := range [][2]string{
		{"Dir::Etc::main", "/dev/null"},
		{"Dir::Etc::parts", empty},
		{"Dir::Etc::sourcelist", list},
		{"Dir::Etc::sourceparts", parts},
		{"Dir::Etc::preferences", "/dev/null"},
		{"Dir::Etc::preferencesparts", empty},
		{"Dir::State", filepath.Join(a.dir, "state")},
		{"Dir::State::status", filepath.Join(a.dir, "state/status")},
		{"Dir::Cache", filepath.Join(a.dir, "cache")},
		{"APT::Architecture", a.arch},
		{"APT::Install-Recommends", "false"},
		{"APT::Sandbox::User", ""},
		{"APT::Update::Error-Mode", errorMode},
		{"APT::Get::AllowUnauthenticated", "false"},
		{"Acquire::AllowInsecureRepositories", "false"},
		{"Acquire::AllowWeakRepositories", "false"},
		{"Acquire::AllowDowngradeToInsecureRepositories", "false"},
		{"Acquire::Languages", "none"},
		{"Acquire::Retries", "2"},
		{"Acquire::http::Timeout", "30"},
		{"Acquire::https::Timeout", "30"},
		{"Dpkg::Use-Pty", "false"},
	} {
		fmt.Fprintf(&text, "%s %q;\n", setting[0], setting[1])
	}
	return text.String()
}

var networkSetting = regexp.MustCompile(`^Acquire::(http|https|ftp|socks|Check-Valid-Until|Check-Date|ForceIPv[46])\b`)

// networkSettings copies how this machine reaches the network (proxies and the
// like) out of its apt configuration.
func networkSettings(ctx context.Context) (string, error) {
	dump, err := output(ctx, nil, "apt-config", "dump")
	if err != nil {
		return "", fmt.Errorf("read apt's configuration: %w", err)
	}
	var kept strings.Builder
	for line := range strings.Lines(dump) {
		if networkSetting.MatchString(line) {
			kept.WriteString(line)
		}
	}
	return kept.String(), nil
}

// presentPackages is a package database in which skip is installed in a
// version that satisfies everybody.
func presentPackages(skip []string, arch string) string {
	var text strings.Builder
	for _, name := range skip {
		fmt.Fprintf(&text, "Package: %s\nStatus: install ok installed\nArchitecture: %s\nMulti-Arch: same\n"+
			"Version: 99999:0\nMaintainer: none <none@localhost>\nDescription: declared as present\n\n", name, arch)
	}
	return text.String()
}

// update reads the package lists.
func (a *apt) update(ctx context.Context) error {
	return a.get(ctx, "update")
}

// deb is one package file that an installation needs.
type deb struct {
	Name    string `json:"name"`    // package name
	Version string `json:"version"` // Debian version with epoch
	file    string // name in the archive folder
}

var uriLine = regexp.MustCompile(`^'[^']+' (\S+\.deb) \d+`)

// resolve lists the packages that names need and that are not declared present.
func (a *apt) resolve(ctx context.Context, names []string) ([]deb, error) {
	args := append([]string{"-qq", "-y", "--print-uris", "install"}, names...)
	text, err := a.output(ctx, args...)
	if err != nil {
		return nil, err
	}
	var debs []deb
	for line := range strings.Lines(text) {
		match := uriLine.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		parts := strings.SplitN(match[1], "_", 3)
		if len(parts) != 3 {
			return nil, fmt.Errorf("unexpected package file name %q", match[1])
		}
		version := strings.NewReplacer("%3a", ":", "%7e", "~", "%2b", "+").Replace(parts[1])
		debs = append(debs, deb{Name: parts[0], Version: version, file: match[1]})
	}
	if len(debs) == 0 {
		return nil, fmt.Errorf("apt names no file for %s", strings.Join(names, ", "))
	}
	return debs, nil
}

// download fetches the packages into the archive folder. apt goes on where an
// earlier, broken download stopped, and checks every file against the signed list.
func (a *apt) download(ctx context.Context, names []string) error {
	return a.get(ctx, append([]string{"-y", "--download-only", "install"}, names...)...)
}

// unpack extracts the packages' files into root, running none of their scripts.
func (a *apt) unpack(ctx context.Context, debs []deb, root string) error {
	for _, one := range debs {
		archive := filepath.Join(a.dir, "cache/archives", one.file)
		if _, err := output(ctx, nil, "dpkg-deb", "-x", archive, root); err != nil {
			return fmt.Errorf("unpack %s: %w", one.Name, err)
		}
	}
	return nil
}

// clean removes what was downloaded, once it is unpacked.
func (a *apt) clean() error {
	return os.RemoveAll(filepath.Join(a.dir, "cache"))
}

func (a *apt) get(ctx context.Context, args ...string) error {
	_, err := a.output(ctx, append([]string{"-q"}, args...)...)
	return err
}

func (a *apt) output(ctx context.Context, args ...string) (string, error) {
	text, err := output(ctx, []string{"APT_CONFIG=" + a.config}, "apt-get", args...)
	if err != nil {
		return "", fmt.Errorf("%s: %w", a.origin, err)
	}
	return text, nil
}

// output runs a program and gives back what it printed. An error carries the
// lines in which the program says what was wrong.
func output(ctx context.Context, env []string, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive"), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("%s: %w", program, context.Cause(ctx))
		}
		return "", fmt.Errorf("%s %s: %w%s", program, args[len(args)-1], err, complaint(stderr.String()))
	}
	return stdout.String(), nil
}

// summary is what apt adds to every failed update; it says nothing new.
const summary = "E: Some index files failed to download"

// complaint picks apt's error and warning lines, at most four of them.
func complaint(stderr string) string {
	var picked []string
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, summary) && (strings.HasPrefix(line, "E:") || strings.HasPrefix(line, "W:") ||
			strings.HasPrefix(line, "dpkg") || strings.HasPrefix(line, "Err:")) {
			picked = append(picked, line)
		}
		if len(picked) == 4 {
			break
		}
	}
	if len(picked) == 0 {
		return ""
	}
	return ": " + strings.Join(picked, "; ")
}
