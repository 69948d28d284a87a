package reports

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"hotline/call"
)

// about is the head of a report in JSON: all that its numbers depend on.
type about struct {
	From        time.Time   `json:"from"`
	To          time.Time   `json:"to"`
	Zone        string      `json:"zone"`
	Step        Step        `json:"step"`
	DayStart    string      `json:"day_start"`
	T           call.Millis `json:"answered_within_ms"`
	Short       call.Millis `json:"short_below_ms"`
	Formula     Formula     `json:"service_level_formula"`
	FormulaText string      `json:"service_level_formula_text"`
	// Levels is the service level of the total by every formula, in percent.
	Levels         map[Formula]any `json:"service_levels_pct,omitempty"`
	AnsweredShare  any             `json:"answered_share_of_arrived_pct"`
	Contradictions int             `json:"contradictions"`
	// Correlation tells whether service level and abandon rate move against each other, where
	// the period is long enough to tell.
	Correlation *Correlation `json:"service_level_and_abandon_rate,omitempty"`
	By          []Dimension  `json:"by"`
	// Told is how good the estimates of waiting were, where any was told.
	Told *calibration `json:"waits_told,omitempty"`
}

// writeJSON writes one object: the head under "about", then each table under its name as a
// list of rows. Numbers are raw, and null where there is no value. Rows are written one by
// one.
func (r *Report) writeJSON(w io.Writer, tables []table) error {
	zone := r.Spec.Grid.Zone
	head := about{
		From: r.Spec.Period.Start.In(zone), To: r.Spec.Period.End.In(zone), Zone: zone.String(),
		Step: r.Spec.Grid.Step, DayStart: clock(r.Spec.Grid.DayStart),
		T: r.Spec.Rules.T, Short: r.Spec.Rules.Short,
		Formula: r.Spec.Formula, FormulaText: r.Spec.Formula.Text(), Contradictions: r.Contradictions,
		By: r.Spec.By, Correlation: r.Correlation,
		Levels: map[Formula]any{}, AnsweredShare: percent(r.AnsweredShare()).json(),
	}
	for _, f := range r.formulas() {
		head.Levels[f] = percent(r.Total.Figures.level(f)).json()
	}
	if r.Told.Told > 0 {
		head.Told = r.Told.json()
	}
	b := jsonWriter{w: bufio.NewWriter(w)}
	b.raw("{\"about\":")
	b.value(head)
	for _, t := range tables {
		b.raw(",\n")
		b.value(t.part)
		b.raw(":[")
		first := true
		for row, err := range t.rows {
			if err != nil {
				return err
			}
			if !first {
				b.raw(",")
			}
			first = false
			b.raw("\n")
			b.row(t.keys, row)
		}
		b.raw("\n]")
	}
	b.raw("}\n")
	if b.err != nil {
		return b.err
	}
	return b.w.Flush()
}

// formulas are those whose service level the head of the report shows: a list of calls has
// none.
func (r *Report) formulas() []Formula {
	if r.list {
		return nil
	}
	return Formulas()
}

// clock is a time of day as hours and minutes.
func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", d/time.Hour, d%time.Hour/time.Minute)
}

// jsonWriter writes pieces of JSON and remembers the first error.
type jsonWriter struct {
	w   *bufio.Writer
	err error
}

func (b *jsonWriter) raw(s string) {
	if b.err == nil {
		_, b.err = b.w.WriteString(s)
	}
}

func (b *jsonWriter) value(v any) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // the formulas hold <=, and this is no page
	if err := e.Encode(v); err != nil && b.err == nil {
		b.err = err
	}
	b.raw(strings.TrimSuffix(text.String(), "\n"))
}

// row writes an object with its members in the order of the columns.
func (b *jsonWriter) row(keys []string, row []cell) {
	b.raw("{")
	for i, c := range row {
		if i > 0 {
			b.raw(",")
		}
		b.value(keys[i])
		b.raw(":")
		b.value(c.json())
	}
	b.raw("}")
}

// json is a cell as a raw value.
func (c cell) json() any {
	switch c.kind {
	case textCell, wordCell:
		return c.s
	case countCell:
		return c.n
	case percentCell, millisCell, numberCell:
		if c.ok {
			return c.f
		}
	case lengthCell, spentCell:
		if c.ok {
			return c.n
		}
	case timeCell, momentCell:
		return c.t
	}
	return nil
}
