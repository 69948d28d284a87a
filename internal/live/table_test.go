package live

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Columns stand below each other whatever a character's width, one long cell gives way to
// the others, and the last cell has the rest of the line.
func TestTableLines(t *testing.T) {
	long := strings.Repeat("x", 2*longestCell)
	for name, c := range map[string]struct {
		table table
		cols  int
		want  []string
	}{
		"widths": {
			table{{"name", "state", "end"}, {"王芳", "e\u0301te\u0301", "1"}, {"Ann", "ok", "2"}},
			40,
			[]string{
				"name                state       end",
				"王芳                e\u0301te\u0301         1",
				"Ann                 ok          2",
			},
		},
		"a long cell": {
			table{{"name", "reason", "end"}, {"Ann", long, "1"}},
			90,
			[]string{
				"name                reason                            end",
				"Ann                 " + long[:longestCell] + "  1",
			},
		},
		"a long end": {
			table{{"name", "end"}, {"Ann", long}},
			90,
			[]string{"name                end", "Ann                 " + long},
		},
		"narrow": {
			table{{"name", "state", "end"}, {"Ann of the night", "talking", "1"}},
			22,
			[]string{"name       state   end", "Ann of the talking 1"},
		},
		"too narrow": {table{{"name", "end"}, {"Ann of the night", "1"}}, 5, []string{"name", "Ann o"}},
	} {
		if diff := cmp.Diff(c.want, c.table.lines(c.cols)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}
