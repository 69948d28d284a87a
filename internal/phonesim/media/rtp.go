package media

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Layout of an RTP packet (RFC 3550, 5.1).
const (
	headerSize   = 12
	rtpVersion   = 2
	versionShift = 6
	paddingBit   = 0x20
	extensionBit = 0x10
	csrcMask     = 0x0F
	markerBit    = 0x80
	typeMask     = 0x7F
)

// errMalformed marks a datagram that is not an RTP packet.
var errMalformed = errors.New("not an RTP packet")

// packet is the part of an RTP packet the engine looks at.
type packet struct {
	payloadType uint8
	marker      bool
	seq         uint16
	timestamp   uint32
	ssrc        uint32
	payload     []byte // Shares memory with the datagram.
}

// appendTo writes the packet to buf and returns the longer slice.
func (p *packet) appendTo(buf []byte) []byte {
	second := p.payloadType
	if p.marker {
		second |= markerBit
	}
	buf = append(buf, rtpVersion<<versionShift, second)
	buf = binary.BigEndian.AppendUint16(buf, p.seq)
	buf = binary.BigEndian.AppendUint32(buf, p.timestamp)
	buf = binary.BigEndian.AppendUint32(buf, p.ssrc)
	return append(buf, p.payload...)
}

// parse reads a datagram; contributing sources, header extension and padding
// are skipped.
func parse(b []byte) (packet, error) {
	if len(b) < headerSize || b[0]>>versionShift != rtpVersion {
		return packet{}, fmt.Errorf("%w: %d bytes", errMalformed, len(b))
	}
	p := packet{
		payloadType: b[1] & typeMask,
		marker:      b[1]&markerBit != 0,
		seq:         binary.BigEndian.Uint16(b[2:]),
		timestamp:   binary.BigEndian.Uint32(b[4:]),
		ssrc:        binary.BigEndian.Uint32(b[8:]),
	}
	body := headerSize + 4*int(b[0]&csrcMask)
	if b[0]&extensionBit != 0 {
		if len(b) < body+4 {
			return packet{}, fmt.Errorf("%w: header extension cut off", errMalformed)
		}
		body += 4 + 4*int(binary.BigEndian.Uint16(b[body+2:]))
	}
	end := len(b)
	if b[0]&paddingBit != 0 {
		end -= int(b[len(b)-1])
	}
	if body > end {
		return packet{}, fmt.Errorf("%w: header of %d bytes in %d", errMalformed, body, len(b))
	}
	p.payload = b[body:end]
	return p, nil
}
