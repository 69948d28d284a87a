package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"hotline/configs"
	"hotline/configs/asterisk"
	"hotline/configs/prompts"
	"hotline/internal/app"
)

// asteriskFilesCmd writes everything that an Asterisk needs to work for the hotline. What
// both must agree on (passwords, ports, folders, agents) is taken from hotline.yaml, so that
// it is written down once.
type asteriskFilesCmd struct {
	configFlag
	Out        string         `help:"Folder of the configuration." required:"" type:"path" placeholder:"DIR"`
	Bind       netip.Addr     `help:"Address of SIP and media; 0.0.0.0 for every one." required:"" placeholder:"IP"`
	TrunkFrom  []network      `help:"Addresses that calls come from, the carrier's." required:"" placeholder:"NET"`
	AgentsFrom []network      `help:"Networks that agents' phones register from." placeholder:"NET"`
	TrunkTo    netip.AddrPort `help:"Address and port of calls to numbers outside; default: none." placeholder:"IP:PORT"`
	TrunkPort  int            `help:"UDP port for the trunk." default:"5060"`
	AgentPort  int            `help:"UDP port for the agents' phones." default:"5062"`
	RTPStart   int            `name:"rtp-start" help:"First UDP port of media." default:"10000"`
	RTPEnd     int            `name:"rtp-end" help:"Last UDP port of media." default:"19999"`
	Name       string         `help:"Begins every call's id, unique per Asterisk; default: this machine's name."`
	Modules    string         `help:"Asterisk's modules; default: Debian's folder." type:"path" placeholder:"DIR"`
	Data       string         `help:"Asterisk's documentation and sounds." default:"/usr/share/asterisk" type:"path"`
	State      string         `help:"What Asterisk writes but recordings." default:"/var/lib/asterisk/hotline" type:"path"`
	MaxFiles   int            `help:"Open files that Asterisk asks for." default:"65536"`
	Force      bool           `help:"Replace files that are there already."`
}

// network is an address or a network in CIDR notation.
type network struct{ netip.Prefix }

// UnmarshalText reads 203.0.113.5 or 10.1.0.0/16.
func (n *network) UnmarshalText(text []byte) error {
	if addr, err := netip.ParseAddr(string(text)); err == nil {
		n.Prefix = netip.PrefixFrom(addr, addr.BitLen())
		return nil
	}
	prefix, err := netip.ParsePrefix(string(text))
	if err != nil || prefix != prefix.Masked() {
		return fmt.Errorf("%q must be an address such as 203.0.113.5 or a network such as 10.1.0.0/16", text)
	}
	n.Prefix = prefix
	return nil
}

// Run writes the files. Nothing is written when one of them is there already or a setting
// is wrong.
func (c asteriskFilesCmd) Run(e env) (err error) {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	params, err := c.params(cfg)
	if err != nil {
		return err
	}
	if err := asterisk.CheckFolder(c.Out); err != nil {
		return usage(err)
	}
	// A rehearsal in a folder of nobody: it tells every name, and every fault, beforehand.
	rehearsal, err := os.MkdirTemp("", "hotline-asterisk-")
	if err != nil {
		return fmt.Errorf("asterisk-files: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(rehearsal)) }()
	for _, part := range c.parts(cfg, params) {
		names, err := part.rehearse(filepath.Join(rehearsal, part.name))
		if err == nil && !c.Force {
			err = part.free(names)
		}
		if err != nil {
			return err
		}
	}
	return c.write(e, cfg, params)
}

// part is one folder of files.
type part struct {
	name, dir string
	write     func(dir string) error
}

func (c asteriskFilesCmd) parts(cfg *configs.Config, params asterisk.Params) []part {
	sounds := filepath.Join(params.DataDir, "sounds", cfg.Asterisk.SoundsPrefix)
	return []part{
		{"configuration", c.Out, func(dir string) error { return asterisk.Render(dir, params) }},
		{"prompts", sounds, prompts.WriteSounds},
		{"music", params.MOHDir, prompts.WriteMusic},
	}
}

// rehearse writes the part into a folder of nobody and gives the names of its files.
func (p part) rehearse(dir string) ([]string, error) {
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		err = p.write(dir)
	}
	if err != nil {
		return nil, usage(err)
	}
	var names []string
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, strings.TrimPrefix(path, dir))
		}
		return err
	})
	return names, err
}

var errThere = errors.New("is there already; nothing was written, --force replaces it")

// free is an error when one of the files is there already.
func (p part) free(names []string) error {
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(p.dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(err, fmt.Errorf("asterisk-files: %s %w", filepath.Join(p.dir, name), errThere))
		}
	}
	return nil
}

// write makes the folders and writes all parts.
func (c asteriskFilesCmd) write(e env, cfg *configs.Config, params asterisk.Params) error {
	folders := []string{c.Out, params.RecordingDir}
	for _, name := range []string{"lib", "cache", "spool", "run", "log"} {
		folders = append(folders, filepath.Join(params.StateDir, name))
	}
	for _, folder := range folders {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return fmt.Errorf("asterisk-files: %w", err)
		}
	}
	for _, part := range c.parts(cfg, params) {
		if err := part.write(part.dir); err != nil {
			return usage(err)
		}
		if _, err := fmt.Fprintf(e.out, "%-14s %s\n", part.name, part.dir); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(e.out, "%-14s %s\n%-14s %s\n%d agents. Give all of it to the user that runs Asterisk.\n",
		"state", params.StateDir, "recordings", params.RecordingDir, len(params.Agents))
	return err
}

