package recorder

import "sync/atomic"

// Stats are counts since the start and the numbers of the moment.
type Stats struct {
	Live     int    // calls whose files are being written
	Waiting  int    // calls that ended and are not stored yet
	Joined   uint64 // recordings stored and announced
	Rescued  uint64 // those of them that the sweep found
	Faults   uint64 // faults announced
	Retries  uint64 // attempts that failed and are repeated
	Deferred uint64 // times that the queue to the workers was full
	Dropped  uint64 // calls that were not followed because there were too many
}

type counters struct {
	joined, rescued, faults, retries, deferred, dropped atomic.Uint64
}

// Stats says how the recorder is doing.
func (r *Recorder) Stats() Stats {
	s := Stats{
		Joined:   r.count.joined.Load(),
		Rescued:  r.count.rescued.Load(),
		Faults:   r.count.faults.Load(),
		Retries:  r.count.retries.Load(),
		Deferred: r.count.deferred.Load(),
		Dropped:  r.count.dropped.Load(),
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.takes {
		if t.phase == live {
			s.Live++
		} else {
			s.Waiting++
		}
	}
	return s
}
