package recorder

import (
	"time"

	"hotline/call"
	"hotline/recorder/mixmonitor"
)

// Fault is the reason of a call.RecordingFault event. The list is closed.
type Fault string

// The faults. The first three are told while the call lasts or right after it.
const (
	NotStarted  Fault = "not_started"  // a file did not appear after the call began
	NotGrowing  Fault = "not_growing"  // the files stopped growing though the call goes on
	NeverClosed Fault = "never_closed" // the files still grow though the call is over

	NoRecording  Fault = "no_recording"  // there is no file at all
	NoCaller     Fault = "no_caller"     // the file with what the caller says is absent or empty
	NoHeard      Fault = "no_heard"      // the file with what the caller hears is absent or empty
	MissingAudio Fault = "missing_audio" // the recording is shorter than the call
	ShortChannel Fault = "short_channel" // one channel ends before the other
	Conflict     Fault = "conflict"      // half a pair that is not part of the stored recording
	NotStored    Fault = "not_stored"    // the recording could not be stored or announced
)

// judge holds a recording against its call: the worst fault, "" for none. p is the pair it
// was made of.
func (r *Recorder) judge(rec call.Recording, p mixmonitor.Pair) Fault {
	limit := r.opts.Missing
	short := mixmonitor.Duration(p.Frames()-p.Shorter()) >= limit
	caller, heard := p.Parts[mixmonitor.Caller], p.Parts[mixmonitor.Heard]
	switch {
	case !caller.Exists(), caller.Size == 0 && short:
		return NoCaller
	case !heard.Exists(), heard.Size == 0 && short:
		return NoHeard
	case rec.Missing.Duration() >= limit:
		return MissingAudio
	case short:
		return ShortChannel
	}
	return ""
}

// missing is how much of the call has no samples in a recording of that length.
func (t take) missing(length time.Duration) call.Millis {
	if t.begin.IsZero() || t.end.IsZero() {
		return 0
	}
	return call.MillisOf(t.end.Sub(t.begin) - length)
}
