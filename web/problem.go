package web

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// maxFaults bounds the list of faults in one answer.
const maxFaults = 20

// Problem is an error as RFC 9457 writes it. Field names what the caller sent wrongly, and
// Errors lists each fault when there are several.
type Problem struct {
	Type   string  `json:"type" doc:"about:blank: the status says all there is to the kind." example:"about:blank"`
	Title  string  `json:"title" doc:"The status in words." example:"Unprocessable Entity"`
	Status int     `json:"status" doc:"The HTTP status." example:"422"`
	Detail string  `json:"detail,omitempty" doc:"What was wrong." example:"state: must be ready, break or offline"`
	Field  string  `json:"field,omitempty" doc:"The member or parameter that is wrong." example:"state"`
	Errors []Fault `json:"errors,omitempty" doc:"Every fault, when the request was looked at as a whole."`
}

// later is a Problem that may be gone after some time.
type later struct {
	Problem
	after time.Duration
}

// Unwrap is the problem itself.
func (l later) Unwrap() error { return l.Problem }

// Fault is one broken rule of a request.
type Fault struct {
	Field string `json:"field" doc:"The member or parameter." example:"state"`
	Rule  string `json:"rule" doc:"The rule that it breaks." example:"must be ready, break or offline"`
}

// Error is the detail, or the title without one.
func (p Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Detail
}

// GetStatus is the HTTP status.
func (p Problem) GetStatus() int { return p.Status }

// headersOf are what an answer with a problem says besides; err is what became the problem.
func headersOf(p Problem, err error) http.Header {
	h := http.Header{}
	if wait, ok := errors.AsType[later](err); ok {
		h.Set("Retry-After", secondsOf(wait.after))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="hotline"`)
	}
	return h
}

// secondsOf is a time to wait as Retry-After has it.
func secondsOf(wait time.Duration) string { return strconv.Itoa(int(math.Ceil(wait.Seconds()))) }

// ContentType is the media type of RFC 9457 whatever was asked for.
func (p Problem) ContentType(string) string { return problemType }

const (
	jsonType    = "application/json"
	problemType = "application/problem+json"
)

// BadField is the refusal of one field, with the rule it broke.
func BadField(field, rule string) Problem {
	return Problem{
		Status: http.StatusUnprocessableEntity, Field: field, Detail: field + ": " + rule,
		Errors: []Fault{{Field: field, Rule: rule}},
	}
}

// complete fills in what follows from the status.
func (p Problem) complete() Problem {
	p.Type = "about:blank"
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	return p
}

func writeProblem(w http.ResponseWriter, p Problem) {
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	// The status is out; a reader that left is told nothing more.
	_ = json.NewEncoder(w).Encode(p.complete())
}

// asProblem turns what the library says of a request into a Problem. The value that was
// sent is left out: it may be a password.
func asProblem(m *huma.ErrorModel) Problem {
	p := Problem{Status: m.Status, Detail: m.Detail}
	for _, e := range m.Errors {
		if e == nil {
			continue
		}
		p.Errors = append(p.Errors, faultOf(e.Location, e.Message))
		if len(p.Errors) == maxFaults {
			break
		}
	}
	switch {
	case m.Status == http.StatusInternalServerError:
		return Problem{Status: m.Status} // the text of an inner fault is for the log
	case m.Status == http.StatusRequestEntityTooLarge:
		return tooLarge()
	case len(p.Errors) == 0:
		return p
	}
	first := p.Errors[0]
	p.Detail = first.Field + ": " + first.Rule
	if first.Field != "body" {
		p.Field = first.Field
	}
	return p
}

// faultOf names the field as its sender knows it: without the place where it stood, which
// its name says well enough.
func faultOf(location, rule string) Fault {
	place, field, inside := strings.Cut(location, ".")
	if !inside {
		field = ""
	}
	const lacks, end = "expected required property ", " to be present"
	if name, ok := strings.CutPrefix(rule, lacks); ok {
		field = strings.TrimPrefix(field+"."+strings.TrimSuffix(name, end), ".")
		rule = "must be given"
	}
	if field == "" {
		field = place
	}
	return Fault{Field: field, Rule: rule}
}
