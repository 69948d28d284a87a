package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
)

// ErrBusy is returned when so many sign-ins wait that one more is refused at once.
var ErrBusy = errors.New("too many sign-ins at the same time")

// Cost is how much work one guess of a password takes.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// DefaultCost is what OWASP's password storage cheat sheet asks of Argon2id.
func DefaultCost() Cost { return Cost{Memory: 19 * 1024, Passes: 2, Lanes: 1} }

const (
	saltBytes = 16
	hashBytes = 32
	// maxMemory and maxPasses bound what a stored hash may ask for: who can write the file
	// must not be able to eat the memory of this process with it.
	maxMemory = 1 << 18 // KiB
	maxPasses = 16
)

// Hasher makes and compares hashes of passwords. A few run at the same time and a bounded
// number waits, so that a flood of sign-ins takes a known share of memory and processor.
type Hasher struct {
	cost    Cost
	slots   chan struct{} // holds one for each hash that is computed
	line    chan struct{} // holds one for each that is computed or waits
	decoy   string        // what a password is compared with when there is no user
	refused atomic.Uint64
}

// NewHasher returns a Hasher that computes parallel hashes at a time, with waiting more in
// line. Both must be at least 1.
func NewHasher(cost Cost, parallel, waiting int) *Hasher {
	var salt [saltBytes]byte
	var none [hashBytes]byte
	rand.Read(salt[:])
	return &Hasher{
		cost: cost, slots: make(chan struct{}, parallel), line: make(chan struct{}, parallel+waiting),
		decoy: phc(cost, salt[:], none[:]),
	}
}

// Refused is how often ErrBusy was returned.
func (h *Hasher) Refused() uint64 { return h.refused.Load() }

// Hash returns the PHC string of a password with a new salt. ErrBusy when the line is full.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	var salt [saltBytes]byte
	rand.Read(salt[:])
	sum, err := h.compute(ctx, password, h.cost, salt[:])
	if err != nil {
		return "", err
	}
	return phc(h.cost, salt[:], sum), nil
}

// Verify reports whether a password is that of a PHC string. For "", which is no password
// at all, it takes the same work and reports false, so that the time of an answer does not
// tell which names exist. ErrBusy when the line is full.
func (h *Hasher) Verify(ctx context.Context, password, stored string) (bool, error) {
	there := stored != ""
	if !there {
		stored = h.decoy
	}
	cost, salt, want, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	sum, err := h.compute(ctx, password, cost, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(sum, want) == 1 && there, nil
}

// Stale reports whether a stored hash was made at another cost, so that it is made anew
// when its password is at hand.
func (h *Hasher) Stale(stored string) bool {
	cost, _, _, err := parsePHC(stored)
	return err != nil || cost != h.cost
}

// compute waits for its turn.
func (h *Hasher) compute(ctx context.Context, password string, cost Cost, salt []byte) ([]byte, error) {
	select {
	case h.line <- struct{}{}:
	default:
		h.refused.Add(1)
		return nil, ErrBusy
	}
	defer func() { <-h.line }()
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("password: %w", ctx.Err())
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(password), salt, cost.Passes, cost.Memory, cost.Lanes, hashBytes), nil
}

// phc writes a hash in the form that other programs read too.
func phc(cost Cost, salt, sum []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, cost.Memory, cost.Passes, cost.Lanes,
		b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// errPHC is the error for a stored hash that is none; it does not repeat it.
var errPHC = errors.New("the stored password is no hash of Argon2id that this program takes")

func parsePHC(text string) (Cost, []byte, []byte, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return Cost{}, nil, nil, errPHC
	}
	var c Cost
	n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Lanes)
	if err != nil || n != 3 || c.Passes < 1 || c.Lanes < 1 || c.Memory > maxMemory || c.Passes > maxPasses {
		return Cost{}, nil, nil, errPHC
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return Cost{}, nil, nil, errPHC
	}
	sum, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(sum) != hashBytes || len(salt) < 8 {
		return Cost{}, nil, nil, errPHC
	}
	return c, salt, sum, nil
}
