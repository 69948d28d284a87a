package sqlstore

import (
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"pgregory.net/rapid"

	"hotline/call"
)

// store opens a new ledger in SQLite with its private parts.
func store(t *testing.T) *Store {
	t.Helper()
	return storeAt(t, Place{Path: filepath.Join(t.TempDir(), "ledger.db")})
}

// storeAt opens the ledger at a place.
func storeAt(t *testing.T, p Place) *Store {
	t.Helper()
	s, err := OpenAt(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// schemas are the queries for the text of every table, index, trigger and rule.
var schemas = map[string]string{
	sqliteFlavor.name: `SELECT coalesce(sql, name) FROM sqlite_schema
		WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%' ORDER BY name`,
	postgresFlavor.name: `
		SELECT text FROM (
			SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default, collation_name,
				generation_expression) AS text, table_name AS name
				FROM information_schema.columns WHERE table_schema = 'public'
			UNION ALL SELECT indexdef, tablename FROM pg_indexes WHERE schemaname = 'public'
			UNION ALL SELECT pg_get_triggerdef(oid), tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal
			UNION ALL SELECT conname || pg_get_constraintdef(oid), conrelid::regclass::text FROM pg_constraint
				WHERE connamespace = 'public'::regnamespace
			UNION ALL SELECT pg_get_functiondef(oid), proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
		) AS all_of_it WHERE name NOT LIKE 'goose_%' ORDER BY text`,
}

// schema is the text of everything that the migrations make.
func schema(t *testing.T, s *Store) string {
	t.Helper()
	var sql []string
	if err := s.write.NewRaw(schemas[s.flavor.name]).Scan(t.Context(), &sql); err != nil {
		t.Fatal(err)
	}
	return strings.Join(sql, "\n")
}

func TestMigrationsUpDownUp(t *testing.T) {
	t.Parallel()
	EachPlace(t, func(t *testing.T, place Place) {
		s := storeAt(t, place)
		p, err := s.flavor.provider(s.write)
		if err != nil {
			t.Fatal(err)
		}
		first := schema(t, s)
		if !strings.Contains(first, "events_without_gaps") {
			t.Fatalf("the schema has no trigger for gaps:\n%s", first)
		}
		if _, err := s.Append(t.Context(), []call.Event{{Kind: call.Arrived, At: time.Now(), Call: "1"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.DownTo(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if left := schema(t, s); left != "" {
			t.Errorf("after going down there is still\n%s", left)
		}
		if _, err := p.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		if second := schema(t, s); second != first {
			t.Errorf("going up again makes\n%s\nwant\n%s", second, first)
		}
		sources := p.ListSources()
		if last := sources[len(sources)-1].Version; last != s.flavor.newest {
			t.Errorf("the last migration is %d, newest is %d", last, s.flavor.newest)
		}
	})
}

func TestVersionsAreCompared(t *testing.T) {
	t.Parallel()
	EachPlace(t, func(t *testing.T, place Place) {
		s := storeAt(t, place)
		p, err := s.flavor.provider(s.write)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.DownTo(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenReadOnlyAt(t.Context(), place); !errors.Is(err, ErrOlder) {
			t.Errorf("an old ledger opens for reading with %v, want ErrOlder", err)
		}
		_, err = s.write.ExecContext(t.Context(),
			"INSERT INTO "+goose.DefaultTablename+" (version_id, is_applied) SELECT 99, 1 = 1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenReadOnlyAt(t.Context(), place); !errors.Is(err, ErrNewer) {
			t.Errorf("a newer ledger opens for reading with %v, want ErrNewer", err)
		}
		if _, err := OpenAt(t.Context(), place); !errors.Is(err, ErrNewer) {
			t.Errorf("a newer ledger opens with %v, want ErrNewer", err)
		}
	})
}

// TestLedgerRefusesEdits speaks SQL, as a person with the database at hand could.
func TestLedgerRefusesEdits(t *testing.T) {
	t.Parallel()
	EachPlace(t, func(t *testing.T, place Place) {
		s := storeAt(t, place)
		at := time.Now()
		_, err := s.Append(t.Context(), []call.Event{
			{Kind: call.Arrived, At: at, Call: "1"},
			{Kind: call.Recorded, At: at, Call: "1", Recording: &call.Recording{Path: "a", SHA256: "b", Begin: at}},
		})
		if err != nil {
			t.Fatal(err)
		}
		edits := commonEdits
		if place.URL == "" {
			edits = append(edits, edit{"INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 1", "without gaps"})
		} else {
			edits = append(edits, edit{"TRUNCATE events CASCADE", "append-only"},
				edit{"INSERT INTO events SELECT * FROM events WHERE seq = 1", "events_pkey"})
		}
		for _, c := range edits {
			_, err := s.write.ExecContext(t.Context(), c.sql)
			if err == nil || !regexp.MustCompile(c.want).MatchString(err.Error()) {
				t.Errorf("%s: error %v, want one with %q", c.sql, err, c.want)
			}
		}
		if last, err := s.LastSeq(t.Context()); last != 2 || err != nil {
			t.Errorf("last event is %d, %v; want 2", last, err)
		}
	})
}

// edit is a statement and what the database says against it.
type edit struct{ sql, want string }

const into = "INSERT INTO events (seq, at_ms, kind, call, queue, agent, number, entered_ms, answer_ms, body) VALUES "

// commonEdits are forbidden in both databases.
var commonEdits = []edit{
	{"UPDATE events SET agent = 'ann'", "append-only"},
	{"DELETE FROM events", "append-only"},
	{"UPDATE recordings SET sha256 = 'x'", "append-only"},
	{"DELETE FROM recordings", "append-only"},
	{into + "(4, 1, 'ended', '1', '', '', '', NULL, NULL, '{}')", "without gaps"},
	{into + "(3, 1, 'holding', '1', '', '', '', NULL, NULL, '{}')", "(?i)foreign key"},
	{into + "(3, 1, 'ended', '', '', '', '', NULL, NULL, '{}')", "of_a_call"},
	{into + "(3, 1, 'ended', '1', '', '', '', NULL, NULL, '{')", "json"},
	{into + "(3, 0, 'ended', '1', '', '', '', NULL, NULL, '{}')", "at_ms"},
	{into + "(3, 1, 'queued', '1', 'q', '', '', NULL, NULL, '{}')", "of_a_queue"},
	{"INSERT INTO recordings SELECT 1, call, path, 'x', 1, 1 FROM recordings", "UNIQUE|announced_once"},
}

// TestSettingsOfConnections reads back what keeps acknowledged events through a power cut.
func TestSettingsOfConnections(t *testing.T) {
	t.Parallel()
	s := store(t)
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000",
		"query_only": "0", "journal_size_limit": "67108864",
	} {
		var got string
		if err := s.write.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("writer: %s is %q, %v; want %q", pragma, got, err, want)
		}
	}
	var got string
	if err := s.read.QueryRowContext(t.Context(), "PRAGMA query_only").Scan(&got); err != nil || got != "1" {
		t.Errorf("reader: query_only is %q, %v; want 1", got, err)
	}
}

// TestPeriodsUseIndexes looks at the plan of the report's query: a period of a day must not
// read a ledger of years, and calls must come in order without being sorted.
func TestPeriodsUseIndexes(t *testing.T) {
	t.Parallel()
	s := store(t)
	plan := planOf(t, s, s.calls(time.Unix(1, 0), time.Unix(2, 0)).String())
	for _, want := range []string{
		"INDEX events_by_call (call=?)", "COVERING INDEX events_by_arrival (at_ms>? AND at_ms<?)",
		"COVERING INDEX events_by_queue_entry (entered_ms>? AND entered_ms<?)",
		"COVERING INDEX events_by_answer (answer_ms>? AND answer_ms<?)",
		"COVERING INDEX events_by_ring (at_ms>? AND at_ms<?)",
	} {
		if !slices.ContainsFunc(plan, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("the plan does not use %s:\n%s", want, strings.Join(plan, "\n"))
		}
	}
	if slices.ContainsFunc(plan, func(s string) bool { return strings.Contains(s, "SCAN") }) {
		t.Errorf("the plan reads a whole table:\n%s", strings.Join(plan, "\n"))
	}
	// The calls of each of the four kinds are sorted, which is cheap; their events are not.
	if sorts(plan) > 4 {
		t.Errorf("the plan sorts every event:\n%s", strings.Join(plan, "\n"))
	}
}

// TestCallbacksUseTheirIndex: a start must not read the whole ledger for them.
func TestCallbacksUseTheirIndex(t *testing.T) {
	t.Parallel()
	s := store(t)
	plan := planOf(t, s, s.callbacks(time.Unix(1, 0)).String())
	if len(plan) == 0 || !strings.Contains(plan[0], "USING INDEX events_by_callback (at_ms>?)") {
		t.Errorf("the plan is\n%s", strings.Join(plan, "\n"))
	}
}

// planOf is how SQLite carries out a query, step by step.
func planOf(t *testing.T, s *Store, query string) (plan []string) {
	t.Helper()
	rows, err := s.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var a, b, c int
		var step string
		if err := rows.Scan(&a, &b, &c, &step); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}

// sorts counts the sorting steps of a plan.
func sorts(plan []string) int {
	n := 0
	for _, s := range plan {
		if strings.Contains(s, "TEMP B-TREE") {
			n++
		}
	}
	return n
}

// anyEvent draws events good and bad.
func anyEvent(t *rapid.T) call.Event {
	kinds := []call.Kind{
		call.Arrived, call.Queued, call.Offered, call.OfferEnded, call.Answered, call.Connected, call.LeftQueue,
		call.TalkEnded, call.WrapUpEnded, call.Ended, call.Recorded, call.RecordingFault, call.AgentChanged,
		call.StreamGap, call.Messaged, call.Surveyed, "holding",
	}
	text := rapid.SampledFrom([]string{"", "a", "b'\"", "热\x00\xff"})
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.IntRange(0, 9).Draw(t, "none") == 0 {
			return time.Time{}
		}
		return time.Unix(rapid.Int64Range(-10, 300_000_000_000).Draw(t, "s"), rapid.Int64Range(0, 1e9).Draw(t, "ns"))
	})
	e := call.Event{
		Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), At: moment.Draw(t, "at"),
		Call: call.ID(text.Draw(t, "call")), Queue: call.QueueID(text.Draw(t, "queue")),
		Agent: call.AgentID(text.Draw(t, "agent")), Number: text.Draw(t, "number"),
		Entered: moment.Draw(t, "entered"), Answer: moment.Draw(t, "answer"),
		Wait: call.Millis(rapid.Int64().Draw(t, "wait")),
	}
	if rapid.Bool().Draw(t, "file") {
		e.Recording = &call.Recording{
			Path: text.Draw(t, "path"), SHA256: text.Draw(t, "sha256"), Begin: moment.Draw(t, "begin"),
			Length: call.Millis(rapid.Int64Range(-1, 2).Draw(t, "length")),
		}
	}
	return e
}

// TestValidSaysWhatTheTableTakes proves that no event passes Valid and then stops the
// Writer for ever, and that what comes back equals what Append returned.
func TestValidSaysWhatTheTableTakes(t *testing.T) {
	t.Parallel()
	EachPlace(t, func(t *testing.T, place Place) {
		s := storeAt(t, place)
		rapid.Check(t, func(rt *rapid.T) {
			before, err := s.LastSeq(t.Context())
			if err != nil {
				rt.Fatal(err)
			}
			e := anyEvent(rt)
			stored, err := s.Append(t.Context(), []call.Event{e})
			if valid := Valid(normal(e)); (valid == nil) != (err == nil) {
				rt.Fatalf("%+v: valid %v, append %v", e, valid, err)
			}
			back, err := s.After(t.Context(), before, 10)
			if err != nil || len(back) != len(stored) {
				rt.Fatalf("read %d of %d events, %v", len(back), len(stored), err)
			}
			for i := range back {
				if !same(back[i], stored[i]) {
					rt.Fatalf("read %+v, want %+v", back[i], stored[i])
				}
			}
		})
	})
}

// same compares two events member by member.
func same(a, b call.Event) bool {
	if (a.Recording == nil) != (b.Recording == nil) {
		return false
	}
	if a.Recording != nil && *a.Recording != *b.Recording {
		return false
	}
	a.Recording, b.Recording = nil, nil
	return a == b
}

// TestValidKnowsTheKindsOfTheTable compares the two lists of kinds.
func TestValidKnowsTheKindsOfTheTable(t *testing.T) {
	t.Parallel()
	EachPlace(t, func(t *testing.T, place Place) {
		var kinds []string
		if err := storeAt(t, place).read.NewSelect().Table("kinds").Column("kind").Scan(t.Context(), &kinds); err != nil {
			t.Fatal(err)
		}
		for _, k := range kinds {
			if _, ok := needsOf(call.Kind(k)); !ok {
				t.Errorf("kind %q of the table is refused by Valid", k)
			}
		}
		if len(kinds) != 26 {
			t.Errorf("the table has %d kinds, want 26", len(kinds))
		}
	})
}
