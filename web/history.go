package web

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/call"
)

// History is what became of calls.
type History interface {
	// Calls lists calls, the newest first, each with all its events in order.
	Calls(ctx context.Context, f CallFilter) ([][]call.Event, error)
	// Story is every event of one call in order; none when nobody knows it.
	Story(ctx context.Context, id call.ID) ([]call.Event, error)
}

// CallFilter selects calls. An empty member does not select.
type CallFilter struct {
	From, To time.Time // began in [From, To)
	Queue    call.QueueID
	Agents   []call.AgentID // one of them answered
	Number   string         // the end of the caller's number
	Before   Place          // only those that stand behind it in the list
	Limit    int            // at most so many
}

// Place is where a call stands in the list, which is by begin and id, the newest first.
type Place struct {
	Begin time.Time // in whole milliseconds; zero = before all
	Call  call.ID
}

// CallSummary is one call as a line of a list.
type CallSummary struct {
	ID        call.ID        `json:"id" doc:"呼叫标识"`
	Number    string         `json:"number" doc:"Of the caller, masked for most. 主叫号码"`
	Line      string         `json:"line" doc:"The number that was dialled. 热线号码"`
	Direction call.Direction `json:"direction,omitempty" doc:"Empty for a caller, outbound for a call that an agent made."`
	Begin     time.Time      `json:"begin" doc:"来电时间"`
	Queue     call.QueueID   `json:"queue,omitempty" doc:"The last one. 队列"`
	Agents    []call.AgentID `json:"agents" doc:"Who talked, in order. 接听座席"`
	Wait      call.Millis    `json:"wait_ms" doc:"In all queues together. 等待时长"`
	Talk      call.Millis    `json:"talk_ms" doc:"Of all agents together. 通话时长"`
	Total     call.Millis    `json:"total_ms,omitempty" doc:"Begin to end. 总时长"`
	Over      bool           `json:"over" doc:"It has ended. 已结束"`
	Ending    call.Ending    `json:"ending,omitzero" doc:"结束原因"`
	Score     int            `json:"score,omitempty" doc:"5 wholly content to 1 not at all; absent without an answer. 满意度"`
	Message   bool           `json:"message,omitempty" doc:"The caller left a message. 有留言"`
	Recorded  bool           `json:"recorded,omitempty" doc:"There is a recording. 有录音"`
}

// summaryOf folds the events of one call.
func summaryOf(events []call.Event) CallSummary {
	out := CallSummary{Agents: []call.AgentID{}}
	for i, e := range events {
		if i == 0 {
			out.ID, out.Begin = e.Call, e.At
		}
		switch e.Kind {
		case call.Arrived:
			out.Number, out.Line, out.Direction, out.Begin = e.Number, e.Line, e.Direction, e.At
		case call.Queued:
			out.Queue = e.Queue
		case call.LeftQueue:
			out.Wait += e.Wait
		case call.Answered:
			if e.Direction == call.Inbound {
				out.Wait += e.Wait
			}
			out.Agents = append(out.Agents, e.Agent)
		case call.TalkEnded:
			out.Talk += e.Talk
		case call.Ended:
			out.Over, out.Ending, out.Total = true, e.Ending, e.Total
		case call.Surveyed:
			out.Score = e.Score
		case call.Messaged:
			out.Message = true
		case call.Recorded:
			out.Recorded = true
		default: // they change nothing in the line
		}
	}
	return out
}

// reaches tells whether somebody's right reaches to a call: to all, or to one of the agents
// who have a part in it.
func (s *Server) reaches(a asker, r Right, events []call.Event) bool {
	return a.scope(r) == All ||
		slices.ContainsFunc(events, func(e call.Event) bool { return s.sees(a, r, e.Agent) })
}

// maskEvents hides numbers outside from those who may not see them of calls that are over.
func maskEvents(a asker, events []call.Event) []call.Event {
	if a.scope(NumberRead) == All {
		return events
	}
	out := slices.Clone(events)
	for i, e := range out {
		out[i] = maskEvent(e)
	}
	return out
}

func maskEvent(e call.Event) call.Event {
	e.Number = call.Masked(e.Number)
	if kind, number, ok := strings.Cut(e.Target, ":"); ok && kind == "number" {
		e.Target = kind + ":" + call.Masked(number)
	}
	return e
}

func (s *Server) registerHistory() {
	one := summaryOf(exampleStory())
	add(s, operation{
		id: "listCalls", method: http.MethodGet, path: "/api/v1/calls", tag: callTag, right: CallRead,
		summary: "Calls of a period, the newest first", chinese: "呼叫记录",
		about: "Ask for the next page with the cursor of this one; without a cursor there is none. " +
			"Who may see his own alone gets his own alone.",
		answer: callsAnswer{Calls: []CallSummary{one}, Next: cursorOf(Place{one.Begin, one.ID})},
	}, s.listCalls)
	add(s, operation{
		id: "getCall", method: http.MethodGet, path: "/api/v1/calls/{call}", tag: callTag, right: CallRead,
		summary: "One call with its events and recordings", chinese: "呼叫详情",
		answer: callAnswer{CallSummary: one, Events: exampleStory(), Recordings: []RecordingInfo{}},
		errors: map[int]any{http.StatusNotFound: nil},
	}, s.getCall)
}

