package sqlstore

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun/dialect"
	"go.uber.org/goleak"

	"hotline/audit"
	base "hotline/internal/sqlstore"
	"hotline/internal/testbed"
)

// databases are those of all tests of this package.
var databases testbed.Databases

func TestMain(m *testing.M) { goleak.VerifyTestMain(databases.Around(m)) }

// eachPlace runs a test on each database; place returns another one where there is no log yet.
func eachPlace(t *testing.T, test func(t *testing.T, place func(t *testing.T) base.Place)) {
	t.Helper()
	for name, place := range map[string]func(t *testing.T) base.Place{
		"SQLite": func(t *testing.T) base.Place {
			t.Helper()
			return base.Place{Path: filepath.Join(t.TempDir(), "audit.db")}
		},
		"PostgreSQL": func(t *testing.T) base.Place {
			t.Helper()
			url, password, err := databases.New(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return base.Place{URL: url, Password: password}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, place)
		})
	}
}

func open(t *testing.T, p base.Place) *Store {
	t.Helper()
	s, err := Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// filled is a log of n entries with its witness.
func filled(t *testing.T, p base.Place, n int) (s *Store, witness string) {
	t.Helper()
	s, witness = open(t, p), filepath.Join(t.TempDir(), "audit.heads")
	w, err := audit.OpenWitness(witness)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	l, err := audit.New(audit.Options{Store: s, Witness: w})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		err := l.Write(t.Context(), audit.Deed{
			ActorID: "1", Actor: "wang", Address: "192.0.2.1", Action: "recording.play",
			Object: fmt.Sprintf("recording %d", i+1), Outcome: audit.Allowed, Details: map[string]string{"b": "2", "a": "1"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return s, witness
}

// verify is what is wrong with a log, with or without its witness.
func verify(t *testing.T, s *Store, witness string) []string {
	t.Helper()
	var noted []audit.Head
	if witness != "" {
		heads, torn, err := audit.ReadWitness(witness)
		if err != nil || torn > 0 {
			t.Fatalf("witness: %d torn lines, %v", torn, err)
		}
		noted = heads
	}
	_, faults, err := audit.Verify(t.Context(), s, noted)
	if err != nil {
		t.Fatal(err)
	}
	said := make([]string, len(faults))
	for i, f := range faults {
		said[i] = f.String()
	}
	return said
}

// tamper does what somebody with the database at hand can: he takes the triggers away first.
func tamper(t *testing.T, s *Store, statements ...string) {
	t.Helper()
	guards := []string{"ALTER TABLE audit_entries DISABLE TRIGGER USER"}
	if s.db.Write.Dialect().Name() == dialect.SQLite {
		guards = []string{
			"DROP TRIGGER audit_entries_not_updated", "DROP TRIGGER audit_entries_not_deleted",
			"DROP TRIGGER audit_entries_without_gaps",
		}
	}
	for _, sql := range append(guards, statements...) {
		if _, err := s.db.Write.ExecContext(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}

// TestVerifyFindsEachChange: a changed byte of every column, a row that is taken out or
// slipped in, an end that is cut off.
func TestVerifyFindsEachChange(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, place func(t *testing.T) base.Place) {
		for name, c := range changes() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s, witness := filled(t, place(t), 10)
				if said := verify(t, s, witness); len(said) > 0 {
					t.Fatalf("before: %v", said)
				}
				tamper(t, s, strings.Split(c.sql, "; ")...)
				said := verify(t, s, witness)
				if len(said) == 0 || !strings.HasPrefix(said[0], c.want) {
					t.Errorf("verify says %q, want %q", said, c.want)
				}
			})
		}
	})
}

// change is what somebody does to a log, and what verify says first.
type change struct{ sql, want string }

func changes() map[string]change {
	changes := map[string]change{
		"a missing row":   {"DELETE FROM audit_entries WHERE seq = 4", "entry 4: is missing"},
		"missing rows":    {"DELETE FROM audit_entries WHERE seq IN (4, 5)", "entry 4: is missing, with all up to 5"},
		"a missing begin": {"DELETE FROM audit_entries WHERE seq = 1", "entry 1: is missing"},
		"a renumbered row": {
			"DELETE FROM audit_entries WHERE seq = 7; UPDATE audit_entries SET seq = seq - 1 WHERE seq > 7",
			"entry 7: was changed",
		},
		"a cut end": {"DELETE FROM audit_entries WHERE seq > 7", "entry 8: is missing: the end is cut off, 10 was noted"},
		"no log":    {"DELETE FROM audit_entries", "entry 1: is missing: the end is cut off, 10 was noted"},
	}
	for _, column := range []string{"actor_id", "actor", "address", "action", "object"} {
		changes["a byte of "+column] = change{
			"UPDATE audit_entries SET " + column + " = 'X' || substr(" + column + ", 2) WHERE seq = 4", "entry 4: was changed",
		}
	}
	for column, value := range map[string]string{
		"at_ms": "at_ms + 1", "outcome": "'denied'", "details": `'{"a":"1","b":"3"}'`,
		"hash": "replace(hash, substr(hash, 1, 1), 'x')",
	} {
		changes["another "+column] = change{
			"UPDATE audit_entries SET " + column + " = " + value + " WHERE seq = 4", "entry 4: was changed",
		}
	}
	return changes
}

// TestWhatOnlyTheWitnessFinds: a cut end and a chain that was made anew are whole in
// themselves. This is why there is a witness.
func TestWhatOnlyTheWitnessFinds(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, place func(t *testing.T) base.Place) {
		s, witness := filled(t, place(t), 5)
		tamper(t, s, "DELETE FROM audit_entries")
		for range 6 {
			d := audit.Deed{Actor: "somebody else", Action: "recording.play", Outcome: audit.Allowed}
			if _, err := s.Append(t.Context(), d, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		if said := verify(t, s, ""); len(said) > 0 {
			t.Errorf("without witness: %v", said)
		}
		if said := verify(t, s, witness); len(said) != 5 || !strings.HasPrefix(said[0], "entry 1: was written anew") {
			t.Errorf("with witness: %v", said)
		}
	})
}

// TestLogIsNotReplaced: nor by what only SQLite knows.
func TestLogIsNotReplaced(t *testing.T) {
	t.Parallel()
	s, _ := filled(t, base.Place{Path: filepath.Join(t.TempDir(), "audit.db")}, 3)
	const again = "INSERT OR REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE seq = 1"
	if _, err := s.db.Write.ExecContext(t.Context(), again); err == nil || !strings.Contains(err.Error(), "without gaps") {
		t.Errorf("%v", err)
	}
}

// TestLogIsNotEmptied: TRUNCATE fires no trigger of rows.
func TestLogIsNotEmptied(t *testing.T) {
	t.Parallel()
	url, password, err := databases.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, _ := filled(t, base.Place{URL: url, Password: password}, 3)
	_, err = s.db.Write.ExecContext(t.Context(), "TRUNCATE audit_entries")
	if err == nil || !strings.Contains(err.Error(), "append-only") {
		t.Errorf("%v", err)
	}
}

// TestLogRefusesEdits speaks SQL, as a person with the database at hand could.
func TestLogRefusesEdits(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, place func(t *testing.T) base.Place) {
		s, _ := filled(t, place(t), 3)
		const others = ", at_ms, actor_id, actor, address, action, object, outcome, details, hash " +
			"FROM audit_entries WHERE seq = 1"
		for sql, want := range map[string]string{
			"UPDATE audit_entries SET actor = 'li'":       "append-only",
			"DELETE FROM audit_entries WHERE seq = 3":     "append-only",
			"INSERT INTO audit_entries SELECT 9" + others: "without gaps",
		} {
			if _, err := s.db.Write.ExecContext(t.Context(), sql); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", sql, err, want)
			}
		}
	})
}

