package audit

import "fmt"

// Fault is one thing that is wrong with the log.
type Fault struct {
	Seq uint64 // where
	Why string
}

// String says it in a line.
func (f Fault) String() string { return fmt.Sprintf("entry %d: %s", f.Seq, f.Why) }

// Chain checks entries one after the other. After a fault it goes on from the entry as it
// stands, so that one change is one fault and what comes after it is still checked.
type Chain struct {
	head    Head
	claims  map[uint64]string // hashes that somebody noted elsewhere
	highest uint64            // of the claims
	faults  []Fault
}

// NewChain returns a Chain that also holds the log against heads noted elsewhere.
func NewChain(noted []Head) *Chain {
	c := &Chain{claims: make(map[uint64]string, len(noted))}
	for _, h := range noted {
		if other, ok := c.claims[h.Seq]; ok && other != h.Hash {
			c.fault(h.Seq, "the witness holds two different hashes of it")
		}
		c.claims[h.Seq] = h.Hash
		c.highest = max(c.highest, h.Seq)
	}
	return c
}

// Next takes the next entry as it is stored.
func (c *Chain) Next(e Entry) {
	switch want := c.head.Seq + 1; {
	case e.Seq == want+1:
		c.fault(want, "is missing")
	case e.Seq > want:
		c.fault(want, fmt.Sprintf("is missing, with all up to %d", e.Seq-1))
	case e.Seq < want:
		c.fault(e.Seq, "stands at the wrong place")
	case e.hash(c.head.Hash) != e.Hash:
		c.fault(e.Seq, "was changed, or the one before it: the hash does not fit")
	}
	if noted, ok := c.claims[e.Seq]; ok && noted != e.Hash {
		c.fault(e.Seq, "was written anew: another hash was noted outside the log")
	}
	c.head = Head{Seq: e.Seq, Hash: e.Hash}
}

// End returns the last entry and what is wrong.
func (c *Chain) End() (Head, []Fault) {
	if c.highest > c.head.Seq {
		c.fault(c.head.Seq+1, fmt.Sprintf("is missing: the end is cut off, %d was noted outside the log", c.highest))
	}
	return c.head, c.faults
}

func (c *Chain) fault(seq uint64, why string) { c.faults = append(c.faults, Fault{Seq: seq, Why: why}) }
