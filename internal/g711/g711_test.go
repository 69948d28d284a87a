package g711_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"testing"

	"hotline/internal/g711"
)

// The hashes are of the 256 values as little-endian 16-bit numbers, computed with an
// implementation that shares nothing with this one (the audioop module of Python 3.11).
var foreign = map[g711.Law]string{
	g711.ALaw: "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174",
	g711.ULaw: "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827",
}

func TestTablesAreThoseOfAnother(t *testing.T) {
	for law, want := range foreign {
		var b bytes.Buffer
		if err := binary.Write(&b, binary.LittleEndian, law.Table()[:]); err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(b.Bytes()); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s: table differs: %v", law, law.Table())
		}
	}
}

func TestKnownValues(t *testing.T) {
	for _, c := range []struct {
		law  g711.Law
		code byte
		want int16
	}{
		{g711.ALaw, 0xd5, 8}, // silence
		{g711.ALaw, 0x55, -8},
		{g711.ALaw, 0xaa, 32256}, // loudest
		{g711.ALaw, 0x2a, -32256},
		{g711.ULaw, 0xff, 0}, // silence
		{g711.ULaw, 0x7f, 0},
		{g711.ULaw, 0x80, 32124}, // loudest
		{g711.ULaw, 0x00, -32124},
		{g711.ULaw, 0xfe, 8},
	} {
		if got := c.law.Table()[c.code]; got != c.want {
			t.Errorf("%s %#02x: %d, want %d", c.law, c.code, got, c.want)
		}
	}
}

// TestEveryCode holds the shape of the laws over all codes: symmetric in the sign bit, and
// louder with every step of the magnitude.
func TestEveryCode(t *testing.T) {
	masks := map[g711.Law]byte{g711.ALaw: 0x55, g711.ULaw: 0xff}
	for law, mask := range masks {
		table := law.Table()
		for code := range 256 {
			if a, b := table[code], table[code^0x80]; a != -b {
				t.Errorf("%s: codes %#02x and %#02x are %d and %d", law, code, code^0x80, a, b)
			}
		}
		for magnitude := range 127 {
			quiet, loud := table[byte(magnitude)^mask], table[byte(magnitude+1)^mask]
			if max(quiet, -quiet) >= max(loud, -loud) {
				t.Errorf("%s: magnitude %d: %d is not below %d", law, magnitude, quiet, loud)
			}
		}
	}
}

func TestNoLaw(t *testing.T) {
	if got := g711.Law(0).Table(); got != nil {
		t.Errorf("a law that is none has a table: %v", got)
	}
	if g711.ALaw.String() != "alaw" || g711.ULaw.String() != "ulaw" || g711.Law(9).String() != "unknown" {
		t.Error("the names of the laws are wrong")
	}
}
