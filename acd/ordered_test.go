package acd

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// pebble is a member of an ordered set.
type pebble struct {
	rank
	index int
}

func (p *pebble) key() rank   { return p.rank }
func (p *pebble) place() *int { return &p.index }

// Whatever is added and removed, the first is the least and every member knows its place.
func TestOrderedSet(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var set ordered[*pebble]
		var in []*pebble
		for n := range rapid.IntRange(1, 300).Draw(rt, "turns") {
			if len(in) > 0 && rapid.IntRange(0, 2).Draw(rt, "remove") == 0 {
				i := rapid.IntRange(0, len(in)-1).Draw(rt, "which")
				set.remove(in[i])
				set.remove(in[i])
				if in[i].index != outside {
					rt.Fatalf("removed, but at %d", in[i].index)
				}
				in = slices.Delete(in, i, i+1)
			} else {
				at := dawn.Add(time.Duration(rapid.IntRange(0, 20).Draw(rt, "at")))
				p := &pebble{rank: rank{at, uint64(n)}, index: outside}
				set.add(p)
				in = append(in, p)
			}
			checkSet(rt, &set, in)
		}
	})
}

func checkSet(rt *rapid.T, set *ordered[*pebble], in []*pebble) {
	first, ok := set.first()
	if set.len() != len(in) || ok != (len(in) > 0) {
		rt.Fatalf("%d members, first: %t, want %d", set.len(), ok, len(in))
	}
	for _, p := range in {
		if set.items[p.index].member != p {
			rt.Fatalf("%v is not where it believes, at %d", p.rank, p.index)
		}
		if p.compare(first.rank) < 0 {
			rt.Fatalf("%v is before the first, %v", p.rank, first.rank)
		}
	}
}
