package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// module is the module's name, the first word of every import of our own.
const module = "hotline"

// source is one Go file. Build tags are not looked at: a rule holds on every system.
type source struct {
	path    string // from the module's root, with slashes
	lines   int
	test    bool     // a _test.go file
	imports []string // as written
	tree    *ast.File
}

// dir is the package's folder from the module's root.
func (s source) dir() string { return path.Dir(s.path) }

// house returns every Go file of the module.
func house(t *testing.T) []source {
	t.Helper()
	sources, err := readHouse()
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) < 10 {
		t.Fatalf("only %d Go files found, so no rule would mean anything", len(sources))
	}
	return sources
}

// readHouse reads the files once for all tests. They are read by this process, so that the
// test cache knows when a result is out of date, which it would not by asking the go command.
var readHouse = sync.OnceValues(func() ([]source, error) {
	root := filepath.Join("..", "..")
	var sources []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && skipped(d.Name()):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(name) != ".go":
			return nil
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		s, err := parse(filepath.ToSlash(relative), content)
		sources = append(sources, s)
		return err
	})
	return sources, err
})

// skipped reports whether a folder holds no packages of the module.
func skipped(folder string) bool {
	return strings.HasPrefix(folder, ".") || strings.HasPrefix(folder, "_") ||
		folder == "testdata" || folder == "node_modules" || folder == "bin" || folder == "run"
}

func parse(name string, content []byte) (source, error) {
	tree, err := parser.ParseFile(token.NewFileSet(), name, content, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return source{}, err
	}
	s := source{
		path:  name,
		lines: bytes.Count(content, []byte("\n")),
		test:  strings.HasSuffix(name, "_test.go"),
		tree:  tree,
	}
	for _, spec := range tree.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, err
		}
		s.imports = append(s.imports, imported)
	}
	return s, nil
}

// mustParse makes a source for the tests of the rules themselves.
func mustParse(t *testing.T, name, content string) source {
	t.Helper()
	s, err := parse(name, []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// report fails the test with each violation.
func report(t *testing.T, violations []string) {
	t.Helper()
	for _, v := range violations {
		t.Error(v)
	}
}
