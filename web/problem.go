package web

import (
	"encoding/json"
	"net/http"
)

// Problem is an error as RFC 9457 writes it. Field names what the caller sent wrongly.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Field  string `json:"field,omitempty"`
}

// Error is the detail, or the title without one.
func (p Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Detail
}

// BadField is the refusal of one field, with the rule it broke.
func BadField(field, rule string) Problem {
	return Problem{Status: http.StatusUnprocessableEntity, Field: field, Detail: field + ": " + rule}
}

func writeProblem(w http.ResponseWriter, p Problem) {
	p.Type = "about:blank"
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	// The status is out; a reader that left is told nothing more.
	_ = json.NewEncoder(w).Encode(p)
}
