package asterisk

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func goodParams() Params {
	return Params{
		ModuleDir: "/usr/lib/asterisk/modules", DataDir: "/usr/share/asterisk", StateDir: "/srv/state",
		RecordingDir: "/srv/recordings", MOHDir: "/srv/music", ApologySound: "hotline/zh-CN/sorry",
		SystemName: "node-1", EntityID: "02:00:00:00:00:01", MaxFiles: 4096,
		Bind: netip.MustParseAddr("192.0.2.10"), TrunkPort: 5060, AgentPort: 5070, HTTPPort: 8088,
		RTPStart: 10000, RTPEnd: 19999,
		TrunkSources: []netip.Prefix{netip.MustParsePrefix("198.51.100.7/32"), netip.MustParsePrefix("203.0.113.0/28")},
		AgentSources: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		ARIUser:      "hotline", ARIPassword: "0123456789abcdef", App: DefaultApp,
		Agents: []Agent{
			{Name: "a1001", Extension: "1001", Password: "password-one", CallerName: "王芳"},
			{Name: "a1002", Extension: "1002", Password: "password-two"},
		},
	}
}

// section is one [name] of a file with its settings in order.
type section struct {
	name     string
	settings map[string][]string
}

func render(t *testing.T, p Params) string {
	t.Helper()
	dir := t.TempDir()
	if err := Render(dir, p); err != nil {
		t.Fatal(err)
	}
	return dir
}

func parse(t *testing.T, dir, file string) []section {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	var sections []section
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, ";")
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			title, base, _ := strings.Cut(name, "]")
			one := section{name: title, settings: map[string][]string{}}
			for parent := range strings.SplitSeq(strings.Trim(base, "()"), ",") {
				for i := range sections {
					if sections[i].name == parent {
						for key, values := range sections[i].settings {
							one.settings[key] = append(one.settings[key], values...)
						}
					}
				}
			}
			sections = append(sections, one)
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if ok && len(sections) > 0 {
			last := sections[len(sections)-1].settings
			key = strings.TrimSpace(key)
			last[key] = append(last[key], strings.TrimSpace(strings.TrimPrefix(value, ">")))
		}
	}
	return sections
}

// get gives the values of a setting in the sections of that name and type; an
// empty kind takes every type.
func get(sections []section, name, kind, key string) []string {
	var values []string
	for _, one := range sections {
		if one.name == name && (kind == "" || slices.Contains(one.settings["type"], kind)) {
			values = append(values, one.settings[key]...)
		}
	}
	return values
}

// What keeps strangers out stands in the files, whatever the parameters.
func TestHardening(t *testing.T) {
	dir := render(t, goodParams())
	tests := []struct{ file, section, kind, key, want string }{
		{"asterisk.conf", "options", "", "live_dangerously", "no"},
		{"asterisk.conf", "options", "", "execincludes", "no"},
		{"asterisk.conf", "options", "", "transmit_silence", "yes"},
		{"modules.conf", "modules", "", "autoload", "no"},
		{"manager.conf", "general", "", "enabled", "no"},
		{"manager.conf", "general", "", "webenabled", "no"},
		{"http.conf", "general", "", "bindaddr", "127.0.0.1"},
		{"http.conf", "general", "", "bindport", "8088"},
		{"http.conf", "general", "", "sessionlimit", "1000"},
		{"http.conf", "general", "", "session_keep_alive", "30000"},
		{"http.conf", "general", "", "enablestatic", "no"},
		{"http.conf", "/ari", "restriction", "permit", "127.0.0.1"},
		{"ari.conf", "general", "", "websocket_write_timeout", "2000"},
		{"ari.conf", "general", "", "allowed_origins", ""},
		{"ari.conf", "hotline", "user", "password", "0123456789abcdef"},
		{"rtp.conf", "general", "", "strictrtp", "yes"},
		{"rtp.conf", "general", "", "rtpstart", "10000"},
		{"rtp.conf", "general", "", "rtpend", "19999"},
		{"pjsip.conf", "global", "global", "endpoint_identifier_order", "username,ip"},
		{"pjsip.conf", "transport-trunk", "transport", "bind", "192.0.2.10:5060"},
		{"pjsip.conf", "transport-agents", "transport", "bind", "192.0.2.10:5070"},
		{"pjsip.conf", "a1001", "aor", "max_contacts", "1"},
		{"pjsip.conf", "a1001", "aor", "remove_existing", "yes"},
		{"pjsip.conf", "a1001", "aor", "qualify_frequency", "10"},
		{"pjsip.conf", "a1001", "auth", "password", "password-one"},
		{"pjsip.conf", "a1001", "endpoint", "callerid", `"王芳" <1001>`},
		{"pjsip.conf", "a1002", "endpoint", "context", "from-agents"},
		{"pjsip.conf", "a1002", "endpoint", "identify_by", "username"},
		{"pjsip.conf", "trunk", "endpoint", "context", "from-trunk"},
		{"pjsip.conf", "trunk", "endpoint", "identify_by", "ip"},
		{"cdr.conf", "general", "", "enable", "no"},
		{"musiconhold.conf", "default", "", "directory", "/srv/music"},
	}
	for _, test := range tests {
		got := get(parse(t, dir, test.file), test.section, test.kind, test.key)
		if len(got) != 1 || got[0] != test.want {
			t.Errorf("%s [%s] %s: %q, want %q", test.file, test.section, test.key, got, test.want)
		}
	}
}

