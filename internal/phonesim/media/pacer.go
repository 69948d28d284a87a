package media

import "time"

// Pace of the engine. The frames of all streams are spread over slots within
// 20 ms, so that a thousand streams do not hit the receiver in one burst.
const (
	slots    = 4
	slotTime = FrameTime / slots
	// lateLimit is the delay from which a tick counts as late.
	lateLimit = FrameTime / 2
	// catchUp is the largest backlog sent at once. After a longer stop (the
	// machine slept, the process was frozen) the missed frames are skipped in
	// whole 20 ms, as a telephone does, for a flood would only overrun buffers.
	catchUp = 10 * slots
)

// pacer turns the clock into numbered ticks of slotTime that never drift: tick
// i is due at start + i * slotTime, however late tick i-1 ran. It holds no
// timer, so that a test can drive it with any clock.
type pacer struct {
	start time.Time
	done  int64 // Ticks handed out or skipped.
	stats PaceStats
}

// PaceStats tells how well the engine kept its pace.
type PaceStats struct {
	// Ticks counts the slots of 5 ms served.
	Ticks uint64 `json:"ticks"`
	// LateTicks counts the wake-ups that served a slot 10 ms or more too late.
	LateTicks uint64 `json:"late_ticks"`
	// MaxLate is the longest delay of a slot, in nanoseconds.
	MaxLate time.Duration `json:"max_late_ns"`
	// SkippedFrames counts the frames of 20 ms left out for every stream.
	SkippedFrames uint64 `json:"skipped_frames"`
}

// due returns the first tick now due, how many are due, and how many whole
// frames must be skipped before them.
func (p *pacer) due(now time.Time) (first int64, count int, skip int) {
	target := int64(now.Sub(p.start)/slotTime) + 1
	if target <= p.done {
		return p.done, 0, 0
	}
	late := now.Sub(p.start) - time.Duration(p.done)*slotTime
	p.stats.MaxLate = max(p.stats.MaxLate, late)
	if late >= lateLimit {
		p.stats.LateTicks++
	}
	if backlog := target - p.done; backlog > catchUp {
		skip = int((backlog - catchUp + slots - 1) / slots)
		p.done += int64(skip) * slots
		p.stats.SkippedFrames += uint64(skip)
	}
	first, count = p.done, int(target-p.done)
	p.done = target
	p.stats.Ticks += uint64(count)
	return first, count, skip
}

// wait is the time from now to the next tick; it may be negative.
func (p *pacer) wait(now time.Time) time.Duration {
	return time.Duration(p.done)*slotTime - now.Sub(p.start)
}
