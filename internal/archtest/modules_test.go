package archtest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// outside is an outside package, with all packages below it, and where it may be imported.
type outside struct {
	prefix string
	where  string // pattern of the folder; "" = in test files alone
	why    string
}

// outsiders are the modules we stand on. Each stays behind one door, so that replacing it,
// or meeting a fault in it, concerns one folder. Test files obey the same rules, but for
// internal/testbed and test, which see the system from outside.
var outsiders = []outside{
	{"github.com/CyCoreSystems/ari", `^ari(/|$)`, "only ari speaks to Asterisk"},
	{"github.com/redis/go-redis", `/redisstore$`, "only */redisstore speaks to Redis"},
	{"github.com/alicebob/miniredis", `/redisstore$`, "only */redisstore holds the embedded Redis"},
	{"database/sql", `/sqlstore$`, "only */sqlstore speaks SQL"},
	{"github.com/uptrace/bun", `/sqlstore$`, "only */sqlstore speaks SQL"},
	{"github.com/pressly/goose", `/sqlstore$`, "only */sqlstore speaks SQL"},
	{"github.com/jackc/pgx", `/sqlstore$`, "only */sqlstore speaks SQL"},
	{"modernc.org/sqlite", `/sqlstore$`, "only */sqlstore speaks SQL"},
	{"github.com/pion", `^recorder/monitor(/|$)`, "only recorder/monitor speaks WebRTC"},
	{"github.com/go-audio", `^recorder(/|$)`, "only recorder knows the file format"},
	{"github.com/minio", `^recorder/store(/|$)`, "only recorder/store knows object stores"},
	{"github.com/emiago", `^internal/phonesim(/|$)`, "only the simulated phones speak SIP"},
	{"github.com/icholy/digest", `^internal/phonesim(/|$)`, "only the simulated phones sign in by SIP"},
	{"github.com/goccy/go-yaml", `^configs$`, "only configs reads settings"},
	{"github.com/alecthomas/kong", `^cmd/`, "only commands read arguments"},
	{"github.com/danielgtaylor/huma", `^web(/|$)`, "only web speaks HTTP to people"},
	{"github.com/pquerna/otp", `^people$`, "only people signs people in"},
	{"github.com/coder/websocket", `^(ari|web)(/|$)`, "only ari and web keep sockets open"},
	{"github.com/prometheus", `^(web|internal/metrics)(/|$)`, "metrics are gathered in one place"},
	{"github.com/xuri/excelize", `^(reports|web)(/|$)`, "only reports writes tables"},
	{"github.com/hashicorp/golang-lru", `^(internal/app|people)$`, "only earlier calls and wrong guesses are forgotten"},
	{"golang.org/x/term", `^(internal/live|cmd/)`, "only the live view paints a terminal"},
	{"golang.org/x/text", `^(internal/live|web)(/|$)`, "only what is shown is laid out by letters"},
	{"golang.org/x/crypto", `.`, "kept by the Go team"},
	{"golang.org/x/sync", `.`, "kept by the Go team"},
	{"golang.org/x/sys", `.`, "kept by the Go team"},
	{"pgregory.net/rapid", ``, "for tests only"},
	{"go.uber.org/goleak", ``, "for tests only"},
	{"github.com/google/go-cmp", ``, "for tests only"},
	{"github.com/anishathalye/porcupine", ``, "for tests only"},
	{"github.com/getkin/kin-openapi", ``, "a judge of the document of the API, for tests only"},
}

// strangers returns every import of an outside module that is not known or not in its place.
func strangers(sources []source) []string {
	var violations []string
	for _, s := range sources {
		if within(s.dir(), "internal/testbed") || within(s.dir(), "test") {
			continue
		}
		for _, imported := range s.imports {
			first, _, _ := strings.Cut(imported, "/")
			if first == module || !strings.Contains(first, ".") && imported != "database/sql" {
				continue // Ours or the standard library.
			}
			if fault := misplaced(s, imported); fault != "" {
				violations = append(violations, fmt.Sprintf("%s must not import %s: %s", s.path, imported, fault))
			}
		}
	}
	return violations
}

// misplaced says why an import is not allowed; "" when it is.
func misplaced(s source, imported string) string {
	for _, o := range outsiders {
		if !within(imported, o.prefix) {
			continue
		}
		if o.where == "" && s.test || o.where != "" && regexp.MustCompile(o.where).MatchString(s.dir()) {
			return ""
		}
		return o.why
	}
	return "name the module in outsiders, with its place and reason"
}

func TestOutsideModulesStayInTheirPlace(t *testing.T) { report(t, strangers(house(t))) }

func TestStrangersAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		path, imported string
		wrong          bool
	}{
		"Redis behind its door":      {"acd/redisstore/fold.go", "github.com/redis/go-redis/v9", false},
		"Redis in the engine":        {"acd/engine.go", "github.com/redis/go-redis/v9", true},
		"Redis in a test":            {"internal/app/app_test.go", "github.com/redis/go-redis/v9", true},
		"Redis in the test bed":      {"internal/testbed/redis.go", "github.com/redis/go-redis/v9", false},
		"SQL behind its door":        {"reports/sqlstore/read.go", "database/sql", false},
		"SQL in the formulas":        {"reports/report.go", "database/sql", true},
		"ARI types in ari":           {"ari/client.go", "github.com/CyCoreSystems/ari/v5", false},
		"ARI types in the flow":      {"callflow/flow.go", "github.com/CyCoreSystems/ari/v5", true},
		"a test library in a test":   {"acd/engine_test.go", "pgregory.net/rapid", false},
		"a test library in code":     {"acd/engine.go", "pgregory.net/rapid", true},
		"a module that nobody named": {"acd/engine.go", "github.com/some/module", true},
		"the standard library":       {"acd/engine.go", "encoding/json", false},
		"settings by a part":         {"acd/engine.go", "github.com/goccy/go-yaml", true},
	} {
		s := mustParse(t, c.path, "package p\nimport _ \""+c.imported+"\"\n")
		if got := strangers([]source{s}); len(got) > 0 != c.wrong {
			t.Errorf("%s: %v, wanted wrong: %v", name, got, c.wrong)
		}
	}
}
