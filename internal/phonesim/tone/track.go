package tone

import (
	"time"

	"hotline/internal/phonesim/g711"
)

// Limits of a Track.
const (
	// maxSpans bounds the memory of one leg; further spans are only counted.
	maxSpans = 512
	// mergeGap is the longest break inside one span: a lost or damaged packet
	// or two do not make a new sound.
	mergeGap = 100 * time.Millisecond
	// maxChange is the energy that may change from one window to the next, as a
	// share of the energy in both, for the sound to count as repeating.
	maxChange = 0.15
)

// Span is one stretch of time in which a code was heard without a break.
type Span struct {
	// Tone is the code heard.
	Tone int `json:"tone"`
	// First and Last are the arrival times of the first and the last 20 ms.
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	// Windows counts the windows of 20 ms that carried the code.
	Windows int `json:"windows"`
	// Number is the number of the first frame (see the function Number), counted
	// by its sender from 0: as many frames were lost before it. -1: it has none.
	Number int `json:"number"`
}

// Track follows one received stream and notes which codes it carries and when.
// It costs next to nothing while a tone lasts or while there is none: only a
// sound that repeats from window to window is analysed. A Track is not safe for
// concurrent use. The zero value is ready.
type Track struct {
	cur, prev [Window]byte
	pcm       [2 * Window]int16 // Samples of prev, then of cur.
	fill      int
	hasPrev   bool
	prevAt    time.Time
	code      int  // Heard in the window before, when locked.
	locked    bool // The window before carried a code.
	spans     []Span
	dropped   int
}

// Feed adds the codes of one received packet; at is its time of arrival. It
// returns the code and true when a code begins to be heard.
func (t *Track) Feed(law g711.Law, payload []byte, at time.Time) (code int, began bool) {
	for len(payload) > 0 {
		n := copy(t.cur[t.fill:], payload)
		payload = payload[n:]
		if t.fill += n; t.fill < Window {
			break
		}
		t.fill = 0
		if t.window(law, at) {
			code, began = t.code, true
		}
	}
	return code, began
}

// Spans returns a copy of what was heard so far, in order of time, and how many
// further spans did not fit.
func (t *Track) Spans() (spans []Span, dropped int) {
	return append([]Span{}, t.spans...), t.dropped
}

// window judges the window just completed and tells whether a code begins.
func (t *Track) window(law g711.Law, at time.Time) (began bool) {
	if t.locked && t.cur == t.prev {
		t.extend(at)
	} else if t.hasPrev {
		law.DecodeTo(t.pcm[:Window], t.prev[:])
		law.DecodeTo(t.pcm[Window:], t.cur[:])
		began = t.judge(at)
	}
	t.prev, t.prevAt, t.hasPrev = t.cur, at, true
	return began
}

func (t *Track) judge(at time.Time) (began bool) {
	code, ok := 0, false
	if repeats(&t.pcm) {
		code, ok = Detect(t.pcm[:])
	}
	wasLocked := t.locked && t.code == code
	t.code, t.locked = code, ok
	switch {
	case !ok:
		return false
	case wasLocked || t.resumes():
		t.extend(at)
		return false
	case len(t.spans) == maxSpans:
		t.dropped++
		return true
	}
	t.spans = append(t.spans, Span{Tone: code, First: t.prevAt, Last: at, Windows: 2, Number: number(t.prev[:])})
	return true
}

func number(frame []byte) int {
	if n, ok := NumberOf(frame); ok {
		return n
	}
	return -1
}

// resumes tells whether the code goes on after a break too short to count.
func (t *Track) resumes() bool {
	if len(t.spans) == 0 {
		return false
	}
	last := t.spans[len(t.spans)-1]
	return last.Tone == t.code && t.prevAt.Sub(last.Last) <= mergeGap
}

func (t *Track) extend(at time.Time) {
	last := len(t.spans) - 1
	if t.spans[last].Tone != t.code {
		return // The span did not fit and was counted.
	}
	t.spans[last].Last = at
	t.spans[last].Windows++
}

// repeats tells whether the two windows of pcm are loud enough and alike
// enough to be worth an analysis.
func repeats(pcm *[2 * Window]int16) bool {
	var change, energy int64
	for i := range Window {
		a, b := int64(pcm[i]), int64(pcm[i+Window])
		change += (a - b) * (a - b)
		energy += a*a + b*b
	}
	return energy >= 2*Window*minRMS*minRMS && float64(change) <= maxChange*float64(energy)
}
