package archtest

import (
	"fmt"
	"go/ast"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// requirements is the number of the last requirement.
const requirements = 142

// row is one line of the table in docs/requirements.md.
var row = regexp.MustCompile(`^\| S(\d+) \|([^|]*)\|([^|]*)\|([^|]*)\|$`)

// begins finds a line that means to be such a row.
var begins = regexp.MustCompile(`^\| S\d`)

// provesPattern finds the requirement in a test's name: TestS22WholeCall proves S22.
var provesPattern = regexp.MustCompile(`^TestS(\d+)(\D.*)?$`)

// testNames returns the names of all Go tests.
func testNames(sources []source) map[string]bool {
	names := map[string]bool{}
	for _, s := range sources {
		if !s.test {
			continue
		}
		for _, d := range s.tree.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}

// faultsOf holds the table against the tests: each requirement stands in it once, its status
// is one of three, and what is done or done in part names tests that exist and bear its number.
func faultsOf(document string, tests map[string]bool) []string {
	var violations []string
	seen := map[int]int{}
	for line := range strings.Lines(document) {
		cells := row.FindStringSubmatch(strings.TrimSpace(line))
		if cells == nil {
			if begins.MatchString(line) {
				violations = append(violations, "a row is not | Sn | text | status | tests |: "+strings.TrimSpace(line))
			}
			continue
		}
		number, err := strconv.Atoi(cells[1])
		if err != nil || number < 1 || number > requirements {
			violations = append(violations, fmt.Sprintf("S%s is no requirement", cells[1]))
			continue
		}
		seen[number]++
		if strings.TrimSpace(cells[2]) == "" {
			violations = append(violations, fmt.Sprintf("S%d has no text", number))
		}
		violations = append(violations, faultsOfRow(number, strings.TrimSpace(cells[3]), cells[4], tests)...)
	}
	for number := 1; number <= requirements; number++ {
		if seen[number] != 1 {
			violations = append(violations, fmt.Sprintf("S%d stands in the table %d times, want once", number, seen[number]))
		}
	}
	return violations
}

func faultsOfRow(number int, status, cell string, tests map[string]bool) []string {
	named := strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(" ,`", r) })
	var violations []string
	switch status {
	case "open":
	case "done", "part":
		if len(named) == 0 {
			violations = append(violations, fmt.Sprintf("S%d is %s, but names no test", number, status))
		}
	default:
		violations = append(violations, fmt.Sprintf("S%d has status %q, want done, part or open", number, status))
	}
	for _, name := range named {
		if !tests[name] {
			violations = append(violations, fmt.Sprintf("S%d names %s, which is no test", number, name))
		}
		if proves := provesPattern.FindStringSubmatch(name); proves == nil || proves[1] != strconv.Itoa(number) {
			violations = append(violations, fmt.Sprintf("S%d names %s, which bears another number", number, name))
		}
	}
	return violations
}

// strayNumbers returns the tests that claim to prove a requirement that does not exist.
func strayNumbers(tests map[string]bool) []string {
	var violations []string
	for name := range tests {
		proves := provesPattern.FindStringSubmatch(name)
		if proves == nil {
			continue
		}
		if number, err := strconv.Atoi(proves[1]); err != nil || number < 1 || number > requirements {
			violations = append(violations, name+" proves no requirement that exists")
		}
	}
	return violations
}

// unnamed returns the tests that bear the number of a requirement and are not in the table, so
// that its row tells of all that proves it.
func unnamed(document string, tests map[string]bool) []string {
	var violations []string
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		if provesPattern.MatchString(name) && !strings.Contains(document, "`"+name+"`") {
			violations = append(violations, name+" is not in the table")
		}
	}
	return violations
}

func TestRequirementsTellTheTruth(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "requirements.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := testNames(house(t))
	report(t, faultsOf(string(document), tests))
	report(t, strayNumbers(tests))
	report(t, unnamed(string(document), tests))
}

func TestFaultsOfRequirementsAreFound(t *testing.T) {
	tests := map[string]bool{"TestS1Answer": true, "TestS12Lines": true, "TestS38": true}
	whole := func(change map[int]string) string {
		var b strings.Builder
		for number := 1; number <= requirements; number++ {
			line, changed := change[number]
			if !changed {
				line = fmt.Sprintf("| S%d | text | open | |", number)
			}
			b.WriteString(line + "\n")
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		line string // in place of S1's
		want string // "" = no fault
	}{
		"open":                {"| S1 | text | open | |", ""},
		"done":                {"| S1 | text | done | `TestS1Answer` |", ""},
		"open with a test":    {"| S1 | text | open | `TestS1Answer` |", ""},
		"two tests":           {"| S1 | text | part | `TestS1Answer`, `TestS12Lines` |", "S1 names TestS12Lines, which"},
		"done without a test": {"| S1 | text | done | |", "S1 is done, but names no test"},
		"a test of fancy":     {"| S1 | text | done | `TestS1Fancy` |", "S1 names TestS1Fancy, which is no test"},
		"another status":      {"| S1 | text | soon | |", `S1 has status "soon"`},
		"without text":        {"| S1 | | open | |", "S1 has no text"},
		"missing":             {"", "S1 stands in the table 0 times"},
		"twice":               {"| S1 | text | open | |\n| S1 | text | open | |", "S1 stands in the table 2 times"},
		"another number":      {"| S1 | text | open | |\n| S143 | text | open | |", "S143 is no requirement"},
		"not a row":           {"| S1 | text | open | |\n| S2 | text |", "a row is not"},
	} {
		got := faultsOf(whole(map[int]string{1: c.line}), tests)
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], c.want)) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := strayNumbers(map[string]bool{"TestS143Much": true, "TestS0": true, "TestSpeech": true}); len(got) != 2 {
		t.Errorf("stray numbers %q, want those of TestS143Much and TestS0", got)
	}
	if got := unnamed("| S1 | text | done | `TestS1Answer` |", tests); len(got) != 2 {
		t.Errorf("not in the table: %q, want TestS12Lines and TestS38", got)
	}
}
