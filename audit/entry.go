// Package audit is the log of what was done by whom: sign-ins, changes of rights, listening
// to, exporting and deleting recordings. Entries are numbered without gaps, never changed,
// and chained: each holds a hash over itself and the hash before it, so that a byte that is
// changed, a row that is taken out and a row that is slipped in are found. A witness, a file
// of its own that holds every hash, finds an end that is cut off and a chain that is made anew.
package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Outcome is what became of a deed.
type Outcome string

// The outcomes of a deed.
const (
	Allowed Outcome = "allowed" // permitted, and carried out right after
	Denied  Outcome = "denied"
	Failed  Outcome = "failed" // permitted, but it did not take effect
)

// ErrInvalid is the cause of a refusal of an entry; the error names the field and its rule.
var ErrInvalid = errors.New("invalid entry")

// Deed is what is written down. It holds no secret and no full telephone number (call.Masked).
type Deed struct {
	ActorID string // random id of the user or token; "" = nobody is signed in
	Actor   string // his name at that time
	Address string // IP address; "" on the machine itself
	Action  string // such as "recording.play"
	Object  string // what it was done to, such as "recording 2026/..."
	Outcome Outcome
	Details map[string]string
}

// Entry is one row of the log.
type Entry struct {
	Seq     uint64    `json:"seq"` // from 1, without gaps
	At      time.Time `json:"at"`  // UTC, to a millisecond
	ActorID string    `json:"actor_id,omitempty"`
	Actor   string    `json:"actor,omitempty"`
	Address string    `json:"address,omitempty"`
	Action  string    `json:"action"`
	Object  string    `json:"object,omitempty"`
	Outcome Outcome   `json:"outcome"`
	// Details is the text that was hashed: a JSON object whose keys are sorted. It is kept
	// as text, so that no decoder stands between the row and its hash.
	Details string `json:"details"`
	Hash    string `json:"hash"` // hex
}

const (
	longest     = 512  // bytes of a text
	mostDetails = 4096 // bytes of all details
)

// hash returns the hash of an entry that follows one with the hash before; "" for the
// first. It is SHA-256 over the hash before and the canonical bytes of the entry: each
// number as eight bytes, each text behind its length, so that no two entries have the same.
func (e Entry) hash(before string) string {
	b := []byte("hotline audit 1\n")
	text := func(s string) {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	text(before)
	b = binary.BigEndian.AppendUint64(b, e.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMilli()))
	for _, s := range []string{e.ActorID, e.Actor, e.Address, e.Action, e.Object, string(e.Outcome), e.Details} {
		text(s)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Head is the last entry that somebody knows of.
type Head struct {
	Seq  uint64
	Hash string
}

// String is a head as it is written down elsewhere and given to verify.
func (h Head) String() string { return fmt.Sprintf("%d:%s", h.Seq, h.Hash) }

// ParseHead reads what String wrote.
func ParseHead(text string) (Head, error) {
	number, hash, _ := strings.Cut(strings.TrimSpace(text), ":")
	seq, err := strconv.ParseUint(number, 10, 64)
	raw, wrong := hex.DecodeString(hash)
	if err != nil || wrong != nil || seq == 0 || len(raw) != sha256.Size {
		return Head{}, fmt.Errorf("head: %w: must be NUMBER:HASH, not %q", ErrInvalid, text)
	}
	return Head{Seq: seq, Hash: hash}, nil
}

// Chained returns the entry of a deed that follows a head, which is zero before the first.
func Chained(before Head, d Deed, at time.Time) (Entry, error) {
	e := Entry{
		Seq: before.Seq + 1, At: at.UTC().Truncate(time.Millisecond), ActorID: d.ActorID, Actor: d.Actor,
		Address: d.Address, Action: d.Action, Object: d.Object, Outcome: d.Outcome,
	}
	if d.Action == "" {
		return Entry{}, fmt.Errorf("%w: action must not be empty", ErrInvalid)
	}
	if d.Outcome != Allowed && d.Outcome != Denied && d.Outcome != Failed {
		return Entry{}, fmt.Errorf("%w: outcome %q is none", ErrInvalid, d.Outcome)
	}
	for _, s := range []*string{&e.ActorID, &e.Actor, &e.Address, &e.Action, &e.Object} {
		*s = storable(*s)
	}
	details, err := detailsOf(d.Details)
	if err != nil {
		return Entry{}, err
	}
	e.Details = details
	e.Hash = e.hash(before.Hash)
	return e, nil
}

// detailsOf writes the details as JSON. What is too long is shortened, not refused: a long
// text in a request must not be a way to do something that cannot be logged.
func detailsOf(details map[string]string) (string, error) {
	kept := make(map[string]string, len(details))
	for key, text := range details {
		kept[storable(key)] = storable(text)
	}
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // for people, who read "ja -> su"
	if err := e.Encode(kept); err != nil {
		return "", fmt.Errorf("details: %w", err)
	}
	raw := strings.TrimSuffix(text.String(), "\n")
	if len(raw) > mostDetails {
		return `{"details":"too long"}`, nil
	}
	return raw, nil
}

// storable is a text that every database takes: valid UTF-8 without NUL, at most so long.
func storable(s string) string {
	if len(s) > longest {
		s = s[:longest]
		for !utf8.ValidString(s) && len(s) > longest-utf8.UTFMax {
			s = s[:len(s)-1]
		}
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
}
