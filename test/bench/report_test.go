package bench

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// outEnv names the folder that keeps the reports; without it they go with the run.
const outEnv = "HOTLINE_BENCH_OUT"

// report is what a benchmark prints and keeps.
type report struct {
	Name     string    `json:"name"`
	Title    string    `json:"title"`
	At       time.Time `json:"at"`
	Hotline  string    `json:"hotline"`  // commit
	Asterisk string    `json:"asterisk"` // version
	Cores    int       `json:"cores"`
	Valid    bool      `json:"valid"` // no turn was at the limit of the generator
	Quiet    bool      `json:"quiet"` // no turn was disturbed by foreign processes
	Tables   []*table  `json:"tables"`
	Turns    []turn    `json:"turns"`
}

// turn is one stretch of measurement of one side.
type turn struct {
	Side       side               `json:"side"`
	Conditions conditions         `json:"conditions"`
	Calls      int                `json:"calls"`
	Failed     int                `json:"failed"`                // calls that nobody answered although they waited
	Doubles    []float64          `json:"double_rings_ms"`       // INVITEs to a phone that talked: how much too early
	Stuck      int                `json:"stuck"`                 // agents who were not rung again
	Deaf       int                `json:"deaf"`                  // talks in which one did not hear the other
	Idle       []float64          `json:"idle_ms,omitempty"`     // every value measured
	Caller     []float64          `json:"caller_ms,omitempty"`   // agent's 200 to caller hears
	Agent      []float64          `json:"agent_ms,omitempty"`    // agent's 200 to agent hears
	MemoryMB   map[string]float64 `json:"memory_mb,omitempty"`   // at the end
	Rest       map[string]float64 `json:"rest_cpu_ms,omitempty"` // CPU per second without calls
}

// table is one comparison. Ratio says how many times the first row is the second.
type table struct {
	Title   string         `json:"title"`
	Unit    string         `json:"unit"`
	Columns []string       `json:"columns"`
	Rows    []row          `json:"rows"`
	Ratio   []float64      `json:"ratio,omitempty"`
	Notes   []string       `json:"notes,omitempty"`
	Extra   map[string]any `json:"extra,omitempty"`
}

type row struct {
	Name   string    `json:"name"`
	N      int       `json:"n"`
	Values []float64 `json:"values"`
}

// compareRows adds the ratio of the first two rows.
func (t *table) compareRows() {
	if len(t.Rows) < 2 {
		return
	}
	for i, v := range t.Rows[0].Values {
		ratio := 0.0
		if other := t.Rows[1].Values[i]; other > 0 {
			ratio = math.Round(100*v/other) / 100
		}
		t.Ratio = append(t.Ratio, ratio)
	}
}

func (t *table) text() string {
	var b strings.Builder
	line := func(name string, n any, cells []string) {
		fmt.Fprintf(&b, "  %-12s %6v", name, n)
		for _, c := range cells {
			fmt.Fprintf(&b, " %10s", c)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s [%s]\n", t.Title, t.Unit)
	line("", "n", t.Columns)
	for _, r := range t.Rows {
		line(r.Name, r.N, cells("%.2f", r.Values))
	}
	if t.Ratio != nil {
		line("ratio", "", cells("%.2f", t.Ratio))
	}
	for _, note := range t.Notes {
		fmt.Fprintf(&b, "  %s\n", note)
	}
	return b.String()
}

func cells(format string, values []float64) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = fmt.Sprintf(format, v)
	}
	return out
}

func (r *report) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\nhotline %s, Asterisk %s, %d cores, %s\n",
		r.Title, r.Hotline, r.Asterisk, r.Cores, r.At.Format(time.RFC3339))
	for _, t := range r.Tables {
		b.WriteString(t.text())
	}
	for i, t := range r.Turns {
		c := t.Conditions
		fmt.Fprintf(&b, "  turn %d %-9s %5.1f s, %d calls, %d failed, %d double rings %v, %d stuck, %d deaf; "+
			"phones %.0f %% of a core, foreign %.0f %%, longest stall %.0f ms, late ticks %.2f %%, repeated SIP %d, "+
			"load %.2f -> %.2f, warnings of hotline %d\n",
			i+1, t.Side, c.Seconds, t.Calls, t.Failed, len(t.Doubles), t.Doubles, t.Stuck, t.Deaf,
			100*c.Generator, 100*c.Others, c.Stall, 100*c.LateTicks, c.SIP.Repeated, c.Load[0], c.Load[1], c.Warnings)
		for _, why := range c.Invalid {
			fmt.Fprintf(&b, "    INVALID: %s\n", why)
		}
		for _, why := range c.Disturbed {
			fmt.Fprintf(&b, "    disturbed: %s\n", why)
		}
	}
	switch {
	case !r.Valid:
		b.WriteString("  THIS RUN IS INVALID: the phones could not keep up\n")
	case !r.Quiet:
		b.WriteString("  valid, but the machine was not quiet\n")
	default:
		b.WriteString("  valid, on a quiet machine\n")
	}
	return b.String()
}

// newReport gathers what the turns have in common.
func (h *house) newReport(name, title string, turns []turn) *report {
	r := &report{
		Name: name, Title: title, At: time.Now().UTC(), Hotline: h.program.version(),
		Asterisk: h.asterisk.Version.String(), Cores: runtime.NumCPU(), Valid: true, Quiet: true, Turns: turns,
	}
	for _, t := range turns {
		r.Valid = r.Valid && len(t.Conditions.Invalid) == 0
		r.Quiet = r.Quiet && len(t.Conditions.Disturbed) == 0
	}
	return r
}

// publish prints the report and keeps it as JSON.
func (r *report) publish(tb testing.TB) {
	tb.Helper()
	fmt.Fprint(os.Stdout, r.text())
	dir := os.Getenv(outEnv)
	if dir == "" {
		dir = tb.TempDir()
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, r.Name+".json"), append(raw, '\n'), 0o644)
	}
	if err != nil {
		tb.Error(err)
	}
}
