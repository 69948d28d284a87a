package archtest

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"testing"
)

// misnumbered returns the migrations of a folder whose numbers do not count from 1 on. Two
// changes that are made side by side take the same number, and then no store opens.
func misnumbered(folder string, files []string) []string {
	var violations []string
	slices.Sort(files)
	for i, name := range files {
		if want := fmt.Sprintf("%05d_", i+1); len(name) < len(want) || name[:len(want)] != want {
			violations = append(violations, fmt.Sprintf("%s does not begin with %s", path.Join(folder, name), want))
		}
	}
	return violations
}

func TestMigrationsAreNumberedInOrder(t *testing.T) {
	root := filepath.Join("..", "..")
	files, err := filepath.Glob(filepath.Join(root, "*", "sqlstore", "migrations", "*.sql"))
	below, errBelow := filepath.Glob(filepath.Join(root, "*", "sqlstore", "migrations", "*", "*.sql"))
	if err != nil || errBelow != nil || len(files)+len(below) < 5 {
		t.Fatalf("migrations %q, %q: %v, %v", files, below, err, errBelow)
	}
	folders := map[string][]string{}
	for _, file := range append(files, below...) {
		folders[filepath.Dir(file)] = append(folders[filepath.Dir(file)], filepath.Base(file))
	}
	for folder, names := range folders {
		report(t, misnumbered(folder, names))
	}
}

func TestMisnumberedMigrationsAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		want  int
	}{
		"in order": {[]string{"00001_a.sql", "00002_b.sql"}, 0},
		"twice":    {[]string{"00001_a.sql", "00002_b.sql", "00002_c.sql"}, 1},
		"a gap":    {[]string{"00001_a.sql", "00003_b.sql"}, 1},
		"unnamed":  {[]string{"1.sql"}, 1},
	} {
		if got := misnumbered("m", c.files); len(got) != c.want {
			t.Errorf("%s: %q, want %d", name, got, c.want)
		}
	}
}