// TestTwoProcessesKeepOneChain: the server and a command beside it write at the same time.
func TestTwoProcessesKeepOneChain(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, place func(t *testing.T) base.Place) {
		p := place(t)
		one, two := open(t, p), open(t, p)
		var wait sync.WaitGroup
		for _, s := range []*Store{one, two, one, two} {
			wait.Go(func() {
				for range 25 {
					d := audit.Deed{Action: "x", Outcome: audit.Denied}
					if _, err := s.Append(t.Context(), d, time.Now()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		head, faults, err := audit.Verify(t.Context(), two, nil)
		if err != nil || head.Seq != 100 || len(faults) > 0 {
			t.Errorf("%d entries, %v, %v; want 100 and none", head.Seq, faults, err)
		}
	})
}

func TestFindFilters(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, place func(t *testing.T) base.Place) {
		s := open(t, place(t))
		at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
		for i, d := range []audit.Deed{
			{Actor: "wang", Action: "user.add", Object: "user li", Outcome: audit.Allowed},
			{Actor: "wang", Action: "user.change", Object: "user li", Outcome: audit.Failed},
			{Actor: "li", Action: "users", Object: "x' OR '1'='1", Outcome: audit.Denied},
		} {
			if _, err := s.Append(t.Context(), d, at.Add(time.Duration(i)*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		for name, c := range map[string]struct {
			f    audit.Filter
			want string
		}{
			"all":      {audit.Filter{Limit: 9}, "[3 2 1]"},
			"limit":    {audit.Filter{Limit: 2}, "[3 2]"},
			"page":     {audit.Filter{Limit: 9, Before: 3}, "[2 1]"},
			"from":     {audit.Filter{Limit: 9, From: at.Add(time.Hour)}, "[3 2]"},
			"to":       {audit.Filter{Limit: 9, To: at.Add(time.Hour)}, "[1]"},
			"actor":    {audit.Filter{Limit: 9, Actor: "wang"}, "[2 1]"},
			"action":   {audit.Filter{Limit: 9, Action: "user.add"}, "[1]"},
			"prefix":   {audit.Filter{Limit: 9, Action: "user."}, "[2 1]"},
			"object":   {audit.Filter{Limit: 9, Object: "x' OR '1'='1"}, "[3]"},
			"outcome":  {audit.Filter{Limit: 9, Outcome: audit.Failed}, "[2]"},
			"no match": {audit.Filter{Limit: 9, Actor: "' OR '1'='1"}, "[]"},
		} {
			found, err := s.Find(t.Context(), c.f)
			seqs := make([]uint64, len(found))
			for i, e := range found {
				seqs[i] = e.Seq
			}
			if got := fmt.Sprint(seqs); err != nil || got != c.want {
				t.Errorf("%s: %s, %v; want %s", name, got, err, c.want)
			}
		}
		if _, err := s.Find(t.Context(), audit.Filter{}); err == nil {
			t.Error("a search without limit")
		}
	})
}

func TestMigrationsUpDownUp(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, place func(t *testing.T) base.Place) {
		s := open(t, place(t))
		p, err := s.db.Migrations()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.DownTo(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		d := audit.Deed{Action: "x", Outcome: audit.Allowed}
		if _, err := s.Append(t.Context(), d, time.Now()); err == nil {
			t.Error("a log without its table takes an entry")
		}
		if _, err := p.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		if e, err := s.Append(t.Context(), d, time.Now()); err != nil || e.Seq != 1 {
			t.Errorf("after going up again: %+v, %v", e, err)
		}
	})
}
