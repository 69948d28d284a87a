package sqlstore

import (
	"fmt"
	"testing"
	"time"

	"hotline/call"
)

// TestForget: what is older than a time goes piece by piece, with the files it names told
// before; what is younger is as it was, and numbers go on.
func TestForget(t *testing.T) {
	t.Parallel()
	EachPlace(t, forgetting)
}

func forgetting(t *testing.T, place Place) {
	s := storeAt(t, place)
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	minute := func(n int) time.Time { return begin.Add(time.Duration(n) * time.Minute) }
	// A call a minute that lasts three, and an agent who comes and goes.
	const calls, lasts = 100, 3
	var events []call.Event
	for m := range calls + lasts {
		if id := call.ID(fmt.Sprintf("c%03d", m)); m < calls {
			events = append(events, call.Event{Kind: call.Arrived, At: minute(m), Call: id},
				call.Event{Kind: call.Queued, At: minute(m), Call: id, Queue: "care", Entered: minute(m)})
		}
		if n := m - lasts; n >= 0 {
			id := call.ID(fmt.Sprintf("c%03d", n))
			events = append(events, call.Event{
				Kind: call.LeftQueue, At: minute(m), Call: id, Queue: "care", Entered: minute(n), Outcome: call.Abandoned,
			}, call.Event{Kind: call.Ended, At: minute(m), Call: id}, call.Event{
				Kind: call.Recorded, At: minute(m), Call: id,
				Recording: &call.Recording{Path: string(id) + ".wav", SHA256: "x", Begin: minute(n)},
			})
		}
		events = append(events, call.Event{
			Kind: call.AgentChanged, At: minute(m), Agent: "ann", From: call.Offline, To: call.Ready,
		})
	}
	if _, err := s.Append(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	if old, err := s.Old(t.Context(), begin); err != nil || old.UpTo != 0 {
		t.Errorf("before the first event: %+v, %v", old, err)
	}
	if kept, err := s.Kept(t.Context()); err != nil || !kept.IsZero() {
		t.Errorf("nothing is forgotten, and calls are kept since %v, %v", kept, err)
	}
	const until = 50
	files := forgetAll(t, s, minute(until))
	if len(files) != until-lasts || files[0] != "c000.wav" || files[len(files)-1] != "c046.wav" {
		t.Errorf("files %v, want those of the calls that were over", files)
	}
	for n := range calls {
		want := 5
		switch {
		case n < until-lasts:
			want = 0
		case n < until:
			want = 3 // its end, until the next night
		}
		story, err := s.Story(t.Context(), call.ID(fmt.Sprintf("c%03d", n)))
		if err != nil || len(story) != want {
			t.Errorf("call %d has %d events, %v; want %d", n, len(story), err, want)
		}
	}
	stays, err := s.read.NewSelect().Table("stays").Count(t.Context())
	if err != nil || stays != calls-until {
		t.Errorf("%d stays, %v; want those of %d calls", stays, err, calls-until)
	}
	if kept, err := s.Kept(t.Context()); err != nil || !kept.Equal(minute(until).Add(24*time.Hour)) {
		t.Errorf("calls are kept since %v, %v", kept, err)
	}
	if files = forgetAll(t, s, minute(100_000)); len(files) != calls-until+lasts {
		t.Errorf("%d files of everything else", len(files))
	}
	last, err := s.LastSeq(t.Context())
	if err != nil || last != uint64(len(events)) {
		t.Errorf("last event is %d, %v; want %d", last, err, len(events))
	}
	added, err := s.Append(t.Context(), []call.Event{{Kind: call.Arrived, At: begin, Call: "new"}})
	if err != nil || added[0].Seq != last+1 {
		t.Errorf("added %+v, %v", added, err)
	}
	for _, edit := range []string{"DELETE FROM events", "DELETE FROM forgotten", "UPDATE forgotten SET up_to = 1000000"} {
		if _, err := s.write.ExecContext(t.Context(), edit); err == nil {
			t.Errorf("%s is allowed", edit)
		}
	}
}

// forgetAll deletes piece by piece and returns the files that were named.
func forgetAll(t *testing.T, s *Store, before time.Time) (files []string) {
	t.Helper()
	for {
		old, err := s.Old(t.Context(), before)
		if err != nil {
			t.Fatal(err)
		}
		if old.UpTo == 0 {
			return files
		}
		files = append(files, old.Recordings...)
		if err := s.Forget(t.Context(), old); err != nil {
			t.Fatal(err)
		}
	}
}
