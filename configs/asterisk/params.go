package asterisk

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// ErrParams is wrapped by every complaint about [Params].
var ErrParams = errors.New("asterisk configuration")

// Params is all that differs between one Asterisk and another. Every field is
// required unless it says otherwise. Values end up inside configuration files,
// so they are checked against the characters that mean something there.
type Params struct {
	// ModuleDir holds Asterisk's modules (*.so).
	ModuleDir string
	// DataDir holds documentation/, rest-api/ and sounds/. Without the
	// documentation modules refuse to load.
	DataDir string
	// StateDir takes everything that Asterisk writes except recordings. Its
	// sub-folders lib, cache, spool, run and log must exist.
	StateDir string
	// RecordingDir is the root of the recordings. Asterisk makes a folder per UTC
	// day in it: 2006/01/02/<unique id>-rx.alaw (caller) and -tx.alaw (heard).
	RecordingDir string
	// MOHDir holds the music: alaw, ulaw, wav or sln files at 8 kHz.
	MOHDir string
	// ApologySound is played before a call is given up because no controller came
	// back: a sound name, or an absolute path without its ending. Empty: none.
	ApologySound string

	// Patience is for how many seconds a caller hears music while no controller is
	// connected, and is offered to the application again every second, before
	// Asterisk's own queue takes him; 0 means 5, which covers a restart. Without Lines the
	// call is given up then, and 0 means a minute.
	Patience int

	// SystemName begins every unique id: letters, digits, dot and dash.
	SystemName string
	// EntityID is six bytes as aa:bb:cc:dd:ee:ff, unique per Asterisk; events
	// carry it as asterisk_id.
	EntityID string
	// MaxFiles is the number of open files asked for, at least 256.
	MaxFiles int

	// Bind is the address of SIP and media.
	Bind netip.Addr
	// TrunkPort (UDP) takes calls from the trunk, AgentPort (UDP) the agents.
	TrunkPort, AgentPort int
	// HTTPPort (TCP) carries ARI, always on 127.0.0.1.
	HTTPPort int
	// RTPStart and RTPEnd bound the UDP ports of media, two per leg.
	RTPStart, RTPEnd int

	// TrunkPeer is where calls that our application makes to numbers outside go: the
	// carrier's or gateway's SIP address, one of TrunkSources. The zero value: none can
	// be made.
	TrunkPeer netip.AddrPort

	// TrunkSources are the only addresses whose calls are taken as trunk calls.
	TrunkSources []netip.Prefix
	// AgentSources are the networks agents may register from. May be empty.
	AgentSources []netip.Prefix

	// ARIUser and ARIPassword sign the controller in; 16 characters at least.
	ARIUser, ARIPassword string
	// App is the name of the Stasis application, usually DefaultApp.
	App string

	// Agents are the phones that may register. May be empty.
	Agents []Agent

	// Queues take the calls of Lines while no controller is connected. May be empty.
	Queues []Queue
	Lines  []Line
	// QueueStay is after how many seconds a caller in one of Queues looks for a controller
	// again; 0 means 20. A phone that rings then rings on.
	QueueStay int

	// BaselineNumber, 1 to 15 digits, adds Asterisk's own queue with the same
	// agents behind that number, for benchmarks that compare the two. Empty, as it
	// always is in production: there is none.
	BaselineNumber string
}

// DefaultApp is the Stasis application that takes the calls.
const DefaultApp = "hotline"

// Agent is one phone that may register.
type Agent struct {
	// Name is the SIP user: a letter, then letters, digits, dash or underscore,
	// 2 to 32 in all. It is never a number, or a caller of that number would be
	// taken for the agent.
	Name string
	// Extension is the agent's number, 1 to 15 digits.
	Extension string
	// Password of the SIP account, 8 to 64 characters.
	Password string
	// CallerName is shown on phones; may be empty.
	CallerName string
}

