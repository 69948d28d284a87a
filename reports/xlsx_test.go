package reports_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"hotline/call"
	"hotline/reports"
)

// book opens a workbook that was just written.
func book(t *testing.T, out string) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// sheets is what a reader of the workbook sees, and what stands behind it.
func sheets(t *testing.T, f *excelize.File) string {
	t.Helper()
	var b strings.Builder
	for _, name := range f.GetSheetList() {
		fmt.Fprintf(&b, "== %s\n", name)
		shown, err := f.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := f.GetRows(name, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range shown {
			for j, s := range row {
				if raw[i][j] != s {
					s = fmt.Sprintf("%s (%s)", s, raw[i][j])
				}
				fmt.Fprintf(&b, "%s | ", s)
			}
			fmt.Fprintln(&b)
		}
	}
	return b.String()
}

// TestS47Workbook reads back what Excel would: numbers as numbers, percentages as shares with
// a format, times as parts of a day, a frozen heading, and the formula's name and limits.
func TestS47Workbook(t *testing.T) {
	t.Parallel()
	r := compute(t, fixedLog(t), daySpec(t))
	f := book(t, show(t, r, reports.View{
		Format: reports.XLSXFormat, Lang: reports.English,
		Parts: []reports.Part{reports.FiguresPart, reports.LatePart},
	}))
	golden(t, "day.xlsx.txt", sheets(t, f))
	panes, err := f.GetPanes("figures")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("panes %+v, %v: the heading is not frozen", panes, err)
	}
	for cell, want := range map[string]excelize.CellType{
		"E2": excelize.CellTypeUnset, "B2": excelize.CellTypeInlineString,
	} {
		if got, err := f.GetCellType("figures", cell); err != nil || got != want {
			t.Errorf("%s is of type %v, %v, want %v", cell, got, err, want)
		}
	}
}

// TestWorkbookHoldsNoFormulas writes names that a spreadsheet would compute.
func TestWorkbookHoldsNoFormulas(t *testing.T) {
	t.Parallel()
	d := &desk{start: daySpec(t).Period.Start}
	names := []string{"=1+1", "+86138", "-2", "@sum(a1)", "=cmd|'/c calc'!A1", "a\x01b<&>"}
	for _, n := range names {
		d.arrived(call.ID(n), 1, n)
	}
	f := book(t, show(t, compute(t, d.events, daySpec(t)), reports.View{
		Format: reports.XLSXFormat, Lang: reports.English, Parts: []reports.Part{reports.LinesPart},
	}))
	rows, err := f.GetRows("calls by line")
	if err != nil || len(rows) != len(names)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i := range rows {
		cell := fmt.Sprintf("A%d", i+1)
		formula, err := f.GetCellFormula("calls by line", cell)
		kind, err2 := f.GetCellType("calls by line", cell)
		if err != nil || err2 != nil || formula != "" || kind != excelize.CellTypeInlineString {
			t.Errorf("%s is formula %q, type %v, %v, %v", cell, formula, kind, err, err2)
		}
	}
}
