package app

import (
	"sort"
	"sync"

	"hotline/web"
)

// health keeps the last word on each part.
type health struct {
	mu    sync.Mutex
	parts map[string]error
}

func (h *health) set(part string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.parts == nil {
		h.parts = map[string]error{}
	}
	h.parts[part] = err
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
