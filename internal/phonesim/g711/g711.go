// Package g711 converts between 16-bit linear samples and the two G.711
// companding laws, A-law (RTP payload type 8) and mu-law (payload type 0).
//
// The tables are computed from the formulas of ITU-T G.711 once, when the
// program starts, and never change.
package g711

import "math/bits"

// Law names one of the two companding laws. The zero value is A-law, the law
// of every network outside North America and Japan.
type Law uint8

// The two laws of G.711.
const (
	ALaw Law = iota
	ULaw
)

// The static RTP payload types of RFC 3551.
const (
	payloadTypeULaw = 0
	payloadTypeALaw = 8
)

// Widths and bounds of the two codes.
const (
	alawInvert    = 0x55   // A-law sends every even bit inverted.
	alawMax       = 0x7FFF // Largest 16-bit magnitude A-law can meet.
	ulawBias      = 0x84   // Added before the segment is looked up.
	ulawClip      = 32635  // Larger magnitudes would overflow with the bias.
	segmentBits   = 4      // Bits of the step inside one segment.
	segmentMask   = 0x0F
	exponentMask  = 0x07
	signBit       = 0x80
	firstSegment  = 8 // Bit length of a magnitude in the lowest segment.
	halfStepALaw  = 8
	halfStepULaw  = 0x84
	linearOneALaw = 0x108
)

var (
	alawLinear = table(alawDecode)
	ulawLinear = table(ulawDecode)
)

func table(decode func(byte) int16) *[256]int16 {
	var t [256]int16
	for i := range t {
		t[i] = decode(byte(i))
	}
	return &t
}

// PayloadType is the static RTP payload type of the law: 8 or 0.
func (l Law) PayloadType() uint8 {
	if l == ULaw {
		return payloadTypeULaw
	}
	return payloadTypeALaw
}

// Name is the encoding name SDP uses: PCMA or PCMU.
func (l Law) Name() string {
	if l == ULaw {
		return "PCMU"
	}
	return "PCMA"
}

// Silence is the code of a zero sample.
func (l Law) Silence() byte {
	if l == ULaw {
		return 0xFF
	}
	return 0xD5
}

// FromPayloadType returns the law behind a static RTP payload type; ok is
// false for every type that is not G.711.
func FromPayloadType(pt uint8) (l Law, ok bool) {
	switch pt {
	case payloadTypeALaw:
		return ALaw, true
	case payloadTypeULaw:
		return ULaw, true
	default:
		return ALaw, false
	}
}

// Decode turns one code into a 16-bit linear sample.
func (l Law) Decode(code byte) int16 {
	if l == ULaw {
		return ulawLinear[code]
	}
	return alawLinear[code]
}

// Encode turns one 16-bit linear sample into the nearest code.
func (l Law) Encode(sample int16) byte {
	if l == ULaw {
		return ulawEncode(sample)
	}
	return alawEncode(sample)
}

// DecodeTo decodes codes into dst and returns the number of samples, the
// length of the shorter of the two.
func (l Law) DecodeTo(dst []int16, codes []byte) int {
	lin := alawLinear
	if l == ULaw {
		lin = ulawLinear
	}
	n := min(len(dst), len(codes))
	for i := range n {
		dst[i] = lin[codes[i]]
	}
	return n
}

// EncodeAll returns the codes of pcm, one byte for each sample.
func (l Law) EncodeAll(pcm []int16) []byte {
	out := make([]byte, len(pcm))
	for i, s := range pcm {
		out[i] = l.Encode(s)
	}
	return out
}

func alawDecode(code byte) int16 {
	code ^= alawInvert
	mantissa := int16(code&segmentMask) << segmentBits
	exponent := (code >> segmentBits) & exponentMask
	var v int16
	if exponent == 0 {
		v = mantissa + halfStepALaw
	} else {
		v = (mantissa + linearOneALaw) << (exponent - 1)
	}
	if code&signBit == 0 {
		return -v
	}
	return v
}

func alawEncode(sample int16) byte {
	magnitude := int(sample)
	sign := byte(signBit)
	if magnitude < 0 {
		// One's complement, so that -1 and 0 fall in mirrored steps.
		magnitude = ^magnitude
		sign = 0
	}
	magnitude = min(magnitude, alawMax)
	exponent := max(bits.Len(uint(magnitude))-firstSegment, 0)
	shift := max(exponent-1, 0) + segmentBits
	code := byte(exponent)<<segmentBits | byte(magnitude>>shift)&segmentMask
	return (code | sign) ^ alawInvert
}

func ulawDecode(code byte) int16 {
	code = ^code
	exponent := (code >> segmentBits) & exponentMask
	v := (int(code&segmentMask)<<3+halfStepULaw)<<exponent - ulawBias
	if code&signBit != 0 {
		return int16(-v)
	}
	return int16(v)
}

func ulawEncode(sample int16) byte {
	magnitude := int(sample)
	var sign byte
	if magnitude < 0 {
		magnitude = -magnitude
		sign = signBit
	}
	magnitude = min(magnitude, ulawClip) + ulawBias
	exponent := max(bits.Len(uint(magnitude))-firstSegment, 0)
	code := sign | byte(exponent)<<segmentBits | byte(magnitude>>(exponent+3))&segmentMask
	return ^code
}
