package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotline/reports/sqlstore"
)

// listed runs "hotline recordings --json" and gives the ids of the calls it found.
func (h house) listed(t *testing.T, args ...string) []string {
	t.Helper()
	out, errOut, code := command(t, append([]string{"recordings", "--json", "--config", h.config}, args...)...)
	if code != exitOK || errOut != "" {
		t.Fatalf("%v: exit code %d, %s", args, code, errOut)
	}
	ids := []string{}
	for line := range strings.Lines(out) {
		var r sqlstore.Recorded
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %v: %s", args, err, line)
		}
		ids = append(ids, string(r.Call))
	}
	return ids
}

// Each recording is found by the caller's number, the agent, the day and the length, alone
// and together, the newest first.
func TestS23RecordingsAreFound(t *testing.T) {
	h := build(t)
	for _, c := range []struct {
		args string
		want []string
	}{
		{"", []string{"c-4", "c-3", "c-2", "c-1"}},
		{"--call c-2", []string{"c-2"}},
		{"--number 13900139000", []string{"c-2"}},
		{"--number 013900139000", []string{"c-2"}},
		{"--number 000", []string{"c-4", "c-2", "c-1"}},
		{"--number 1390013900", []string{}},
		{"--number %", []string{}},
		{"--agent wang", []string{"c-3", "c-1"}},
		{"--agent nobody", []string{}},
		{"--from 2026-03-02 --to 2026-03-02", []string{"c-3", "c-2", "c-1"}},
		{"--from 2026-03-03", []string{"c-4"}},
		{"--to 2026-03-02", []string{"c-3", "c-2", "c-1"}},
		{"--to 2026-03-01", []string{}},
		{"--min 40s", []string{"c-2", "c-1"}},
		{"--max 40s", []string{"c-4", "c-3", "c-1"}},
		{"--min 6s --max 2m", []string{"c-4", "c-1"}},
		{"--agent wang --min 6s --from 2026-03-02", []string{"c-1"}},
		{"--limit 2", []string{"c-4", "c-3"}},
	} {
		if diff := cmp.Diff(c.want, h.listed(t, strings.Fields(c.args)...)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", c.args, diff)
		}
	}
}

// A line for people holds the time of the site, the length, the number, the agents and the
// file, which opens.
func TestS23RecordingsAreShown(t *testing.T) {
	h := build(t)
	out, errOut, code := command(t, "recordings", "--config", h.config, "--agent", "li")
	if code != exitOK || errOut != "" {
		t.Fatalf("exit code %d, %s", code, errOut)
	}
	got := strings.Fields(out)
	want := []string{"2026-03-02", "10:30:00", "2m5s", "013900139000", "li", filepath.Join(h.recordings, "c-2.wav")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := os.Stat(got[len(got)-1]); err != nil {
		t.Error(err)
	}
	out, _, _ = command(t, "recordings", "--config", h.config, "--call", "c-3")
	if got = strings.Fields(out); len(got) != 6 || got[3] != "-" || got[4] != "wang" {
		t.Errorf("a withheld number is shown as %q", out)
	}
}

// A file that was changed, cut or removed is named, and the exit code says so.
func TestRecordingsAreVerified(t *testing.T) {
	h := build(t)
	verify := []string{"recordings", "--verify", "--config", h.config}
	out, errOut, code := command(t, verify...)
	if code != exitOK || strings.Count(out, ".wav ok\n") != len(talks) {
		t.Fatalf("exit code %d, %s%s", code, out, errOut)
	}
	one := filepath.Join(h.recordings, "c-1.wav")
	content, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)-1] ^= 1
	if err := os.WriteFile(one, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(h.recordings, "c-2.wav"), 1000); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(h.recordings, "c-3.wav")); err != nil {
		t.Fatal(err)
	}
	out, errOut, code = command(t, verify...)
	for i, want := range []string{" ok", "no such file", "disagree in size", "hash "} {
		if line := strings.Split(out, "\n")[i]; !strings.Contains(line, want) {
			t.Errorf("line %d: %q, want %q", i, line, want)
		}
	}
	if code != exitFailed || !strings.Contains(errOut, errVerify.Error()) {
		t.Errorf("exit code %d, %s", code, errOut)
	}
	out, _, code = command(t, append(verify, "--json")...)
	var first sqlstore.Recorded
	if err := json.Unmarshal([]byte(strings.SplitN(out, "\n", 2)[0]), &first); err != nil || code != exitFailed {
		t.Errorf("as JSON: %v, exit code %d", err, code)
	}
}

func TestRecordingsRefuseWhatFindsNothing(t *testing.T) {
	h := build(t)
	for args, want := range map[string]string{
		"--from 2026-3-2":                    `--from "2026-3-2": must be a date`,
		"--to today":                         `--to "today": must be a date`,
		"--from 2026-03-03 --to 2026-03-02":  "--to 2026-03-02: must not be before --from 2026-03-03",
		"--min=-1s":                          "--min -1s: must not be negative",
		"--max=-1s":                          "--max -1s: must not be negative",
		"--min 2m --max 1m":                  "--max 1m0s: must not be below --min 2m0s",
		"--limit 0":                          "--limit 0: must be at least 1",
		"--limit many":                       "--limit",
		"--config " + h.config + "x":         "does not exist",
		"--config " + h.config + " --verif1": "unknown flag --verif1",
	} {
		fields := strings.Fields(args)
		if !strings.Contains(args, "--config") {
			fields = append(fields, "--config", h.config)
		}
		out, errOut, code := command(t, append([]string{"recordings"}, fields...)...)
		if code != exitUsage || out != "" || !strings.Contains(errOut, want) {
			t.Errorf("%s: exit code %d, %s%s", args, code, out, errOut)
		}
	}
}
