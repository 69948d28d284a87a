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
	spentCell                   // n in milliseconds, when ok: hours of work
	numberCell                  // f, when ok
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

// spent is a sum of working time, which has no value where nobody was signed in or rostered.
func spent(m call.Millis, known bool) cell { return cell{kind: spentCell, n: int64(m), ok: known} }

// number is so much of one thing for each of another.
func number(r Ratio) cell {
	f, ok := r.Value()
	return cell{kind: numberCell, f: f, ok: ok}
}

func percent(r Ratio) cell {
	f, ok := r.Value()
	return cell{kind: percentCell, f: 100 * f, ok: ok}
}

func mean(m Mean) cell {
	f, ok := m.Value()
	return cell{kind: millisCell, f: f, ok: ok}
}

// right tells whether the cell is set to the right.
func (c cell) right() bool {
	switch c.kind {
	case countCell, percentCell, millisCell, lengthCell, spentCell, numberCell:
		return true
	case textCell, wordCell, timeCell, momentCell:
	}
	return false
}

// value is the number of a cell, false when it has none.
func (c cell) value() (float64, bool) {
	switch c.kind {
	case countCell:
		return float64(c.n), true
	case percentCell, millisCell, numberCell:
		return c.f, c.ok
	case lengthCell, spentCell:
		return float64(c.n), c.ok
	case textCell, wordCell, timeCell, momentCell:
	}
	return 0, false
}

// less is a cell of the same kind with the difference of two numbers.
func (c cell) less(d cell) cell {
	_, ok := c.value()
	_, other := d.value()
	c.ok = ok && other
	c.n -= d.n
	c.f -= d.f
	if c.kind == spentCell { // no clock shows a time below zero
		c.kind = lengthCell
	}
	return c
}
