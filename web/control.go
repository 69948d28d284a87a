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
	Agent  call.AgentID `json:"agent" minLength:"1" maxLength:"64" doc:"Who asks."`
	Do     string       `json:"do" enum:"hold,resume,transfer,consult,complete,conference,drop,hangup,keys" doc:"What. 保持 hold, 取回 resume, 转接 transfer, 咨询 consult, 完成转接 complete, 三方 conference, 放弃咨询 drop, 挂机 hangup, 按键 keys"` //nolint:lll // a tag is one line
	Target *Target      `json:"target,omitempty" doc:"Of transfer and consult alone."`
	Keys   string       `json:"keys,omitempty" maxLength:"32" doc:"Of keys alone: 1 to 32 of 0 to 9, *, # and A to D."`
}

// Target is whom a caller is sent to or who is asked: one of Agent, Queue, Level alone and
// Number.
type Target struct {
	Agent  string `json:"agent,omitempty" maxLength:"64" doc:"Id or extension."`
	Queue  string `json:"queue,omitempty" maxLength:"64" doc:"Id or extension."`
	Level  string `json:"level,omitempty" maxLength:"64" doc:"Least level of agent in queue, or in the present queue."`
	Number string `json:"number,omitempty" maxLength:"64" doc:"As an agent dials it: an extension or a number outside."`
}

const (
	maxKeys   = 32
	maxTarget = 64
)

// check holds what no schema says: which members belong together.
func (c Control) check() error {
	needs := c.Do == "transfer" || c.Do == "consult"
	switch {
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

func (s *Server) registerCalls() {
	gone := map[int]any{http.StatusNotFound: nil}
	add(s, operation{
		id: "controlCall", method: http.MethodPost, path: "/api/v1/calls/{call}/control", tag: callTag,
		right: CallControl, summary: "Do something in a running call", chinese: "通话控制(保持、转接、咨询、三方等)",
		about:   "It returns when the switch has done its first step.",
		request: Control{Agent: exampleAgent, Do: "transfer", Target: &Target{Queue: exampleQueue}}, errors: gone,
	}, s.control)
	add(s, operation{
		id: "assignCall", method: http.MethodPost, path: "/api/v1/calls/{call}/assign", tag: callTag, right: CallSteer,
		summary: "Keep a waiting caller for one agent", chinese: "指定座席接听", errors: gone,
		about:   "After the wait he is everybody's again.",
		request: assignRequest{Agent: exampleAgent, Wait: 20_000},
	}, s.assign)
	add(s, operation{
		id: "moveCall", method: http.MethodPost, path: "/api/v1/calls/{call}/move", tag: callTag, right: CallSteer,
		summary: "Bring a waiting caller into another queue", chinese: "调整排队队列",
		request: moveRequest{Queue: exampleQueue}, errors: gone,
	}, s.move)
	add(s, operation{
		id: "dialOut", method: http.MethodPost, path: "/api/v1/agents/{agent}/calls", tag: agentTag, right: CallDial,
		summary: "Call a number for an agent", chinese: "外呼", status: http.StatusAccepted,
		about:   "The agent's own phone rings first. It returns before either answers.",
		request: dialRequest{Number: exampleNumber}, answer: dialAnswer{Call: exampleCall}, errors: gone,
	}, s.dial)
}

// CallPath names a call. The library sees exported types alone.
type CallPath struct {
	Call call.ID `path:"call" maxLength:"128" doc:"Id of the call. 呼叫标识" example:"hl1-1772438400.12"`
}

type controlInput struct {
	CallPath
	CommandKey
	Body Control
}

func (s *Server) control(ctx context.Context, in *controlInput) (*none, error) {
	if err := in.Body.check(); err != nil {
		return nil, err
	}
	if err := s.onlyFor(ctx, CallControl, in.Body.Agent); err != nil {
		return nil, err
	}
	return nil, s.desk.Control(ctx, in.Call, in.Body)
}

// assignRequest is the body of POST /api/v1/calls/{call}/assign.
type assignRequest struct {
	Agent call.AgentID `json:"agent" minLength:"1" maxLength:"64" doc:"For whom."`
	Wait  call.Millis  `json:"wait_ms,omitempty" minimum:"0" maximum:"3600000" doc:"For how long, at most an hour."`
}

type assignInput struct {
	CallPath
	CommandKey
	Body assignRequest
}

func (s *Server) assign(ctx context.Context, in *assignInput) (*none, error) {
	return nil, s.desk.Assign(ctx, in.Call, in.Body.Agent, in.Body.Wait.Duration())
}

// moveRequest is the body of POST /api/v1/calls/{call}/move.
type moveRequest struct {
	Queue call.QueueID `json:"queue" minLength:"1" maxLength:"64" doc:"Id or extension."`
}

type moveInput struct {
	CallPath
	CommandKey
	Body moveRequest
}

func (s *Server) move(ctx context.Context, in *moveInput) (*none, error) {
	return nil, s.desk.Move(ctx, in.Call, in.Body.Queue)
}

// dialRequest is the body of POST /api/v1/agents/{agent}/calls, dialAnswer its answer.
type dialRequest struct {
	Number string `json:"number" minLength:"1" maxLength:"64" doc:"As an agent dials it."`
}

type dialAnswer struct {
	Call call.ID `json:"call" doc:"The new call."`
}

type dialInput struct {
	AgentPath
	CommandKey
	Body dialRequest
}

type dialOutput struct{ Body dialAnswer }

func (s *Server) dial(ctx context.Context, in *dialInput) (*dialOutput, error) {
	if err := s.onlyFor(ctx, CallDial, in.Agent); err != nil {
		return nil, err
	}
	id, err := s.desk.DialOut(ctx, in.Agent, in.Body.Number)
	if err != nil {
		return nil, err
	}
	return &dialOutput{dialAnswer{id}}, nil
}
