package reports

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The scopes of a row of figures. They stand in the first column, so that a spreadsheet
// does not add totals to what they are the total of.
const (
	scopeInterval = "interval"
	scopeGroup    = "group"
	scopeAll      = "all"
)

// figuresTable holds the rows, the totals of groups and the total. In CSV, which has no
// head, each row names the formula and the limits it was computed with.
func (r *Report) figuresTable(v View) (table, error) {
	chosen, err := choose(v.Columns)
	if err != nil {
		return table{}, err
	}
	if v.Format == CSVFormat {
		chosen = append(chosen, basis()...)
	}
	t := table{part: FiguresPart, keys: []string{"scope"}, heads: []string{v.Lang.pick("范围", "scope")}}
	r.addGroupColumns(&t, v.Lang)
	for _, c := range chosen {
		t.keys, t.heads = append(t.keys, string(c.name)), append(t.heads, c.heading(v.Lang, r.Spec.Rules))
	}
	cells := func(scope, name string, row Row) []cell {
		line := []cell{word(scope, name)}
		line = append(line, r.groupCells(scope, row.Group, v.Lang)...)
		line = append(line, r.when(row.Interval.Start), r.when(row.Interval.End))
		for _, c := range chosen {
			line = append(line, c.cell(row.Figures, r.Spec))
		}
		return line
	}
	t.rows = func(yield func([]cell, error) bool) {
		for _, row := range r.Rows {
			if !yield(cells(scopeInterval, v.Lang.pick("时段", scopeInterval), row), nil) {
				return
			}
		}
		for _, row := range r.Groups {
			if !yield(cells(scopeGroup, v.Lang.pick("合计", "subtotal"), row), nil) {
				return
			}
		}
		yield(cells(scopeAll, v.Lang.pick("总计", "total"), r.Total), nil)
	}
	return t, nil
}

// addGroupColumns adds the columns that name a cell: what the report is grouped by, and the
// interval.
func (r *Report) addGroupColumns(t *table, l Lang) {
	for _, d := range r.Spec.By {
		if d != ByNothing {
			t.keys, t.heads = append(t.keys, string(d)), append(t.heads, d.heading(l))
		}
	}
	t.keys = append(t.keys, "from", "to")
	t.heads = append(t.heads, l.pick("起", "from"), l.pick("止", "to"))
}

// groupCells names what a row is about; the total is about nothing alone.
func (r *Report) groupCells(scope string, g Group, l Lang) []cell {
	var cells []cell
	for _, d := range r.Spec.By {
		c := text("")
		switch {
		case d == ByNothing:
			continue
		case scope == scopeAll:
		case d == ByQueue:
			c = text(string(g.Queue))
		case d == ByAgent:
			c = text(string(g.Agent))
		case d == ByTeam:
			c = text(g.Team)
		case d == ByLine:
			c = text(g.Line)
		case d == ByWeekday:
			c = word(strconv.Itoa(int(g.Weekday+6)%7+1), weekdayName(g.Weekday, l))
		case d == ByHour:
			c = text(strconv.Itoa(g.Hour) + ":00")
		}
		cells = append(cells, c)
	}
	return cells
}

// heading is the title of the column of a dimension.
func (d Dimension) heading(l Lang) string {
	switch d {
	case ByQueue:
		return l.pick("队列", "queue")
	case ByAgent:
		return l.pick("座席", "agent")
	case ByTeam:
		return l.pick("班组", "team")
	case ByLine:
		return l.pick("热线号码", "line")
	case ByWeekday:
		return l.pick("星期", "weekday")
	case ByHour:
		return l.pick("时", "hour")
	case ByNothing:
	}
	return string(d)
}

func weekdayName(d time.Weekday, l Lang) string {
	return l.pick("周"+[]string{"日", "一", "二", "三", "四", "五", "六"}[d%7], d.String())
}

