package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestS46IssuesByHand makes a report of a day by hand, lists it and reads it; once more nothing
// is new.
func TestS46IssuesByHand(t *testing.T) {
	h := build(t)
	in := []string{"--config", h.config}
	run := func(args ...string) string {
		t.Helper()
		out, errOut, code := command(t, append(append([]string{"issues"}, args...), in...)...)
		if code != exitOK || errOut != "" {
			t.Fatalf("%v: exit code %d, %s", args, code, errOut)
		}
		return out
	}
	const period = "daily    2026-03-02 00:00 - 2026-03-03 00:00  version 1  "
	made := run("make", "daily", "2026-03-02", "--author", "wang")
	if !strings.HasPrefix(made, period) || !strings.HasSuffix(made, "  late  by wang\n") {
		t.Errorf("made %q", made)
	}
	if again := run("make", "daily", "2026-03-02", "--author", "li"); again != made {
		t.Errorf("made again %q, want %q", again, made)
	}
	run("make", "monthly", "2026-03-15", "--author", "li")
	list := run("list", "--from", "2026-03-01", "--to", "2026-03-31", "--series", "daily")
	if list != made {
		t.Errorf("list %q, want %q", list, made)
	}
	if list = run("list", "--from", "2026-03-01", "--to", "2026-03-31"); strings.Count(list, "\n") != 2 {
		t.Errorf("list %q, want a day and a month", list)
	}
	text := run("show", "daily", "2026-03-02")
	if !strings.Contains(text, "服务水平") || !strings.Contains(text, "complaints") {
		t.Errorf("text %s", text)
	}
	var figures struct{ Whole, Queues map[string]any }
	raw := run("show", "monthly", "2026-03-31", "--json", "--version", "1")
	if err := json.Unmarshal([]byte(raw), &figures); err != nil || figures.Whole["figures"] == nil {
		t.Errorf("figures: %v %s", err, raw)
	}
}

func TestIssuesRefuseWhatCannotBe(t *testing.T) {
	h := build(t)
	for args, want := range map[string]string{
		"show daily 2026-03-02":                  "no such issue",
		"show daily today":                       "date: must be a date",
		"show hourly 2026-03-02":                 "is none of",
		"list --from soon":                       "from: must be a date",
		"make daily 2026-03-02":                  "--author",
		"make daily 2199-01-01 --author wang":    "is not over",
		"make daily 2026-02-30 --author wang":    "date: must be a date",
		"make daily 2026-03-02 --author= --json": "unknown flag",
	} {
		_, errOut, code := command(t, append(append([]string{"issues"}, strings.Fields(args)...), "--config", h.config)...)
		if code != exitUsage || !strings.Contains(errOut, want) {
			t.Errorf("%q: exit code %d, %s; want %q", args, code, errOut, want)
		}
	}
}
