// Package g711 turns the companded speech of ITU-T G.711 into linear samples. It only
// decodes: the recorder stores what the switch wrote and never compands anything anew.
package g711

// Law is one of the two companding laws of G.711. The zero value is no law.
type Law uint8

// The laws: A-law is what trunks outside North America and Japan speak.
const (
	ALaw Law = iota + 1
	ULaw
)

// String is the name Asterisk gives to the law, also the suffix of its headerless files.
func (l Law) String() string {
	switch l {
	case ALaw:
		return "alaw"
	case ULaw:
		return "ulaw"
	default:
		return "unknown"
	}
}

// Table is a law's linear value for each of its 256 codes, scaled to 16 bits.
type Table [256]int16

// The tables are built once and never written to.
var (
	aTable = build(decodeA)
	uTable = build(decodeU)
)

// Table gives the table of l, to be read only; nil when l is not a law.
func (l Law) Table() *Table {
	switch l {
	case ALaw:
		return &aTable
	case ULaw:
		return &uTable
	default:
		return nil
	}
}

func build(decode func(byte) int16) Table {
	var t Table
	for code := range t {
		t[code] = decode(byte(code))
	}
	return t
}

// decodeA expands one A-law code. On the wire every second bit is inverted (0x55); the
// sign bit is set for positive values; segments 0 and 1 share one step size.
func decodeA(code byte) int16 {
	code ^= 0x55
	segment, step := code>>4&7, int16(code&15)
	magnitude := step<<4 + 8
	if segment > 0 {
		magnitude = (magnitude + 0x100) << (segment - 1)
	}
	if code&0x80 == 0 {
		return -magnitude
	}
	return magnitude
}

// decodeU expands one mu-law code. On the wire all bits are inverted; 0x84 is the bias
// that makes every segment start at a power of two.
func decodeU(code byte) int16 {
	const bias = 0x84
	code = ^code
	segment, step := code>>4&7, int16(code&15)
	magnitude := (step<<3+bias)<<segment - bias
	if code&0x80 != 0 {
		return -magnitude
	}
	return magnitude
}
