package live

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

const (
	// comfort is the room of a column where there is enough: columns that keep their place
	// from one picture to the next are easier to read.
	comfort, comfortFirst = 10, 18
	// longestCell bounds a column, so that one long reason does not push out the rest.
	longestCell = 32
	// shortestCell is what a column keeps in a narrow terminal.
	shortestCell = 8
)

// table is rows of cells, all rows of the same length, the head first.
type table [][]string

// lines puts the cells into columns. A narrow terminal takes first the spare room, then the
// second blank between columns, then the ends of the longest cells. The last cell of a row
// has the rest of the line.
func (t table) lines(cols int) []string {
	for _, row := range t {
		for i := range row {
			row[i] = clean(row[i])
		}
	}
	natural := t.natural()
	wide := make([]int, len(natural))
	for i := range natural {
		wide[i] = max(natural[i], comfort)
	}
	wide[0], wide[len(wide)-1] = max(natural[0], comfortFirst), natural[len(wide)-1]
	sizes, gap := wide, 2
	if sum(wide)+gap*(len(wide)-1) > cols {
		sizes = natural
	}
	if sum(sizes)+gap*(len(sizes)-1) > cols {
		gap = 1
		shrink(sizes, cols-gap*(len(sizes)-1))
	}
	out := make([]string, 0, len(t))
	for _, row := range t {
		var b strings.Builder
		for i, cell := range row[:len(row)-1] {
			b.WriteString(pad(cell, sizes[i]))
			b.WriteString(strings.Repeat(" ", gap))
		}
		b.WriteString(row[len(row)-1])
		out = append(out, strings.TrimRight(fit(b.String(), cols), " "))
	}
	return out
}

// natural is the width of the widest cell of each column.
func (t table) natural() []int {
	sizes := make([]int, len(t[0]))
	for _, row := range t {
		for i, cell := range row {
			sizes[i] = max(sizes[i], min(measure(cell), longestCell))
		}
	}
	return sizes
}

// shrink takes columns off the widest cells until the row fits or nothing more can go.
func shrink(sizes []int, room int) {
	for sum(sizes) > room {
		widest := 0
		for i, size := range sizes {
			if size > sizes[widest] {
				widest = i
			}
		}
		if sizes[widest] <= shortestCell {
			return
		}
		sizes[widest]--
	}
}

func sum(sizes []int) int {
	total := 0
	for _, size := range sizes {
		total += size
	}
	return total
}

// clean takes out what is not printed: a caller's number is a stranger's text and must
// neither steer the terminal nor turn the direction of writing.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)
}

// columns is the room a rune takes: Chinese characters take two, accents none.
func columns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

func measure(s string) int {
	used := 0
	for _, r := range s {
		used += columns(r)
	}
	return used
}

func pad(s string, size int) string {
	s = fit(s, size)
	return s + strings.Repeat(" ", size-measure(s))
}

// fit cuts a line to the room there is.
func fit(s string, cols int) string {
	used := 0
	for i, r := range s {
		used += columns(r)
		if used > cols {
			return s[:i]
		}
	}
	return s
}