func (r *Report) linesTable(l Lang) table {
	t := table{
		part: LinesPart,
		keys: []string{
			"line", "arrived", "entered", "hung_up_in_greeting", "closed", "unknown_line", "failed", "other", "open",
			"answered", "abandoned", "voiced", "turned_away", "unfinished", "busy", "messages", "dropped", "called_back",
			"answered_share_pct", "busy_rate_pct",
		},
		heads: []string{
			l.pick("热线号码", "line"), l.pick("来电", "arrived"), l.pick("进入队列", "entered a queue"),
			l.pick("问候中挂机", "hung up in greeting"), l.pick("非服务时间", "closed"), l.pick("空号", "unknown line"),
			l.pick("故障", "failed"), l.pick("其他", "other"), l.pick("进行中", "open"), l.pick("接通", "answered"),
			l.pick("放弃", "abandoned"), l.pick("留言或回呼", "message or call-back"), l.pick("被谢绝", "turned away"),
			l.pick("处理中", "unfinished"), l.pick("占线", "busy"), l.pick("留言", "messages"), l.pick("掉线", "dropped"),
			l.pick("已回呼", "called back"), l.pick("已复电话%", "answered %"), l.pick("忙音率%", "busy rate %"),
		},
	}
	var rows [][]cell
	for _, n := range r.Lines {
		cells := []cell{text(n.Line)}
		for _, i := range []int64{
			n.Arrived, n.Entered, n.HungUpInGreeting, n.Closed, n.UnknownLine, n.Failed, n.Other, n.Open, n.Answered,
			n.Abandoned, n.Voiced, n.TurnedAway, n.Unfinished, n.Busy, n.Messages, n.Dropped, n.CalledBack,
		} {
			cells = append(cells, count(i))
		}
		rows = append(rows, append(cells, percent(n.AnsweredShare()), percent(n.BusyRate())))
	}
	t.rows = listed(rows)
	return t
}

func (r *Report) breaksTable(l Lang) table {
	t := table{
		part: BreaksPart,
		keys: []string{"agent", "reason", "breaks", "break_ms"},
		heads: []string{
			l.pick("座席", "agent"), l.pick("原因", "reason"), l.pick("次数", "breaks"), l.pick("时长", "time"),
		},
	}
	var rows [][]cell
	for _, b := range r.Breaks {
		rows = append(rows, []cell{text(string(b.Agent)), text(b.Reason), count(b.Breaks), spent(b.Time, true)})
	}
	t.rows = listed(rows)
	return t
}

// metric is one line of the table of metrics.
type metric struct {
	id, name, formula string
	value             cell
}

// metricsTable holds every metric of the trade that has a number, over the whole report. What
// the report cannot know has no value.
func (r *Report) metricsTable(l Lang) table {
	t := table{
		part: MetricsPart,
		keys: []string{"metric", "name", "value", "unit", "formula"},
		heads: []string{
			l.pick("编号", "no."), l.pick("指标", "metric"), l.pick("数值", "value"), l.pick("单位", "unit"),
			l.pick("公式", "formula"),
		},
	}
	all := r.elsewhere(l)
	for _, c := range columns() {
		if c.metric != "" {
			all = append(all, metric{c.metric, c.heading(l, r.Spec.Rules), c.formula, c.cell(r.inAll(c.rule), r.Spec)})
		}
	}
	slices.SortStableFunc(all, func(a, b metric) int {
		order := func(m metric) int {
			n, _ := strconv.Atoi(m.id[1:])
			return n
		}
		return cmp.Or(-cmp.Compare(a.id[:1], b.id[:1]), cmp.Compare(order(a), order(b)))
	})
	var rows [][]cell
	for _, m := range all {
		name := strings.TrimSuffix(strings.TrimSuffix(m.name, " %"), "%")
		unit, said := m.value.unit(l)
		rows = append(rows, []cell{text(m.id), text(name), m.value, word(unit, said), text(m.formula)})
	}
	t.rows = listed(rows)
	return t
}

// inAll is the total that a figure is made of: calls are counted by line whatever the report
// is grouped by.
func (r *Report) inAll(rule Rule) Figures {
	if rule == AtArrival {
		return Figures{Calls: r.Arrivals()}
	}
	return r.Total.Figures
}

// elsewhere are the metrics that need numbers of other systems.
func (r *Report) elsewhere(l Lang) []metric {
	return []metric{
		{"M3", l.pick("平均单呼成本", "cost per call"), "cost of the period / answered", number(r.CostPerCall())},
		{"M11", l.pick("监听分值", "monitoring score"), "scores of checks / checks", number(r.MonitoringScore())},
		{"M16", l.pick("一次性解决率", "first-call resolution"), "settled at once / judged", percent(r.FirstCallResolution())},
		{"M22", l.pick("值机员流动率", "turnover of agents"), "leavers / mean headcount", percent(r.Turnover())},
	}
}

// unit is what a cell's number counts, for programs and for people, who read times in other
// units.
func (c cell) unit(l Lang) (program, people string) {
	switch c.kind {
	case percentCell:
		return "%", "%"
	case millisCell, lengthCell:
		return "ms", l.pick("秒", "s")
	case spentCell:
		return "ms", l.pick("时:分:秒", "h:mm:ss")
	case textCell, wordCell, countCell, numberCell, timeCell, momentCell:
	}
	return "", ""
}
