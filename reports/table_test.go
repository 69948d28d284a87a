package reports_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
	"hotline/reports"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// golden compares output with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s\nwant\n%s", name, got, want)
	}
}

// show writes a report that has to succeed.
func show(t *testing.T, r *reports.Report, v reports.View) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b, v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReportFiles(t *testing.T) {
	t.Parallel()
	r := compute(t, fixedLog(t), daySpec(t))
	everything := []reports.Part{reports.FiguresPart, reports.LinesPart, reports.LatePart}
	for name, v := range map[string]reports.View{
		"day.zh.txt":  {Parts: everything},
		"day.en.txt":  {Lang: reports.English, Parts: everything},
		"day.csv":     {Format: reports.CSVFormat},
		"late.csv":    {Format: reports.CSVFormat, Parts: everything[2:]},
		"lines.csv":   {Format: reports.CSVFormat, Parts: everything[1:2]},
		"day.json":    {Format: reports.JSONFormat, Parts: everything},
		"columns.txt": {Lang: reports.English, Parts: everything[:1], Columns: reports.Columns()},
	} {
		golden(t, name, show(t, r, v))
	}
}

// TestClockChangeIsVisible prints the hour that comes twice with its offsets.
func TestClockChangeIsVisible(t *testing.T) {
	t.Parallel()
	g := reports.Grid{Step: reports.Hour, Zone: zone(t, "Europe/Berlin")}
	d := &desk{start: time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC)}
	d.queued("1", "complaints", 60, false).answered(5, "ann", 60, 10)
	d.queued("2", "complaints", 3660, false).answered(5, "ann", 60, 10)
	spec := reports.Spec{Period: g.DayOf(d.start), Grid: g, Rules: reports.DefaultRules()}
	golden(t, "clocks.txt", show(t, compute(t, d.events, spec), reports.View{
		Lang: reports.English, Parts: []reports.Part{reports.FiguresPart}, Columns: []reports.Column{"offered"},
	}))
}

func TestJSONIsReadBack(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	spec.Formula = reports.AnsweredOnly
	out := show(t, compute(t, fixedLog(t), spec), reports.View{Format: reports.JSONFormat})
	var doc struct {
		About   map[string]any   `json:"about"`
		Figures []map[string]any `json:"figures"`
		Lines   []map[string]any `json:"lines"`
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	for key, want := range map[string]any{
		"zone": "Asia/Shanghai", "day_start": "00:00", "step": "15m", "service_level_formula": "answered-only",
		"service_level_formula_text": "answered<=T / answered", "answered_within_ms": 15000.0, "short_below_ms": 5000.0,
		"from": "2026-03-02T00:00:00+08:00", "to": "2026-03-03T00:00:00+08:00", "contradictions": 0.0,
	} {
		if doc.About[key] != want {
			t.Errorf("about %s is %v, want %v", key, doc.About[key], want)
		}
	}
	if n := len(doc.Figures); n != 6 || len(doc.Lines) != 2 {
		t.Fatalf("%d rows of figures and %d lines, want 3 intervals, 2 queues, 1 total and 2 lines", n, len(doc.Lines))
	}
	if row := doc.Figures[0]; row["service_level_pct"] != 75.0 || row["asa_ms"] != 11250.25 || row["scope"] != "interval" {
		t.Errorf("first row %v", row)
	}
	if row := doc.Figures[1]; row["service_level_pct"] != nil || row["aht_ms"] != nil || row["att_ms"] != 100_000.0 {
		t.Errorf("second row %v, want null where there is no value", row)
	}
	empty := show(t, compute(t, nil, daySpec(t)), reports.View{Format: reports.JSONFormat})
	if !json.Valid([]byte(empty)) {
		t.Errorf("an empty report is\n%s", empty)
	}
}

func TestCSVIsHarmlessAndReadBack(t *testing.T) {
	t.Parallel()
	d := &desk{start: daySpec(t).Period.Start}
	names := []string{
		"=1+1", "+8613800138000", "-2", "@sum(a1)", "\ttab", "\rreturn", "\nline", "＝全角", "plain", `say "hi", now`, "a=b",
	}
	for _, n := range names {
		d.arrived(call.ID(n), 1, n)
	}
	out := show(t, compute(t, d.events, daySpec(t)), reports.View{
		Format: reports.CSVFormat, Parts: []reports.Part{reports.LinesPart}, BOM: true,
	})
	body, ok := strings.CutPrefix(out, "\uFEFF")
	if !ok {
		t.Errorf("no byte order mark in %q", out)
	}
	if !strings.Contains(body, "busy_rate_pct\r\n") {
		t.Errorf("lines do not end with CR LF: %q", body)
	}
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, row := range rows[1:] {
		got[row[0]] = true
		if strings.ContainsRune("=+-@\t\r\n＝", []rune(row[0])[0]) {
			t.Errorf("a spreadsheet takes %q for a formula", row[0])
		}
	}
	for _, want := range []string{
		"'=1+1", "'+8613800138000", "'-2", "'@sum(a1)", "'\ttab", "plain", `say "hi", now`, "a=b",
	} {
		if !got[want] {
			t.Errorf("no line %q among %v", want, got)
		}
	}
}

// TestTextKeepsTheTerminal prints a number that tries to move the cursor.
func TestTextKeepsTheTerminal(t *testing.T) {
	t.Parallel()
	d := &desk{start: daySpec(t).Period.Start}
	d.arrived("1", 1, "10\x1b[2J000\u202e")
	out := show(t, compute(t, d.events, daySpec(t)), reports.View{})
	if strings.ContainsAny(out, "\x1b\u202e") || !strings.Contains(out, "10\uFFFD[2J000\uFFFD") {
		t.Errorf("the text holds control characters: %q", out)
	}
}

func TestContradictionsStandInTheText(t *testing.T) {
	t.Parallel()
	d := &desk{start: daySpec(t).Period.Start}
	g := d.queued("1", "complaints", 0, false)
	g.left(7, call.Abandoned)
	g.left(8, call.TimedOut)
	out := show(t, compute(t, d.events, daySpec(t)), reports.View{Lang: reports.English})
	if !strings.Contains(out, "contradict others: 1\n") {
		t.Errorf("no word of the contradiction in\n%s", out)
	}
}

func TestViewIsValidated(t *testing.T) {
	t.Parallel()
	r := compute(t, nil, daySpec(t))
	for want, v := range map[string]reports.View{
		`format "pdf"`:       {Format: "pdf"},
		`language "fr"`:      {Lang: "fr"},
		`part "agents"`:      {Parts: []reports.Part{"agents"}},
		`column "happiness"`: {Columns: []reports.Column{"happiness"}},
		"one table":          {Format: reports.CSVFormat, Parts: []reports.Part{reports.LatePart, reports.LinesPart}},
	} {
		var b bytes.Buffer
		if err := r.Write(&b, v); !errors.Is(err, reports.ErrInvalid) || !strings.Contains(err.Error(), want) || b.Len() > 0 {
			t.Errorf("error %v after %d bytes, want ErrInvalid with %q", err, b.Len(), want)
		}
	}
}

// full is a writer with room for some bytes.
type full struct{ room int }

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, errFull
	}
	f.room -= len(p)
	return len(p), nil
}

