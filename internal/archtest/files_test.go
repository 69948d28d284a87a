package archtest

import (
	"fmt"
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"
)

// longest is the number of lines that no file reaches. A longer one holds two roles.
const longest = 500

func tooLong(sources []source) []string {
	var violations []string
	for _, s := range sources {
		if s.lines >= longest {
			violations = append(violations,
				fmt.Sprintf("%s has %d lines, want fewer than %d: split it by role", s.path, s.lines, longest))
		}
	}
	return violations
}

// undocumented returns the packages without a comment that says what they are for.
func undocumented(sources []source) []string {
	documented := map[string]bool{}
	for _, s := range sources {
		documented[s.dir()] = documented[s.dir()] || s.tree.Doc.Text() != ""
	}
	var violations []string
	for _, dir := range slices.Sorted(maps.Keys(documented)) {
		if !documented[dir] {
			violations = append(violations, dir+" has no package comment")
		}
	}
	return violations
}

// sleepers returns the tests that wait by the clock instead of for a signal. They are slow
// on a fast machine and fail on a slow one. In a file that uses testing/synctest the clock is
// virtual, and sleeping is how it is moved.
func sleepers(sources []source) []string {
	var violations []string
	for _, s := range sources {
		if !s.test || slices.Contains(s.imports, "testing/synctest") {
			continue
		}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Sleep" {
				if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "time" {
					violations = append(violations, s.path+" calls time.Sleep: wait for a signal or use synctest")
				}
			}
			return true
		})
	}
	return violations
}

// skips are the files whose tests may leave something out, with the reason. What is left out
// proves nothing and shows nowhere, so another one needs a line here.
var skips = map[string]string{
	"ari/queue_test.go":             "a step of a random walk that is not possible now",
	"ari/real_test.go":              "-short, for who has no Asterisk; CI runs it",
	"internal/testbed/find_test.go": "nothing is unpacked where the machine's own Asterisk is used",
	"test/bench/house_test.go":      "an Asterisk that runs elsewhere cannot be configured for both sides",
}

// skippers returns the files that leave tests out without a reason in skips.
func skippers(sources []source) []string {
	var violations []string
	for _, s := range sources {
		if !s.test || skips[s.path] != "" {
			continue
		}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
				violations = append(violations, s.path+" leaves a test out: give the reason in skips, or let it run")
			}
			return true
		})
	}
	return violations
}

// shapeless are names that say nothing of what a package holds.
var shapeless = []string{"util", "utils", "helper", "helpers", "common", "misc", "base", "shared", "pkg"}

func badlyNamed(sources []source) []string {
	var violations []string
	seen := map[string]bool{}
	for _, s := range sources {
		dir := s.dir()
		name := dir[strings.LastIndex(dir, "/")+1:]
		if slices.Contains(shapeless, name) && !seen[dir] {
			violations = append(violations, fmt.Sprintf("%s says nothing of what it holds: name it by a noun of the trade", dir))
		}
		seen[dir] = true
	}
	return violations
}

func TestFilesAreShort(t *testing.T)           { report(t, tooLong(house(t))) }
func TestPackagesAreDocumented(t *testing.T)   { report(t, undocumented(house(t))) }
func TestNoTestSleeps(t *testing.T)            { report(t, sleepers(house(t))) }
func TestNoTestIsLeftOut(t *testing.T)         { report(t, skippers(house(t))) }
func TestPackagesAreNamedByNouns(t *testing.T) { report(t, badlyNamed(house(t))) }

func TestFaultsOfFilesAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		rule  func([]source) []string
		path  string
		text  string
		wrong bool
	}{
		"long":              {tooLong, "acd/a.go", "package acd\n" + strings.Repeat("\n", 499), true},
		"not too long":      {tooLong, "acd/a.go", "package acd\n" + strings.Repeat("\n", 498), false},
		"comment":           {undocumented, "acd/a.go", "// Package acd is.\npackage acd\n", false},
		"no comment":        {undocumented, "acd/a.go", "// Licence.\n\npackage acd\n", true},
		"sleep":             {sleepers, "acd/a_test.go", "package acd\nfunc f() { time.Sleep(1) }\n", true},
		"sleep handed over": {sleepers, "acd/a_test.go", "package acd\nvar wait = time.Sleep\n", true},
		"virtual sleep": {
			sleepers, "acd/a_test.go",
			"package acd\nimport \"testing/synctest\"\nvar wait = time.Sleep\n", false,
		},
		"sleep in a comment": {sleepers, "acd/a_test.go", "package acd\n// time.Sleep(1)\n", false},
		"sleep in code":      {sleepers, "acd/a.go", "package acd\nfunc f() { time.Sleep(1) }\n", false},
		"skip":               {skippers, "acd/a_test.go", "package acd\nfunc f(t T) { t.Skipf(\"\") }\n", true},
		"skip with a reason": {skippers, "ari/real_test.go", "package ari\nfunc f(t T) { t.Skip() }\n", false},
		"shapeless":          {badlyNamed, "acd/util/a.go", "package util\n", true},
		"noun":               {badlyNamed, "acd/queue/a.go", "package queue\n", false},
	} {
		if got := c.rule([]source{mustParse(t, c.path, c.text)}); len(got) > 0 != c.wrong {
			t.Errorf("%s: %v, wanted wrong: %v", name, got, c.wrong)
		}
	}
}
