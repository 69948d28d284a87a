package phonesim

import (
	"encoding/binary"
	"testing"
)

// What comes again is counted, as long as the memory reaches; the memory is bounded.
func TestSignallingCountsRepeats(t *testing.T) {
	t.Parallel()
	var s signalling
	datagram := func(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }
	s.note(incoming, datagram(1))
	s.note(outgoing, datagram(2))
	s.note(incoming, datagram(1))
	s.note(outgoing, datagram(2))
	s.note(outgoing, datagram(2))
	if want := (Signalling{Received: 2, Sent: 3, Repeated: 3}); s.stats() != want {
		t.Errorf("counted %+v, want %+v", s.stats(), want)
	}
	for n := range 3 * remembered {
		s.note(incoming, datagram(100+n))
	}
	if got := s.stats().Repeated; got != 3 {
		t.Errorf("%d repeats, want 3", got)
	}
	if len(s.young) > remembered || len(s.old) > remembered {
		t.Errorf("remembers %d and %d, want at most %d each", len(s.young), len(s.old), remembered)
	}
	s.note(incoming, datagram(100+3*remembered-1))
	s.note(incoming, datagram(100+2*remembered+remembered/2))
	if got := s.stats().Repeated; got != 5 {
		t.Errorf("%d repeats, want 5: what came lately is forgotten", got)
	}
}
