package phonesim

import (
	"hash/maphash"
	"sync"
)

// Signalling tells how the SIP of all telephones is doing.
type Signalling struct {
	// Received and Sent count the datagrams.
	Received uint64 `json:"received"`
	Sent     uint64 `json:"sent"`
	// Repeated counts the datagrams of both directions that came once more,
	// byte for byte: on one machine, where none is lost, somebody answered late.
	Repeated uint64 `json:"repeated"`
}

func (s Signalling) plus(o Signalling) Signalling {
	return Signalling{Received: s.Received + o.Received, Sent: s.Sent + o.Sent, Repeated: s.Repeated + o.Repeated}
}

// way is the direction of a datagram.
type way byte

const (
	incoming way = iota
	outgoing
)

// remembered is how many datagrams a generation of the memory holds: at a
// hundred calls a second still longer than the first retransmissions take.
const remembered = 1 << 15

// signalling counts datagrams. The zero value is ready.
type signalling struct {
	mu    sync.Mutex
	seed  maphash.Seed
	count Signalling
	// Two generations bound the memory: when the young one is full, it becomes
	// the old one and what the old one knew is forgotten.
	young, old map[uint64]struct{}
}

func (s *signalling) note(w way, datagram []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.young == nil {
		s.seed = maphash.MakeSeed()
		s.young = make(map[uint64]struct{})
	}
	if w == incoming {
		s.count.Received++
	} else {
		s.count.Sent++
	}
	// What one side sends as an answer never equals what it was asked.
	key := maphash.Bytes(s.seed, datagram)
	_, inYoung := s.young[key]
	_, inOld := s.old[key]
	if inYoung || inOld {
		s.count.Repeated++
		return
	}
	if len(s.young) == remembered {
		s.young, s.old = make(map[uint64]struct{}, remembered), s.young
	}
	s.young[key] = struct{}{}
}

func (s *signalling) stats() Signalling {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}
