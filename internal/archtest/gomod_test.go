package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// requires finds a module in go.mod, and whether it is there for another module's sake.
var requires = regexp.MustCompile(`(?m)^(?:\t|require )(\S+\.\S+) v\S+( // indirect)?$`)

// misnamed returns the modules that go.mod calls indirect although we import them, and those
// that it calls direct although we do not. What we stand on is read there first.
func misnamed(mod string, sources []source) []string {
	var violations []string
	for _, m := range requires.FindAllStringSubmatch(mod, -1) {
		name, indirect := m[1], m[2] != ""
		ours := slices.ContainsFunc(sources, func(s source) bool {
			return slices.ContainsFunc(s.imports, func(imported string) bool { return within(imported, name) })
		})
		switch {
		case ours && indirect:
			violations = append(violations, name+" is imported: take // indirect away in go.mod")
		case !ours && !indirect:
			violations = append(violations, name+" is imported by no file of ours: mark it // indirect in go.mod or drop it")
		}
	}
	return violations
}

func TestModuleFileTellsWhatIsImported(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(requires.FindAllString(string(mod), -1)); n < strings.Count(string(mod), "\n\t") {
		t.Fatalf("only %d modules found in go.mod", n)
	}
	report(t, misnamed(string(mod), house(t)))
}

func TestMisnamedModulesAreFound(t *testing.T) {
	s := mustParse(t, "acd/a.go", "package acd\nimport _ \"example.com/a/v2/b\"\n")
	for name, c := range map[string]struct {
		mod   string
		wrong bool
	}{
		"imported":           {"require example.com/a/v2 v2.0.0\n", false},
		"imported, indirect": {"require (\n\texample.com/a/v2 v2.0.0 // indirect\n)\n", true},
		"other":              {"require (\n\texample.com/b v1.0.0\n)\n", true},
		"other, indirect":    {"require (\n\texample.com/b v1.0.0 // indirect\n)\n", false},
		"part of a name":     {"require example.com/a v1.0.0\n", false},
	} {
		if got := misnamed(c.mod, []source{s}); len(got) > 0 != c.wrong {
			t.Errorf("%s: %v, wanted wrong: %v", name, got, c.wrong)
		}
	}
}
