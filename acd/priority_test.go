package acd

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hotline/call"
)

// worth is what a step of priority is worth in the tests.
const worth = 30 * time.Second

func graded() Config {
	cfg := twoQueues()
	cfg.PriorityWorth = worth
	return cfg
}

// served lets Ann take everybody who waits in care and lists them in order.
func (h *house) served() []call.ID {
	h.t.Helper()
	var ids []call.ID
	h.do(SignIn{"ann"})
	for v := h.agent("ann"); v.Call != ""; v = h.agent("ann") {
		ids = append(ids, v.Call)
		h.do(Answered{v.Offer}, LegEnded{v.Offer, call.ByCaller}, WrapUpDone{"ann"})
	}
	return ids
}

// S5: a key account goes before those who entered a little earlier, and not before those
// who have waited long.
func TestS5KeyAccountsGoBefore(t *testing.T) {
	type entry struct {
		after    time.Duration
		id       call.ID
		priority int
	}
	for _, tc := range []struct {
		name    string
		entries []entry
		want    []call.ID
	}{
		{
			"before who entered within the worth of one step",
			[]entry{{0, "plain", 0}, {worth - time.Millisecond, "key", 1}},
			[]call.ID{"key", "plain"},
		},
		{
			"at just the worth the earlier arrival counts",
			[]entry{{0, "plain", 0}, {worth, "key", 1}},
			[]call.ID{"plain", "key"},
		},
		{
			"two steps, one step, none",
			[]entry{{0, "plain", 0}, {time.Second, "important", 1}, {time.Second, "key", 2}},
			[]call.ID{"key", "important", "plain"},
		},
		{
			"equal priorities keep the order of entry",
			[]entry{{0, "k1", 3}, {time.Second, "k2", 3}, {time.Second, "k3", 3}},
			[]call.ID{"k1", "k2", "k3"},
		},
		{
			"a negative one stands back, no longer than its worth",
			[]entry{{0, "back", -1}, {worth / 2, "c1", 0}, {worth, "c2", 0}},
			[]call.ID{"c1", "back", "c2"},
		},
		{
			"beyond the bound it counts as the bound",
			[]entry{
				{0, "c4", -MaxPriority - 1},
				{0, "c1", MaxPriority},
				{time.Second, "c2", MaxPriority + 1},
				{0, "c3", 0},
				{0, "c5", -MaxPriority},
			},
			[]call.ID{"c1", "c2", "c3", "c4", "c5"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, graded())
			for _, e := range tc.entries {
				h.after(e.after, Enter{Call: e.id, Queue: "care", Priority: e.priority})
			}
			if diff := cmp.Diff(tc.want, h.waiting("care")); diff != "" {
				t.Errorf("live view (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.want, h.served()); diff != "" {
				t.Errorf("served (-want +got):\n%s", diff)
			}
		})
	}
}

// Priority never goes into the times that are told: the wait is that from the entry.
func TestS5PriorityDoesNotChangeTheWait(t *testing.T) {
	h := newHouse(t, graded())
	h.do(SignIn{"ann"}, Enter{Call: "c1", Queue: "care", Priority: 5})
	out := h.after(4*time.Second, Answered{"c1-a1"})
	if ev := out.Events[0]; ev.Wait != 4000 || !ev.Entered.Equal(call.Stamp(dawn)) {
		t.Errorf("answer %+v, want a wait of 4000 ms from dawn", ev)
	}
}

// Priority callers starve the others elsewhere. Here nobody is passed by a caller who
// enters later than the difference of their worth, whoever calls how often.
func TestPeers11PriorityCannotStarve(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e, err := New(graded())
		if err != nil {
			rt.Fatalf("New: %v", err)
		}
		entered, priority := map[call.ID]time.Time{}, map[call.ID]int{}
		now := dawn
		for i := range rapid.IntRange(2, 40).Draw(rt, "callers") {
			now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(rt, "gap")) * time.Second)
			id := call.ID(fmt.Sprint("c", i))
			entered[id], priority[id] = now, rapid.IntRange(-MaxPriority, MaxPriority).Draw(rt, "priority")
			e.Apply(now, Enter{Call: id, Queue: "care", Priority: priority[id]})
		}
		e.Apply(now, SignIn{"ann"})
		left := len(entered)
		for v := e.Snapshot(now).Agents[0]; v.Call != ""; v = e.Snapshot(now).Agents[0] {
			id := v.Call
			for other, at := range entered {
				bound := time.Duration(priority[id]-priority[other]) * worth
				if other != id && entered[id].Sub(at) > bound {
					rt.Fatalf("%s is passed by %s, who entered %v later", other, id, entered[id].Sub(at))
				}
			}
			delete(entered, id)
			left--
			for _, c := range []Command{Answered{v.Offer}, LegEnded{v.Offer, call.ByCaller}, WrapUpDone{"ann"}} {
				e.Apply(now, c)
			}
		}
		if left != 0 {
			rt.Fatalf("%d are never served", left)
		}
	})
}

