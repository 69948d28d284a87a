package recorder

import (
	"context"
	"time"

	"hotline/call"
	"hotline/recorder/mixmonitor"
)

// phase is how far the recording of a call has come.
type phase int

const (
	live     phase = iota // the caller is on the line, Asterisk writes
	settling              // the caller has gone, the files may not be complete
	ready                 // complete; waits for a worker, or for the next attempt
	joining               // in the hands of a worker or of the sweep
	parked                // given up for now; the sweep begins anew
)

// take is what is known of one call's recording. Takes are shared under Recorder.mu;
// elsewhere they are copies.
type take struct {
	id         call.ID
	phase      phase
	begin, end time.Time // of the call; zero when not known
	since      time.Time // when this phase began, by our clock
	due        time.Time // not to be looked at before
	changed    time.Time // when the sizes were last seen to change
	pair       mixmonitor.Pair
	tries      int   // attempts that failed
	told       Fault // the fault that was announced last
	rescued    bool
}

// near is the time by whose day the files of the call are found.
func (t take) near() time.Time {
	if !t.begin.IsZero() {
		return t.begin
	}
	return mixmonitor.Pair{Call: t.id}.Began()
}

// demand is the number of samples that the call's times ask for; 0 when not known.
func (t take) demand() int64 {
	if t.begin.IsZero() || t.end.IsZero() {
		return 0
	}
	return max(0, int64(t.end.Sub(t.begin)*mixmonitor.Rate/time.Second))
}

// look sees how the pair of the call is now. thorough looks in every folder when it is not
// where it is expected.
func (r *Recorder) look(ctx context.Context, t take, thorough bool) (mixmonitor.Pair, error) {
	if t.pair.Exists() {
		return r.spool.Look(t.pair)
	}
	pair, err := r.spool.Find(t.id, t.near())
	if err == nil && !pair.Exists() && thorough {
		return r.spool.Search(ctx, t.id)
	}
	return pair, err
}

// due gives copies of the takes that the watch has to look at now.
func (r *Recorder) due(now time.Time) []take {
	r.mu.Lock()
	defer r.mu.Unlock()
	var due []take
	for _, t := range r.takes {
		if t.phase <= ready && !t.due.After(now) {
			due = append(due, *t)
		}
	}
	return due
}

// update puts back a take that was looked at, unless the call went on in the meantime.
func (r *Recorder) update(before, after take) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t, ok := r.takes[before.id]; ok && t.phase == before.phase {
		*t = after
	}
}
