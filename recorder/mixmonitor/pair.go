// Package mixmonitor finds and reads what Asterisk's MixMonitor writes of a caller's
// channel: a pair of headerless G.711 files, <call>-rx.alaw with what the caller says and
// <call>-tx.alaw with all that he hears, below a spool folder.
//
// Asterisk writes them through a buffer of Buffer bytes and brings the rest to the disk
// when the channel is gone, a moment after it said so, in two steps: whole blocks, then
// what remains. Nothing in the files tells that they are complete: that is for the caller
// of this package to judge from their sizes.
package mixmonitor

import (
	"strconv"
	"strings"
	"time"

	"hotline/call"
	"hotline/internal/g711"
)

// Rate is the number of samples per second, each one byte in the file.
const Rate = 8000

// The sizes in bytes by which files grow. While a call lasts its files grow by a Buffer at
// a time, 4.1 s of sound; until the last write their size is a multiple of Block.
const (
	Buffer = 32 << 10
	Block  = 4 << 10
)

// Channel is one side of a pair, and its channel in the stereo file.
type Channel int

// The channels in their order in a stereo frame.
const (
	Caller Channel = iota // rx: what the caller says, left
	Heard                 // tx: what the caller hears, right
)

// Part is one file of a pair. The zero value is a file that does not exist.
type Part struct {
	Path     string   // relative to the spool, slash separated
	Law      g711.Law // how its samples are coded
	Size     int64    // bytes, and so samples
	Modified time.Time
}

// Exists says whether there is such a file.
func (p Part) Exists() bool { return p.Path != "" }

// Open says whether the size looks like that of a file that is still open. One complete
// file in 128 looks so too.
func (p Part) Open() bool { return p.Exists() && p.Size%Block == 0 }

// Pair is what the spool holds of one call, as it was when it was looked at.
type Pair struct {
	Call   call.ID
	Folder string  // where it was found, relative to the spool; "." is the spool itself
	Parts  [2]Part // by Channel
}

// Exists says whether at least one of the files exists.
func (p Pair) Exists() bool { return p.Parts[Caller].Exists() || p.Parts[Heard].Exists() }

// Whole says whether both files exist.
func (p Pair) Whole() bool { return p.Parts[Caller].Exists() && p.Parts[Heard].Exists() }

// Frames is the length of the pair: that of the longer file, in samples.
func (p Pair) Frames() int64 { return max(p.Parts[Caller].Size, p.Parts[Heard].Size) }

// Shorter is the length of the shorter file, in samples.
func (p Pair) Shorter() int64 { return min(p.Parts[Caller].Size, p.Parts[Heard].Size) }

// Sizes are the sizes of both files, by Channel.
func (p Pair) Sizes() [2]int64 { return [2]int64{p.Parts[Caller].Size, p.Parts[Heard].Size} }

// Modified is when one of the files was last written to.
func (p Pair) Modified() time.Time {
	if m := p.Parts[Heard].Modified; m.After(p.Parts[Caller].Modified) {
		return m
	}
	return p.Parts[Caller].Modified
}

// Began is when the call began as far as the pair itself can tell: the second in which
// Asterisk made the channel, which stands in its unique id, or else the last write less
// the length. It does not change once the files are complete.
func (p Pair) Began() time.Time {
	id := string(p.Call)
	id = id[strings.LastIndexByte(id, '-')+1:]
	seconds, _, found := strings.Cut(id, ".")
	if at, err := strconv.ParseInt(seconds, 10, 64); found && err == nil && len(seconds) >= 9 {
		return time.Unix(at, 0).UTC()
	}
	return p.Modified().Add(-Duration(p.Frames())).UTC()
}

// Duration is the length in time of that many samples.
func Duration(samples int64) time.Duration {
	return time.Duration(samples) * (time.Second / Rate)
}
