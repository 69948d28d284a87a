package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// operation is what the document and the gate must know of one way in.
type operation struct {
	id      string
	method  string
	path    string
	tag     string
	summary string // English
	chinese string // the same for the people of the hotline
	about   string // further rules, for integrators
	right   Right

	status  int         // of success; 0 = 200, or 204 without an answer
	request any         // example of the body; nil = there is no body
	answer  any         // example of the answer; nil = there is none
	media   string      // of the answer; "" = JSON
	kind    any         // type of the JSON answer where the library does not see it
	errors  map[int]any // further errors with an example, nil for a plain Problem; or a *huma.Response
	audited bool        // is written to the audit log although it changes nothing
	// journaled is set when what carries it out writes the audit log by itself, and better.
	journaled bool
}

// The tags group operations.
const (
	accountTag   = "account"
	staffTag     = "staff"
	liveTag      = "live"
	agentTag     = "agents"
	callTag      = "calls"
	callbackTag  = "callbacks"
	reportTag    = "reports"
	recordingTag = "recordings"
	hookTag      = "hooks"
	systemTag    = "system"
)

// add registers an operation whose input and output the library reads and writes.
func add[I, O any](s *Server, o operation, do func(context.Context, *I) (*O, error)) {
	op := s.describe(o)
	if op == nil {
		return
	}
	huma.Register(s.api, *op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err == nil {
			return out, nil
		}
		p := s.problem(err)
		return nil, huma.ErrorWithHeaders(p, headersOf(p, err))
	})
}

// addPlain registers an operation that writes its answer itself, such as a stream.
func (s *Server) addPlain(o operation, params []*huma.Param, do http.HandlerFunc) {
	op := s.describe(o)
	if op == nil {
		return
	}
	op.Parameters = params
	s.api.OpenAPI().AddOperation(op)
	s.api.Adapter().Handle(op, s.api.Middlewares().Handler(func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		do(w, r)
	}))
}

// describe makes the entry of the document. What is missing is a fault of the program, told
// at its start: an operation without a right would be open to everybody.
func (s *Server) describe(o operation) *huma.Operation {
	for name, missing := range map[string]bool{
		"id": o.id == "", "tag": o.tag == "", "summary": o.summary == "", "Chinese summary": o.chinese == "",
		"right": o.right == "", "known right": !slices.Contains(rights(), o.right),
		"example of the request": o.request == nil && o.method != http.MethodGet && o.method != http.MethodDelete,
	} {
		if missing {
			s.faults = append(s.faults, fmt.Errorf("operation %s %s has no %s", o.method, o.path, name))
		}
	}
	if len(s.faults) > 0 {
		return nil
	}
	op := &huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Tags: []string{o.tag}, Summary: o.summary,
		Description: strings.TrimSpace(o.chinese + "\n\n" + o.about), DefaultStatus: o.status,
		MaxBodyBytes: maxBody + 1, Metadata: map[string]any{rightKey: o.right, auditKey: o.audited, journalKey: o.journaled},
		Extensions:                   map[string]any{"x-right": o.right, "x-summary-zh": o.chinese},
		RejectUnknownQueryParameters: true,
		Responses:                    map[string]*huma.Response{},
	}
	if o.right != Open {
		op.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	}
	if o.request != nil {
		op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{jsonType: {Example: plainJSON(o.request)}}}
	}
	s.describeAnswer(op, o)
	s.describeErrors(op, o)
	return op
}

func (s *Server) describeAnswer(op *huma.Operation, o operation) {
	if op.DefaultStatus == 0 {
		op.DefaultStatus = http.StatusOK
		if o.answer == nil {
			op.DefaultStatus = http.StatusNoContent
		}
	}
	r := &huma.Response{Description: http.StatusText(op.DefaultStatus)}
	if o.answer != nil {
		media := cmp.Or(o.media, jsonType)
		r.Content = map[string]*huma.MediaType{media: {Example: plainJSON(o.answer)}}
		if media != jsonType {
			r.Content[media] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
		}
		if o.kind != nil {
			r.Content[media].Schema = s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(o.kind), true, "")
		}
	}
	op.Responses[strconv.Itoa(op.DefaultStatus)] = r
}

// describeErrors names every status that the operation may answer with besides success.
func (s *Server) describeErrors(op *huma.Operation, o operation) {
	all := map[int]any{
		http.StatusBadRequest: nil, http.StatusTooManyRequests: nil, http.StatusInternalServerError: nil,
		http.StatusUnprocessableEntity: BadField("state", "must be ready, break or offline"),
	}
	if o.right != Open {
		all[http.StatusUnauthorized], all[http.StatusForbidden], all[http.StatusServiceUnavailable] = nil, nil, nil
	}
	if o.method != http.MethodGet {
		all[http.StatusForbidden], all[http.StatusConflict] = nil, nil
		all[http.StatusRequestEntityTooLarge] = tooLarge()
	}
	if o.request != nil {
		all[http.StatusUnsupportedMediaType], all[http.StatusRequestTimeout] = nil, nil
	}
	maps.Copy(all, o.errors)
	for status, example := range all {
		op.Responses[strconv.Itoa(status)] = s.describeError(status, example)
	}
}

func (s *Server) describeError(status int, example any) *huma.Response {
	media, kind := problemType, reflect.TypeFor[Problem]()
	switch e := example.(type) {
	case *huma.Response:
		return e
	case nil:
		example = Problem{Status: status}.complete()
	case Problem:
		example = e.complete()
	default:
		media, kind = jsonType, reflect.TypeOf(e)
	}
	r := &huma.Response{
		Description: http.StatusText(status),
		Content: map[string]*huma.MediaType{media: {
			Schema: s.api.OpenAPI().Components.Schemas.Schema(kind, true, ""), Example: plainJSON(example),
		}},
	}
	text := func(about string) *huma.Param {
		return &huma.Header{Description: about, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	switch status {
	case http.StatusUnauthorized:
		r.Headers = map[string]*huma.Param{"WWW-Authenticate": text("How to sign in.")}
	case http.StatusTooManyRequests:
		r.Headers = map[string]*huma.Param{"Retry-After": text("Seconds until the next try may succeed.")}
	}
	return r
}

// plainJSON is an example as the document writes it, by the rules of JSON and not of Go.
func plainJSON(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return json.RawMessage(raw)
}

// problem says in the API's words why an operation failed.
func (s *Server) problem(err error) Problem {
	var p Problem
	switch {
	case errors.As(err, &p):
	case errors.Is(err, ErrUnknownAgent):
		p = Problem{Status: http.StatusNotFound, Field: "agent", Detail: err.Error()}
	case errors.Is(err, context.Canceled):
		p = Problem{Status: http.StatusServiceUnavailable, Detail: "the request was given up"}
	default:
		// The text of an inner fault is for the log; the caller may be a stranger.
		s.log.Error("request failed", "error", err)
		p = Problem{Status: http.StatusInternalServerError}
	}
	return p.complete()
}
