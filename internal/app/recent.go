package app

// recent is a map of bounded size: a new entry takes the place of the one that was touched
// least recently.
type recent[K comparable, V any] struct {
	most      int
	items     map[K]*entry[K, V]
	root      entry[K, V] // of a ring: newer is the one touched longest ago, older the last one
	forgotten int         // entries that had to make room
}

type entry[K comparable, V any] struct {
	key          K
	value        V
	newer, older *entry[K, V]
}

// newRecent makes a map of at most so many entries, which must be above 0.
func newRecent[K comparable, V any](most int) *recent[K, V] {
	r := &recent[K, V]{most: most, items: map[K]*entry[K, V]{}}
	r.root.newer, r.root.older = &r.root, &r.root
	return r
}

// get is the value of a key, nil when there is none.
func (r *recent[K, V]) get(key K) *V {
	e, ok := r.items[key]
	if !ok {
		return nil
	}
	e.leave()
	r.enter(e)
	return &e.value
}

// put is the value of a key, a zero one when there was none.
func (r *recent[K, V]) put(key K) *V {
	if v := r.get(key); v != nil {
		return v
	}
	if len(r.items) >= r.most {
		r.forgotten++
		r.drop(r.root.newer.key)
	}
	e := &entry[K, V]{key: key}
	r.items[key] = e
	r.enter(e)
	return &e.value
}

func (r *recent[K, V]) drop(key K) {
	if e, ok := r.items[key]; ok {
		e.leave()
		delete(r.items, key)
	}
}

// enter makes an entry the one that was touched last.
func (r *recent[K, V]) enter(e *entry[K, V]) {
	e.older, e.newer = r.root.older, &r.root
	e.older.newer, e.newer.older = e, e
}

func (e *entry[K, V]) leave() { e.newer.older, e.older.newer = e.older, e.newer }
