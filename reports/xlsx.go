package reports

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// maxSheetRows is how many rows a sheet of Excel holds; a longer table goes on in the next.
const maxSheetRows = 1_048_576

// writeXLSX writes one workbook: a sheet that says what the numbers depend on, then a sheet
// for each table, with its heading frozen. Numbers are numbers, percentages and times are
// what Excel calls so, and a text is never a formula. Rows are written one by one; the
// library keeps what does not fit in memory in a file of its own.
func (r *Report) writeXLSX(w io.Writer, l Lang, tables []table, most int) (err error) {
	f := excelize.NewFile()
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	b := workbook{file: f, zone: r.Spec.Grid.Zone, most: most}
	if err := b.makeStyles(); err != nil {
		return err
	}
	const first = "Sheet1" // of a new file
	if err := f.SetSheetName(first, l.pick("说明", "about")); err != nil {
		return err
	}
	if err := b.sheet(l.pick("说明", "about"), r.aboutTable(l)); err != nil {
		return err
	}
	for _, t := range tables {
		name := partName(t.part, l)
		if _, err := f.NewSheet(name); err != nil {
			return err
		}
		if err := b.sheet(name, t); err != nil {
			return err
		}
	}
	_, err = f.WriteTo(w)
	return err
}

// aboutTable says what the numbers of a workbook depend on.
func (r *Report) aboutTable(l Lang) table {
	zone := r.Spec.Grid.Zone
	const layout = "2006-01-02 15:04 -07:00"
	rows := [][]cell{
		{text(l.pick("起", "from")), text(r.Spec.Period.Start.In(zone).Format(layout))},
		{text(l.pick("止", "to")), text(r.Spec.Period.End.In(zone).Format(layout))},
		{text(l.pick("时区", "time zone")), text(zone.String())},
		{text(l.pick("时段", "interval")), text(string(r.Spec.Grid.Step))},
		{text(l.pick("日界", "day starts at")), text(clock(r.Spec.Grid.DayStart))},
		{text(l.pick("服务水平公式", "formula of the service level")), text(string(r.Spec.Formula))},
		{text(l.pick("公式", "formula")), text(r.Spec.Formula.Text())},
		{text(l.pick("应答时限(秒)", "answered within s")), text(seconds(r.Spec.Rules.T))},
		{text(l.pick("短呼时限(秒)", "short below s")), text(seconds(r.Spec.Rules.Short))},
		{text(l.pick("自相矛盾的事件", "events that contradict others")), count(int64(r.Contradictions))},
	}
	for _, f := range r.formulas() {
		rows = append(rows, []cell{
			text(l.pick("服务水平总计 ", "service level of all ") + string(f)), percent(r.Total.Figures.level(f)), text(f.Text()),
		})
	}
	return table{
		part: "about", keys: []string{"setting", "value", ""},
		heads: []string{l.pick("项目", "setting"), l.pick("值", "value"), ""}, rows: listed(rows),
	}
}

// workbook writes tables into a file.
type workbook struct {
	file                            *excelize.File
	zone                            *time.Location
	most                            int // rows of a sheet
	head, share, clock, when, exact int // styles
}

func (b *workbook) makeStyles() error {
	format := func(f string) *excelize.Style { return &excelize.Style{CustomNumFmt: &f} }
	for _, s := range []struct {
		id    *int
		style *excelize.Style
	}{
		{&b.head, &excelize.Style{Font: &excelize.Font{Bold: true}}},
		{&b.share, format("0.00%")},
		{&b.clock, format("[h]:mm:ss")},
		{&b.when, format("yyyy-mm-dd hh:mm:ss")},
		{&b.exact, format("0.00")},
	} {
		id, err := b.file.NewStyle(s.style)
		if err != nil {
			return err
		}
		*s.id = id
	}
	return nil
}

// sheet writes a table on a sheet that is there, and on further ones when it is full.
func (b *workbook) sheet(name string, t table) error {
	heads := headsWithoutUnit(t)
	s, err := b.begin(name, heads)
	if err != nil {
		return err
	}
	line, sheets := 2, 1
	for row, err := range t.rows {
		if err != nil {
			return err
		}
		if line > b.most {
			sheets++
			if s, err = b.next(s, fmt.Sprintf("%s (%d)", name, sheets), heads); err != nil {
				return err
			}
			line = 2
		}
		values := make([]any, len(row))
		for i, c := range row {
			values[i] = b.value(c)
		}
		if err := s.SetRow(fmt.Sprintf("A%d", line), values); err != nil {
			return err
		}
		line++
	}
	return s.Flush()
}

// next ends a sheet and begins another one.
func (b *workbook) next(full *excelize.StreamWriter, name string, heads []string) (*excelize.StreamWriter, error) {
	if err := full.Flush(); err != nil {
		return nil, err
	}
	if _, err := b.file.NewSheet(name); err != nil {
		return nil, err
	}
	return b.begin(name, heads)
}

// headsWithoutUnit are the headings for Excel, which shows times as times and not in seconds.
func headsWithoutUnit(t table) []string {
	heads := slices.Clone(t.heads)
	for i, key := range t.keys {
		if strings.HasSuffix(key, "_ms") {
			heads[i] = strings.TrimSuffix(strings.TrimSuffix(heads[i], "(秒)"), " s")
		}
	}
	return heads
}

// begin begins a sheet with its heading.
func (b *workbook) begin(name string, heads []string) (*excelize.StreamWriter, error) {
	s, err := b.file.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	frozen := excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}
	if err := s.SetPanes(&frozen); err != nil {
		return nil, err
	}
	const wide = 16 // letters, so that times of day are seen
	if err := s.SetColWidth(1, max(1, len(heads)), wide); err != nil {
		return nil, err
	}
	values := make([]any, len(heads))
	for i, h := range heads {
		values[i] = excelize.Cell{StyleID: b.head, Value: h}
	}
	return s, s.SetRow("A1", values)
}

// value is a cell for Excel, nil where it is empty.
func (b *workbook) value(c cell) any {
	switch c.kind {
	case textCell:
		return printable(c.s)
	case wordCell:
		return c.name
	case countCell:
		return c.n
	case timeCell, momentCell:
		return excelize.Cell{StyleID: b.when, Value: wallClock(c.t.In(b.zone))}
	case percentCell, numberCell, millisCell, lengthCell, spentCell:
		if v, ok := c.value(); ok {
			return b.number(c.kind, v)
		}
	}
	return nil
}

// number is a number in the form that Excel has for its kind. It shows no time below zero:
// that is in seconds.
func (b *workbook) number(k cellKind, v float64) any {
	const day = 24 * 3600 * 1000
	switch {
	case k == percentCell:
		return excelize.Cell{StyleID: b.share, Value: v / 100}
	case k == numberCell:
		return excelize.Cell{StyleID: b.exact, Value: v}
	case v < 0:
		return v / 1000
	}
	return excelize.Cell{StyleID: b.clock, Value: v / day}
}

// wallClock is what the clock shows at t as Excel counts it, which knows no zones: days since
// the end of 1899.
func wallClock(t time.Time) float64 {
	_, offset := t.Zone()
	zero := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC)
	return t.Add(time.Duration(offset)*time.Second).Sub(zero).Hours() / 24
}
