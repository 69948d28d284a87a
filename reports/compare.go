package reports

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// comparisonPart is a report beside the same report of a period before.
const comparisonPart Part = "comparison"

// Back says which period a report is compared with.
type Back string

// The periods to compare with.
const (
	BackPeriod Back = "period" // just before, of the same length in days or months
	BackWeek   Back = "week"   // the same weekdays, a week before
	BackMonth  Back = "month"  // the same dates, a month before (环比)
	BackYear   Back = "year"   // the same dates, a year before (同比)
)

// Backs lists them.
func Backs() []Back { return []Back{BackPeriod, BackWeek, BackMonth, BackYear} }

// Before is the period that one is compared with. It begins and ends at the same times by
// the clock on the wall, whatever clocks do in between; a date that a month does not have is
// its last day. The error wraps ErrInvalid.
func (g Grid) Before(p Interval, b Back) (Interval, error) {
	months, days := 0, 0
	switch b {
	case BackWeek:
		days = 7
	case BackMonth:
		months = 1
	case BackYear:
		months = 12
	case BackPeriod:
		months, days = g.length(p)
		if months == 0 && days == 0 {
			return Interval{Start: p.Start.Add(-p.End.Sub(p.Start)), End: p.Start}, nil
		}
	default:
		return Interval{}, fmt.Errorf("%w: period to compare with %q is none of %v", ErrInvalid, b, Backs())
	}
	before := Interval{Start: g.back(p.Start, months, days), End: g.back(p.End, months, days)}
	if last := g.DayOf(p.End.Add(-time.Nanosecond)); last.End.Equal(p.End) && !g.wholeMonths(p) {
		// The end is the day after the last one, whose date may be none in that month.
		before.End = g.DayOf(g.back(last.Start, months, days)).End
	}
	return before, nil
}

// wholeMonths tells whether a period is made of months.
func (g Grid) wholeMonths(p Interval) bool {
	months, _ := g.length(p)
	return months > 0
}

// length is how long a period is in months, or else in days, or neither.
func (g Grid) length(p Interval) (months, days int) {
	whole := func(t time.Time) bool { return g.DayOf(t).Start.Equal(t) }
	if !whole(p.Start) || !whole(p.End) {
		return 0, 0
	}
	y, m, d := g.date(p.Start)
	y2, m2, d2 := g.date(p.End)
	if d == 1 && d2 == 1 {
		return (y2-y)*12 + int(m2-m), 0
	}
	first, last := time.Date(y, m, d, 0, 0, 0, 0, time.UTC), time.Date(y2, m2, d2, 0, 0, 0, 0, time.UTC)
	return 0, int(last.Sub(first).Hours() / 24)
}

// date is the date of the day that begins at t or holds it.
func (g Grid) date(t time.Time) (int, time.Month, int) { return g.DayOf(t).Start.In(g.Zone).Date() }

// back is t so many months and days earlier, at the same time of day.
func (g Grid) back(t time.Time, months, days int) time.Time {
	day := g.DayOf(t)
	y, m, d := day.Start.In(g.Zone).Date()
	if months > 0 {
		last := time.Date(y, m-time.Month(months)+1, 0, 0, 0, 0, 0, time.UTC).Day()
		d, m = min(d, last), m-time.Month(months)
	}
	start := g.dayStart(y, m, d-days)
	if t.Equal(day.Start) {
		return start
	}
	at, local := start.In(g.Zone), t.In(g.Zone)
	moved := func(day int) time.Time {
		return time.Date(at.Year(), at.Month(), day, local.Hour(), local.Minute(), local.Second(), local.Nanosecond(),
			g.Zone)
	}
	if same := moved(at.Day()); !same.Before(start) {
		return same
	}
	return moved(at.Day() + 1)
}

// Comparison is a report beside the same report of a period before.
type Comparison struct{ Now, Before *Report }

// Compare sets two reports side by side. They must be of the same grouping, step and rules,
// or the numbers would not compare: the error wraps ErrInvalid.
func Compare(now, before *Report) (*Comparison, error) {
	a, b := now.Spec, before.Spec
	if !slices.Equal(a.By, b.By) || a.Grid != b.Grid || a.Rules != b.Rules || a.Formula != b.Formula {
		return nil, fmt.Errorf("%w: reports by different groups, steps or rules do not compare", ErrInvalid)
	}
	return &Comparison{Now: now, Before: before}, nil
}

