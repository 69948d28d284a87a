package reports

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// writeText writes the tables for people: settings first, then each table with aligned
// columns.
func (r *Report) writeText(w io.Writer, l Lang, tables []table) error {
	b := bufio.NewWriter(w)
	layout := "2006-01-02 15:04"
	if r.offsetChanges() {
		layout += " -07:00"
	}
	start, end := r.Spec.Period.Start.In(r.Spec.Grid.Zone), r.Spec.Period.End.In(r.Spec.Grid.Zone)
	fmt.Fprintf(b, "%s: %s - %s  %s  %s\n", l.pick("时间", "period"),
		start.Format(layout), end.Format(layout), r.Spec.Grid.Zone, r.Spec.Grid.Step)
	r.writeLevels(b, l, layout)
	r.writeTold(b, l, layout)
	r.writeCorrelation(b, l)
	if r.Contradictions > 0 {
		fmt.Fprintf(b, "%s: %d\n", l.pick("账本中自相矛盾的事件", "events in the ledger that contradict others"),
			r.Contradictions)
	}
	for _, t := range tables {
		fmt.Fprintf(b, "\n%s\n", partName(t.part, l))
		if err := t.text(b, layout); err != nil {
			return err
		}
	}
	return b.Flush()
}

// writeLevels names the formula and the limits and shows what every formula gives. A list of
// calls has no figures.
func (r *Report) writeLevels(b *bufio.Writer, l Lang, layout string) {
	if r.list {
		fmt.Fprintf(b, "%s\n", r.limits(l))
		return
	}
	fmt.Fprintf(b, "%s: %s = %s  (%s)\n", l.pick("服务水平", "service level"),
		r.Spec.Formula, r.Spec.Formula.Text(), r.limits(l))
	fmt.Fprintf(b, "%s:", l.pick("各公式总计%", "total by every formula %"))
	for _, f := range Formulas() {
		fmt.Fprintf(b, " %s %s", f, percent(r.Total.Figures.level(f)).text(layout))
	}
	fmt.Fprintln(b)
}

// writeTold tells how good the estimates of waiting were, where any was told.
func (r *Report) writeTold(b *bufio.Writer, l Lang, layout string) {
	if r.Told.Told == 0 {
		return
	}
	p50, p90, off, over, under := r.Told.cells()
	fmt.Fprintf(b, l.pick(
		"预计等待: 播报 %d 次, 其中已接听 %d 次; 实际等待不超过 p50 %s%%, 不超过 p90 %s%%; 播报误差平均 %s 秒 (多报 %s, 少报 %s)\n",
		"waits told: %d, answered %d of them; within p50 %s %%, within p90 %s %%; mean error %s s (over %s, under %s)\n"),
		r.Told.Told, r.Told.Answered, p50.text(layout), p90.text(layout), off.text(layout), over.text(layout),
		under.text(layout))
}

// partName is the title of a table.
func partName(p Part, l Lang) string {
	switch p {
	case FiguresPart:
		return l.pick("指标", "figures")
	case LinesPart:
		return l.pick("来电", "calls by line")
	case LatePart:
		return l.pick("超时应答清单", "callers who waited too long")
	case SurveysPart:
		return l.pick("满意度评价", "surveys")
	case BreaksPart:
		return l.pick("小休", "breaks")
	case MetricsPart:
		return l.pick("指标一览", "metrics")
	case DeviationsPart:
		return l.pick("差异人员", "agents whose talk time differs")
	case callsPart:
		return l.pick("呼叫清单", "calls")
	case comparisonPart:
		return l.pick("对比", "comparison")
	}
	return string(p)
}

// text writes a table with aligned columns, numbers to the right. People read it, so its rows
// are held at once for the widths.
func (t table) text(w *bufio.Writer, layout string) error {
	var rows [][]cell
	for row, err := range t.rows {
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	widths := make([]int, len(t.heads))
	for i, h := range t.heads {
		widths[i] = width(h)
	}
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], width(c.text(layout)))
		}
	}
	line := func(at func(i int) (s string, right bool)) {
		var out strings.Builder
		for i := range widths {
			if i > 0 {
				out.WriteString("  ")
			}
			s, right := at(i)
			fill := strings.Repeat(" ", widths[i]-width(s))
			if right {
				out.WriteString(fill + s)
			} else {
				out.WriteString(s + fill)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(out.String(), " "))
	}
	line(func(i int) (string, bool) { return t.heads[i], len(rows) > 0 && rows[0][i].right() })
	for _, row := range rows {
		line(func(i int) (string, bool) { return row[i].text(layout), row[i].right() })
	}
	return nil
}

// text is a cell for people; "-" says that there is no value.
func (c cell) text(layout string) string {
	switch c.kind {
	case textCell:
		return printable(c.s)
	case wordCell:
		return c.name
	case countCell:
		return strconv.FormatInt(c.n, 10)
	case percentCell, numberCell:
		if c.ok {
			return strconv.FormatFloat(c.f, 'f', 2, 64)
		}
	case millisCell:
		if c.ok {
			return strconv.FormatFloat(c.f/1000, 'f', 1, 64)
		}
	case lengthCell:
		if c.ok {
			return strconv.FormatFloat(float64(c.n)/1000, 'f', 3, 64)
		}
	case spentCell:
		if c.ok {
			s := c.n / 1000
			return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
		}
	case timeCell:
		return c.t.Format(layout)
	case momentCell:
		return c.t.Format(strings.Replace(layout, "15:04", "15:04:05", 1))
	}
	return "-"
}
