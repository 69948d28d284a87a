package main

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
)

// printed is the part of a report in JSON that these tests read.
type printed struct {
	About struct {
		Formula string `json:"service_level_formula"`
		T       int    `json:"answered_within_ms"`
		Short   int    `json:"short_below_ms"`
		Zone    string `json:"zone"`
	} `json:"about"`
	Figures []map[string]any `json:"figures"`
}

func (h house) report(t *testing.T, args ...string) printed {
	t.Helper()
	out, errOut, code := command(t, append([]string{"report", "--format", "json", "--config", h.config}, args...)...)
	if code != exitOK || errOut != "" {
		t.Fatalf("%v: exit code %d, %s", args, code, errOut)
	}
	var p printed
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
	return p
}

// total is the last row, the sum of all.
func (p printed) total(t *testing.T) map[string]any {
	t.Helper()
	if len(p.Figures) == 0 {
		t.Fatal("no figures")
	}
	return p.Figures[len(p.Figures)-1]
}

// A day of the report is a day of the site's zone, and its limits are the configured ones
// unless the command line has others.
func TestReportCounts(t *testing.T) {
	h := build(t)
	for _, c := range []struct {
		args                                 string
		offered, answered, inTime, abandoned float64
	}{
		{"--from 2026-03-02", 3, 3, 2, 0},
		{"--from 2026-03-03", 1, 0, 0, 1},
		{"--from 2026-03-02 --to 2026-03-03", 4, 3, 2, 1},
		{"--from 2026-03-02 --threshold 14999ms --short 2s", 3, 3, 1, 0},
		{"--from 2026-03-02 --threshold 20s", 3, 3, 3, 0},
		{"--from 2026-03-02 --queue other", 0, 0, 0, 0},
		{"--from 2026-03-01", 0, 0, 0, 0},
		{"", 0, 0, 0, 0}, // today
	} {
		got := h.report(t, strings.Fields(c.args)...).total(t)
		for name, want := range map[string]float64{
			"offered": c.offered, "answered": c.answered, "answered_in_t": c.inTime, "abandoned": c.abandoned,
		} {
			if got[name] != want {
				t.Errorf("%q: %s is %v, want %v (%v)", c.args, name, got[name], want, got)
			}
		}
	}
	p := h.report(t, "--from", "2026-03-02", "--formula", "raw", "--short", "0s")
	if a := p.About; a.Formula != "raw" || a.T != 15_000 || a.Short != 0 || a.Zone != "Asia/Shanghai" {
		t.Errorf("%+v", a)
	}
}

func TestReportFormats(t *testing.T) {
	h := build(t)
	day := []string{"report", "--config", h.config, "--from", "2026-03-02"}
	text, errOut, code := command(t, append(day, "--lang", "en")...)
	if code != exitOK || !strings.Contains(text, "hotline") || !strings.Contains(text, "offered") {
		t.Errorf("text: exit code %d, %s%s", code, text, errOut)
	}
	chinese, _, _ := command(t, day...)
	if !strings.Contains(chinese, "服务水平") {
		t.Errorf("Chinese: %s", chinese)
	}
	out, errOut, code := command(t, append(day, "--format", "csv", "--bom")...)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out, "\ufeff"))).ReadAll()
	if code != exitOK || err != nil || len(rows) < 2 || !strings.HasPrefix(out, "\ufeff") {
		t.Errorf("CSV: exit code %d, %v, %s%s", code, err, out, errOut)
	}
	late, errOut, code := command(t, append(day, "--format", "csv", "--part", "late")...)
	if code != exitOK || !strings.Contains(late, "c-2") || strings.Contains(late, "c-1") {
		t.Errorf("late calls: exit code %d, %s%s", code, late, errOut)
	}
	formulas, _, code := command(t, "report", "--formula", "list")
	if code != exitOK || !strings.HasPrefix(formulas, "hotline ") || strings.Count(formulas, "\n") < 8 {
		t.Errorf("formulas: exit code %d, %s", code, formulas)
	}
}

func TestReportRefusesWhatCannotBe(t *testing.T) {
	h := build(t)
	for args, want := range map[string]string{
		"--from 02.03.2026":                   `--from "02.03.2026": must be a date`,
		"--from 2026-03-02 --to x":            `--to "x": must be a date`,
		"--to 2026-03-02":                     "--to 2026-03-02: must come with --from",
		"--from 2026-03-02 --to 2026-03-01":   "is not after its start",
		"--formula best":                      `formula "best" is none of`,
		"--threshold=-1s":                     "--threshold -1s: must not be negative",
		"--threshold 5s --short 5s":           "is not below the answer limit",
		"--step 5m":                           `--step must be one of "15m","30m","1h","1d"`,
		"--format xml":                        "--format must be one of",
		"--lang fr":                           "--lang must be one of",
		"--part all":                          `part "all" is none of`,
		"--column colour":                     `column "colour" is none of`,
		"--format csv --part lines,late":      "CSV holds one table",
		"--config " + h.config + ".not-there": "does not exist",
	} {
		fields := strings.Fields(args)
		if !strings.Contains(args, "--config") {
			fields = append(fields, "--config", h.config)
		}
		out, errOut, code := command(t, append([]string{"report"}, fields...)...)
		if code != exitUsage || out != "" || !strings.Contains(errOut, want) {
			t.Errorf("%s: exit code %d, %s%s", args, code, out, errOut)
		}
	}
}
