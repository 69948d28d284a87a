package web

import (
	"context"
	"net/http"
)

func (s *Server) registerSystem() {
	ill := Health{Parts: []Part{{Name: "redis"}}}
	add(s, operation{
		id: "getHealth", method: http.MethodGet, path: "/healthz", tag: systemTag, right: Open,
		summary: "Whether the parts work", chinese: "健康检查",
		about:  "What is wrong with a part is told to those alone who may know it.",
		answer: Health{OK: true, Parts: []Part{{Name: "redis", OK: true}}},
		errors: map[int]any{http.StatusServiceUnavailable: ill},
	}, s.health)
	s.addPlain(operation{
		id: "getDocument", method: http.MethodGet, path: "/api/v1/openapi.json", tag: systemTag, right: Open,
		summary: "This document", chinese: "接口文档(OpenAPI 3.1)",
		answer: map[string]any{"openapi": "3.1.0"}, kind: map[string]any{},
	}, nil, s.openAPI)
	if s.o.Metrics != nil {
		s.addPlain(operation{
			id: "getMetrics", method: http.MethodGet, path: "/metrics", tag: systemTag, right: MetricsRead,
			summary: "Figures of the program for Prometheus", chinese: "监控指标", media: "text/plain", answer: "",
		}, nil, s.o.Metrics.ServeHTTP)
	}
}

type healthAnswer struct {
	Status int
	Body   Health
}

// health tells everybody whether the parts work. What is wrong with them holds addresses,
// paths and ids of calls, so that is for those who have the right alone.
func (s *Server) health(ctx context.Context, _ *struct{}) (*healthAnswer, error) {
	out := healthAnswer{Status: http.StatusOK, Body: s.desk.Health(ctx)}
	if a := askerOf(ctx); a.err != nil || a.scope(HealthRead) == Nobody {
		out.Body = out.Body.bare()
	}
	if !out.Body.OK {
		out.Status = http.StatusServiceUnavailable
	}
	return &out, nil
}

// bare is the health without what is wrong.
func (h Health) bare() Health {
	parts := make([]Part, len(h.Parts))
	for i, p := range h.Parts {
		parts[i] = Part{Name: p.Name, OK: p.OK}
	}
	h.Parts = parts
	return h
}

func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", jsonType)
	// A reader that left is told nothing more.
	_, _ = w.Write(s.document)
}
