package aritest

import (
	"net/http"
	"sort"

	"hotline/ari"
)

func (s *Server) routeBridges(mux *http.ServeMux) {
	s.handle(mux, "GET /bridges", s.listBridges)
	s.handle(mux, "POST /bridges", s.createBridge)
	s.handle(mux, "DELETE /bridges/{id}", s.withBridge(func(w http.ResponseWriter, _ *call, b *bridge) {
		s.destroyBridge(b)
		answer(w, http.StatusNoContent, nil)
	}))
	s.handle(mux, "POST /bridges/{id}/addChannel", s.withBridge(func(w http.ResponseWriter, r *call, b *bridge) {
		for _, c := range s.members(w, r, nil) {
			s.enterBridge(c, b)
		}
	}))
	s.handle(mux, "POST /bridges/{id}/removeChannel", s.withBridge(func(w http.ResponseWriter, r *call, b *bridge) {
		for _, c := range s.members(w, r, b) {
			s.leaveBridge(c)
		}
	}))
	s.handle(mux, "DELETE /playbacks/{id}", s.stopPlayback)
}

// withBridge finds the bridge of the path and serves under the lock.
func (s *Server) withBridge(serve func(http.ResponseWriter, *call, *bridge)) func(http.ResponseWriter, *call) {
	return func(w http.ResponseWriter, r *call) {
		s.mu.Lock()
		defer s.mu.Unlock()
		b := s.bridges[r.PathValue("id")]
		if b == nil {
			refuse(w, http.StatusNotFound, "Bridge not found")
			return
		}
		serve(w, r, b)
	}
}

func (s *Server) listBridges(w http.ResponseWriter, _ *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]map[string]any, 0, len(s.bridges))
	for _, id := range s.bridgeIDs() {
		all = append(all, s.bridges[id].json())
	}
	answer(w, http.StatusOK, all)
}

func (s *Server) bridgeIDs() []string {
	ids := make([]string, 0, len(s.bridges))
	for id := range s.bridges {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids
}

func (s *Server) createBridge(w http.ResponseWriter, r *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.param("bridgeId")
	if s.bridges[id] != nil {
		refuse(w, http.StatusConflict, "Bridge with id '"+id+"' already exists")
		return
	}
	b := &bridge{Bridge: ari.Bridge{ID: id, Name: r.param("name"), Type: "mixing", Creator: "Stasis"}}
	s.bridges[id] = b
	s.change()
	answer(w, http.StatusOK, b.json())
}

// members finds the channels of the request and answers it. All are checked before the
// first is moved. b, if not nil, is the bridge they must be in.
func (s *Server) members(w http.ResponseWriter, r *call, b *bridge) []*channel {
	var all []*channel
	for _, id := range r.list("channel") {
		c := s.channels[id]
		switch {
		case c == nil:
			refuse(w, http.StatusBadRequest, "Channel not found")
			return nil
		case !c.inApp:
			refuse(w, http.StatusConflict, "Channel not in Stasis application")
			return nil
		case b != nil && c.bridge != b.ID:
			refuse(w, http.StatusUnprocessableEntity, "Channel not in this bridge")
			return nil
		}
		all = append(all, c)
	}
	answer(w, http.StatusNoContent, nil)
	return all
}

func (s *Server) play(w http.ResponseWriter, r *call, target string) {
	id, media := r.PathValue("playback"), r.list("media")
	if len(media) == 0 {
		refuse(w, http.StatusBadRequest, "At least one media URI must be provided")
		return
	}
	p := &playback{
		Playback: ari.Playback{ID: id, State: "playing", Media: media[0], Target: target},
		lang:     r.param("lang"), media: media,
	}
	s.playbacks[id] = p
	s.emit(map[string]any{"type": "PlaybackStarted", "playback": p.json()})
	s.change()
	answer(w, http.StatusCreated, p.json())
}

func (s *Server) stopPlayback(w http.ResponseWriter, r *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.playbacks[r.PathValue("id")]
	if p == nil {
		refuse(w, http.StatusNotFound, "Playback not found")
		return
	}
	s.finishPlayback(p, "done")
	answer(w, http.StatusNoContent, nil)
}