// Write shows a comparison: for each row and each column the number, the number before, the
// difference, and the difference in percent of the number before. Intervals are compared in
// their order: the first with the first. The parts of the view are not used.
func (c *Comparison) Write(w io.Writer, v View) error {
	v.Parts = []Part{comparisonPart}
	if err := v.complete(); err != nil {
		return err
	}
	t, err := c.table(v)
	if err != nil {
		return err
	}
	return c.Now.write(w, v, []table{t})
}

// pair is a row beside the row before; the one that is missing has no calls.
type pair struct {
	scope, name string
	now, before Row
}

func (c *Comparison) table(v View) (table, error) {
	chosen, err := choose(v.Columns)
	if err != nil {
		return table{}, err
	}
	l, r := v.Lang, c.Now
	t := table{part: comparisonPart, keys: []string{"scope"}, heads: []string{l.pick("范围", "scope")}}
	r.addGroupColumns(&t, l)
	t.keys = append(t.keys, "before_from", "before_to", "column", "value", "before", "difference", "unit", "change_pct")
	t.heads = append(t.heads, l.pick("对比起", "before from"), l.pick("对比止", "before to"), l.pick("指标", "figure"),
		l.pick("本期", "value"), l.pick("上期", "before"), l.pick("差值", "difference"), l.pick("单位", "unit"),
		l.pick("变化%", "change %"))
	t.rows = func(yield func([]cell, error) bool) {
		for _, p := range c.pairs(l) {
			for _, col := range chosen {
				if !yield(c.cells(p, col, l), nil) {
					return
				}
			}
		}
	}
	return t, nil
}

// cells are one figure of a pair of rows.
func (c *Comparison) cells(p pair, col column, l Lang) []cell {
	r := c.Now
	now, before := col.cell(p.now.Figures, r.Spec), col.cell(p.before.Figures, r.Spec)
	cells := append([]cell{word(p.scope, p.name)}, r.groupCells(p.scope, p.now.Group, l)...)
	unit, said := now.unit(l)
	change := cell{kind: percentCell}
	a, ok := now.value()
	b, known := before.value()
	if ok && known && b != 0 {
		change.f, change.ok = 100*(a-b)/b, true
	}
	return append(cells, r.when(p.now.Interval.Start), r.when(p.now.Interval.End),
		r.when(p.before.Interval.Start), r.when(p.before.Interval.End),
		word(string(col.name), col.heading(l, r.Spec.Rules)), now, before, now.less(before), word(unit, said), change)
}

// pairs are the rows that stand side by side.
func (c *Comparison) pairs(l Lang) []pair {
	var all []pair
	now, before := c.Now.series(), c.Before.series()
	cut, cutBefore := c.Now.cut(), c.Before.cut()
	groups := maps.Clone(now)
	maps.Copy(groups, before)
	order := slices.SortedFunc(maps.Keys(groups), func(a, b Group) int { return a.compare(b, c.Now.Spec.By) })
	for _, g := range order {
		for i := range min(len(cut), len(cutBefore)) {
			p := pair{
				scopeInterval, l.pick("时段", scopeInterval), Row{g, cut[i], now[g][i]}, Row{g, cutBefore[i], before[g][i]},
			}
			if p.now.Figures != (Figures{}) || p.before.Figures != (Figures{}) {
				all = append(all, p)
			}
		}
	}
	for _, g := range order {
		all = append(all, pair{
			scopeGroup, l.pick("合计", "subtotal"),
			Row{g, c.Now.Spec.Period, total(now[g])},
			Row{g, c.Before.Spec.Period, total(before[g])},
		})
	}
	return append(all, pair{scopeAll, l.pick("总计", "total"), c.Now.Total, c.Before.Total})
}

// cut are the intervals of a report.
func (r *Report) cut() []Interval { return r.Spec.Grid.Cut(r.Spec.Period.Start, r.Spec.Period.End) }

// series are the figures of each group by the place of the interval.
func (r *Report) series() map[Group]map[int]Figures {
	all, cut := map[Group]map[int]Figures{}, r.cut()
	for _, row := range r.Rows {
		if all[row.Group] == nil {
			all[row.Group] = map[int]Figures{}
		}
		all[row.Group][place(cut, row.Interval.Start)] = row.Figures
	}
	return all
}

// total is the sum of a series.
func total(series map[int]Figures) Figures {
	var sum Figures
	for _, f := range series {
		sum.Add(f)
	}
	return sum
}
