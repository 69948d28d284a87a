package aritest

import (
	"net/http"
	"strings"

	"hotline/ari"
)

func (s *Server) routeChannels(mux *http.ServeMux) {
	s.handle(mux, "GET /channels", s.listChannels)
	s.handle(mux, "POST /channels/create", s.createChannel)
	s.handle(mux, "GET /channels/{id}", s.withChannel(func(w http.ResponseWriter, _ *call, c *channel) {
		answer(w, http.StatusOK, c.json())
	}))
	s.handle(mux, "DELETE /channels/{id}", s.withChannel(s.hangUp))
	s.handle(mux, "POST /channels/{id}/dial", s.withChannel(s.dial))
	s.handle(mux, "POST /channels/{id}/answer", s.withChannel(func(w http.ResponseWriter, _ *call, c *channel) {
		s.setState(c, ari.ChannelUp)
		answer(w, http.StatusNoContent, nil)
	}))
	s.handle(mux, "POST /channels/{id}/dtmf", s.withChannel(s.sendDigits))
	s.handle(mux, "POST /channels/{id}/play/{playback}", s.withChannel(s.playToChannel))
	s.handle(mux, "POST /channels/{id}/continue", s.withChannel(s.goOn))
	s.handle(mux, "POST /channels/{id}/moh", s.withChannel(s.music(true)))
	s.handle(mux, "DELETE /channels/{id}/moh", s.withChannel(s.music(false)))
	s.handle(mux, "POST /channels/{id}/variable", s.withChannel(func(w http.ResponseWriter, r *call, c *channel) {
		c.variables[r.param("variable")] = r.param("value")
		answer(w, http.StatusNoContent, nil)
	}))
	s.handle(mux, "GET /channels/{id}/variable", s.withChannel(func(w http.ResponseWriter, r *call, c *channel) {
		value, ok := c.variables[r.param("variable")]
		if !ok {
			refuse(w, http.StatusNotFound, "Provided variable was not found")
			return
		}
		answer(w, http.StatusOK, map[string]string{"value": value})
	}))
}

// music switches the music of a channel. Stopping what does not play is no error.
func (s *Server) music(on bool) func(http.ResponseWriter, *call, *channel) {
	return func(w http.ResponseWriter, _ *call, c *channel) {
		c.music = on
		s.change()
		answer(w, http.StatusNoContent, nil)
	}
}

// sendDigits notes the digits that the far end of the channel is sent.
func (s *Server) sendDigits(w http.ResponseWriter, r *call, c *channel) {
	digits := r.param("dtmf")
	switch {
	case !c.inApp:
		refuse(w, http.StatusConflict, "Channel not in Stasis application")
		return
	case digits == "":
		refuse(w, http.StatusBadRequest, "DTMF is required")
		return
	}
	c.digits += digits
	s.change()
	answer(w, http.StatusNoContent, nil)
}

// playToChannel plays to one channel.
func (s *Server) playToChannel(w http.ResponseWriter, r *call, c *channel) {
	if !c.inApp {
		refuse(w, http.StatusConflict, "Channel not in Stasis application")
		return
	}
	s.play(w, r, "channel:"+c.ID)
}

// goOn lets a channel leave the application; what the dialplan does with it is not played.
func (s *Server) goOn(w http.ResponseWriter, _ *call, c *channel) {
	if !c.inApp {
		refuse(w, http.StatusConflict, "Channel not in Stasis application")
		return
	}
	s.leaveBridge(c)
	c.inApp = false
	c.App, c.AppData = "", ""
	s.emit(map[string]any{"type": "StasisEnd", "channel": c.json()})
	s.change()
	answer(w, http.StatusNoContent, nil)
}

// withChannel finds the channel of the path and serves under the lock.
func (s *Server) withChannel(serve func(http.ResponseWriter, *call, *channel)) func(http.ResponseWriter, *call) {
	return func(w http.ResponseWriter, r *call) {
		s.mu.Lock()
		defer s.mu.Unlock()
		c := s.channels[r.PathValue("id")]
		if c == nil {
			refuse(w, http.StatusNotFound, "Channel not found")
			return
		}
		serve(w, r, c)
	}
}

func (s *Server) listChannels(w http.ResponseWriter, _ *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]map[string]any, 0, len(s.order))
	for _, id := range s.order {
		all = append(all, s.channels[id].json())
	}
	answer(w, http.StatusOK, all)
}

// createChannel makes the channel, enters it into the application and sends the events
// before the answer, as the race in Asterisk often ends.
func (s *Server) createChannel(w http.ResponseWriter, r *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, endpoint := r.param("channelId"), r.param("endpoint")
	tech, resource, _ := strings.Cut(endpoint, "/")
	phone, known := s.endpoints[endpoint]
	switch {
	case s.channels[id] != nil:
		refuse(w, http.StatusConflict, "Channel with given unique ID already exists")
		return
	case tech == "PJSIP" && (!known || phone.State != ari.EndpointOnline):
		refuse(w, http.StatusInternalServerError, "Allocation failed")
		return
	}
	if c := r.param("originator"); c != "" && len(r.list("formats")) > 0 {
		refuse(w, http.StatusBadRequest, "Originator and formats can't both be specified")
		return
	}
	c := s.addChannel(ari.Channel{
		ID: id, Name: endpoint + "-0000", State: ari.ChannelDown, Dialled: resource,
		App: "AppDial2", AppData: "(Outgoing Line)",
	})
	if variables, ok := r.body["variables"].(map[string]any); ok {
		for name, value := range variables {
			c.variables[name], _ = value.(string) // other than text is empty
		}
	}
	var args []string
	if all := r.param("appArgs"); all != "" {
		args = strings.Split(all, ",")
	}
	c.created = true
	c.App, c.AppData = "Stasis", strings.Join(append([]string{r.param("app")}, args...), ",")
	s.enter(c, args, nil)
	s.change()
	answer(w, http.StatusOK, c.json())
}

func (s *Server) dial(w http.ResponseWriter, r *call, c *channel) {
	if c.State != ari.ChannelDown {
		refuse(w, http.StatusConflict, "Channel is not in the 'Down' state")
		return
	}
	event := map[string]any{"type": "Dial", "dialstatus": "", "dialstring": c.Dialled, "peer": c.json()}
	if caller := s.channels[r.param("caller")]; caller != nil {
		event["caller"] = caller.json()
	}
	s.emit(event)
	s.setState(c, ari.ChannelRinging)
	s.emit(map[string]any{"type": "Dial", "dialstatus": "RINGING", "peer": c.json()})
	s.change()
	answer(w, http.StatusNoContent, nil)
}

func (s *Server) hangUp(w http.ResponseWriter, r *call, c *channel) {
	causes := map[string]int{
		"": 16, "normal": 16, "busy": 17, "no_answer": 19, "answered_elsewhere": 26, "congestion": 34,
	}
	cause, ok := causes[r.param("reason")]
	if !ok {
		refuse(w, http.StatusBadRequest, "Invalid Reason")
		return
	}
	s.destroy(c, cause, 0)
	answer(w, http.StatusNoContent, nil)
}
