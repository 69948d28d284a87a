package archtest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// namedFile finds the files that a page names in code type, by their way from the root.
var namedFile = regexp.MustCompile("`((?:[a-z0-9_.-]+/)+[a-z0-9_.-]+\\.(?:go|sql|yaml|yml|tmpl|md|json|service))`")

// missingFiles returns the files that a page names and that are not there.
func missingFiles(page, text string, exists func(string) bool) []string {
	var violations []string
	for _, m := range namedFile.FindAllStringSubmatch(text, -1) {
		if !exists(m[1]) {
			violations = append(violations, fmt.Sprintf("%s names %s, which is not there", page, m[1]))
		}
	}
	return violations
}

// TestDocsNameFilesThatExist: who follows a page to the code arrives. Decisions (docs/adr) are
// left out: they speak of their day.
func TestDocsNameFilesThatExist(t *testing.T) {
	root := filepath.Join("..", "..")
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(pages) < 5 {
		t.Fatalf("pages %q: %v", pages, err)
	}
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		report(t, missingFiles(filepath.Base(page), string(text), func(file string) bool {
			_, err := os.Stat(filepath.Join(root, file))
			return err == nil
		}))
	}
}

func TestMissingFilesAreFound(t *testing.T) {
	none := func(string) bool { return false }
	for text, want := range map[string]int{
		"see `call/event.go`": 1, "`internal/app/a.go`, `web/b.go`": 2, "`hotline.yaml` and call/event.go": 0,
		"`GET /api/v1/openapi.json`": 0,
	} {
		if got := missingFiles("page", text, none); len(got) != want {
			t.Errorf("%s: %q, want %d", text, got, want)
		}
	}
}
