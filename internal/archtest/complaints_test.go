package archtest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

var (
	// complaint is one line of the table in docs/complaints.md, with its number and whether
	// tests prove it.
	complaint = regexp.MustCompile(`(?m)^\| P(\d+) \|.*\| (\S+) \|$`)
	// answersPattern finds the complaint in a test's name: TestPeers03GhostCall answers P3.
	answersPattern = regexp.MustCompile(`^TestPeers(\d\d)[A-Z]`)
)

// unanswered holds the table against the tests: each number of a test stands in it, and what
// it says of the tests of a row is so.
func unanswered(document string, tests map[string]bool) []string {
	proved := map[int]bool{}
	var violations []string
	known := map[int]bool{}
	for name := range tests {
		if m := answersPattern.FindStringSubmatch(name); m != nil {
			number, err := strconv.Atoi(m[1])
			proved[number] = err == nil
		}
	}
	for _, m := range complaint.FindAllStringSubmatch(document, -1) {
		number, err := strconv.Atoi(m[1])
		says := map[bool]string{true: "yes", false: "no"}[proved[number]]
		if err != nil || m[2] != says {
			violations = append(violations, fmt.Sprintf("P%s says tests: %s, but it is %s", m[1], m[2], says))
		}
		known[number] = true
	}
	for _, number := range slices.Sorted(maps.Keys(proved)) {
		if !known[number] {
			violations = append(violations, fmt.Sprintf("tests answer P%d, which is no complaint", number))
		}
	}
	return violations
}

func TestComplaintsAreKnown(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "complaints.md"))
	if err != nil {
		t.Fatal(err)
	}
	report(t, unanswered(string(document), testNames(house(t))))
}

func TestUnansweredComplaintsAreFound(t *testing.T) {
	tests := map[string]bool{"TestPeers03Ghost": true, "TestPeersAnything": true}
	for document, want := range map[string]int{
		"| P3 | text | yes |\n":                    0,
		"| P3 | text | yes |\n| P4 | text | no |":  0,
		"| P3 | text | no |\n":                     1,
		"| P3 | text | yes |\n| P4 | text | yes |": 1,
		"| P4 | text | no |\n":                     1,
	} {
		if got := unanswered(document, tests); len(got) != want {
			t.Errorf("%q: %q, want %d faults", document, got, want)
		}
	}
}
