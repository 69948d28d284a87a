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
	sheet, errOut, code := command(t, append(day, "--format", "xlsx", "--by", "agent", "--part", "figures,metrics")...)
	if code != exitOK || !strings.HasPrefix(sheet, "PK") {
		t.Errorf("XLSX: exit code %d, %.20q, %s", code, sheet, errOut)
	}
	columns, _, code := command(t, "report", "--column", "list")
	if code != exitOK || !strings.Contains(columns, "M12") || strings.Count(columns, "\n") < 60 {
		t.Errorf("columns: exit code %d, %s", code, columns)
	}
	formulas, _, code := command(t, "report", "--formula", "list")
	if code != exitOK || !strings.HasPrefix(formulas, "hotline ") || strings.Count(formulas, "\n") < 8 {
		t.Errorf("formulas: exit code %d, %s", code, formulas)
	}
}

func TestReportRefusesWhatCannotBe(t *testing.T) {
	h := build(t)
	for args, want := range map[string]string{
		"--from 02.03.2026":                   "--from: must be a date",
		"--from 2026-03-02 --to x":            "--to: must be a date",
		"--to 2026-03-02":                     "--to: must come with from",
		"--from 2026-03-02 --to 2026-03-01":   "--to: must be after from",
		"--formula best":                      `--formula "best": must be one of`,
		"--threshold=-1s":                     "--threshold -1s: must not be negative",
		"--threshold 5s --short 5s":           "is not below the answer limit",
		"--step 5m":                           `--step must be one of "","15m","30m","1h","1d"`,
		"--by colour":                         `--by "colour": must be one of`,
		"--by queue,queue":                    `grouping "queue" stands twice`,
		"--compare decade":                    "--compare must be one of",
		"--calls asa_ms":                      `--calls "asa_ms": must be one of`,
		"--calls offered --compare week":      "cannot come with --compare",
		"--compare week --part late":          "cannot come with --calls or --compare",
		"--deviation 0":                       "--deviation 0: must be positive",
		"--min-talks 0":                       "--min-talks 0: must be positive",
		"--from 2026-03-02T9":                 "must be a time such as",
		"--format xml":                        "--format must be one of",
		"--lang fr":                           "--lang must be one of",
		"--part all":                          `--part "all": must be one of`,
		"--column colour":                     `--column "colour": must be one of`,
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

// TestReportGroupsAndFilters asks for agents, teams and calls of a time of day.
func TestReportGroupsAndFilters(t *testing.T) {
	h := build(t)
	for _, c := range []struct {
		args              string
		offered, answered float64
	}{
		{"--agent wang", 2, 2},
		{"--team early", 2, 2},
		{"--line 95001", 3, 3},
		{"--line 95002", 0, 0},
		{"--from 2026-03-02T10:00 --to 2026-03-02T10:45", 1, 1},
		{"--by weekday,hour", 3, 3},
		{"--by none --step all", 3, 3},
	} {
		args := strings.Fields(c.args)
		if !strings.Contains(c.args, "--from") {
			args = append(args, "--from", "2026-03-02")
		}
		got := h.report(t, args...).total(t)
		if got["offered"] != c.offered || got["answered"] != c.answered {
			t.Errorf("%q: %v, want %v offered and %v answered", c.args, got, c.offered, c.answered)
		}
	}
	teams := h.report(t, "--from", "2026-03-02", "--by", "team", "--step", "all").Figures
	if len(teams) != 5 || teams[0]["team"] != "" || teams[1]["team"] != "early" || teams[1]["answered"] != 2.0 {
		t.Errorf("by team: %v", teams)
	}
}

// TestS47CallsBehindANumber lists the calls of a number and sets a day beside the day before.
func TestS47CallsBehindANumber(t *testing.T) {
	h := build(t)
	day := []string{"report", "--config", h.config, "--from", "2026-03-03", "--format", "csv"}
	calls, errOut, code := command(t, append(day, "--calls", "abandoned")...)
	if code != exitOK || !strings.Contains(calls, "c-4") || !strings.Contains(calls, "137******00") ||
		strings.Count(calls, "\n") != 2 {
		t.Errorf("calls: exit code %d, %s%s", code, calls, errOut)
	}
	calls, _, _ = command(t, append(day, "--calls", "abandoned", "--clear-numbers")...)
	if !strings.Contains(calls, "13700137000") {
		t.Errorf("numbers in clear: %s", calls)
	}
	compared, errOut, code := command(t, append(day, "--compare", "period", "--column", "offered")...)
	if code != exitOK || !strings.Contains(compared, "offered,1,3,-2,,-66.667") {
		t.Errorf("comparison: exit code %d, %s%s", code, compared, errOut)
	}
}
