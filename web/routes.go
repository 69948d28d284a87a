package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"hotline/people"
)

// version is of the API, not of the program: it changes when an answer does.
const version = "1.2.0"

// routes registers the operations and puts what every request goes through around them.
func (s *Server) routes() (http.Handler, error) {
	s.mux = &patterns{ServeMux: http.NewServeMux()}
	s.api = humago.New(s.mux, s.config())
	s.api.UseMiddleware(s.allow)
	s.register()
	if err := errors.Join(s.faults...); err != nil {
		return nil, err
	}
	// Its own form of errors comes with the library and is never sent.
	schemas := s.api.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel")
	delete(schemas, "ErrorDetail")
	var err error
	if s.document, err = json.MarshalIndent(s.api.OpenAPI(), "", " "); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	inner := s.limitUser(s.replay(named(s.mux)))
	return s.recovered(safe(s.limitAddress(sane(sameOrigin(s.identify(inner)))))), nil
}

func (s *Server) register() {
	s.registerSystem()
	if s.o.Gate != nil && s.o.Accounts != nil {
		s.registerAccount()
	}
	if s.o.Gate != nil && s.o.Staff != nil {
		s.registerStaff()
	}
	s.registerLive()
	s.registerCalls()
	s.registerCallbacks()
	if s.o.Reports != nil {
		s.registerReports()
	}
	if s.o.Issues != nil {
		s.registerIssues()
	}
	if s.o.History != nil {
		s.registerHistory()
	}
	if s.o.History != nil && s.o.Recordings != nil {
		s.registerRecordings()
	}
	if s.o.History != nil && s.o.Feed != nil {
		s.registerEvents()
	}
	if s.hooks != nil {
		s.registerHooks()
	}
}

// config is that of the library, without what it would serve by itself: its own pages load
// scripts from elsewhere, and routes that are not in the document do not exist.
func (s *Server) config() huma.Config {
	c := huma.DefaultConfig("hotline", version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.Formats, c.RejectUnknownQueryParameters = formats(), true
	c.Transformers = []huma.Transformer{func(_ huma.Context, _ string, v any) (any, error) {
		if m, ok := v.(*huma.ErrorModel); ok {
			return asProblem(m).complete(), nil
		}
		return v, nil
	}}
	c.Info.Description = "The complaint hotline. Every action of its console is one of these operations. " +
		"Errors are problem details (RFC 9457) that name the field and the rule. " +
		"Commands take an Idempotency-Key: the same key and body give the same answer and act once."
	c.Tags = []*huma.Tag{
		{Name: accountTag, Description: "Signing in, and one's own account. 登录与账号"},
		{Name: staffTag, Description: "Who may sign in, and who did what. 用户与审计"},
		{Name: liveTag, Description: "Queues, agents and calls now. 实时状态"},
		{Name: agentTag, Description: "What agents do. 座席"},
		{Name: callTag, Description: "Calls, and what is done to them. 呼叫"},
		{Name: callbackTag, Description: "Who is to be called back. 回呼"},
		{Name: reportTag, Description: "Figures of periods. 统计报表"},
		{Name: recordingTag, Description: "Recordings of calls. 录音"},
		{Name: hookTag, Description: "Events for other programs. 事件推送"},
		{Name: systemTag, Description: "Of the API itself. 系统"},
	}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "Token of a program. 接口令牌"},
		"session": {Type: "apiKey", In: "cookie", Name: people.CookieName, Description: "Session of the console. 登录会话"},
	}
	return c
}

// patterns is a mux that knows what it was given.
type patterns struct {
	*http.ServeMux
	patterns []string
}

// HandleFunc registers a route.
func (p *patterns) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	p.patterns = append(p.patterns, pattern)
	p.ServeMux.HandleFunc(pattern, handler)
}

// named answers for routes that do not exist: the mux knows whether it is the path or the
// method, but says so as plain text.
func named(mux *patterns) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		answer := bare{header: w.Header()}
		h.ServeHTTP(&answer, r)
		writeProblem(w, Problem{Status: answer.status, Detail: r.Method + " " + r.URL.Path + " is no route of this API"})
	})
}

// bare keeps the status and the headers of an answer and drops its text.
type bare struct {
	header http.Header
	status int
}

func (b *bare) Header() http.Header            { return b.header }
func (b *bare) Write(text []byte) (int, error) { return len(text), nil }
func (b *bare) WriteHeader(status int)         { b.status = status }

// sameOrigin refuses what a page of another site makes a browser send.
func sameOrigin(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, Problem{Status: http.StatusForbidden, Detail: "requests of other sites' pages are refused"})
	}))
	return p.Handler(next)
}

// safe tells browsers that this is data: nothing of it is to be run, framed, guessed at or
// kept. Only a connection that is encrypted already may promise to stay so.
func safe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}

// recovered answers for an operation that broke, so that its caller learns a status. An
// answer that had begun is cut, so that nobody takes it for whole.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := &told{ResponseWriter: w}
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if err, ok := fault.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				s.log.Error("operation broke", "method", r.Method, "path", r.URL.Path, "fault", fmt.Sprint(fault))
			}
			if t.begun {
				panic(http.ErrAbortHandler) //nolint:forbidigo // the server's own way to cut a connection
			}
			writeProblem(w, Problem{Status: http.StatusInternalServerError})
		}()
		next.ServeHTTP(t, r)
	})
}

// told knows whether an answer has begun.
type told struct {
	http.ResponseWriter
	begun bool
}

func (t *told) WriteHeader(status int) {
	t.begun = true
	t.ResponseWriter.WriteHeader(status)
}

func (t *told) Write(p []byte) (int, error) {
	t.begun = true
	return t.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController and for sockets.
func (t *told) Unwrap() http.ResponseWriter { return t.ResponseWriter }
