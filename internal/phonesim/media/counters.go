package media

import "time"

// Counters tells what one stream sent and received.
type Counters struct {
	// Sent counts the packets sent.
	Sent uint64 `json:"sent"`
	// Received counts the different packets received, late ones included.
	Received uint64 `json:"received"`
	// Lost counts the sequence numbers that never arrived.
	Lost uint64 `json:"lost"`
	// OutOfOrder counts packets that arrived after a later one.
	OutOfOrder uint64 `json:"out_of_order"`
	// Duplicates counts packets that arrived once more.
	Duplicates uint64 `json:"duplicates"`
	// Restarts counts changes of the sender's SSRC and jumps of its numbers.
	Restarts uint64 `json:"restarts"`
	// Other counts packets whose payload is not G.711, such as comfort noise.
	Other uint64 `json:"other"`
	// MaxGap is the longest time between two packets received, in nanoseconds.
	MaxGap time.Duration `json:"max_gap_ns"`
	// The first and last moment of each direction; zero when there was none.
	FirstSent     time.Time `json:"first_sent,omitzero"`
	LastSent      time.Time `json:"last_sent,omitzero"`
	FirstReceived time.Time `json:"first_received,omitzero"`
	LastReceived  time.Time `json:"last_received,omitzero"`
}

// Limits of the sequence number check.
const (
	historyBits = 64   // Packets remembered to tell a late one from a repeated one.
	maxJump     = 3000 // A larger step, a minute of packets, is a restart (RFC 3550, A.1).
)

// sequence follows the sequence numbers of one sender.
type sequence struct {
	started bool
	ssrc    uint32
	highest uint16
	history uint64 // Bit k is set when highest-k was received.
	span    uint64 // Numbers from the first to the highest.
	unique  uint64
	settled uint64 // Losses before the last restart.
}

// note files one packet under c.
func (s *sequence) note(c *Counters, ssrc uint32, seq uint16) {
	ahead := seq - s.highest
	behind := s.highest - seq
	switch {
	case !s.started:
		s.restart(ssrc, seq)
	case ssrc != s.ssrc, ahead >= maxJump && behind >= maxJump:
		c.Restarts++
		s.settled += s.lost()
		s.restart(ssrc, seq)
	case ahead == 0:
		c.Duplicates++
		return
	case ahead < maxJump:
		s.highest = seq
		s.span += uint64(ahead)
		s.history = s.history<<ahead | 1
		s.unique++
	case behind < historyBits && s.history&(1<<behind) != 0:
		c.Duplicates++
		return
	default:
		c.OutOfOrder++
		if behind < historyBits {
			s.history |= 1 << behind
		}
		s.unique++
	}
	c.Received++
	c.Lost = s.settled + s.lost()
}

func (s *sequence) restart(ssrc uint32, seq uint16) {
	s.started, s.ssrc, s.highest, s.history = true, ssrc, seq, 1
	s.span, s.unique = 1, 1
}

func (s *sequence) lost() uint64 {
	// A late packet from before the first one can make unique the larger.
	return max(s.span, s.unique) - s.unique
}
