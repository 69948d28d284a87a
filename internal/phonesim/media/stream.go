package media

import (
	"net/netip"
	"sync"
	"time"

	"hotline/internal/phonesim/g711"
	"hotline/internal/phonesim/tone"
)

// StreamOptions describes one stream.
type StreamOptions struct {
	// OnTone is called when a code begins to be heard, with the time its first
	// packet was noticed. It runs on the engine's reader and must not block.
	OnTone func(code int, at time.Time)
}

// Stream is the audio of one call leg: it sends one Source and listens. All
// methods are safe for concurrent use.
type Stream struct {
	engine *Engine
	opts   StreamOptions
	ssrc   uint32

	mu       sync.Mutex // Taken after the engine's lock, when both are needed.
	closed   bool
	sending  bool
	paused   bool
	marked   bool // The first packet, which carries the marker, was sent.
	slot     int
	remote   netip.AddrPort
	key      peerKey
	law      g711.Law
	source   *Source
	seq      uint16
	stamp    uint32
	received sequence
	counters Counters
	track    tone.Track
	keys     pressing
	// keyType is the payload type under which keys are received; 0 = none.
	keyType uint8
}

// SSRC is the synchronisation source of the packets sent. A description of the
// session should name it (RFC 5576), so that another engine can tell apart
// streams that share one address.
func (s *Stream) SSRC() uint32 {
	return s.ssrc
}

// Connect names the other side: its RTP address, its SSRC when the session
// description gave one (0 when not), and the law to send. From now on its
// packets are taken; a second call moves the stream. ErrNotLoopback refuses
// foreign addresses.
func (s *Stream) Connect(remote netip.AddrPort, ssrc uint32, law g711.Law) error {
	return s.engine.connect(s, remote, ssrc, law)
}

// TakeKeys names the payload type under which the other side sends keys; 0 means that it
// sends none.
func (s *Stream) TakeKeys(payloadType uint8) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keyType = payloadType
}

// Renumber makes seq the number of the first packet. It has no effect once one was sent.
func (s *Stream) Renumber(seq uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counters.Sent == 0 {
		s.seq = seq
	}
}

// Play begins to send src to the connected side, or changes what is sent.
// Sequence numbers and time stamps go on without a seam.
func (s *Stream) Play(src *Source) {
	own := *src
	s.mu.Lock()
	s.source = &own
	start := !s.sending && !s.closed
	s.sending = !s.closed
	s.mu.Unlock()
	if start {
		s.engine.schedule(s)
	}
}

// Pause stops and resumes the sending, as hold does. Time stamps go on.
func (s *Stream) Pause(paused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = paused
}

// Close stops the stream. Counters and what was heard stay readable.
func (s *Stream) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	s.mu.Unlock()
	s.engine.remove(s)
}

func (s *Stream) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Counters returns what was sent and received so far.
func (s *Stream) Counters() Counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counters
}

// Heard returns the codes heard so far in order of time, and how many further
// stretches were left out because a stream keeps at most 512.
func (s *Stream) Heard() (spans []tone.Span, dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.track.Spans()
}

// frame appends the packet now due to buf. ok is false when nothing is due.
// skip is the number of frames left out just before.
func (s *Stream) frame(buf []byte, skip int, now time.Time) (out []byte, to netip.AddrPort, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.remote.IsValid() {
		return buf, s.remote, false
	}
	s.stamp += uint32(skip * FrameSamples)
	p := packet{
		payloadType: s.law.PayloadType(),
		marker:      !s.marked,
		seq:         s.seq,
		timestamp:   s.stamp,
		ssrc:        s.ssrc,
	}
	s.stamp += FrameSamples
	if s.paused {
		s.source.next() // What is said meanwhile is lost.
		return buf, s.remote, false
	}
	if !s.keys.next(&p) {
		p.payload = s.source.next()
		if p.payload == nil {
			p.payload = s.engine.silence[s.law]
		}
	}
	s.seq++
	s.marked = true
	if s.counters.Sent == 0 {
		s.counters.FirstSent = now
	}
	s.counters.Sent++
	s.counters.LastSent = now
	return p.appendTo(buf), s.remote, true
}

// receive takes one packet of the other side.
func (s *Stream) receive(p packet, now time.Time) {
	s.mu.Lock()
	c := &s.counters
	if c.Received == 0 {
		c.FirstReceived = now
	} else {
		c.MaxGap = max(c.MaxGap, now.Sub(c.LastReceived))
	}
	c.LastReceived = now
	s.received.note(c, p.ssrc, p.seq)
	law, isAudio := g711.FromPayloadType(p.payloadType)
	code, began := 0, false
	if isAudio {
		code, began = s.track.Feed(law, p.payload, now)
	} else {
		c.Other++
		if s.keyType != 0 && p.payloadType == s.keyType {
			s.keys.hear(p)
		}
	}
	s.mu.Unlock()
	if began && s.opts.OnTone != nil {
		s.opts.OnTone(code, now)
	}
}
