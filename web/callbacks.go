package web

import (
	"context"
	"net/http"
	"time"

	"hotline/call"
)

// Callbacks are the callers who want to be called back.
type Callbacks interface {
	// Callbacks lists them in the order of their places.
	Callbacks(ctx context.Context) ([]Callback, error)
	// CancelCallback takes one off the list, by the call that asked. A refusal is a Problem.
	CancelCallback(ctx context.Context, asked call.ID) error
}

// Callback is somebody who wants to be called back.
type Callback struct {
	Call    call.ID      `json:"call"` // that asked for it
	Number  string       `json:"number"`
	Line    string       `json:"line"`
	Queue   call.QueueID `json:"queue"`
	Asked   time.Time    `json:"asked"`
	Place   time.Time    `json:"place"`             // the queue entry that he keeps
	Tries   int          `json:"tries"`             // calls that he did not answer
	Current call.ID      `json:"current,omitempty"` // the call for him, once he stands in the line
}

// callbacksAnswer is the answer of GET /api/v1/callbacks.
type callbacksAnswer struct {
	Callbacks []Callback `json:"callbacks"`
}

func (s *Server) registerCallbacks() {
	add(s, operation{
		id: "listCallbacks", method: http.MethodGet, path: "/api/v1/callbacks", tag: callbackTag, right: CallbackRead,
		summary: "Who is to be called back, in order", chinese: "待回呼列表",
		answer: callbacksAnswer{[]Callback{{
			Call: exampleCall, Number: exampleNumber, Line: "10000", Queue: exampleQueue, Asked: exampleTime(),
			Place: exampleTime(), Tries: 1,
		}}},
	}, s.callbacks)
	add(s, operation{
		id: "cancelCallback", method: http.MethodDelete, path: "/api/v1/callbacks/{call}", tag: callbackTag,
		right: CallbackDrop, summary: "Take one off the list", chinese: "取消回呼",
		errors: map[int]any{http.StatusNotFound: nil},
	}, s.cancelCallback)
}

type callbacksOutput struct{ Body callbacksAnswer }

func (s *Server) callbacks(ctx context.Context, _ *struct{}) (*callbacksOutput, error) {
	list, err := s.desk.Callbacks(ctx)
	if err != nil {
		return nil, err
	}
	return &callbacksOutput{callbacksAnswer{list}}, nil
}

type cancelInput struct {
	CallPath
	CommandKey
}

func (s *Server) cancelCallback(ctx context.Context, in *cancelInput) (*none, error) {
	return nil, s.desk.CancelCallback(ctx, in.Call)
}
