package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"hotline/call"
)

// The examples of the document.
const (
	exampleAgent  = "a1001"
	exampleCall   = "hl1-1772438400.12"
	exampleQueue  = "complaints"
	exampleNumber = "13800000001"
)

func exampleTime() time.Time { return time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC) }

func exampleLive() Live {
	level, at := 85.5, exampleTime()
	return Live{
		At: at, Site: "hotline", Health: Health{OK: true, Parts: []Part{{Name: "redis", OK: true}}},
		Queues: []LiveQueue{{
			ID: exampleQueue, Name: "投诉", Waiting: 1, LongestWait: 4000, Ready: 0, Busy: 1, Target: 85, Threshold: 15000,
			Offered: 10, Answered: 9, ServiceLevel: &level, Formula: "hotline", FiguresFresh: true,
		}},
		Agents: []LiveAgent{{
			ID: exampleAgent, Name: "王", State: call.Talking, Since: at, Call: exampleCall, Number: exampleNumber,
			Queues: []call.QueueID{exampleQueue}, Answered: 9,
		}},
		Calls: []LiveCall{{
			ID: exampleCall, Number: exampleNumber, Line: "10000", Queue: exampleQueue, Stage: "talk", Since: at,
			Begin: at.Add(-time.Minute), Agent: exampleAgent,
		}},
	}
}

func (s *Server) registerLive() {
	add(s, operation{
		id: "getLive", method: http.MethodGet, path: "/api/v1/live", tag: liveTag, right: LiveRead,
		summary: "Queues, agents and calls now", chinese: "当前队列、座席与通话",
		about: "Who may see his own alone gets the queues that he serves, himself and his call. " +
			"A caller's number is masked for those who neither handle the call nor may see numbers in full.",
		answer: exampleLive(),
	}, s.getLive)
	add(s, operation{
		id: "setAgentState", method: http.MethodPost, path: "/api/v1/agents/{agent}/state", tag: agentTag,
		right: AgentState, summary: "Ask for an agent's state", chinese: "切换座席状态(示闲、小休、签出)",
		about:   "During a call it takes effect after it.",
		request: stateRequest{State: call.Break, Reason: "用餐"}, errors: map[int]any{http.StatusNotFound: nil},
	}, s.setAgent)
}

type liveAnswer struct{ Body Live }

func (s *Server) getLive(ctx context.Context, _ *struct{}) (*liveAnswer, error) {
	l, err := s.desk.Live(ctx)
	if err != nil {
		return nil, err
	}
	return &liveAnswer{s.liveFor(askerOf(ctx), l)}, nil
}

// liveFor is what somebody may see of the live state.
func (s *Server) liveFor(a asker, l Live) Live {
	if a.scope(LiveRead) != All {
		l.Agents = keep(l.Agents, func(g LiveAgent) bool { return s.sees(a, LiveRead, g.ID) })
		l.Calls = keep(l.Calls, func(c LiveCall) bool {
			return s.sees(a, LiveRead, c.Agent) ||
				slices.ContainsFunc(c.Parties, func(p LiveParty) bool { return s.sees(a, LiveRead, p.Agent) })
		})
		l.Queues = keep(l.Queues, func(q LiveQueue) bool {
			return slices.ContainsFunc(l.Agents, func(g LiveAgent) bool { return slices.Contains(g.Queues, q.ID) })
		})
	}
	if a.scope(HealthRead) == Nobody {
		l.Health = l.Health.bare()
	}
	return s.maskLive(a, l)
}

// maskLive hides the numbers of calls that somebody does not handle.
func (s *Server) maskLive(a asker, l Live) Live {
	if a.scope(NumberRead) == All {
		return l
	}
	l.Agents, l.Calls = slices.Clone(l.Agents), slices.Clone(l.Calls)
	for i, g := range l.Agents {
		if !s.sees(a, NumberRead, g.ID) {
			l.Agents[i].Number = call.Masked(g.Number)
		}
	}
	for i, c := range l.Calls {
		mine := func(p LiveParty) bool { return s.sees(a, NumberRead, p.Agent) }
		if s.sees(a, NumberRead, c.Agent) || slices.ContainsFunc(c.Parties, mine) {
			continue
		}
		l.Calls[i].Number = call.Masked(c.Number)
		l.Calls[i].Parties = slices.Clone(c.Parties)
		for j, p := range c.Parties {
			l.Calls[i].Parties[j].Number = call.Masked(p.Number)
		}
	}
	return l
}

// keep returns a new slice of those that hold.
func keep[T any](all []T, holds func(T) bool) []T {
	out := make([]T, 0, len(all))
	for _, one := range all {
		if holds(one) {
			out = append(out, one)
		}
	}
	return out
}

// AgentPath names an agent. The library sees exported types alone.
type AgentPath struct {
	Agent call.AgentID `path:"agent" maxLength:"64" doc:"Id of the agent. 座席" example:"a1001"`
}

// CommandKey is taken out before the operation; it stands here for the document.
type CommandKey struct {
	Key string `header:"Idempotency-Key" maxLength:"64" doc:"The same key and body act once. 幂等键" example:"7f3c"`
}

// stateRequest is the body of POST /api/v1/agents/{agent}/state.
type stateRequest struct {
	State  call.AgentState `json:"state" enum:"ready,break,offline" doc:"示闲 ready, 小休 break, 签出 offline"`
	Reason string          `json:"reason,omitempty" maxLength:"100" doc:"Of a break, at most 100 bytes."`
}

type setAgentInput struct {
	AgentPath
	CommandKey
	Body stateRequest
}

// none is the answer of a command that has none but that it was done.
type none struct{}

func (s *Server) setAgent(ctx context.Context, in *setAgentInput) (*none, error) {
	req := in.Body
	switch {
	case req.State == call.Break && req.Reason == "":
		return nil, BadField("reason", "must be given for a break")
	case len(req.Reason) > 100:
		return nil, BadField("reason", "must be at most 100 bytes")
	case strings.ContainsFunc(req.Reason, func(r rune) bool { return !unicode.IsPrint(r) }):
		return nil, BadField("reason", "must be one line of printable text")
	}
	if err := s.onlyFor(ctx, AgentState, in.Agent); err != nil {
		return nil, err
	}
	return nil, s.desk.SetAgent(ctx, in.Agent, req.State, req.Reason)
}
