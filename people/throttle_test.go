package people

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

type manual struct{ now time.Time }

func (m *manual) Now() time.Time { return m.now }

func newManual(t *testing.T) (*throttle, *manual) {
	t.Helper()
	m := &manual{now: time.Unix(1_800_000_000, 0)}
	th, err := newThrottle(m.Now)
	if err != nil {
		t.Fatal(err)
	}
	return th, m
}

func TestWrongGuessesMakeTheNextOneWait(t *testing.T) {
	t.Parallel()
	th, m := newManual(t)
	var waits []time.Duration
	for len(waits) < 9 {
		a, wait, first := th.begin("wang", fmt.Sprintf("192.0.2.%d", len(waits))) // from everywhere
		if a != nil {
			a.wrong()
			continue
		}
		if !first {
			t.Error("a new closing is not told")
		}
		if _, _, again := th.begin("wang", "192.0.2.1"); again {
			t.Error("one closing is told twice")
		}
		waits = append(waits, wait)
		m.now = m.now.Add(wait)
	}
	for i, want := range []float64{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		if waits[i].Seconds() != want {
			t.Fatalf("waits %v, want seconds 1 2 4 8 16 32 60 60 60", waits)
		}
	}
	if th.closed() != 18 {
		t.Errorf("%d refusals counted, want 18", th.closed())
	}
	m.now = m.now.Add(forgetAfter + time.Second)
	for range 2 {
		a, _, _ := th.begin("wang", "192.0.2.1")
		if a == nil {
			t.Fatal("not forgotten after an hour")
		}
		a.wrong()
	}
}

// TestAddressIsClosedForManyNames: a list of names with one password each, from any address
// of the /64 that one line has, also with an account of one's own in between.
func TestAddressIsClosedForManyNames(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{false, true} {
		th, m := newManual(t)
		tried, worst := 0, time.Duration(0)
		for begin := m.now; m.now.Sub(begin) < 24*time.Hour; m.now = m.now.Add(time.Millisecond) {
			if a, _, _ := th.begin("mine", "2001:db8::1"); own && a != nil {
				a.right()
			} else if a != nil {
				a.neutral()
			}
			a, wait, _ := th.begin(fmt.Sprintf("user%d", tried), fmt.Sprintf("2001:db8::%x", tried))
			if a == nil {
				worst = max(worst, wait)
				m.now = m.now.Add(wait)
				continue
			}
			a.wrong()
			tried++
		}
		if tried < freeByAddress || tried > 200 || worst < worstAddress-time.Second || worst > worstAddress {
			t.Errorf("own %v: %d guesses in a day, longest wait %s; want %d to 200, and %s",
				own, tried, worst, freeByAddress, worstAddress)
		}
		if a, _, _ := th.begin("wang", "2001:db8:0:1::1"); a == nil {
			t.Error("another network is closed, too")
		}
	}
}

// TestManyAtOnceAreNoWayAround: guesses that have no outcome yet count as wrong.
func TestManyAtOnceAreNoWayAround(t *testing.T) {
	t.Parallel()
	th, _ := newManual(t)
	var begun []*attempt
	for range 100 {
		if a, _, _ := th.begin("wang", "192.0.2.1"); a != nil {
			begun = append(begun, a)
		}
	}
	if len(begun) != freeByName {
		t.Fatalf("%d guesses at once, want %d", len(begun), freeByName)
	}
	for _, a := range begun {
		a.neutral()
		a.wrong() // settled already
	}
	if a, _, _ := th.begin("wang", "192.0.2.1"); a == nil {
		t.Error("closed by guesses that were none")
	}
}

// TestThrottleNeverForEver draws any mixture of attempts: nobody waits longer than the worst,
// and who waits it out may try.
func TestThrottleNeverForEver(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := &manual{now: time.Unix(1_800_000_000, 0)}
		th, err := newThrottle(m.Now)
		if err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 300).Draw(rt, "attempts") {
			name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "name")
			address := rapid.SampledFrom([]string{"192.0.2.1", "192.0.2.2", "2001:db8::1", "", "?"}).Draw(rt, "address")
			a, wait, _ := th.begin(name, address)
			if a == nil {
				if m.now = m.now.Add(wait); wait > worstAddress {
					rt.Fatalf("%s from %s waits %s", name, address, wait)
				}
				if a, wait, _ = th.begin(name, address); a == nil {
					rt.Fatalf("waited and must wait %s more", wait)
				}
			}
			rapid.SampledFrom([]func(){a.wrong, a.right, a.neutral}).Draw(rt, "outcome")()
			m.now = m.now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(rt, "ms")) * time.Millisecond)
		}
	})
}

func TestTrackingIsBounded(t *testing.T) {
	t.Parallel()
	th, _ := newManual(t)
	for i := range maxTracked + 50 {
		if a, _, _ := th.begin(fmt.Sprintf("user%d", i), fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)); a != nil {
			a.wrong()
		}
	}
	if th.names.Len() != maxTracked || th.addresses.Len() != maxTracked {
		t.Errorf("%d names and %d addresses are tracked, want %d", th.names.Len(), th.addresses.Len(), maxTracked)
	}
}
