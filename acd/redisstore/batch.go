package redisstore

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"hotline/call"
)

// batch is the sum of the increments of consecutive events, ready for the apply script.
// Adding up here rather than in Redis makes a batch of some hundred events cost Redis
// about as much as ten single ones.
type batch struct {
	keys  keyspace
	rules Rules
	now   time.Time

	first, last uint64
	mark        string
	unmapped    uint64
	why         error // of the first unmapped event

	order  []string // keys in the order of their first increment
	hashes map[string]*hashSum
}

// hashSum is what a batch adds to one hash.
type hashSum struct {
	sums   []cell
	expire time.Time
}

// newBatch adds up the events, which must follow each other without a gap.
func newBatch(k keyspace, r Rules, now time.Time, events []call.Event) *batch {
	b := &batch{
		keys: k, rules: r, now: now, hashes: make(map[string]*hashSum),
		first: events[0].Seq, last: events[len(events)-1].Seq, mark: markOf(events[len(events)-1]),
	}
	for _, ev := range events {
		incs, err := r.increments(ev)
		if err != nil {
			b.unmapped++
			if b.why == nil {
				b.why = fmt.Errorf("event %d: %w", ev.Seq, err)
			}
			continue
		}
		for _, inc := range incs {
			b.add(inc)
		}
	}
	return b
}

// add counts for the interval and for the day; breaks by reason have days only.
func (b *batch) add(inc increment) {
	name, start := b.rules.day(inc.at)
	slot := interval(inc.at)
	cell, day := slot.Add(b.rules.Cells), start.AddDate(0, 0, 1).Add(b.rules.Keep)
	switch inc.of {
	case ofQueue:
		b.addTo(b.keys.queue(call.QueueID(inc.id), slot), cell, inc.by)
		b.addTo(b.keys.queueDay(call.QueueID(inc.id), name), day, inc.by)
	case ofAgent:
		b.addTo(b.keys.agent(call.AgentID(inc.id), slot), cell, inc.by)
		b.addTo(b.keys.agentDay(call.AgentID(inc.id), name), day, inc.by)
	case ofLine:
		b.addTo(b.keys.line(inc.id, slot), cell, inc.by)
		b.addTo(b.keys.lineDay(inc.id, name), day, inc.by)
	case ofBreaks:
		if h := b.hash(b.keys.breaksDay(call.AgentID(inc.id), name), day); h != nil {
			h.addNamed(inc.by.cells())
		}
	}
}

// addTo counts in one hash.
func (b *batch) addTo(key string, expire time.Time, by counts) {
	h := b.hash(key, expire)
	if h == nil {
		return
	}
	if h.sums == nil {
		h.sums = emptyLike(by)
	}
	merge(h.sums, by.cells())
}

// hash is what is added to one hash, nil where it would already have expired: in a rebuild
// from an old ledger it would be written only to vanish.
func (b *batch) hash(key string, expire time.Time) *hashSum {
	h := b.hashes[key]
	if h == nil && expire.After(b.now) {
		h = &hashSum{expire: expire}
		b.hashes[key] = h
		b.order = append(b.order, key)
	}
	return h
}

// addNamed adds cells that are not the same in each increment.
func (h *hashSum) addNamed(cells []cell) {
	for _, c := range cells {
		i := slices.IndexFunc(h.sums, func(have cell) bool { return have.field == c.field })
		if i < 0 {
			h.sums = append(h.sums, c)
			continue
		}
		*h.sums[i].value += *c.value
	}
}

// emptyLike makes the cells of a counter of the same kind that holds zeros.
func emptyLike(by counts) []cell {
	cells := by.cells()
	values := make([]int64, len(cells))
	for i := range cells {
		cells[i].value = &values[i]
	}
	return cells
}

// script gives KEYS and ARGV of the apply script.
func (b *batch) script() (keys []string, argv []any) {
	keys = []string{b.keys.seq(), b.keys.mark(), b.keys.config(), b.keys.index()}
	argv = []any{
		b.rules.fingerprint(), b.first, b.last, b.mark,
		// The index forgets a key only when it is surely gone, whatever the two clocks say.
		b.now.Add(-24 * time.Hour).Unix(),
	}
	for _, key := range b.order {
		h := b.hashes[key]
		keys = append(keys, key)
		at := len(argv)
		argv = append(argv, h.expire.Unix(), 0)
		fields := 0
		for _, c := range h.sums {
			if *c.value == 0 {
				continue
			}
			op := "add"
			if c.max {
				op = "max"
			}
			argv = append(argv, op, c.field, *c.value)
			fields++
		}
		argv[at+1] = fields
	}
	return keys, argv
}

// markOf is the fingerprint of an event: enough to tell that another ledger holds another
// event under the same number, and nothing about the caller.
func markOf(ev call.Event) string {
	return strconv.FormatInt(ev.At.UnixMilli(), 10) + " " + string(ev.Kind) + " " +
		string(ev.Call) + " " + string(ev.Agent)
}
