package acd

import "container/heap"

// member is what an ordered set holds. It knows its own place, so that it can be taken out
// of the middle at once and no dead entries are left behind to pile up.
type member[T any] interface {
	before(other T) bool
	place() *int // index in the set, outside when in none
}

// outside is the place of a member that is in no set.
const outside = -1

// ordered is a set that gives its first member at once and adds or removes any member in
// logarithmic time. A member is in at most one such set of its kind.
type ordered[T member[T]] struct{ items items[T] }

func (o *ordered[T]) first() (T, bool) {
	if len(o.items) == 0 {
		var none T
		return none, false
	}
	return o.items[0], true
}

func (o *ordered[T]) len() int { return len(o.items) }

// add puts in a member that is outside.
func (o *ordered[T]) add(m T) { heap.Push(&o.items, m) }

// remove takes out a member; one that is outside stays there.
func (o *ordered[T]) remove(m T) {
	if at := *m.place(); at != outside {
		heap.Remove(&o.items, at)
	}
}

// items is the heap beneath ordered.
type items[T member[T]] []T

func (h items[T]) Len() int           { return len(h) }
func (h items[T]) Less(i, j int) bool { return h[i].before(h[j]) }

func (h items[T]) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	*h[i].place(), *h[j].place() = i, j
}

func (h *items[T]) Push(x any) {
	if m, ok := x.(T); ok {
		*m.place() = len(*h)
		*h = append(*h, m)
	}
}

func (h *items[T]) Pop() any {
	var none T
	last := len(*h) - 1
	m := (*h)[last]
	(*h)[last] = none
	*h = (*h)[:last]
	*m.place() = outside
	return m
}
