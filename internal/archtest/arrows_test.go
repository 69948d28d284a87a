package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// room is a part of the house: a folder with all folders below it.
type room struct {
	folder string
	// imports are the packages of ours that the room may import besides its own. "x/..."
	// stands for x and all folders below it.
	imports []string
	// tests are the packages that its test files may import besides.
	tests []string
}

// rooms are the arrows of docs/architecture.md. The parts meet in internal/app alone,
// through interfaces that the consumer declares, so that each can be read, tested and
// replaced without the others.
var rooms = []room{
	{folder: "call"}, // the vocabulary: imports none of ours
	{folder: "ari", imports: []string{"call"}, tests: []string{"internal/testbed", "internal/phonesim/..."}},
	{folder: "acd", imports: []string{"call"}, tests: []string{"internal/testbed"}},
	{folder: "callflow", imports: []string{"acd", "call"}},
	{folder: "recorder", imports: []string{"call"}, tests: []string{"internal/testbed"}},
	{folder: "tickets", imports: []string{"call"}, tests: []string{"internal/testbed"}},
	{folder: "reports", imports: []string{"call"}, tests: []string{"internal/testbed"}},
	{
		folder: "reports/sqlstore", imports: []string{"call", "reports/...", "internal/sqlstore"},
		tests: []string{"internal/testbed"},
	},
	{folder: "people", imports: []string{"call"}, tests: []string{"internal/sqlstore"}},
	{
		folder: "people/sqlstore", imports: []string{"call", "people/...", "internal/sqlstore"},
		tests: []string{"internal/testbed"},
	},
	{folder: "audit", imports: []string{"call"}},
	{
		folder: "audit/sqlstore", imports: []string{"call", "audit", "internal/sqlstore"},
		tests: []string{"internal/testbed"},
	},
	// Who asks is part of every request, so web speaks the words of people; the words alone.
	{folder: "web", imports: []string{"call", "people"}},
	{folder: "configs", imports: []string{"call", "people"}, tests: []string{"internal/testbed"}},
	{folder: "internal/clock"},
	{folder: "internal/g711"},
	{folder: "internal/lifecycle"},
	{folder: "internal/sqlstore", tests: []string{"internal/testbed"}},
	{folder: "internal/live", imports: []string{"call", "web"}},
	{folder: "internal/phonesim", tests: []string{"internal/testbed"}},
	{folder: "internal/testbed", imports: []string{"configs/..."}, tests: []string{"internal/phonesim/..."}},
	{folder: "internal/archtest"},
	{
		folder: "internal/app",
		imports: []string{
			"call", "ari", "acd/...", "callflow", "recorder/...", "tickets/...", "reports/...", "web/...",
			"people/...", "audit/...", "configs/...", "internal/clock", "internal/lifecycle", "internal/metrics",
			"internal/sqlstore",
		},
		tests: []string{"ari/aritest", "internal/testbed", "internal/phonesim/..."},
	},
	{
		// What the parts count, in Prometheus's words: it reads their counters and asks nothing of them.
		folder:  "internal/metrics",
		imports: []string{"call", "ari", "acd/...", "callflow", "people", "recorder", "reports/sqlstore", "web"},
	},
	{
		// hotline check opens what the app would open, and asks.
		folder: "internal/check", imports: []string{"ari", "recorder/store", "reports/sqlstore", "configs", "internal/app"},
		tests: []string{"ari/aritest", "internal/testbed"},
	},
	{
		// The demo is a whole site on one machine: the app with its surroundings.
		folder: "internal/demo",
		imports: []string{
			"call", "configs/...", "internal/app", "internal/lifecycle", "internal/live",
			"internal/phonesim/...", "internal/testbed",
		},
	},
	{
		// Subcommands that work on stored facts without a running app (report, recordings)
		// use the part that owns the facts. What is live goes through internal/app.
		folder: "cmd/hotline",
		imports: []string{
			"call", "configs/...", "recorder/...", "tickets/...", "reports/...", "people/...", "audit/...",
			"internal/app", "internal/check", "internal/demo", "internal/lifecycle", "internal/live", "internal/testbed",
		},
	},
	{folder: "cmd/phonesim", imports: []string{"internal/phonesim/...", "internal/lifecycle"}},
	{
		folder: "test",
		imports: []string{
			"call", "ari/...", "acd/...", "callflow", "recorder/...", "tickets/...", "reports/...", "web/...",
			"people/...", "audit/...", "configs/...", "internal/...",
		},
	},
	// The simulation plays parts alone, in virtual time: nothing of it may touch a network.
	{folder: "test/sim", imports: []string{"call", "acd", "callflow", "reports"}},
}

