package sqlstore_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"hotline/call"
	"hotline/reports/sqlstore"
	"hotline/reports/sqlstore/sqlstoretest"
)

// openAt opens the ledger at a place, until the end of the test.
func openAt(t testing.TB, place sqlstore.Place) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.OpenAt(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func TestBothDatabasesKeepTheContract(t *testing.T) {
	t.Parallel()
	sqlstore.EachPlace(t, func(t *testing.T, first sqlstore.Place) {
		sqlstoretest.Run(t, func(t *testing.T) func() sqlstoretest.Ledger {
			place := sqlstore.AnotherPlace(t, first)
			return func() sqlstoretest.Ledger { return openAt(t, place) }
		})
	})
}

// TestS23RecordingsAreFound names the requirement that the suite proves with its table.
func TestS23RecordingsAreFound(t *testing.T) {
	t.Parallel()
	sqlstore.EachPlace(t, func(t *testing.T, place sqlstore.Place) {
		s := openAt(t, place)
		events := sqlstoretest.Sample()
		if _, err := s.Append(t.Context(), events); err != nil {
			t.Fatal(err)
		}
		found, err := s.Recordings(t.Context(), sqlstore.Filter{
			Number: "13800138000", Agent: "ann", From: sqlstoretest.At(0), To: sqlstoretest.At(1), MinLength: 90, MaxLength: 90,
		})
		if err != nil || len(found) != 1 || found[0].Recording.Path != "2026/a.wav" {
			t.Errorf("by number, agent, date and duration: %+v, %v", found, err)
		}
	})
}

func TestOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a?b#c%20 账本.db")
	s := openAt(t, sqlstore.Place{Path: path})
	if _, err := s.Append(t.Context(), sqlstoretest.Sample()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", filepath.Base(name), info.Mode())
		}
	}
	again := openAt(t, sqlstore.Place{Path: path})
	if last, err := again.LastSeq(t.Context()); last != uint64(len(sqlstoretest.Sample())) || err != nil {
		t.Errorf("last event is %d, %v; want %d", last, err, len(sqlstoretest.Sample()))
	}
	if _, err := sqlstore.Open(t.Context(), filepath.Join(dir, "none", "ledger.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing folder: %v", err)
	}
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte("this is not a database, only a file with some text in it"), 0o600); err != nil {
		t.Fatal(err)
	}
	if wrong, err := sqlstore.Open(t.Context(), text); err == nil {
		t.Error("a text file is opened as a ledger", wrong.Close())
	}
}

func TestOpenReadOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := sqlstore.OpenReadOnly(t.Context(), filepath.Join(dir, "none.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "none.db")); err == nil {
		t.Error("the file was made")
	}
}

// TestReadersCannotWrite opens a ledger for reading beside the one who writes.
func TestReadersCannotWrite(t *testing.T) {
	t.Parallel()
	sqlstore.EachPlace(t, func(t *testing.T, place sqlstore.Place) {
		writer := openAt(t, place)
		if _, err := writer.Append(t.Context(), sqlstoretest.Sample()); err != nil {
			t.Fatal(err)
		}
		reader, err := sqlstore.OpenReadOnlyAt(t.Context(), place)
		if err != nil {
			t.Fatal(err)
		}
		if last, err := reader.LastSeq(t.Context()); last != uint64(len(sqlstoretest.Sample())) || err != nil {
			t.Errorf("last event is %d, %v; want %d", last, err, len(sqlstoretest.Sample()))
		}
		if _, err := reader.Append(t.Context(), sqlstoretest.Sample()); err == nil {
			t.Error("a ledger opened for reading was written")
		}
		if err := reader.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestReadersDoNotWait holds a report open while events are appended: neither waits for
// the other, and the report sees the state it began with.
func TestReadersDoNotWait(t *testing.T) {
	t.Parallel()
	sqlstore.EachPlace(t, func(t *testing.T, place sqlstore.Place) {
		s := openAt(t, place)
		if _, err := s.Append(t.Context(), sqlstoretest.Sample()); err != nil {
			t.Fatal(err)
		}
		ofCalls := len(sqlstoretest.Sample()) - 2 // the last two belong to no call
		seen := 0
		for e, err := range s.Events(t.Context(), sqlstoretest.At(0), sqlstoretest.At(1000)) {
			if err != nil {
				t.Fatal(err)
			}
			if seen++; seen > ofCalls {
				t.Fatalf("the report sees event %d, which was appended after its start", e.Seq)
			}
			one := call.Event{Kind: call.Ended, At: sqlstoretest.At(0), Call: "1.1"}
			if _, err := s.Append(context.WithoutCancel(t.Context()), []call.Event{one}); err != nil {
				t.Fatal(err)
			}
		}
		if last, err := s.LastSeq(t.Context()); int(last) != 2*ofCalls+2 || err != nil {
			t.Errorf("last event is %d, %v; want %d", last, err, 2*ofCalls+2)
		}
	})
}