var (
	namePattern      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{1,31}$`)
	systemPattern    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$`)
	entityPattern    = regexp.MustCompile(`^[0-9a-f]{2}(:[0-9a-f]{2}){5}$`)
	extensionPattern = regexp.MustCompile(`^[0-9]{1,15}$`)
	passwordPattern  = regexp.MustCompile(`^[A-Za-z0-9._~-]{8,64}$`)
)

func (p Params) validate() error {
	return errors.Join(
		p.validatePaths(), p.validateNames(), p.validateNetwork(), p.validateAgents(), p.validateFallback(),
		p.validateBaseline(),
	)
}

func (p Params) validatePaths() error {
	return errors.Join(
		checkPath("ModuleDir", p.ModuleDir),
		checkPath("DataDir", p.DataDir),
		checkPath("StateDir", p.StateDir),
		checkPath("RecordingDir", p.RecordingDir),
		checkPath("MOHDir", p.MOHDir),
		checkSound("ApologySound", p.ApologySound),
	)
}

func (p Params) validateNames() error {
	var errs []error
	if !systemPattern.MatchString(p.SystemName) {
		errs = append(errs, fmt.Errorf("%w: SystemName %q: want letters, digits, dot, dash", ErrParams, p.SystemName))
	}
	if !entityPattern.MatchString(p.EntityID) {
		errs = append(errs, fmt.Errorf("%w: EntityID %q: want aa:bb:cc:dd:ee:ff", ErrParams, p.EntityID))
	}
	if !namePattern.MatchString(p.ARIUser) || p.ARIUser == "general" {
		errs = append(errs, fmt.Errorf("%w: ARIUser %q: want a letter, then letters, digits, - _", ErrParams, p.ARIUser))
	}
	if !passwordPattern.MatchString(p.ARIPassword) || len(p.ARIPassword) < 16 {
		errs = append(errs, fmt.Errorf("%w: ARIPassword: want 16 to 64 of letters, digits, . _ ~ -", ErrParams))
	}
	if !namePattern.MatchString(p.App) {
		errs = append(errs, fmt.Errorf("%w: App %q: want a letter, then letters, digits, - _", ErrParams, p.App))
	}
	if p.Patience < 0 {
		errs = append(errs, fmt.Errorf("%w: Patience %d: want 0 or more", ErrParams, p.Patience))
	}
	if p.MaxFiles < 256 {
		errs = append(errs, fmt.Errorf("%w: MaxFiles %d: want 256 or more", ErrParams, p.MaxFiles))
	}
	return errors.Join(errs...)
}

func (p Params) validateNetwork() error {
	var errs []error
	if !p.Bind.IsValid() {
		errs = append(errs, fmt.Errorf("%w: Bind: want an IP address", ErrParams))
	}
	ports := []struct {
		name string
		port int
	}{
		{"TrunkPort", p.TrunkPort},
		{"AgentPort", p.AgentPort},
		{"HTTPPort", p.HTTPPort},
		{"RTPStart", p.RTPStart},
		{"RTPEnd", p.RTPEnd},
	}
	for _, port := range ports {
		if port.port < 1 || port.port > 65535 {
			errs = append(errs, fmt.Errorf("%w: %s %d: want 1 to 65535", ErrParams, port.name, port.port))
		}
	}
	if p.TrunkPort == p.AgentPort {
		errs = append(errs, fmt.Errorf("%w: TrunkPort and AgentPort are both %d", ErrParams, p.TrunkPort))
	}
	errs = append(errs, p.validatePeer())
	if p.RTPEnd-p.RTPStart < 3 {
		errs = append(errs, fmt.Errorf("%w: RTPStart..RTPEnd: want room for two legs at least", ErrParams))
	}
	if len(p.TrunkSources) == 0 {
		errs = append(errs, fmt.Errorf("%w: TrunkSources is empty: no call could come in", ErrParams))
	}
	for _, source := range p.TrunkSources {
		if !source.IsValid() || source.Bits() == 0 {
			errs = append(errs, fmt.Errorf("%w: TrunkSources: %s would let anybody call as the trunk", ErrParams, source))
		}
	}
	for _, source := range p.AgentSources {
		if !source.IsValid() {
			errs = append(errs, fmt.Errorf("%w: AgentSources: %s is no network", ErrParams, source))
		}
	}
	return errors.Join(errs...)
}

