package reports

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
)

// Part is one table of a report.
type Part string

// The tables of a report.
const (
	FiguresPart Part = "figures" // queues and intervals, then totals
	LinesPart   Part = "lines"   // what became of calls, by the number that was dialled
	LatePart    Part = "late"    // callers who waited longer than T, by agent
	SurveysPart Part = "surveys" // answers to the survey after the talk, by queue and agent
	BreaksPart  Part = "breaks"  // time on breaks, by agent and reason
	MetricsPart Part = "metrics" // every metric of the trade over the whole report
	// DeviationsPart holds agents whose talk time differs from their team's.
	DeviationsPart Part = "deviations"
)

// Parts lists the tables.
func Parts() []Part {
	return []Part{FiguresPart, LinesPart, LatePart, SurveysPart, BreaksPart, MetricsPart, DeviationsPart}
}

// Format is a form of output.
type Format string

// The forms of output.
const (
	TextFormat Format = "text"
	CSVFormat  Format = "csv"
	JSONFormat Format = "json"
	XLSXFormat Format = "xlsx"
)

// Formats lists them.
func Formats() []Format { return []Format{TextFormat, CSVFormat, JSONFormat, XLSXFormat} }

// View says how a report is shown.
type View struct {
	Format  Format   // "" is text
	Lang    Lang     // "" is Chinese; CSV and JSON name columns by their keys
	Columns []Column // of the figures; DefaultColumns when empty
	Parts   []Part   // figures and lines when empty; CSV holds one, figures when empty
	BOM     bool     // begins CSV with a byte order mark, without which Excel misreads Chinese
	// ClearNumbers shows callers' numbers whole in lists of calls; else their middle is masked.
	ClearNumbers bool
}

// Only are the rules of the figures that a view shows, for Spec.Only; nil where it shows all of
// them. The entry to the queue is always among them, because the head of a report has the service
// level. The error wraps ErrInvalid.
func (v View) Only() ([]Rule, error) {
	if err := v.complete(); err != nil {
		return nil, err
	}
	if slices.Contains(v.Parts, MetricsPart) {
		return nil, nil
	}
	rules := []Rule{AtEntry}
	if slices.Contains(v.Parts, BreaksPart) {
		rules = append(rules, Prorated)
	}
	chosen, err := choose(v.Columns)
	for _, c := range chosen {
		if c.rule == AnswerAnd {
			rules = append(rules, AtAnswer, Prorated)
		} else {
			rules = append(rules, c.rule)
		}
	}
	slices.Sort(rules)
	return slices.Compact(rules), err
}

// Lists tells whether a view shows more than figures and lines, what Counter does not know.
func (v View) Lists() bool {
	return slices.ContainsFunc(v.Parts, func(p Part) bool { return p != FiguresPart && p != LinesPart })
}

// Write shows a report. A wrong view is an error wrapping ErrInvalid, and then nothing was
// written.
func (r *Report) Write(w io.Writer, v View) error {
	if err := v.complete(); err != nil {
		return err
	}
	tables := make([]table, 0, len(v.Parts))
	for _, p := range v.Parts {
		t, err := r.table(p, v)
		if err != nil {
			return err
		}
		tables = append(tables, t)
	}
	return r.write(w, v, tables)
}

// write writes tables in the format of a view that is complete.
func (r *Report) write(w io.Writer, v View, tables []table) error {
	var err error
	switch v.Format {
	case CSVFormat:
		err = writeCSV(w, tables[0], v.BOM)
	case JSONFormat:
		err = r.writeJSON(w, tables)
	case TextFormat:
		err = r.writeText(w, v.Lang, tables)
	case XLSXFormat:
		err = r.writeXLSX(w, v.Lang, tables, maxSheetRows)
	}
	if err != nil {
		return fmt.Errorf("write report as %s: %w", v.Format, err)
	}
	return nil
}

// complete fills in defaults and refuses what has no meaning.
func (v *View) complete() error {
	if v.Format == "" {
		v.Format = TextFormat
	}
	if v.Lang == "" {
		v.Lang = Chinese
	}
	if len(v.Parts) == 0 {
		v.Parts = []Part{FiguresPart, LinesPart}
		if v.Format == CSVFormat {
			v.Parts = v.Parts[:1]
		}
	}
	switch {
	case !slices.Contains(Formats(), v.Format):
		return fmt.Errorf("%w: format %q is none of %v", ErrInvalid, v.Format, Formats())
	case v.Lang != Chinese && v.Lang != English:
		return fmt.Errorf("%w: language %q is none of zh-CN, en", ErrInvalid, v.Lang)
	case v.Format == CSVFormat && len(v.Parts) > 1:
		return fmt.Errorf("%w: CSV holds one table, not %v", ErrInvalid, v.Parts)
	}
	return nil
}