// A stream of key accounts that alone fills the agent: the plain caller is served when he
// has waited for what their priority is worth, not at the end of the day.
func TestPeers11LiveCallerIsServedAmidKeyAccounts(t *testing.T) {
	h := newHouse(t, graded())
	h.do(Enter{Call: "plain", Queue: "care"}, Enter{Call: "k0", Queue: "care", Priority: 2}, SignIn{"ann"})
	for i := 1; i < 100; i++ {
		h.do(Enter{Call: call.ID(fmt.Sprint("k", i)), Queue: "care", Priority: 2})
		v := h.agent("ann")
		if v.Call == "plain" {
			if waited := h.now.Sub(dawn); waited > 2*worth+10*time.Second {
				t.Errorf("served after %v, want within two steps of %v and one talk", waited, worth)
			}
			return
		}
		h.do(Answered{v.Offer})
		h.after(10*time.Second, LegEnded{v.Offer, call.ByCaller})
		h.do(WrapUpDone{"ann"})
	}
	t.Error("the plain caller starves")
}

// A caller who was cut off and rings again stands where he stood.
func TestPeers11AbandonedCallerResumesPlace(t *testing.T) {
	h := newHouse(t, graded())
	h.do(Enter{Call: "c1", Queue: "care"})
	h.after(time.Second, Enter{Call: "c2", Queue: "care"})
	h.after(5*time.Second, Leave{Call: "c1"})
	queued := h.after(5*time.Second, Enter{Call: "c1-again", Queue: "care", Place: dawn}).Events[0]
	entered := call.Stamp(dawn.Add(11 * time.Second))
	if !queued.Entered.Equal(entered) || !queued.Place.Equal(call.Stamp(dawn)) {
		t.Errorf("%+v, want the new entry and the old place", queued)
	}
	if v := h.e.Snapshot(h.now).Queues[0].Callers[0]; v.Call != "c1-again" || !v.Place.Equal(call.Stamp(dawn)) {
		t.Errorf("view %+v, want c1-again first with his old place", v)
	}
	if diff := cmp.Diff([]call.ID{"c1-again", "c2"}, h.served()); diff != "" {
		t.Errorf("served (-want +got):\n%s", diff)
	}
}

// The old place is no time of waiting: wait, service level and the limit of the queue count
// from the new entry.
func TestPeers11ResumedPlaceKeepsTheClockHonest(t *testing.T) {
	cfg := graded()
	cfg.Queues[0].MaxWait = maxWait
	h := newHouse(t, cfg)
	place := dawn.Add(-time.Hour)
	h.do(SignIn{"ann"}, Enter{Call: "c1", Queue: "care", Place: place})
	if ev := h.after(4*time.Second, Answered{"c1-a1"}).Events[0]; ev.Wait != 4000 || !ev.Entered.Equal(call.Stamp(dawn)) {
		t.Errorf("answer %+v, want a wait of 4000 ms from dawn", ev)
	}
	h.do(Enter{Call: "c2", Queue: "care", Place: place})
	h.wantTrace(h.after(maxWait-1, Tick{}))
	h.wantTrace(h.after(1, Tick{}), "left_queue c2 timed_out", "! expire c2 timed_out")
}

// A place that lies after the entry is none: nobody is put back by it.
func TestPlaceToComeIsNone(t *testing.T) {
	h := newHouse(t, graded())
	h.do(Enter{Call: "c1", Queue: "care", Place: dawn.Add(time.Minute)})
	h.after(time.Second, Enter{Call: "c2", Queue: "care"})
	if diff := cmp.Diff([]call.ID{"c1", "c2"}, h.waiting("care")); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
}

func TestSnapshotShowsTheLongestWait(t *testing.T) {
	h := newHouse(t, graded())
	h.do(Enter{Call: "c1", Queue: "care"})
	h.after(time.Second, Enter{Call: "key", Queue: "care", Priority: 2})
	q := h.e.Snapshot(h.now).Queues[0]
	if !q.Longest.Equal(call.Stamp(dawn)) || q.Callers[0].Call != "key" || q.Callers[0].Priority != 2 {
		t.Errorf("view %+v, want the key account first and the longest wait from dawn", q)
	}
}
