package recorder

import (
	"time"

	"hotline/call"
	"hotline/recorder/mixmonitor"
)

// Extent is how long a call was recorded whose end nobody saw: its pair is the best witness
// of when it ended. Zero means that there is none.
func (r *Recorder) Extent(c call.ID, begin time.Time) (time.Duration, error) {
	pair, err := r.spool.Find(c, begin)
	if err != nil {
		return 0, err
	}
	return mixmonitor.Duration(pair.Frames()), nil
}
