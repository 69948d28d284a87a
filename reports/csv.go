package reports

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// writeCSV writes a table after RFC 4180 in UTF-8: keys in the first line, times with their
// offset, percentages and milliseconds as numbers, nothing where there is no value.
func writeCSV(w io.Writer, t table, bom bool) error {
	if bom {
		if _, err := io.WriteString(w, "\uFEFF"); err != nil {
			return err
		}
	}
	c := csv.NewWriter(w)
	c.UseCRLF = true
	if err := c.Write(t.keys); err != nil {
		return err
	}
	record := make([]string, len(t.keys))
	for row, err := range t.rows {
		if err != nil {
			return err
		}
		for i := range row {
			record[i] = row[i].csv()
		}
		if err := c.Write(record); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// csv is a cell for programs.
func (c cell) csv() string {
	switch c.kind {
	case textCell, wordCell:
		return harmless(c.s)
	case countCell:
		return strconv.FormatInt(c.n, 10)
	case percentCell, millisCell, numberCell:
		if c.ok {
			return strconv.FormatFloat(c.f, 'f', 3, 64)
		}
	case lengthCell, spentCell:
		if c.ok {
			return strconv.FormatInt(c.n, 10)
		}
	case timeCell, momentCell:
		return c.t.Format("2006-01-02T15:04:05.999Z07:00")
	}
	return ""
}

// harmless keeps a spreadsheet from taking a text for a formula: an apostrophe goes before
// one that begins like a formula. It stands before +86 numbers too; that is the price.
func harmless(s string) string {
	if strings.IndexAny(s, "=+-@\t\r\n＝＋－＠") == 0 {
		return "'" + s
	}
	return s
}