// Without a far side of the trunk nothing can be dialled there.
func TestTrunkPeer(t *testing.T) {
	p := goodParams()
	if got := get(parse(t, render(t, p), "pjsip.conf"), "trunk", "endpoint", "aors"); got != nil {
		t.Errorf("the trunk has the contacts %q", got)
	}
	p.TrunkPeer = netip.MustParseAddrPort("203.0.113.5:5080")
	sections := parse(t, render(t, p), "pjsip.conf")
	if got := get(sections, "trunk", "endpoint", "aors"); !slices.Equal(got, []string{"trunk"}) {
		t.Errorf("the trunk has the contacts %q", got)
	}
	if got := get(sections, "trunk", "aor", "contact"); !slices.Equal(got, []string{"sip:203.0.113.5:5080"}) {
		t.Errorf("the trunk's contact is %q", got)
	}
	for _, wrong := range []netip.AddrPort{
		netip.MustParseAddrPort("203.0.113.5:0"), netip.MustParseAddrPort("203.0.114.5:5080"),
		netip.AddrPortFrom(netip.Addr{}, 5080),
	} {
		p.TrunkPeer = wrong
		if err := Render(t.TempDir(), p); !errors.Is(err, ErrParams) {
			t.Errorf("peer %s: %v", wrong, err)
		}
	}
}

// Every endpoint is the trunk or an agent with a password, and all are bound
// by the same rules; an endpoint without either would be open to anybody.
func TestEveryEndpointIsGuarded(t *testing.T) {
	p := goodParams()
	sections := parse(t, render(t, p), "pjsip.conf")
	endpoints := 0
	for _, one := range sections {
		if !slices.Contains(one.settings["type"], "endpoint") || strings.HasSuffix(one.name, "-base") {
			continue
		}
		endpoints++
		for key, want := range map[string]string{
			"disallow": "all", "allow": "alaw,ulaw", "direct_media": "no", "allow_transfer": "no",
			"allow_subscribe": "no", "rtp_timeout": "60", "trust_id_inbound": "no",
		} {
			if got := one.settings[key]; len(got) != 1 || got[0] != want {
				t.Errorf("[%s] %s: %q, want %q", one.name, key, got, want)
			}
		}
		if one.name == "trunk" {
			continue
		}
		auth := one.settings["auth"]
		if len(auth) != 1 || len(get(sections, auth[0], "auth", "password")) != 1 {
			t.Errorf("[%s] has no password", one.name)
		}
	}
	if want := len(p.Agents) + 1; endpoints != want {
		t.Errorf("%d endpoints, want %d", endpoints, want)
	}
	want := []string{"198.51.100.7/32", "203.0.113.0/28"}
	if got := get(sections, "trunk", "identify", "match"); !slices.Equal(got, want) {
		t.Errorf("trunk is known by %q, want %q", got, want)
	}
	want = append(want, "192.0.2.0/24")
	if got := get(sections, "sources", "acl", "permit"); !slices.Equal(got, want) {
		t.Errorf("let in: %q, want %q", got, want)
	}
}

