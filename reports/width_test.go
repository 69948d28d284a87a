package reports

import "testing"

func TestWidthOnATerminal(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{
		"": 0, "abc": 3, "热线": 4, "服务水平%": 9, "平均通话(秒)": 12, "\uff08全角\uff09": 8, "がテ한": 6, "𠀀": 2, "e\u0301": 1,
		"a\u200bb": 2, "é≤": 2, "😀": 2, "ｱ": 1,
	} {
		if got := width(s); got != want {
			t.Errorf("%q takes %d places, want %d", s, got, want)
		}
	}
}

// TestColumnsAreComplete looks at every column for a name, two headings and a key that
// tells the unit.
func TestColumnsAreComplete(t *testing.T) {
	t.Parallel()
	seen := map[Column]bool{}
	for _, c := range columns() {
		if c.name == "" || c.zh == "" || c.en == "" || seen[c.name] {
			t.Errorf("column %+v is incomplete or there twice", c.name)
		}
		seen[c.name] = true
		kind := c.cell(Figures{Offered: 1, Answered: 1}, Spec{}).kind
		unit := map[cellKind]string{percentCell: "_pct", millisCell: "_ms"}[kind]
		if n := string(c.name); unit != "" && n[len(n)-len(unit):] != unit {
			t.Errorf("column %s does not end with %s", n, unit)
		}
	}
	for _, n := range DefaultColumns() {
		if !seen[n] {
			t.Errorf("default column %s is not defined", n)
		}
	}
}
