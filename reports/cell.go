package reports

import (
	"time"

	"hotline/call"
)

// cellKind says what a cell holds.
type cellKind int

const (
	textCell    cellKind = iota // s
	wordCell                    // s for programs, name for people
	countCell                   // n
	percentCell                 // f in percent, when ok
	millisCell                  // f in milliseconds, when ok
	lengthCell                  // n in milliseconds, when ok
	timeCell                    // t, on the minute
	momentCell                  // t
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

func length(m call.Millis) cell { return cell{kind: lengthCell, n: int64(m), ok: true} }

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
	switch c.kind {
	case countCell, percentCell, millisCell, lengthCell:
		return true
	case textCell, wordCell, timeCell, momentCell:
	}
	return false
}
