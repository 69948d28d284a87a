package app

import (
	"fmt"
	"sort"
	"sync"

	"hotline/call"
	"hotline/web"
)

// health keeps the last word on each part.
type health struct {
	mu     sync.Mutex
	parts  map[string]error
	faulty call.ID // the last one whose recording had a fault
}

func (h *health) set(part string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.parts == nil {
		h.parts = map[string]error{}
	}
	h.parts[part] = err
}

// recording takes what became of a recording. A fault is over with the next call that is
// recorded without one: its alarm, event and counter remain, and no balancer turns away from
// a hotline that works.
func (h *health) recording(ev call.Event) {
	h.mu.Lock()
	fault, clears := ev.Kind == call.RecordingFault, ev.Kind == call.Recorded && ev.Call != h.faulty
	if fault {
		h.faulty = ev.Call
	}
	h.mu.Unlock()
	switch {
	case fault:
		h.set("recorder", fmt.Errorf("call %s: %s", ev.Call, ev.Reason))
	case clears:
		h.set("recorder", nil)
	}
}

func (h *health) report() web.Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := web.Health{OK: true, Parts: []web.Part{}}
	for name, err := range h.parts {
		p := web.Part{Name: name, OK: err == nil}
		if err != nil {
			p.Detail, out.OK = err.Error(), false
		}
		out.Parts = append(out.Parts, p)
	}
	sort.Slice(out.Parts, func(i, j int) bool { return out.Parts[i].Name < out.Parts[j].Name })
	return out
}
