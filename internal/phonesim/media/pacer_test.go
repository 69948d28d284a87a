package media

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPacerNeverDrifts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := time.Unix(1000, 0)
		p := pacer{start: start}
		now, served := start, int64(0)
		for range rapid.IntRange(1, 200).Draw(t, "wakes") {
			now = now.Add(time.Duration(rapid.IntRange(0, 60_000).Draw(t, "microseconds")) * time.Microsecond)
			first, count, skip := p.due(now)
			if skip != 0 {
				t.Fatalf("skipped %d frames after a delay of at most 60 ms", skip)
			}
			if count > 0 && first != served {
				t.Fatalf("tick %d follows tick %d", first, served-1)
			}
			served += int64(count)
			if want := int64(now.Sub(start)/slotTime) + 1; served != want {
				t.Fatalf("%d ticks served after %v, want %d", served, now.Sub(start), want)
			}
			if w := p.wait(now); w <= 0 || w > slotTime {
				t.Fatalf("next tick in %v, want it within %v", w, slotTime)
			}
		}
	})
}

// A closed stream must leave the sender's lists, or they would grow for ever and
// the sender would never rest.
func TestClosedStreamsLeaveTheSender(t *testing.T) {
	t.Parallel()
	e, err := New(Options{Bind: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s, err := e.Open(StreamOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s.Play(&Source{})
		s.Close()
		s.Play(&Source{})
	}
	for slot := range e.due {
		if list, active := e.take(slot, &pacer{}); len(list) != 0 || active {
			t.Errorf("slot %d still holds %d streams, active %v", slot, len(list), active)
		}
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func TestPacerSkipsWholeFramesAfterALongStop(t *testing.T) {
	t.Parallel()
	start := time.Unix(1000, 0)
	p := pacer{start: start}
	p.due(start)
	first, count, skip := p.due(start.Add(time.Second))
	if count > catchUp || count < catchUp-slots {
		t.Errorf("%d ticks at once, want about %d", count, catchUp)
	}
	if missed := int64(skip) * slots; first != 1+missed {
		t.Errorf("first tick %d after skipping %d frames", first, skip)
	}
	if got := first + int64(count); got != 201 {
		t.Errorf("reached tick %d, want 201, the one due after a second", got)
	}
	if p.stats.LateTicks != 1 || p.stats.SkippedFrames != uint64(skip) || p.stats.MaxLate != 995*time.Millisecond {
		t.Errorf("pace %+v does not tell of the stop", p.stats)
	}
}
