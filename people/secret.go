package people

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// newID returns a random id of 128 bits.
func newID() string {
	var raw [16]byte
	rand.Read(raw[:]) // never fails: it ends the process instead
	return hex.EncodeToString(raw[:])
}

// newToken returns a secret of 256 random bits, which no guessing finds, so that a plain
// hash of it may be stored.
func newToken() string {
	var raw [32]byte
	rand.Read(raw[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// hashOf is the form in which a random secret is stored.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// readable are letters and digits that are not taken for each other on a printed sheet.
const readable = "abcdefghjkmnpqrstuvwxyz23456789"

// readableSecret returns groups of five characters, about 25 bits each.
func readableSecret(groups int) string {
	var b strings.Builder
	var raw [1]byte
	for i := 0; i < 5*groups; {
		rand.Read(raw[:])
		if int(raw[0]) >= 256/len(readable)*len(readable) {
			continue // The rest of a byte would favour the first letters.
		}
		if i > 0 && i%5 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(readable[int(raw[0])%len(readable)])
		i++
	}
	return b.String()
}

// plainCode takes away what people add to a code when they type it.
func plainCode(code string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(code))
}