func exampleStory() []call.Event {
	at := exampleTime()
	return []call.Event{
		{Seq: 1, At: at, Kind: call.Arrived, Call: exampleCall, Number: exampleNumber, Line: "10000"},
		{Seq: 2, At: at.Add(time.Second), Kind: call.Queued, Call: exampleCall, Queue: exampleQueue, Entered: at},
	}
}

type callsInput struct {
	From   time.Time    `query:"from" doc:"Began at or after it (RFC 3339). 起" example:"2026-03-02T00:00:00+08:00"`
	To     time.Time    `query:"to" doc:"Began before this moment. 止" example:"2026-03-03T00:00:00+08:00"`
	Queue  call.QueueID `query:"queue" maxLength:"64" doc:"Was in this queue. 队列"`
	Agent  call.AgentID `query:"agent" maxLength:"64" doc:"This agent talked. 座席"`
	Number string       `query:"number" pattern:"^[0-9+*#]{0,32}$" doc:"The caller's number ends so. 主叫号码"`
	Limit  int          `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"At most so many. 每页条数"`
	Cursor string       `query:"cursor" maxLength:"256" doc:"Of the page before. 游标"`
}

type callsAnswer struct {
	Calls []CallSummary `json:"calls"`
	Next  string        `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

type callsOutput struct{ Body callsAnswer }

func (s *Server) listCalls(ctx context.Context, in *callsInput) (*callsOutput, error) {
	a, out := askerOf(ctx), callsOutput{callsAnswer{Calls: []CallSummary{}}}
	f, err := in.filter(a)
	if err != nil {
		return nil, err
	}
	if a.scope(CallRead) != All {
		if f.Agents = s.mine(a, in.Agent); len(f.Agents) == 0 {
			return &out, nil
		}
	}
	calls, err := s.o.History.Calls(ctx, f)
	if err != nil {
		return nil, err
	}
	for i, events := range calls {
		if i == in.Limit {
			last := out.Body.Calls[i-1]
			out.Body.Next = cursorOf(Place{last.Begin, last.ID})
			break
		}
		out.Body.Calls = append(out.Body.Calls, summaryOf(maskEvents(a, events)))
	}
	return &out, nil
}

// filter is what is asked for. One more than the page tells whether there is another page.
func (in *callsInput) filter(a asker) (CallFilter, error) {
	f := CallFilter{From: in.From, To: in.To, Queue: in.Queue, Number: in.Number, Limit: in.Limit + 1}
	if !f.From.IsZero() && !f.To.IsZero() && !f.To.After(f.From) {
		return f, BadField("to", "must be after from")
	}
	var err error
	if f.Before, err = placeOf(in.Cursor); err != nil {
		return f, BadField("cursor", "must be one that this API gave")
	}
	if f.Number != "" && a.scope(NumberRead) != All {
		return f, Problem{
			Status: http.StatusForbidden, Field: "number", Detail: "number: must not be asked for by who may not see numbers",
		}
	}
	if in.Agent != "" {
		f.Agents = []call.AgentID{in.Agent}
	}
	return f, nil
}

// mine are the agents whose calls somebody may see, of one agent when he asks for him.
func (s *Server) mine(a asker, wanted call.AgentID) []call.AgentID {
	return keep(s.agentsWith(a), func(g call.AgentID) bool {
		return (wanted == "" || g == wanted) && s.sees(a, CallRead, g)
	})
}

// agentsWith are all agents there are, and who asks.
func (s *Server) agentsWith(a asker) []call.AgentID {
	every := s.o.Agents()
	if a.Agent != "" && !slices.Contains(every, a.Agent) {
		every = append(every, a.Agent)
	}
	return every
}

// cursorOf is a place as an opaque text, placeOf reads it.
func cursorOf(p Place) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.Begin.UnixMilli(), 10) + " " + string(p.Call)))
}

func placeOf(cursor string) (Place, error) {
	if cursor == "" {
		return Place{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return Place{}, err
	}
	at, id, ok := strings.Cut(string(raw), " ")
	ms, err := strconv.ParseInt(at, 10, 64)
	if err != nil || !ok || id == "" || ms <= 0 || wild(id) {
		return Place{}, fmt.Errorf("%q is no place", raw)
	}
	return Place{Begin: time.UnixMilli(ms), Call: call.ID(id)}, nil
}

type callAnswer struct {
	CallSummary
	Events     []call.Event    `json:"events" doc:"All that happened, in order. 事件"`
	Recordings []RecordingInfo `json:"recordings" doc:"录音"`
}

type callOutput struct{ Body callAnswer }

func (s *Server) getCall(ctx context.Context, in *CallPath) (*callOutput, error) {
	a := askerOf(ctx)
	events, err := s.o.History.Story(ctx, in.Call)
	if err != nil {
		return nil, err
	}
	// A call that he may not see is as one that does not exist, so that ids cannot be tried.
	if len(events) == 0 || !s.reaches(a, CallRead, events) {
		return nil, Problem{Status: http.StatusNotFound, Field: "call", Detail: "there is no such call that you may see"}
	}
	out := callAnswer{Recordings: []RecordingInfo{}}
	if s.reaches(a, RecordingPlay, events) {
		out.Recordings = recordingsOf(events)
	}
	out.Events = maskEvents(a, events)
	out.CallSummary = summaryOf(out.Events)
	return &callOutput{out}, nil
}
