package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// office runs the commands about users on one configuration.
type office struct {
	t *testing.T
	house
}

func (o office) good(args ...string) string {
	o.t.Helper()
	out, errOut, code := command(o.t, append(args, "--config", o.config)...)
	if code != exitOK || errOut != "" {
		o.t.Fatalf("%v: exit code %d, %s%s", args, code, out, errOut)
	}
	return out
}

func (o office) bad(want int, says string, args ...string) {
	o.t.Helper()
	out, errOut, code := command(o.t, append(args, "--config", o.config)...)
	if code != want || !strings.Contains(out+errOut, says) {
		o.t.Errorf("%v: exit code %d, %s%s; want %d and %q", args, code, out, errOut, want, says)
	}
}

// oneTime is what a password looks like that is shown once.
var oneTime = regexp.MustCompile(`(?m)^one-time password ([a-z2-9]{5}-){3}[a-z2-9]{5}$`)

func TestUsersAreMadeAndChanged(t *testing.T) {
	o := office{t, build(t)}
	if out := o.good("user", "add", "Boss", "--role", "ad,su", "--display", "值班主管"); !oneTime.MatchString(out) ||
		!strings.HasPrefix(out, "user boss\n") {
		t.Errorf("added: %s", out)
	}
	o.good("user", "add", "wang", "--role", "sa", "--team", "early", "--agent", "wang", "--skill", "english=3")
	o.bad(exitUsage, "must be one of the agents", "user", "add", "x", "--agent", "zhao")
	o.bad(exitUsage, `role: "boss" is none of`, "user", "add", "x", "--role", "boss")
	o.bad(exitUsage, "name: invalid", "user", "add", "王")
	o.bad(exitFailed, "taken by another user", "user", "add", "wang")
	o.bad(exitFailed, "taken by another user", "user", "add", "x", "--agent", "wang")
	o.good("user", "change", "wang", "--role", "sa,ja", "--clear", "skills")
	o.good("user", "disable", "wang")
	lines := strings.Split(strings.TrimSpace(o.good("user", "list")), "\n")
	want := []string{"boss 值班主管 ad,su - - - enabled", "wang wang ja,sa early wang - disabled"}
	for i, w := range want {
		if len(lines) != 3 || strings.Join(strings.Fields(lines[i+1]), " ") != w {
			t.Fatalf("listed %q, want %q", lines, want)
		}
	}
	o.good("user", "enable", "wang")
	if out := o.good("user", "reset", "wang", "--second-factor"); !oneTime.MatchString(out) {
		t.Errorf("reset: %s", out)
	}
	o.good("user", "sign-out", "wang")
	o.bad(exitFailed, "not known", "user", "disable", "nobody")
	o.bad(exitFailed, "last administrator", "user", "disable", "boss")
	o.bad(exitFailed, "last administrator", "user", "change", "boss", "--role", "su")
	entries := o.good("audit", "list", "--action", "user.", "--actor", "")
	for _, want := range []string{"user.add", `"roles":"sa -> ja,sa"`, "user.change", "failed"} {
		if !strings.Contains(entries, want) {
			t.Errorf("the log has no %s:\n%s", want, entries)
		}
	}
}

func TestTokensOfPrograms(t *testing.T) {
	o := office{t, build(t)}
	secret := strings.TrimSpace(o.good("user", "token", "add", "wallboard", "--role", "st", "--days", "30"))
	if !strings.HasPrefix(secret, "hlm_") || len(secret) < 40 {
		t.Errorf("the token is %q", secret)
	}
	if list := o.good("user", "token", "list"); !strings.Contains(list, "wallboard") || strings.Contains(list, secret) {
		t.Errorf("listed %s", list)
	}
	o.bad(exitUsage, "expires", "user", "token", "add", "x", "--role", "st", "--days", "800")
	o.good("user", "token", "remove", "wallboard")
	o.bad(exitFailed, "not known", "user", "token", "remove", "wallboard")
}

// TestAuditIsVerified by the command: a log that is whole, one whose end is cut off, a head
// that was noted elsewhere, and none at all.
func TestAuditIsVerified(t *testing.T) {
	o := office{t, build(t)}
	o.bad(exitFailed, "no such file", "audit", "verify")
	o.good("user", "add", "boss", "--role", "ad")
	o.good("user", "add", "wang")
	out := o.good("audit", "verify")
	head, ok := strings.CutPrefix(strings.TrimSpace(out), "2 entries, whole; head ")
	if !ok {
		t.Fatalf("verified: %s", out)
	}
	o.good("audit", "verify", "--head", head)
	o.bad(exitFailed, "was written anew", "audit", "verify", "--head", "2:"+strings.Repeat("0", 64))
	o.bad(exitUsage, "must be NUMBER:HASH", "audit", "verify", "--head", "2")
	witness := filepath.Join(filepath.Dir(o.config), "audit.heads")
	f, err := os.OpenFile(witness, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("3:" + strings.Repeat("a", 64) + "\n"); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	o.bad(exitFailed, "entry 3: is missing: the end is cut off", "audit", "verify")
}

// TestBackupHoldsUsersAndAuditLog: read elsewhere, both are as they were, and the log is whole.
func TestBackupHoldsUsersAndAuditLog(t *testing.T) {
	o := office{t, build(t)}
	o.good("user", "add", "boss", "--role", "ad")
	want := o.good("user", "list") + o.good("audit", "verify")
	copied := filepath.Join(t.TempDir(), "copy.db")
	out := o.good("backup", copied)
	for file := range strings.FieldsSeq(out) {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want mode 0600", file, err, info)
		}
	}
	if n := len(strings.Fields(out)); n != 4 {
		t.Errorf("%d files: %s", n, out)
	}
	o.good("user", "add", "later")
	t.Setenv("HOTLINE_PEOPLE_PATH", copied+".people")
	t.Setenv("HOTLINE_AUDIT_PATH", copied+".audit")
	t.Setenv("HOTLINE_AUDIT_WITNESS", copied+".audit-heads")
	if got := o.good("user", "list") + o.good("audit", "verify"); got != want {
		t.Errorf("restored\n%s\nwant\n%s", got, want)
	}
}
