package sqlstore

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"hotline/reports"
)

// TestS46EachVersionOfAnIssueIsKept: an issue is kept as it was, a correction beside it, and
// saying the same again adds nothing.
func TestS46EachVersionOfAnIssueIsKept(t *testing.T) {
	t.Parallel()
	EachPlace(t, func(t *testing.T, place Place) {
		s := storeAt(t, place)
		day := reports.Interval{Start: change.Truncate(time.Hour), End: change.Truncate(time.Hour).Add(24 * time.Hour)}
		first := reports.Issue{
			Series: reports.Daily, Period: day, Author: "hotline", Made: day.End.Add(time.Hour), Text: "日报",
			Figures: json.RawMessage(`{"offered": 1}`),
		}
		second := first
		second.Author, second.Figures, second.Made = "wang", json.RawMessage(`{"offered":2}`), day.End.Add(2*time.Hour)
		again := second
		again.Author, again.Made = "li", day.End.Add(3*time.Hour)
		month := first
		month.Series, month.Period.End = reports.Monthly, day.Start.AddDate(0, 1, 0)
		for i, c := range []struct {
			issue reports.Issue
			want  int
		}{{first, 1}, {second, 2}, {again, 2}, {month, 1}} {
			if got, err := s.AddIssue(t.Context(), c.issue); err != nil || got != c.want {
				t.Errorf("issue %d is version %d, %v, want %d", i, got, err, c.want)
			}
		}
		first.Version, second.Version, month.Version = 1, 2, 1
		for version, want := range map[int]reports.Issue{0: second, 1: first, 2: second} {
			got, err := s.Issue(t.Context(), reports.Daily, day.Start, version)
			if diff := gocmp.Diff(utc(want), got); err != nil || diff != "" {
				t.Errorf("version %d: %v\n%s", version, err, diff)
			}
		}
		for _, version := range []int{0, 3} {
			if _, err := s.Issue(t.Context(), reports.Daily, day.End, version); !errors.Is(err, ErrNoIssue) {
				t.Errorf("version %d of a day without: error %v", version, err)
			}
		}
		issuesAreListed(t, s, day, []reports.Issue{second, first, month})
		for _, sql := range []string{"UPDATE issues SET author = 'x'", "DELETE FROM issues"} {
			if _, err := s.write.ExecContext(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", sql, err)
			}
		}
	})
}

func issuesAreListed(t *testing.T, s *Store, day reports.Interval, want []reports.Issue) {
	t.Helper()
	for i := range want {
		want[i].Text, want[i].Figures = "", nil
		want[i] = utc(want[i])
	}
	got, err := s.Issues(t.Context(), "", day.Start, day.End)
	if diff := gocmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("all: %v\n%s", err, diff)
	}
	got, err = s.Issues(t.Context(), reports.Monthly, day.Start, day.End)
	if diff := gocmp.Diff(want[2:], got); err != nil || diff != "" {
		t.Errorf("months: %v\n%s", err, diff)
	}
	if got, err = s.Issues(t.Context(), "", day.End, day.End.Add(time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("the day after: %v %v", got, err)
	}
}

// utc is an issue with times as the ledger gives them back.
func utc(i reports.Issue) reports.Issue {
	i.Made, i.Period.Start, i.Period.End = i.Made.UTC(), i.Period.Start.UTC(), i.Period.End.UTC()
	return i
}

func TestIssuesAreValidated(t *testing.T) {
	t.Parallel()
	s := store(t)
	whole := reports.Issue{
		Series: reports.Daily, Period: reports.Interval{Start: change, End: change.Add(time.Hour)}, Author: "hotline",
	}
	for name, spoil := range map[string]func(*reports.Issue){
		"series": func(i *reports.Issue) { i.Series = "hourly" },
		"period": func(i *reports.Issue) { i.Period.End = i.Period.Start },
		"author": func(i *reports.Issue) { i.Author = "" },
	} {
		i := whole
		spoil(&i)
		if _, err := s.AddIssue(t.Context(), i); !errors.Is(err, reports.ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid", name, err)
		}
	}
	if begin, err := s.Begin(t.Context()); err != nil || !begin.IsZero() {
		t.Errorf("an empty ledger begins at %v, %v", begin, err)
	}
	if _, err := s.Append(t.Context(), oneCall("1")); err != nil {
		t.Fatal(err)
	}
	if begin, err := s.Begin(t.Context()); err != nil || !begin.Equal(change) {
		t.Errorf("the ledger begins at %v, %v, want %v", begin, err, change)
	}
}
