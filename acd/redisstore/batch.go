package redisstore

import (
	"fmt"
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

// add counts for the interval and for the day; a line has days only.
func (b *batch) add(inc increment) {
	name, start := b.rules.day(inc.at)
	slot := interval(inc.at)
	switch inc.of {
	case ofQueue:
		b.addTo(b.keys.queue(call.QueueID(inc.id), slot), slot, inc.by)
		b.addTo(b.keys.queueDay(call.QueueID(inc.id), name), start.AddDate(0, 0, 1), inc.by)
	case ofAgent:
		b.addTo(b.keys.agent(call.AgentID(inc.id), slot), slot, inc.by)
		b.addTo(b.keys.agentDay(call.AgentID(inc.id), name), start.AddDate(0, 0, 1), inc.by)
	case ofLine:
		b.addTo(b.keys.lineDay(inc.id, name), start.AddDate(0, 0, 1), inc.by)
	}
}

// addTo counts in one hash. A counter that would already have expired is left out: in a
// rebuild from an old ledger it would be written only to vanish.
func (b *batch) addTo(key string, from time.Time, by counts) {
	h := b.hashes[key]
	if h == nil {
		expire := from.Add(b.rules.Keep)
		if !expire.After(b.now) {
			return
		}
		h = &hashSum{sums: emptyLike(by), expire: expire}
		b.hashes[key] = h
		b.order = append(b.order, key)
	}
	merge(h.sums, by.cells())
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
