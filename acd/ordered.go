package acd

// member is what an ordered set holds. It knows its own place, so that it can be taken out
// of the middle at once and no dead entries are left behind to pile up. Its key must not
// change while it is in a set.
type member interface {
	key() rank
	place() *int // index in the set, outside when in none
}

// outside is the place of a member that is in no set.
const outside = -1

// ordered is a set that gives its first member at once and adds or removes any member in
// logarithmic time. A member is in at most one such set of its kind.
//
// It is a heap of four branches that holds a copy of each key: with a hundred thousand
// members the time is spent on fetching them from all over the memory, and container/heap
// touches three times as many.
type ordered[T member] struct{ items []item[T] }

type item[T member] struct {
	key    rank
	member T
}

const branches = 4

func (o *ordered[T]) first() (T, bool) {
	if len(o.items) == 0 {
		var none T
		return none, false
	}
	return o.items[0].member, true
}

func (o *ordered[T]) len() int { return len(o.items) }

// add puts in a member that is outside.
func (o *ordered[T]) add(m T) {
	o.items = append(o.items, item[T]{})
	o.up(len(o.items)-1, item[T]{key: m.key(), member: m})
}

// remove takes out a member; one that is outside stays there.
func (o *ordered[T]) remove(m T) {
	at := *m.place()
	if at == outside {
		return
	}
	*m.place() = outside
	last := len(o.items) - 1
	moved := o.items[last]
	o.items[last] = item[T]{}
	o.items = o.items[:last]
	if at < last {
		o.up(o.down(at, moved.key), moved)
	}
}

// up puts an item into the gap at i, or above it.
func (o *ordered[T]) up(i int, x item[T]) {
	for i > 0 {
		parent := (i - 1) / branches
		if x.key.compare(o.items[parent].key) >= 0 {
			break
		}
		o.set(i, o.items[parent])
		i = parent
	}
	o.set(i, x)
}

// down moves the gap at i below all that come before the key.
func (o *ordered[T]) down(i int, key rank) int {
	for {
		first := i*branches + 1
		if first >= len(o.items) {
			return i
		}
		least := first
		for child := first + 1; child < min(first+branches, len(o.items)); child++ {
			if o.items[child].key.compare(o.items[least].key) < 0 {
				least = child
			}
		}
		if key.compare(o.items[least].key) <= 0 {
			return i
		}
		o.set(i, o.items[least])
		i = least
	}
}

func (o *ordered[T]) set(i int, x item[T]) {
	o.items[i] = x
	*x.member.place() = i
}
