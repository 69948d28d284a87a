package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"hotline/call"
)

// Calls are what people do to running calls. A refusal is a Problem, or ErrUnknownAgent.
type Calls interface {
	// Control does what an agent asks for in his call. It returns when the switch has done
	// its first step.
	Control(ctx context.Context, id call.ID, c Control) error
	// Assign keeps a waiting caller for one agent for as long as wait, then he is everybody's
	// again. Move brings him into another queue.
	Assign(ctx context.Context, id call.ID, agent call.AgentID, wait time.Duration) error
	Move(ctx context.Context, id call.ID, queue call.QueueID) error
	// DialOut rings the agent and then the number. It returns before either answers.
	DialOut(ctx context.Context, agent call.AgentID, number string) (call.ID, error)
}

// Control is what an agent asks for in his call.
type Control struct {
	Agent  call.AgentID `json:"agent"`
	Do     string       `json:"do"`     // hold, resume, transfer, consult, complete, conference, drop, hangup or keys
	Target *Target      `json:"target"` // of transfer and consult
	Keys   string       `json:"keys"`   // of keys
}

// Target is whom a caller is sent to or who is asked: one of Agent, Queue, Level alone and
// Number.
type Target struct {
	Agent  string `json:"agent,omitempty"`  // id or extension
	Queue  string `json:"queue,omitempty"`  // id or extension
	Level  string `json:"level,omitempty"`  // least level of agent in Queue, or in the caller's present queue
	Number string `json:"number,omitempty"` // as an agent dials it: an extension, or a number outside
}

// verbs are the words of Control.Do, between blanks.
const verbs = " hold resume transfer consult complete conference drop hangup keys "

const (
	maxKeys   = 32
	maxTarget = 64
	maxAssign = time.Hour
)

func (c Control) check() error {
	needs := c.Do == "transfer" || c.Do == "consult"
	switch {
	case c.Agent == "":
		return BadField("agent", "must be the id of the agent who asks")
	case strings.Contains(c.Do, " ") || !strings.Contains(verbs, " "+c.Do+" "):
		return BadField("do", "must be one of"+strings.TrimRight(verbs, " "))
	case needs && c.Target == nil:
		return BadField("target", "must be given for "+c.Do)
	case !needs && c.Target != nil:
		return BadField("target", "must not be given for "+c.Do)
	case c.Do != "keys" && c.Keys != "":
		return BadField("keys", "must not be given for "+c.Do)
	case c.Do == "keys" && (c.Keys == "" || len(c.Keys) > maxKeys || strings.Trim(c.Keys, "0123456789*#ABCD") != ""):
		return BadField("keys", "must be 1 to 32 of 0 to 9, *, # and A to D")
	case needs:
		return c.Target.check()
	}
	return nil
}

func (t Target) check() error {
	given := 0
	for field, text := range map[string]string{"agent": t.Agent, "queue": t.Queue, "number": t.Number, "level": t.Level} {
		if len(text) > maxTarget {
			return BadField("target."+field, "must be at most 64 bytes")
		}
		if text != "" && (field != "level" || t.Queue == "") {
			given++
		}
	}
	if given != 1 {
		return BadField("target", "must have one of agent, queue with or without a level, level, and number")
	}
	return nil
}

func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	var c Control
	err := decode(r.Body, &c)
	if err == nil {
		err = c.check()
	}
	if err == nil {
		err = s.desk.Control(r.Context(), call.ID(r.PathValue("call")), c)
	}
	s.done(w, err)
}

// assignRequest is the body of POST /api/v1/calls/{call}/assign.
type assignRequest struct {
	Agent call.AgentID `json:"agent"`
	Wait  call.Millis  `json:"wait_ms"`
}

func (s *Server) assign(w http.ResponseWriter, r *http.Request) {
	var req assignRequest
	err := decode(r.Body, &req)
	switch {
	case err != nil:
	case req.Agent == "":
		err = BadField("agent", "must be the id of an agent")
	case req.Wait < 0 || req.Wait > call.MillisOf(maxAssign):
		err = BadField("wait_ms", "must be from 0 to an hour")
	default:
		err = s.desk.Assign(r.Context(), call.ID(r.PathValue("call")), req.Agent, req.Wait.Duration())
	}
	s.done(w, err)
}

// moveRequest is the body of POST /api/v1/calls/{call}/move.
type moveRequest struct {
	Queue call.QueueID `json:"queue"`
}

func (s *Server) move(w http.ResponseWriter, r *http.Request) {
	var req moveRequest
	err := decode(r.Body, &req)
	switch {
	case err != nil:
	case req.Queue == "":
		err = BadField("queue", "must be the id of a queue")
	default:
		err = s.desk.Move(r.Context(), call.ID(r.PathValue("call")), req.Queue)
	}
	s.done(w, err)
}

// dialRequest is the body of POST /api/v1/agents/{agent}/calls, dialAnswer its answer.
type dialRequest struct {
	Number string `json:"number"`
}

type dialAnswer struct {
	Call call.ID `json:"call"`
}

func (s *Server) dial(w http.ResponseWriter, r *http.Request) {
	var req dialRequest
	err := decode(r.Body, &req)
	switch {
	case err != nil:
	case req.Number == "" || len(req.Number) > maxTarget:
		err = BadField("number", "must be a number of at most 64 bytes")
	default:
		var id call.ID
		if id, err = s.desk.DialOut(r.Context(), call.AgentID(r.PathValue("agent")), req.Number); err == nil {
			s.write(w, http.StatusAccepted, dialAnswer{id})
			return
		}
	}
	s.fail(w, err)
}

// done answers a request that has no answer but that it was done.
func (s *Server) done(w http.ResponseWriter, err error) {
	if err != nil {
		s.fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
