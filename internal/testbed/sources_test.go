package testbed

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseList(t *testing.T) {
	text := `# a comment
deb http://mirror.example/debian bookworm main contrib # the end
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] https://other.example/debian/ trixie main
deb [arch=amd64 http://broken.example/debian trixie main
deb cdrom:[Debian]/ bookworm main
deb http://short.example/debian
`
	want := []source{
		{uri: "http://mirror.example/debian", suites: []string{"bookworm"}},
		{uri: "https://other.example/debian/", suites: []string{"trixie"}, signedBy: "/usr/share/keyrings/x.gpg"},
	}
	if diff := cmp.Diff(want, parseList(text), cmp.AllowUnexported(source{})); diff != "" {
		t.Error(diff)
	}
}

func TestParseDeb822(t *testing.T) {
	text := `Types: deb deb-src
# a comment inside
URIs: http://mirror.example/debian
  http://second.example/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://source.example/debian
Suites: trixie

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: trixie

types: deb
URIs: http://inline.example/debian
Suites: trixie
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY
`
	both := []string{"trixie", "trixie-updates"}
	key := "/usr/share/keyrings/debian-archive-keyring.gpg"
	want := []source{
		{uri: "http://mirror.example/debian", suites: both, signedBy: key},
		{uri: "http://second.example/debian", suites: both, signedBy: key},
		{uri: "http://inline.example/debian", suites: []string{"trixie"}},
	}
	if diff := cmp.Diff(want, parseDeb822(text), cmp.AllowUnexported(source{})); diff != "" {
		t.Error(diff)
	}
}

// The machine's own mirror and keys win where it is a Debian; elsewhere the
// public mirror is asked, with the keys the machine may have.
func TestDebianSource(t *testing.T) {
	tests := []struct {
		name, release, sources, override string
		keyring                          bool
		wantMirror, wantKeyring          string
	}{
		{
			"debian with its own keyring named",
			"ID=debian\nVERSION_CODENAME=bookworm\n",
			"deb http://security.example/debian-security bookworm-security main\n" +
				"deb [signed-by=/keys/own.gpg] http://mirror.example/debian/ bookworm main\n",
			"", true, "http://mirror.example/debian", "/keys/own.gpg",
		},
		{
			"debian without signed-by",
			"ID=\"debian\"\nVERSION_CODENAME=bookworm\n",
			"deb http://mirror.example/debian bookworm main\n",
			"", true, "http://mirror.example/debian", "KEYRING",
		},
		{
			"ubuntu with no keys",
			"ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n",
			"deb http://ubuntu.example/ubuntu noble main\n",
			"", false, defaultMirror, "",
		},
		{
			"override", "ID=debian\nVERSION_CODENAME=bookworm\n",
			"deb http://mirror.example/debian bookworm main\n",
			"http://near.example/debian/", true, "http://near.example/debian", "KEYRING",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("HOTLINE_DEBIAN_MIRROR", test.override)
			dir := t.TempDir()
			keyring := filepath.Join(dir, "keyring.gpg")
			m := machine{osRelease: filepath.Join(dir, "os-release"), aptDir: dir, keyrings: []string{keyring}}
			files := map[string]string{m.osRelease: test.release, filepath.Join(dir, "sources.list"): test.sources}
			if test.keyring {
				files[keyring] = ""
			}
			for name, text := range files {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want := test.wantKeyring
			if want == "KEYRING" {
				want = keyring
			}
			mirror, got := m.debianSource()
			if mirror != test.wantMirror || got != want {
				t.Errorf("got %q %q, want %q %q", mirror, got, test.wantMirror, want)
			}
		})
	}
}

func TestParseVersion(t *testing.T) {
	tests := map[string]Version{
		"Asterisk 22.10.1+dfsg+~cs6.17.60671434-1": {22, 10, 1},
		"1:22.10.1+dfsg+~cs6.17.60671434-1":        {22, 10, 1},
		"Asterisk 22.11.0-rc1":                     {22, 11, 0},
		"Asterisk certified-22.8-cert1":            {22, 8, 0},
		"5:8.0.6-3":                                {8, 0, 6},
		"22.9":                                     {22, 9, 0},
	}
	for text, want := range tests {
		if got, err := ParseVersion(text); err != nil || got != want {
			t.Errorf("%q: %v %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "(none)", "Asterisk GIT-master", "22"} {
		if got, err := ParseVersion(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func TestVersionLess(t *testing.T) {
	ordered := []Version{{}, {20, 19, 0}, {22, 9, 9}, {22, 10, 0}, {22, 10, 1}, {22, 11, 0}, {23, 0, 0}}
	for i, a := range ordered {
		for j, b := range ordered {
			if a.Less(b) != (i < j) {
				t.Errorf("%v < %v is %v", a, b, a.Less(b))
			}
		}
	}
}

func TestCandidate(t *testing.T) {
	policy := "asterisk:\n  Installed: (none)\n  Candidate: 1:22.10.1-1\n  Version table:\n"
	if got := candidate(policy); got != "1:22.10.1-1" {
		t.Errorf("got %q", got)
	}
	if got := candidate(""); got != "" {
		t.Errorf("got %q, want none", got)
	}
}
