package reports

import (
	"fmt"
	"strconv"
	"strings"

	"hotline/call"
)

// Lang is the language of headings.
type Lang string

// The languages of headings.
const (
	Chinese Lang = "zh-CN"
	English Lang = "en"
)

// pick chooses between two texts.
func (l Lang) pick(zh, en string) string {
	if l == English {
		return en
	}
	return zh
}

// Column names one figure of a table. Its name is the key in CSV and JSON; _pct are
// percentages and _ms milliseconds.
type Column string

// DefaultColumns are shown when none are chosen.
func DefaultColumns() []Column {
	return []Column{
		"offered", "answered", "answered_in_t", "abandoned", "short",
		"service_level_pct", "asa_ms", "att_ms", "aht_ms", "abandon_rate_pct",
	}
}

// Columns lists every column there is, in the order of a full table.
func Columns() []Column {
	var names []Column
	for _, d := range columns() {
		names = append(names, d.name)
	}
	return names
}

// Rule says to which interval a figure belongs.
type Rule string

// The rules.
const (
	AtEntry   Rule = "queue entry"
	AtAnswer  Rule = "agent's answer"
	AtRing    Rule = "begin of the ring"
	AtDial    Rule = "dialling"
	AtArrival Rule = "arrival"
	Prorated  Rule = "cut at the borders"
	AnswerAnd Rule = "agent's answer; times cut at the borders"
)

// Definition describes a figure for documents and help texts.
type Definition struct {
	Column  Column
	Chinese string // headings; {T} and {S} stand for the limits
	English string
	Metric  string // its number among the metrics of the trade, "" when it has none
	Formula string
	Rule    Rule
	// Calls says that the figure is a number of calls, which can be listed: see Calls.
	Calls bool
	count func(Figures) int64
}

// Count is the number of calls, 0 for a figure that is none.
func (d Definition) Count(f Figures) int64 {
	if d.count == nil {
		return 0
	}
	return d.count(f)
}

// Definitions lists every figure in the order of Columns.
func Definitions() []Definition {
	var all []Definition
	for _, c := range columns() {
		all = append(all, Definition{
			Column: c.name, Chinese: c.zh, English: c.en, Metric: c.metric, Formula: c.formula, Rule: c.rule,
			Calls: c.count != nil, count: c.count,
		})
	}
	return all
}

// column is the definition behind a name. In headings {T} and {S} stand for the limits.
type column struct {
	name    Column
	zh, en  string
	metric  string
	formula string
	rule    Rule
	cell    func(Figures, Spec) cell
	count   func(Figures) int64 // of a number of calls, else nil
}

// columns lists the definitions.
func columns() []column {
	var all []column
	for _, some := range [][]column{
		stayCounts(), talkCounts(), ringCounts(), arrivalCounts(), stayRates(), levels(), otherRates(), waits(),
		talkTimes(), agentTimes(),
	} {
		all = append(all, some...)
	}
	return all
}

// counted makes a column of a number of calls.
func counted(name Column, zh, en, metric, formula string, rule Rule, of func(Figures) int64) column {
	return column{
		name: name, zh: zh, en: en, metric: metric, formula: formula, rule: rule, count: of,
		cell: func(f Figures, _ Spec) cell { return count(of(f)) },
	}
}

// share makes a column of a percentage.
func share(name Column, zh, en, metric, formula string, rule Rule, of func(Figures) Ratio) column {
	return column{
		name: name, zh: zh, en: en, metric: metric, formula: formula, rule: rule,
		cell: func(f Figures, _ Spec) cell { return percent(of(f)) },
	}
}

// meanOf makes a column of a mean time.
func meanOf(name Column, zh, en, metric, formula string, rule Rule, of func(Figures) Mean) column {
	return column{
		name: name, zh: zh, en: en, metric: metric, formula: formula, rule: rule,
		cell: func(f Figures, _ Spec) cell { return mean(of(f)) },
	}
}

// timeOf makes a column of a sum of agents' time, which has no value without any.
func timeOf(name Column, zh, en, formula string, of func(AgentTime) call.Millis) column {
	return column{
		name: name, zh: zh, en: en, formula: formula, rule: Prorated,
		cell: func(f Figures, _ Spec) cell { return spent(of(f.Spent), f.Spent != AgentTime{}) },
	}
}

// basis are the columns that say what figures depend on, for a table without a head.
func basis() []column {
	return []column{
		{name: "service_level_formula", cell: func(_ Figures, s Spec) cell { return text(string(s.Formula)) }},
		{name: "answered_within_ms", cell: func(_ Figures, s Spec) cell { return count(int64(s.Rules.T)) }},
		{name: "short_below_ms", cell: func(_ Figures, s Spec) cell { return count(int64(s.Rules.Short)) }},
	}
}

// heading is a column's title in a language, with the limits in it.
func (c column) heading(l Lang, r Rules) string {
	return strings.NewReplacer("{T}", seconds(r.T), "{S}", seconds(r.Short)).Replace(l.pick(c.zh, c.en))
}

// seconds is a limit in seconds without needless digits.
func seconds(m call.Millis) string { return strconv.FormatFloat(m.Duration().Seconds(), 'f', -1, 64) }

// choose finds the definitions of chosen columns; the error wraps ErrInvalid and lists
// what there is.
func choose(names []Column) ([]column, error) {
	if len(names) == 0 {
		names = DefaultColumns()
	}
	defined := map[Column]column{}
	for _, d := range columns() {
		defined[d.name] = d
	}
	chosen := make([]column, 0, len(names))
	for _, n := range names {
		d, ok := defined[n]
		if !ok {
			return nil, fmt.Errorf("%w: column %q is none of %v", ErrInvalid, n, Columns())
		}
		chosen = append(chosen, d)
	}
	return chosen, nil
}