// params brings hotline.yaml and the flags together. Whether each value is sound is for
// asterisk.Render to say; here stands what only the two together can break.
func (c asteriskFilesCmd) params(cfg *configs.Config) (asterisk.Params, error) {
	name, err := c.systemName()
	if err != nil {
		return asterisk.Params{}, err
	}
	port, wrongURL := httpPort(cfg.Asterisk.URL)
	agents, wrong := accounts(cfg.Agents)
	if wrongURL != "" {
		wrong = append(configs.Problems{{Key: "asterisk.url", Rule: wrongURL}}, wrong...)
	}
	for i := range wrong {
		wrong[i].Source = c.Config
	}
	switch {
	case len(wrong) > 0:
		return asterisk.Params{}, wrong
	case len(agents) > 0 && len(c.AgentsFrom) == 0:
		return asterisk.Params{}, fmt.Errorf("%w: --agents-from: must be given, or no phone can register", errUsage)
	}
	queues, lines := app.Fallback(cfg)
	modules := c.Modules
	if modules == "" {
		modules = debianModules()
	}
	return asterisk.Params{
		ModuleDir: modules, DataDir: c.Data, StateDir: c.State, RecordingDir: cfg.Asterisk.RecordingDir,
		MOHDir:       filepath.Join(c.State, "music"),
		ApologySound: strings.TrimPrefix(cfg.Sound(prompts.Apology), "sound:"),
		SystemName:   name, EntityID: entityID(name), MaxFiles: c.MaxFiles,
		Bind: c.Bind, TrunkPort: c.TrunkPort, AgentPort: c.AgentPort, HTTPPort: port,
		RTPStart: c.RTPStart, RTPEnd: c.RTPEnd,
		TrunkPeer: c.TrunkTo, TrunkSources: prefixes(c.TrunkFrom), AgentSources: prefixes(c.AgentsFrom),
		ARIUser: cfg.Asterisk.User, ARIPassword: cfg.Asterisk.Password.Reveal(), App: cfg.Asterisk.App,
		Agents: agents, Queues: queues, Lines: lines,
	}, nil
}

func (c asteriskFilesCmd) systemName() (string, error) {
	if c.Name != "" {
		return c.Name, nil
	}
	name, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("%w: --name: must be given: %w", errUsage, err)
	}
	return name, nil
}

// accounts are the SIP accounts of the agents, and what keeps one from being made. An
// endpoint that is not named after its user was written by hand and stays so.
func accounts(agents []configs.Agent) ([]asterisk.Agent, configs.Problems) {
	var out []asterisk.Agent
	var wrong configs.Problems
	for i, a := range agents {
		if a.Endpoint != "PJSIP/"+a.User {
			continue
		}
		if a.Password.Empty() {
			wrong = append(wrong, configs.Problem{
				Key:  fmt.Sprintf("agents[%d].password_file", i),
				Rule: fmt.Sprintf("must name the file of %s's SIP password", a.User),
			})
		}
		if a.Extension == "" {
			wrong = append(wrong, configs.Problem{
				Key:  fmt.Sprintf("agents[%d].extension", i),
				Rule: fmt.Sprintf("must be given: it is the number that %s's calls show", a.User),
			})
		}
		name := a.Name
		if name == string(a.ID) {
			name = ""
		}
		out = append(out, asterisk.Agent{
			Name: a.User, Extension: a.Extension, Password: a.Password.Reveal(), CallerName: name,
		})
	}
	return out, wrong
}

// httpPort is the port of ARI, or the rule that the address breaks: the files bind ARI to
// this machine, without TLS and without a prefix.
func httpPort(address string) (port int, rule string) {
	u, err := url.Parse(address)
	if err != nil {
		return 0, "must be an address such as http://127.0.0.1:8088"
	}
	ip := net.ParseIP(u.Hostname())
	here := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || !here {
		return 0, "must be http on a loopback address: Asterisk's HTTP server listens on 127.0.0.1 alone"
	}
	if u.Port() == "" {
		return 80, ""
	}
	port, err = strconv.Atoi(u.Port())
	if err != nil {
		return 0, "must have a port that is a number"
	}
	return port, ""
}

// debianModules is where Debian keeps the modules of this platform.
func debianModules() string {
	triplet := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
	return filepath.Join("/usr/lib", triplet, "asterisk/modules")
}

// entityID is an address of nobody's network card, the same at every run: a new one would
// look like a restart of Asterisk.
func entityID(name string) string {
	sum := sha256.Sum256([]byte(name))
	b := sum[:6]
	b[0] = b[0]&^1 | 2
	return net.HardwareAddr(b).String()
}

func prefixes(list []network) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, n := range list {
		out[i] = n.Prefix
	}
	return out
}

// usage marks what asterisk.Render refuses as the operator's to correct.
func usage(err error) error {
	if errors.Is(err, asterisk.ErrParams) {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	return fmt.Errorf("asterisk-files: %w", err)
}
