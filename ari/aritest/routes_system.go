package aritest

import (
	"net/http"
	"slices"
	"strings"
)

func (s *Server) routeSystem(mux *http.ServeMux) {
	s.handle(mux, "GET /asterisk/info", s.info)
	s.handle(mux, "GET /asterisk/modules", func(w http.ResponseWriter, _ *call) {
		answer(w, http.StatusOK, []map[string]any{
			{"name": "res_ari.so", "description": "", "use_count": 1, "status": "Running", "support_level": "core"},
		})
	})
	s.handle(mux, "GET /applications/{app}", s.withApp(func(w http.ResponseWriter, _ *call) {
		answer(w, http.StatusOK, s.appJSON())
	}))
	s.handle(mux, "POST /applications/{app}/subscription", s.withApp(s.subscribe))
	s.handle(mux, "PUT /applications/{app}/eventFilter", s.withApp(s.setFilter))
	s.handle(mux, "POST /events/user/{name}", func(w http.ResponseWriter, r *call) {
		r.SetPathValue("app", r.URL.Query().Get("application"))
		s.withApp(s.userEvent)(w, r)
	})
	s.handle(mux, "GET /endpoints/{tech}/{resource}", s.endpoint)
}

// userEvent sends an event of the controller's own making back to it. As in Asterisk it is a
// success when nobody hears it.
func (s *Server) userEvent(w http.ResponseWriter, r *call) {
	if s.socket != nil {
		name := r.PathValue("name")
		s.sendTo(s.socket, s.stamp(map[string]any{
			"type": "ChannelUserevent", "eventname": name, "userevent": map[string]string{"eventname": name},
		}))
	}
	answer(w, http.StatusNoContent, nil)
}

func (s *Server) info(w http.ResponseWriter, _ *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	started := s.startup.Format(stampFormat)
	answer(w, http.StatusOK, map[string]any{
		"build":  map[string]string{"os": "Linux"},
		"system": map[string]string{"version": "22.10.1", "entity_id": EntityID},
		"config": map[string]any{"name": "aritest", "default_language": "en"},
		"status": map[string]string{"startup_time": started, "last_reload_time": started},
	})
}

// withApp serves under the lock if the application exists: a controller is connected or
// it holds something.
func (s *Server) withApp(serve func(http.ResponseWriter, *call)) func(http.ResponseWriter, *call) {
	return func(w http.ResponseWriter, r *call) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if r.PathValue("app") != App || s.idle() {
			refuse(w, http.StatusNotFound, "Application not found")
			return
		}
		serve(w, r)
	}
}

func (s *Server) appJSON() map[string]any {
	var ids, devices, endpoints []string
	for _, id := range s.order {
		if s.channels[id].inApp {
			ids = append(ids, id)
		}
	}
	for _, source := range s.sources {
		if name, ok := strings.CutPrefix(source, "deviceState:"); ok {
			devices = append(devices, name)
		}
		if name, ok := strings.CutPrefix(source, "endpoint:"); ok {
			endpoints = append(endpoints, name)
		}
	}
	return map[string]any{
		"name": App, "channel_ids": nonNil(ids), "bridge_ids": nonNil(s.bridgeIDs()),
		"endpoint_ids": nonNil(endpoints), "device_names": nonNil(devices),
		"events_allowed": []string{}, "events_disallowed": []string{},
	}
}

// subscribe takes the sources in their order up to the first that does not exist, as
// Asterisk does.
func (s *Server) subscribe(w http.ResponseWriter, r *call) {
	for _, source := range r.list("eventSource") {
		kind, name, _ := strings.Cut(source, ":")
		exists := true
		switch kind {
		case "channel":
			exists = s.channels[name] != nil
		case "bridge":
			exists = s.bridges[name] != nil
		case "endpoint":
			_, exists = s.endpoints[name]
		case "deviceState":
		default:
			refuse(w, http.StatusBadRequest, "Invalid event source URI scheme")
			return
		}
		if !exists {
			refuse(w, http.StatusUnprocessableEntity, "Event source does not exist")
			return
		}
		if !slices.Contains(s.sources, source) {
			s.sources = append(s.sources, source)
		}
	}
	s.change()
	answer(w, http.StatusOK, s.appJSON())
}

func (s *Server) setFilter(w http.ResponseWriter, r *call) {
	s.filter = nil
	list, _ := r.body["disallowed"].([]any) // absent is empty
	for _, item := range list {
		entry, _ := item.(map[string]any) // other than an object has no type
		if name, ok := entry["type"].(string); ok {
			s.filter = append(s.filter, name)
		}
	}
	answer(w, http.StatusOK, s.appJSON())
}

func (s *Server) endpoint(w http.ResponseWriter, r *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.endpoints[r.PathValue("tech")+"/"+r.PathValue("resource")]
	if !ok {
		refuse(w, http.StatusNotFound, "Endpoint not found")
		return
	}
	answer(w, http.StatusOK, endpointJSON(e))
}