// anywhere are rooms of no trade that every part but the vocabulary may use.
var anywhere = []string{"internal/clock", "internal/g711", "internal/lifecycle"}

// roomOf returns the innermost room that holds a folder.
func roomOf(dir string) (room, bool) {
	best, found := room{}, false
	for _, r := range rooms {
		if within(dir, r.folder) && len(r.folder) > len(best.folder) {
			best, found = r, true
		}
	}
	return best, found
}

func within(dir, folder string) bool { return dir == folder || strings.HasPrefix(dir, folder+"/") }

// matches reports whether a package is one of the patterns, "x" or "x/...".
func matches(dir string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		folder, all := strings.CutSuffix(pattern, "/...")
		return dir == folder || all && within(dir, folder)
	})
}

// wrongArrows returns every import of ours that no arrow allows.
func wrongArrows(sources []source) []string {
	var violations []string
	for _, s := range sources {
		from, known := roomOf(s.dir())
		if !known {
			violations = append(violations, fmt.Sprintf("%s stands in no room of the house: name it in rooms", s.path))
			continue
		}
		for _, imported := range s.imports {
			dir, ours := strings.CutPrefix(imported, module+"/")
			switch {
			case !ours, within(dir, from.folder), matches(dir, from.imports), s.test && matches(dir, from.tests):
			case from.folder != "call" && matches(dir, anywhere):
			default:
				violations = append(violations, fmt.Sprintf("%s must not import %s: no arrow leads there", s.path, imported))
			}
		}
	}
	return violations
}

func TestArrows(t *testing.T) { report(t, wrongArrows(house(t))) }

func TestWrongArrowsAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		path, imported string
		wrong          bool
	}{
		"a part and the vocabulary":      {"acd/engine.go", "hotline/call", false},
		"a part and itself":              {"recorder/join.go", "hotline/recorder/store", false},
		"two parts":                      {"recorder/join.go", "hotline/reports", true},
		"a folder of a part":             {"acd/redisstore/fold.go", "hotline/reports/sqlstore", true},
		"the flow and the engine":        {"callflow/flow.go", "hotline/acd", false},
		"the flow and a store":           {"callflow/flow.go", "hotline/acd/redisstore", true},
		"a part and the app":             {"web/server.go", "hotline/internal/app", true},
		"people and another part":        {"people/service.go", "hotline/web", true},
		"the log and people":             {"audit/log.go", "hotline/people", true},
		"people and its file":            {"people/sqlstore/users.go", "hotline/internal/sqlstore", false},
		"the rules and the file":         {"people/service.go", "hotline/internal/sqlstore", true},
		"web and the words of people":    {"web/server.go", "hotline/people", false},
		"web and the store of people":    {"web/server.go", "hotline/people/sqlstore", true},
		"a part and the settings":        {"acd/engine.go", "hotline/configs", true},
		"the app and the settings":       {"internal/app/app.go", "hotline/configs", false},
		"the app and the fake":           {"internal/app/app.go", "hotline/ari/aritest", true},
		"the app's test and the fake":    {"internal/app/app_test.go", "hotline/ari/aritest", false},
		"the vocabulary and any of us":   {"call/call.go", "hotline/internal/clock", true},
		"a part and the clock":           {"acd/engine.go", "hotline/internal/clock", false},
		"a test and the test bed":        {"ari/real_test.go", "hotline/internal/testbed", false},
		"code and the test bed":          {"ari/client.go", "hotline/internal/testbed", true},
		"a command and a live part":      {"cmd/hotline/serve.go", "hotline/acd", true},
		"a folder of a similar name":     {"acdx/engine.go", "fmt", true},
		"a room of nobody":               {"internal/util/util.go", "fmt", true},
		"the simulation and a network":   {"test/sim/world_test.go", "hotline/internal/testbed", true},
		"the whole system and all of it": {"test/e2e/first_test.go", "hotline/internal/phonesim", false},
	} {
		s := mustParse(t, c.path, "package p\nimport _ \""+c.imported+"\"\n")
		if got := wrongArrows([]source{s}); len(got) > 0 != c.wrong {
			t.Errorf("%s: %v, wanted wrong: %v", name, got, c.wrong)
		}
	}
}
