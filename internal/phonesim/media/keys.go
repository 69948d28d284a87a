package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Errors of keys.
var (
	// ErrKey is returned for what is no key of a telephone.
	ErrKey = errors.New("no key of a telephone")
	// ErrKeysFull is returned when more keys wait to be sent than a person would press.
	ErrKeysFull = errors.New("too many keys wait to be sent")
)

// Keys as RTP events (RFC 4733).
const (
	keyboard = "0123456789*#ABCD" // The position is the event's number.
	maxKeys  = 64                 // Waiting to be sent, and remembered as received.
	// keyFrames is how long a key is pressed, in frames of 20 ms: 100 ms, as a
	// telephone does; restFrames is the pause behind it, filled with the
	// telephone's sound.
	keyFrames  = 5
	restFrames = 5
	// endRepeats is how often the packet with the end of an event is sent, so
	// that losing one does not leave the key pressed (RFC 4733, 2.5.1.4).
	endRepeats = 3
	eventSize  = 4
	endBit     = 0x80
	keyVolume  = 10 // -10 dBm0.
)

// pressing is the state of the keys of one stream, both ways.
type pressing struct {
	payloadType uint8 // Of events towards the other side.
	waiting     []byte
	frame       int    // Frame of the key that is being pressed, then of the pause.
	began       uint32 // Time stamp of its first packet: all its packets carry it.

	heard     []byte // Keys received, in order.
	lastEvent uint32 // Time stamp of the last key received.
	anyEvent  bool
}

// Press sends keys, one after another, as events of the payload type the other side
// takes them under. A key replaces the telephone's sound for 160 ms, of which it is
// pressed 100; the sound goes on behind it where it stopped, so nothing said is lost.
// Press does not wait.
func (s *Stream) Press(keys string, payloadType uint8) error {
	events := make([]byte, 0, len(keys))
	for _, k := range strings.ToUpper(keys) {
		event := strings.IndexRune(keyboard, k)
		if event < 0 {
			return fmt.Errorf("%w: %q", ErrKey, k)
		}
		events = append(events, byte(event))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if len(s.keys.waiting)+len(events) > maxKeys {
		return fmt.Errorf("%w: at most %d", ErrKeysFull, maxKeys)
	}
	s.keys.payloadType = payloadType
	s.keys.waiting = append(s.keys.waiting, events...)
	return nil
}

// Keys are those heard so far, in order; at most the first 64.
func (s *Stream) Keys() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.keys.heard)
}

// next fills p with the packet of a key that is due at this frame; false means that the
// frame belongs to the telephone's sound.
func (k *pressing) next(p *packet) bool {
	if len(k.waiting) == 0 {
		return false
	}
	if k.frame >= keyFrames+endRepeats {
		k.frame++
		if k.frame >= keyFrames+endRepeats+restFrames {
			k.frame = 0
			k.waiting = k.waiting[1:]
		}
		return false
	}
	p.marker = k.frame == 0
	if p.marker {
		k.began = p.timestamp
	}
	flags := byte(keyVolume)
	if k.frame >= keyFrames {
		flags |= endBit
	}
	duration := min(k.frame+1, keyFrames) * FrameSamples
	p.payloadType, p.timestamp = k.payloadType, k.began
	p.payload = binary.BigEndian.AppendUint16([]byte{k.waiting[0], flags}, uint16(duration))
	k.frame++
	return true
}

// hear notes the key of an event. Its packets share one time stamp and count once.
func (k *pressing) hear(p packet) {
	if len(p.payload) < eventSize || int(p.payload[0]) >= len(keyboard) {
		return
	}
	if k.anyEvent && k.lastEvent == p.timestamp {
		return
	}
	k.anyEvent, k.lastEvent = true, p.timestamp
	if len(k.heard) < maxKeys {
		k.heard = append(k.heard, keyboard[p.payload[0]])
	}
}
