package sqlstore

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"hotline/call"
)

func TestMain(m *testing.M) {
	if crashing() {
		crash()
	}
	goleak.VerifyTestMain(m)
}

// store opens a new ledger with its private parts.
func store(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// schema is the text of every table, index and trigger.
func schema(t *testing.T, s *Store) string {
	t.Helper()
	var sql []string
	err := s.write.NewSelect().Table("sqlite_schema").ColumnExpr("coalesce(sql, name)").
		Where("name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'").OrderExpr("name").Scan(t.Context(), &sql)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(sql, "\n")
}

func TestMigrationsUpDownUp(t *testing.T) {
	t.Parallel()
	s := store(t)
	p, err := provider(s.write.DB)
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
	if last := sources[len(sources)-1].Version; last != newest {
		t.Errorf("the last migration is %d, newest is %d", last, newest)
	}
}

func TestVersionsAreCompared(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err := provider(s.write.DB)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenReadOnly(t.Context(), path); !errors.Is(err, ErrOlder) {
		t.Errorf("an old ledger opens for reading with %v, want ErrOlder", err)
	}
	_, err = s.write.ExecContext(t.Context(),
		"INSERT INTO "+goose.DefaultTablename+" (version_id, is_applied) VALUES (99, 1)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenReadOnly(t.Context(), path); !errors.Is(err, ErrNewer) {
		t.Errorf("a newer ledger opens for reading with %v, want ErrNewer", err)
	}
	if _, err := Open(t.Context(), path); !errors.Is(err, ErrNewer) {
		t.Errorf("a newer ledger opens with %v, want ErrNewer", err)
	}
}

// TestLedgerRefusesEdits speaks SQL, as a person with the file at hand could.
func TestLedgerRefusesEdits(t *testing.T) {
	t.Parallel()
	s := store(t)
	at := time.Now()
	_, err := s.Append(t.Context(), []call.Event{
		{Kind: call.Arrived, At: at, Call: "1"},
		{Kind: call.Recorded, At: at, Call: "1", Recording: &call.Recording{Path: "a", SHA256: "b", Begin: at}},
	})
	if err != nil {
		t.Fatal(err)
	}
	const columns = "seq, at_ms, kind, call, queue, agent, number, entered_ms, answer_ms, body"
	for _, c := range []struct{ sql, want string }{
		{"UPDATE events SET agent = 'ann'", "append-only"},
		{"DELETE FROM events", "append-only"},
		{"UPDATE recordings SET sha256 = 'x'", "append-only"},
		{"DELETE FROM recordings", "append-only"},
		{"INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 1", "without gaps"},
		{"INSERT INTO events (" + columns + ") VALUES (4, 1, 'ended', '1', '', '', '', NULL, NULL, '{}')", "without gaps"},
		{"INSERT INTO events (" + columns + ") VALUES (3, 1, 'holding', '1', '', '', '', NULL, NULL, '{}')", "FOREIGN KEY"},
		{"INSERT INTO events (" + columns + ") VALUES (3, 1, 'ended', '', '', '', '', NULL, NULL, '{}')", "of_a_call"},
		{"INSERT INTO events (" + columns + ") VALUES (3, 1, 'ended', '1', '', '', '', NULL, NULL, '{')", "json_valid"},
		{"INSERT INTO events (" + columns + ") VALUES (3, 0, 'ended', '1', '', '', '', NULL, NULL, '{}')", "at_ms"},
		{"INSERT INTO events (" + columns + ") VALUES (3, 1, 'queued', '1', 'q', '', '', NULL, NULL, '{}')", "of_a_queue"},
		{"INSERT INTO recordings SELECT 1, call, path, 'x', 1, 1 FROM recordings", "UNIQUE"},
	} {
		_, err := s.write.ExecContext(t.Context(), c.sql)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.sql, err, c.want)
		}
	}
	if last, err := s.LastSeq(t.Context()); last != 2 || err != nil {
		t.Errorf("last event is %d, %v; want 2", last, err)
	}
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
	} {
		if !slices.ContainsFunc(plan, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("the plan does not use %s:\n%s", want, strings.Join(plan, "\n"))
		}
	}
	if slices.ContainsFunc(plan, func(s string) bool { return strings.Contains(s, "SCAN") }) {
		t.Errorf("the plan reads a whole table:\n%s", strings.Join(plan, "\n"))
	}
	// The calls of each of the three kinds are sorted, which is cheap; their events are not.
	if sorts(plan) > 3 {
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
	s := store(t)
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
}

// TestValidKnowsTheKindsOfTheTable compares the two lists of kinds.
func TestValidKnowsTheKindsOfTheTable(t *testing.T) {
	t.Parallel()
	var kinds []string
	if err := store(t).read.NewSelect().Table("kinds").Column("kind").Scan(t.Context(), &kinds); err != nil {
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
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		t.Errorf("migrations %v, %v", names, err)
	}
}
