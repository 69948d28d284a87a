package reports

import "time"

// cellKind says what a cell holds.
type cellKind int

const (
	textCell    cellKind = iota // s
	wordCell                    // s for programs, name for people
	countCell                   // n
	percentCell                 // f in percent, when ok
	millisCell                  // f in milliseconds, when ok
	timeCell                    // t
)

// cell is one value of a table.
type cell struct {
	kind    cellKind
	s, name string
	n       int64
	f       float64
	ok      bool
	t       time.Time
}

func text(s string) cell       { return cell{kind: textCell, s: s} }
func word(s, name string) cell { return cell{kind: wordCell, s: s, name: name} }
func count(n int64) cell       { return cell{kind: countCell, n: n} }

func percent(r Ratio) cell {
	f, ok := r.Value()
	return cell{kind: percentCell, f: 100 * f, ok: ok}
}

func mean(m Mean) cell {
	f, ok := m.Value()
	return cell{kind: millisCell, f: f, ok: ok}
}

// number tells whether the cell is set to the right.
func (c cell) number() bool {
	return c.kind == countCell || c.kind == percentCell || c.kind == millisCell
}
