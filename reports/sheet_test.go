package reports

import (
	"bytes"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// TestFullSheetsGoOn writes a table that is longer than a sheet may be.
func TestFullSheetsGoOn(t *testing.T) {
	t.Parallel()
	var rows [][]cell
	for i := range 7 {
		rows = append(rows, []cell{count(int64(i))})
	}
	r := &Report{Spec: Spec{Grid: Grid{Step: Day, Zone: time.UTC}}.complete(), list: true}
	long := table{part: callsPart, keys: []string{"n"}, heads: []string{"n"}, rows: listed(rows)}
	var b bytes.Buffer
	if err := r.writeXLSX(&b, English, []table{long}, 4); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seen := 0
	for _, name := range []string{"calls", "calls (2)", "calls (3)"} {
		lines, err := f.GetRows(name)
		if err != nil || len(lines) > 4 || lines[0][0] != "n" {
			t.Errorf("sheet %s: %v, %v", name, lines, err)
		}
		seen += len(lines) - 1
	}
	if seen != 7 {
		t.Errorf("%d rows on all sheets, want 7", seen)
	}
}