// validatePeer refuses a far side of the trunk that could take calls but never end one:
// packets from elsewhere than TrunkSources are dropped.
func (p Params) validatePeer() error {
	peer := p.TrunkPeer
	if peer == (netip.AddrPort{}) {
		return nil
	}
	if !peer.IsValid() || peer.Port() == 0 {
		return fmt.Errorf("%w: TrunkPeer %s: want an address and a port", ErrParams, peer)
	}
	if !slices.ContainsFunc(p.TrunkSources, func(s netip.Prefix) bool { return s.Contains(peer.Addr()) }) {
		return fmt.Errorf("%w: TrunkPeer %s: is none of TrunkSources", ErrParams, peer)
	}
	return nil
}

func (p Params) validateAgents() error {
	var errs []error
	names, extensions := make(map[string]bool), make(map[string]bool)
	for i, agent := range p.Agents {
		if err := agent.validate(); err != nil {
			errs = append(errs, fmt.Errorf("%w: Agents[%d]: %w", ErrParams, i, err))
		}
		if key := strings.ToLower(agent.Name); names[key] {
			errs = append(errs, fmt.Errorf("%w: Agents[%d]: name %q is used twice", ErrParams, i, agent.Name))
		} else {
			names[key] = true
		}
		if extensions[agent.Extension] {
			errs = append(errs, fmt.Errorf("%w: Agents[%d]: extension %q is used twice", ErrParams, i, agent.Extension))
		}
		extensions[agent.Extension] = true
	}
	return errors.Join(errs...)
}

// reserved are the section names of pjsip.conf that an agent's sections would overwrite.
var reserved = []string{"trunk", "global", "system", "sources"}

func (a Agent) validate() error {
	if !namePattern.MatchString(a.Name) {
		return fmt.Errorf("name %q: want a letter, then letters, digits, - _, 2 to 32 in all", a.Name)
	}
	lower := strings.ToLower(a.Name)
	if slices.Contains(reserved, lower) {
		return fmt.Errorf("name %q is reserved", a.Name)
	}
	if strings.HasPrefix(lower, "transport-") || strings.HasSuffix(lower, "-base") {
		return fmt.Errorf("name %q is reserved", a.Name)
	}
	if !extensionPattern.MatchString(a.Extension) {
		return fmt.Errorf("extension %q: want 1 to 15 digits", a.Extension)
	}
	if !passwordPattern.MatchString(a.Password) {
		return fmt.Errorf("password of %q: want 8 to 64 of letters, digits, . _ ~ -", a.Name)
	}
	for _, r := range a.CallerName {
		if unicode.IsControl(r) || strings.ContainsRune(`"<>;\`, r) {
			return fmt.Errorf("caller name of %q holds %q", a.Name, r)
		}
	}
	return nil
}

// CheckFolder refuses a folder that Render would refuse, before anything is made.
func CheckFolder(dir string) error { return checkPath("folder", dir) }

// checkPath refuses what has a meaning inside a configuration file or a
// dialplan argument: a folder called "a;b" or "a,b" would silently be cut.
func checkPath(field, path string) error {
	if !filepath.IsAbs(path) || filepath.Clean(path) != path {
		return fmt.Errorf("%w: %s %q: want an absolute, clean path", ErrParams, field, path)
	}
	return checkText(field, path)
}

func checkSound(field, sound string) error {
	if strings.Contains(sound, "..") {
		return fmt.Errorf("%w: %s %q leaves its folder", ErrParams, field, sound)
	}
	return checkText(field, sound)
}

func checkText(field, text string) error {
	for _, r := range text {
		if unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`;,&|$(){}[]"'\=>`, r) {
			return fmt.Errorf("%w: %s %q holds %q, which has a meaning in Asterisk's files", ErrParams, field, text, r)
		}
	}
	return nil
}