// table is one part of a report, ready to be written in any format.
type table struct {
	part  Part
	keys  []string // of the columns, for CSV and JSON
	heads []string // of the columns, for people
	rows  iter.Seq2[[]cell, error]
}

// listed are rows that are in memory.
func listed(rows [][]cell) iter.Seq2[[]cell, error] {
	return func(yield func([]cell, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// table makes one part.
func (r *Report) table(p Part, v View) (table, error) {
	switch p {
	case FiguresPart:
		return r.figuresTable(v)
	case LinesPart:
		return r.linesTable(v.Lang), nil
	case LatePart:
		return r.lateTable(v.Lang), nil
	case SurveysPart:
		return r.surveysTable(v.Lang), nil
	case BreaksPart:
		return r.breaksTable(v.Lang), nil
	case MetricsPart:
		return r.metricsTable(v.Lang), nil
	case DeviationsPart:
		return r.deviationsTable(v.Lang), nil
	case callsPart, comparisonPart:
	}
	return table{}, fmt.Errorf("%w: part %q is none of %v", ErrInvalid, p, Parts())
}

func (r *Report) lateTable(l Lang) table {
	t := table{
		part: LatePart,
		keys: []string{"agent", "call", "queue", "entered", "wait_ms", "end", "cause", "misses", "missed_by"},
		heads: []string{
			l.pick("座席", "agent"), l.pick("呼叫", "call"), l.pick("队列", "queue"), l.pick("进入队列", "entered"),
			l.pick("等待(秒)", "wait s"), l.pick("结果", "end"), l.pick("原因", "cause"),
			l.pick("未接次数", "misses"), l.pick("未接座席", "missed by"),
		},
	}
	var rows [][]cell
	for _, n := range r.Late {
		missed := make([]string, len(n.Missed))
		for i, a := range n.Missed {
			missed[i] = string(a)
		}
		rows = append(rows, []cell{
			text(string(n.Agent)), text(string(n.Call)), text(string(n.Queue)), r.moment(n.Entered),
			length(n.Wait), word(string(n.End), endName(n.End, l)), word(string(n.Cause), causeName(n.Cause, l)),
			count(int64(len(n.Missed))), text(strings.Join(missed, " ")),
		})
	}
	t.rows = listed(rows)
	return t
}

// endName is the end of a stay for people.
func endName(e End, l Lang) string {
	switch e {
	case Waiting:
		return l.pick("排队中", "waiting")
	case Answered:
		return l.pick("接通", "answered")
	case Abandoned:
		return l.pick("放弃", "abandoned")
	case TimedOut:
		return l.pick("超时", "timed out")
	case LeftEmpty:
		return l.pick("无座席", "no agents")
	case Overflowed:
		return l.pick("溢出", "overflowed")
	case Callback:
		return l.pick("回呼", "call-back")
	case ToMessage:
		return l.pick("留言", "to message")
	case Lost:
		return l.pick("故障中断", "lost")
	}
	return string(e)
}

// causeName is the cause of a long wait for people.
func causeName(c Cause, l Lang) string {
	switch c {
	case NoIdleAgent:
		return l.pick("无空闲座席", "no idle agent")
	case Missed:
		return l.pick("座席未接", "missed by agents")
	case SlowAnswer:
		return l.pick("应答慢", "slow answer")
	case NotOffered:
		return l.pick("未振铃座席", "nobody was rung")
	}
	return string(c)
}

// when is a line of the grid in the zone of the report.
func (r *Report) when(t time.Time) cell { return cell{kind: timeCell, t: t.In(r.Spec.Grid.Zone)} }

// moment is a time between the lines of the grid.
func (r *Report) moment(t time.Time) cell { return cell{kind: momentCell, t: t.In(r.Spec.Grid.Zone)} }

// limits names the settings that figures depend on, for the head of a text.
func (r *Report) limits(l Lang) string {
	t, s := seconds(r.Spec.Rules.T), seconds(r.Spec.Rules.Short)
	return l.pick(fmt.Sprintf("T = %s 秒,短呼 < %s 秒", t, s), fmt.Sprintf("T = %s s, short < %s s", t, s))
}

// offsetChanges tells whether the clocks change within the period, so that a time of day
// may come twice.
func (r *Report) offsetChanges() bool {
	end := r.Spec.Period.Start.In(r.Spec.Grid.Zone)
	_, end = end.ZoneBounds()
	return !end.IsZero() && end.Before(r.Spec.Period.End)
}
