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

func (s *Server) callbacks(w http.ResponseWriter, r *http.Request) {
	list, err := s.desk.Callbacks(r.Context())
	if err != nil {
		s.fail(w, err)
		return
	}
	s.write(w, http.StatusOK, callbacksAnswer{list})
}

func (s *Server) cancelCallback(w http.ResponseWriter, r *http.Request) {
	s.done(w, s.desk.CancelCallback(r.Context(), call.ID(r.PathValue("call"))))
}
