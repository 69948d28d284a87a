package chaos

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

var (
	calls = flag.Int("chaos.calls", 16, "callers of each run of a fault")
	every = flag.Bool("chaos.every", false, "all ways of a fault, not only one of them by chance")
)

// chance begins a run: its seed is printed, so that it can be repeated.
func chance(t *testing.T) *rand.Rand {
	t.Helper()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("seed %d: repeat with -run '^%s$' -chaos.seed=%d -chaos.calls=%d -chaos.every=%t",
		*seed, t.Name(), *seed, *calls, *every)
	return rand.New(rand.NewPCG(*seed, 3))
}

// between is a time of the range by chance.
func between(dice *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(dice.Int64N(int64(to-from)))
}

// crowd registers all agents of a house; they answer soon and talk until the caller has
// said enough.
func crowd(h *house.House, dice *rand.Rand) []*phonesim.Agent {
	h.T.Helper()
	phones := make([]*phonesim.Agent, len(h.Asterisk.Agents))
	for i := range phones {
		ring := between(dice, 100*time.Millisecond, 600*time.Millisecond)
		phones[i] = h.Agent(i, func(phonesim.Offer) phonesim.Action { return phonesim.Answer(ring, 0) })
	}
	return phones
}

// wave lets n callers come, one after the other within the given time. Their numbers begin
// at first.
func wave(h *house.House, dice *rand.Rand, first, n int, within time.Duration) []*phonesim.Leg {
	h.T.Helper()
	legs := make([]*phonesim.Leg, n)
	for i := range legs {
		legs[i] = h.Call(phonesim.CallOptions{
			From: house.Number(first + i), Talk: between(dice, time.Second, 3*time.Second),
		})
		pass(h.T, between(dice, 0, 2*within/time.Duration(n)))
	}
	return legs
}

// until waits longer than the house does.
func until(h *house.House, limit time.Duration, what string, holds func() bool) time.Duration {
	h.T.Helper()
	began := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Since(began) > limit {
			h.T.Fatalf("waited %v in vain until %s", limit, what)
		}
		<-tick.C
	}
	return time.Since(began)
}

// partOK tells whether a part of the hotline is well by its own health check.
func partOK(h *house.House, name string) bool {
	for _, p := range h.Live().Health.Parts {
		if p.Name == name {
			return p.OK
		}
	}
	return true
}

// goroutines counts those of the hotline itself, which runs in this process beside its
// phones.
func goroutines() (n int) {
	buf := make([]byte, 16<<20)
	buf = buf[:runtime.Stack(buf, true)]
	for one := range strings.SplitSeq(string(buf), "\n\n") {
		alien := func(mark string) bool { return strings.Contains(one, mark) }
		if !slices.ContainsFunc([]string{"phonesim", "sipgo", "testing.", "hotline/test/", "testbed"}, alien) {
			n++
		}
	}
	return n
}

// passLine is what a run is judged by. All of it but the calls and the lost recording, which
// has a bound of its own in each run, must be nought.
type passLine struct {
	calls, dropped, stuck, twice, differ int
	lost                                 call.Millis
}

// verdict holds phones, ledger, Redis and report against each other and prints the pass line.
// Every caller either talked with an agent to his own end or gave up by himself; who was
// broken off by the fault is left out by spare.
func verdict(
	h *house.House, events []call.Event, spare func(*house.Story) bool,
) (p passLine, all map[string]*house.Story) {
	t := h.T
	t.Helper()
	all = house.Stories(t, events, reached(events, h.Sim.Ledger()))
	answered, abandoned, queued := 0, 0, 0
	for _, s := range all {
		p.calls++
		p.differ += differences(t, s)
		queued += len(s.Kinds[call.Queued])
		if len(s.Kinds[call.Answered]) > 0 {
			answered++
		} else {
			abandoned += len(s.Kinds[call.Queued])
		}
		for _, e := range s.Kinds[call.Recorded] {
			p.lost += max(0, e.Recording.Missing)
		}
		if spare != nil && spare(s) {
			continue
		}
		if s.Caller.EndedBy != phonesim.SideLocal || s.Caller.Result == phonesim.ResultFailed {
			p.dropped++
			t.Errorf("dropped: %+v", s.Caller)
		}
	}
	p.twice = rungTwice(t, h.Sim.Ledger())
	for _, a := range h.Live().Agents {
		if a.State != call.Ready {
			p.stuck++
			t.Errorf("agent %s is %s (%s)", a.ID, a.State, a.Reason)
		}
	}
	f := h.CompareFigures(events)
	if f.Offered != int64(queued) || f.Answered != int64(answered) || f.Abandoned+f.Short+f.Lost != int64(abandoned) {
		p.differ++
		t.Errorf("phones and ledger: %d calls, %d answered, %d not; report: %+v", p.calls, answered, abandoned, f)
	}
	t.Logf("calls %d, dropped %d, recording lost %d ms, agents stuck %d, rung twice %d, figures that differ %d",
		p.calls, p.dropped, p.lost, p.stuck, p.twice, p.differ)
	return p, all
}

// reached leaves out who hung up before, or in the moment in which, Asterisk answered him and
// never came to the hotline.
func reached(events []call.Event, records []phonesim.Record) []phonesim.Record {
	arrived := map[string]bool{}
	for _, e := range events {
		arrived[e.Number] = arrived[e.Number] || e.Kind == call.Arrived
	}
	return slices.DeleteFunc(records, func(r phonesim.Record) bool {
		return r.Role == phonesim.RoleCaller && !arrived[r.Party] &&
			(r.Answered.IsZero() || r.Ended.Sub(r.Answered) < 50*time.Millisecond)
	})
}

// differences counts what the ledger tells of one call that its phones deny.
func differences(t *testing.T, s *house.Story) (n int) {
	t.Helper()
	deny := func(yes bool, what string) {
		if yes {
			n++
			t.Errorf("call of %s: %s: %+v, ledger %+v", s.Caller.Party, what, s.Caller, s.Kinds)
		}
	}
	for _, k := range []call.Kind{call.Arrived, call.Ended} {
		deny(len(s.Kinds[k]) != 1, "not one event "+string(k))
	}
	deny(len(s.Kinds[call.Queued]) > 1, "queued more than once")
	deny(len(s.Kinds[call.Answered]) > 1, "answered more than once")
	heard := len(s.Caller.Heard) > 0
	deny(heard && len(s.Kinds[call.Answered]) == 0, "he heard an agent whom the ledger does not know")
	deny(len(s.Kinds[call.Answered]) != len(s.Kinds[call.TalkEnded]), "a talk has no end")
	deny(len(s.Kinds[call.Offered]) != len(s.Kinds[call.Answered])+len(s.Kinds[call.OfferEnded]), "an offer has no end")
	return n
}

// rungTwice counts the offers that reached a phone which had one already, or a caller for
// whom another phone rang. An INVITE and a CANCEL may cross on their ways.
func rungTwice(t *testing.T, records []phonesim.Record) (n int) {
	t.Helper()
	const cross = 100 * time.Millisecond
	for i, b := range records {
		for _, a := range records[:i] {
			if a.Role != phonesim.RoleAgent || b.Role != phonesim.RoleAgent || a.Party != b.Party && a.Peer != b.Peer {
				continue
			}
			if a.Ended.IsZero() || a.Ended.After(b.Invite.Add(cross)) {
				n++
				t.Errorf("rung twice: %s by %s at %v, and %s by %s until %v", b.Party, b.Peer, b.Invite, a.Party, a.Peer, a.Ended)
			}
		}
	}
	return n
}
