package tone

// A frame can carry its number inside the sound: the lowest bit of each of its
// first codes, the smallest step of G.711, is a bit of the number or of its
// check. Nobody hears it, the code stays what it is, and whatever passes the
// codes on untouched lets a listener tell which frame of the sender came first.
const (
	numberBits = 16
	checkBits  = 32
	// spread turns a number into a check in which every bit depends on it.
	spread = 2654435761
	// salt keeps the number 0 from having an even check.
	salt = 0x5BD1E995
)

// Number writes n, modulo 65536, into a frame of G.711 codes of at least 48 bytes.
func Number(frame []byte, n int) {
	word := uint64(uint16(n))<<checkBits | uint64(check(uint16(n)))
	for i := range numberBits + checkBits {
		frame[i] = frame[i]&^1 | byte(word>>i)&1
	}
}

// NumberOf reads the number of a frame of G.711 codes; ok is false when it
// carries none.
func NumberOf(frame []byte) (n int, ok bool) {
	if len(frame) < numberBits+checkBits {
		return 0, false
	}
	var word uint64
	for i := range numberBits + checkBits {
		word |= uint64(frame[i]&1) << i
	}
	number := uint16(word >> checkBits)
	return int(number), uint32(word) == check(number)
}

func check(number uint16) uint32 {
	return (uint32(number)+1)*spread ^ salt
}