// Neither the modules nor the dialplan hold what an attacker could use.
func TestNothingDangerousIsLoaded(t *testing.T) {
	dir := render(t, goodParams())
	sections := parse(t, dir, "modules.conf")
	modules := append(get(sections, "modules", "", "require"), get(sections, "modules", "", "load")...)
	forbidden := regexp.MustCompile(`^(app_system|app_exec|app_dial|app_originate|app_db|app_externalivr|` +
		`func_(shell|curl|db|odbc|config|lock)|res_agi|res_pjsip_(endpoint_identifier_anonymous|refer|mwi|notify|` +
		`messaging)|bridge_native_rtp|res_phoneprov|res_http_post|` +
		`res_prometheus|chan_(iax2|unistim|motif)|pbx_(spool|dundi|realtime))`)
	for _, module := range modules {
		if forbidden.MatchString(module) {
			t.Errorf("module %s is loaded", module)
		}
	}
	for _, needed := range []string{"app_mixmonitor.so", "app_stasis.so", "res_pjsip_acl.so", "bridge_holding.so"} {
		if !slices.Contains(get(sections, "modules", "", "require"), needed) {
			t.Errorf("module %s is not required", needed)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "extensions.conf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, application := range []string{"Dial(", "System(", "TrySystem(", "SHELL(", "Exec(", "Originate(", "Goto(${"} {
		if strings.Contains(string(text), application) {
			t.Errorf("dialplan holds %s", application)
		}
	}
}

// The order of the dialplan is what makes a recording whole: answer, record,
// and only then the application; and no path is made of what the caller sent.
func TestRecordingComesBeforeApplication(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(render(t, goodParams()), "extensions.conf"))
	if err != nil {
		t.Fatal(err)
	}
	plan := string(text)
	order := []string{
		"HOTLINE_APP = hotline\n", "CALLERID(num)=${FILTER(", "Answer()", "MixMonitor(", "Stasis(${HOTLINE_APP},in,",
		"< 60]?app", "Queue(${QUEUE}", "Playback(", "Hangup(38)",
	}
	at := 0
	for _, step := range order {
		next := strings.Index(plan[at:], step)
		if next < 0 {
			t.Fatalf("%s is missing after position %d", step, at)
		}
		at += next
	}
	for line := range strings.Lines(plan) {
		path := strings.Contains(line, "MixMonitor(") || strings.Contains(line, "Set(REC=") ||
			strings.Contains(line, "STORY=")
		if path && (strings.Contains(line, "EXTEN") || strings.Contains(line, "CALLERID")) {
			t.Errorf("a path is made of caller's data: %s", line)
		}
	}
}

// Every setting has a comment that says why: above it, above the settings it
// stands together with, or above the section that it opens.
func TestEverySettingIsExplained(t *testing.T) {
	files, err := templates.ReadDir("files")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := templates.ReadFile("files/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "; ") {
			t.Errorf("%s does not begin with what it is for", file.Name())
		}
		explained, settings := false, false
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			switch {
			case strings.HasPrefix(line, ";"):
				explained = true
			case line == "":
				// A blank line ends what the comment above the settings explains.
				explained = explained && !settings
				settings = false
			case strings.HasPrefix(line, "[") || strings.HasPrefix(line, "{{") || strings.HasPrefix(line, "type ="):
			default:
				settings = true
				if !explained {
					t.Errorf("%s: %s has no reason", file.Name(), line)
				}
			}
		}
	}
}

// Files hold passwords: only their owner reads them. A fault writes nothing.
func TestFilesArePrivateAndAllOrNone(t *testing.T) {
	dir := render(t, goodParams())
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != fileMode {
			t.Errorf("%s has mode %v", entry.Name(), info.Mode())
		}
	}
	bad := goodParams()
	bad.App = "no such;app"
	empty := t.TempDir()
	if err := Render(empty, bad); !errors.Is(err, ErrParams) {
		t.Errorf("got %v, want %v", err, ErrParams)
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) != 0 {
		t.Errorf("%d files were written, %v", len(left), err)
	}
}

func TestBadParamsAreNamed(t *testing.T) {
	tests := []struct {
		field string
		spoil func(*Params)
	}{
		{"ModuleDir", func(p *Params) { p.ModuleDir = "relative" }},
		{"DataDir", func(p *Params) { p.DataDir = "/a/../b" }},
		{"StateDir", func(p *Params) { p.StateDir = "" }},
		{"RecordingDir", func(p *Params) { p.RecordingDir = "/srv/re;cordings" }},
		{"RecordingDir", func(p *Params) { p.RecordingDir = "/srv/a,b" }},
		{"MOHDir", func(p *Params) { p.MOHDir = "/srv/${X}" }},
		{"ApologySound", func(p *Params) { p.ApologySound = "x)\nexten => s,1,System(id)" }},
		{"ApologySound", func(p *Params) { p.ApologySound = "../../etc/x" }},
		{"SystemName", func(p *Params) { p.SystemName = "a/b" }},
		{"EntityID", func(p *Params) { p.EntityID = "00:11" }},
		{"MaxFiles", func(p *Params) { p.MaxFiles = 10 }},
		{"Patience", func(p *Params) { p.Patience = -1 }},
		{"Bind", func(p *Params) { p.Bind = netip.Addr{} }},
		{"TrunkPort", func(p *Params) { p.TrunkPort = 0 }},
		{"HTTPPort", func(p *Params) { p.HTTPPort = 70000 }},
		{"AgentPort", func(p *Params) { p.AgentPort = p.TrunkPort }},
		{"RTPEnd", func(p *Params) { p.RTPEnd = p.RTPStart }},
		{"TrunkSources", func(p *Params) { p.TrunkSources = nil }},
		{"TrunkSources", func(p *Params) { p.TrunkSources[0] = netip.MustParsePrefix("0.0.0.0/0") }},
		{"AgentSources", func(p *Params) { p.AgentSources[0] = netip.Prefix{} }},
		{"ARIUser", func(p *Params) { p.ARIUser = "general" }},
		{"ARIPassword", func(p *Params) { p.ARIPassword = "short" }},
		{"App", func(p *Params) { p.App = "a,b" }},
		{"Agents[0]", func(p *Params) { p.Agents[0].Name = "1001" }},
		{"Agents[0]", func(p *Params) { p.Agents[0].Name = "trunk" }},
		{"Agents[0]", func(p *Params) { p.Agents[0].Name = "transport-agents" }},
		{"Agents[0]", func(p *Params) { p.Agents[0].Name = "endpoint-base" }},
		{"Agents[1]", func(p *Params) { p.Agents[1].Name = "A1001" }},
		{"Agents[1]", func(p *Params) { p.Agents[1].Extension = "1001" }},
		{"Agents[1]", func(p *Params) { p.Agents[1].Extension = "10a" }},
		{"Agents[1]", func(p *Params) { p.Agents[1].Password = "with;semicolon" }},
		{"Agents[1]", func(p *Params) { p.Agents[1].CallerName = "x\"\n[evil]" }},
		{"Queues[0]", func(p *Params) { p.Queues = []Queue{{Name: "general", RingFor: 5, Music: "default"}} }},
		{"Queues[0]", func(p *Params) { p.Queues = []Queue{{Name: "a,b", RingFor: 5, Music: "default"}} }},
		{"Queues[0]", func(p *Params) { p.Queues = []Queue{{Name: "a", Music: "default"}} }},
		{"Queues[0]", func(p *Params) { p.Queues = []Queue{{Name: "a", RingFor: 5, Music: "x;y"}} }},
		{"Queues[0]", func(p *Params) {
			p.Queues = []Queue{{Name: "a", RingFor: 5, Music: "default", Members: []string{"PJSIP/a,1"}}}
		}},
		{"Lines[0]", func(p *Params) { p.Lines = []Line{{Number: "95001", Queue: "none"}} }},
		{"Lines[0]", func(p *Params) { p.Lines = []Line{{Number: "_X.", Queue: "none"}} }},
		{"BaselineNumber", func(p *Params) { p.BaselineNumber = "1,2" }},
	}
	for i, test := range tests {
		p := goodParams()
		test.spoil(&p)
		err := Render(t.TempDir(), p)
		if !errors.Is(err, ErrParams) || !strings.Contains(fmt.Sprint(err), test.field) {
			t.Errorf("case %d: %v, want one that names %s", i, err, test.field)
		}
	}
}

// No text that is let through can add a section, a setting or a dialplan line.
func TestTextNeverBreaksOut(t *testing.T) {
	want := len(parse(t, render(t, goodParams()), "pjsip.conf"))
	rapid.Check(t, func(r *rapid.T) {
		p := goodParams()
		p.Agents[0].CallerName = rapid.String().Draw(r, "caller name")
		p.Agents[0].Name = rapid.StringMatching(`[a-z][ -~]{1,8}`).Draw(r, "name")
		p.Agents[0].Password = rapid.StringMatching(`[ -~]{8,12}`).Draw(r, "password")
		dir, err := os.MkdirTemp("", "render-")
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if Render(dir, p) != nil {
			return
		}
		if got := len(parse(t, dir, "pjsip.conf")); got != want {
			r.Errorf("%d sections, want %d", got, want)
		}
	})
}
