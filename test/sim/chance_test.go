package sim

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// chance is the seed of a run. Every draw is made from it and a name of what is drawn for,
// never from a common sequence: so a run does not depend on which of two goroutines asks
// first, and a seed plays the same run again.
type chance uint64

// of is the dice of one thing.
func (c chance) of(name ...string) dice {
	h := fnv.New64a()
	for _, word := range name {
		_, _ = h.Write([]byte(word)) // a hash takes everything
		_, _ = h.Write([]byte{0})
	}
	return dice{rand.New(rand.NewPCG(uint64(c), h.Sum64()))}
}

// dice are what one thing is drawn with.
type dice struct{ *rand.Rand }

// happens is true with the given probability.
func (d dice) happens(p float64) bool { return d.Float64() < p }

// between is a length from one limit to another, to the nanosecond: two things that happen
// in the same instant would have no order.
func (d dice) between(from, to time.Duration) time.Duration {
	if to <= from {
		return from
	}
	return from + time.Duration(d.Int64N(int64(to-from)))
}

// about is an exponential length with that mean.
func (d dice) about(mean time.Duration) time.Duration {
	return time.Duration(d.ExpFloat64() * float64(mean))
}

// one draws one of several.
func one[T any](d dice, of ...T) T { return of[d.IntN(len(of))] }