func TestErrorsOfTheWriterAreTold(t *testing.T) {
	t.Parallel()
	r := compute(t, fixedLog(t), daySpec(t))
	for _, format := range []reports.Format{reports.TextFormat, reports.CSVFormat, reports.JSONFormat} {
		for _, room := range []int{0, 3, 40} {
			if err := r.Write(&full{room}, reports.View{Format: format, BOM: true}); !errors.Is(err, errFull) {
				t.Errorf("%s with room for %d bytes: error %v", format, room, err)
			}
		}
	}
}

// TestViewsCountWhatTheyShow: what a view says it shows is enough for each of its columns.
func TestViewsCountWhatTheyShow(t *testing.T) {
	t.Parallel()
	total := func(only []reports.Rule, v reports.View) any {
		spec := daySpec(t)
		spec.By, spec.Only = []reports.Dimension{reports.ByNothing}, only
		var shown struct {
			About   map[string]any
			Figures []map[string]any
		}
		if err := json.Unmarshal([]byte(show(t, compute(t, fixedLog(t), spec), v)), &shown); err != nil {
			t.Fatal(err)
		}
		return []any{shown.About, shown.Figures[len(shown.Figures)-1]}
	}
	for _, c := range reports.Columns() {
		v := reports.View{Format: reports.JSONFormat, Columns: []reports.Column{c}}
		only, err := v.Only()
		if err != nil || len(only) == 0 {
			t.Fatalf("%s is counted by %v, %v", c, only, err)
		}
		if diff := cmp.Diff(total(nil, v), total(only, v)); diff != "" {
			t.Errorf("%s is counted by %v (-all +only):\n%s", c, only, diff)
		}
	}
	if _, err := (reports.View{Columns: []reports.Column{"none"}}).Only(); !errors.Is(err, reports.ErrInvalid) {
		t.Errorf("a column that is none: %v", err)
	}
	for part, all := range map[reports.Part]bool{reports.MetricsPart: true, reports.LatePart: false} {
		v := reports.View{Parts: []reports.Part{part}}
		if only, err := v.Only(); err != nil || all != (only == nil) || !v.Lists() {
			t.Errorf("%s is counted by %v, %v, lists %t", part, only, err, v.Lists())
		}
	}
}
