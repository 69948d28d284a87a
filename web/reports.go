package web

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"hotline/call"
)

// Reports make tables of figures.
type Reports interface {
	// Report writes a report. What is wrong with the query is a Problem, and then nothing has
	// been written.
	Report(ctx context.Context, q ReportQuery, w io.Writer) error
}

// ReportQuery says what a report is about. An empty member takes the default of the site.
type ReportQuery struct {
	From      string         `query:"from" format:"date" maxLength:"10" doc:"First day in the site's zone; default today. 起始日" example:"2026-03-02"`                 //nolint:lll // a tag is one line
	To        string         `query:"to" format:"date" maxLength:"10" doc:"Last day, inclusive; default the first. 截止日" example:"2026-03-02"`                        //nolint:lll // as above
	Step      string         `query:"step" enum:"15m,30m,1h,1d" default:"1h" doc:"Length of an interval. 统计粒度"`                                                      //nolint:lll // as above
	Queues    []call.QueueID `query:"queue" maxItems:"100" maxLength:"64" doc:"Only these queues, separated by commas. 队列"`                                          //nolint:lll // as above
	Parts     []string       `query:"part" maxItems:"10" maxLength:"32" doc:"Tables: figures, lines, late, surveys; CSV holds one. 报表"`                              //nolint:lll // as above
	Columns   []string       `query:"column" maxItems:"100" maxLength:"64" doc:"Columns of the figures; the usual ones when empty. 指标列"`                             //nolint:lll // as above
	Formula   string         `query:"formula" maxLength:"64" doc:"Formula of the service level. 服务水平公式" example:"hotline"`                                           //nolint:lll // as above
	Threshold call.Millis    `query:"threshold_ms" minimum:"0" maximum:"86400000" doc:"Answered in time, inclusive; 0 = as configured. 接听时限"`                        //nolint:lll // as above
	Short     call.Millis    `query:"short_ms" minimum:"-1" maximum:"86400000" default:"-1" doc:"An abandon below it is short; -1 = as configured, 0 = none is. 短呼"` //nolint:lll // as above
	Empty     bool           `query:"empty" doc:"Show intervals without a call as well. 含空时段"`
	Format    string         `query:"format" enum:"json,csv" default:"json" doc:"Form of the answer. 格式"`
	Lang      string         `query:"lang" enum:"zh-CN,en" default:"zh-CN" doc:"Language of words in CSV. 语言"`
	BOM       bool           `query:"bom" doc:"Begin CSV with a byte order mark, for Excel."`
}

const (
	// reportFor bounds the making of one report, reportsAtOnce how many are made side by side:
	// each takes a whole core.
	reportFor     = 2 * time.Minute
	reportsAtOnce = 4
	csvType       = "text/csv; charset=utf-8"
)

func (s *Server) registerReports() {
	slots := make(chan struct{}, reportsAtOnce)
	add(s, operation{
		id: "getReport", method: http.MethodGet, path: "/api/v1/reports", tag: reportTag, right: ReportRead,
		audited: true, summary: "Figures of a period", chinese: "统计报表(队列、专线、超时、满意度)",
		about: "Counts and the service level belong to the interval in which the caller entered the queue. " +
			"The answer names the formula and the limits that its figures depend on. Numbers are raw and null where " +
			"there is no value. Members are added as tables grow: skip those you do not know. " +
			"With format=csv it is one table as text/csv.",
		answer: exampleReport(), kind: reportAnswer{},
	}, func(_ context.Context, q *ReportQuery) (*reportOutput, error) {
		select {
		case slots <- struct{}{}:
		default:
			return nil, busy()
		}
		return &reportOutput{Body: func(ctx huma.Context) { //nolint:contextcheck // it has the request's
			defer func() { <-slots }()
			_, w := humago.Unwrap(ctx)
			s.writeReport(ctx.Context(), w, *q)
		}}, nil
	})
	if len(s.faults) > 0 {
		return
	}
	ok := s.api.OpenAPI().Paths["/api/v1/reports"].Get.Responses["200"]
	ok.Content["text/csv"] = &huma.MediaType{
		Schema: &huma.Schema{Type: huma.TypeString}, Example: "scope,queue,from,to,offered\n",
	}
}

// reportAnswer is the JSON form of a report, as far as it is the same for all.
type reportAnswer struct {
	_       struct{}         `additionalProperties:"true"`
	About   map[string]any   `json:"about" doc:"Period, zone, limits, formula, and the service level by every formula."`
	Figures []map[string]any `json:"figures,omitempty" doc:"A row for each queue and interval, then totals."`
	Lines   []map[string]any `json:"lines,omitempty" doc:"What became of calls, by the number that was dialled."`
	Late    []map[string]any `json:"late,omitempty" doc:"Callers who waited longer than the limit."`
	Surveys []map[string]any `json:"surveys,omitempty" doc:"Answers to the survey after the talk."`
}

func exampleReport() reportAnswer {
	return reportAnswer{
		About: map[string]any{
			"from": "2026-03-02T00:00:00+08:00", "to": "2026-03-03T00:00:00+08:00", "zone": "Asia/Shanghai", "step": "1h",
			"answered_within_ms": 15000, "short_below_ms": 5000, "service_level_formula": "hotline",
		},
		Figures: []map[string]any{{
			"scope": "all", "queue": "", "from": "2026-03-02T00:00:00+08:00", "to": "2026-03-03T00:00:00+08:00",
			"offered": 14, "answered": 5, "service_level_pct": 40, "asa_ms": nil,
		}},
	}
}

type reportOutput struct{ Body func(huma.Context) }

// busy is the refusal of work that takes long while others do as much as may be done at once.
func busy() Problem {
	return Problem{Status: http.StatusServiceUnavailable, Detail: "as many reports are being made as may be, try again"}
}

// writeReport sends a report while it is made. What goes wrong before the first byte is a
// problem; what goes wrong later cuts the answer, so that nobody takes a part for the whole.
func (s *Server) writeReport(ctx context.Context, w http.ResponseWriter, q ReportQuery) {
	ctx, cancel := context.WithTimeout(ctx, reportFor)
	defer cancel()
	media := jsonType
	if q.Format == "csv" {
		media = csvType
		w.Header().Set("Content-Disposition", `attachment; filename="report.csv"`)
	}
	out := &patient{ResponseWriter: w, control: http.NewResponseController(w), media: media}
	if err := out.control.SetWriteDeadline(time.Now().Add(reportFor + patience)); err != nil {
		s.log.Debug("no deadline for a report", "error", err)
	}
	err := s.o.Reports.Report(ctx, q, out)
	switch {
	case err == nil:
	case out.begun:
		s.log.Warn("report cut", "error", err)
		panic(http.ErrAbortHandler) //nolint:forbidigo // the server's own way to cut an answer
	default:
		w.Header().Del("Content-Disposition")
		writeProblem(w, s.problem(err))
	}
}

// patience is how long a reader may take for one piece of a long answer.
const patience = 20 * time.Second

// patient gives its reader time for each piece instead of for the whole, and tells the type
// of the answer with the first one.
type patient struct {
	http.ResponseWriter
	control *http.ResponseController
	media   string // "" = told already
	begun   bool
	refused bool // what follows is a text of the library, in whose place a problem was written
}

// WriteHeader puts a problem in the place of a refusal.
func (p *patient) WriteHeader(status int) {
	p.begun = true
	if p.refused = status >= http.StatusBadRequest; p.refused {
		writeProblem(p.ResponseWriter, Problem{Status: status})
		return
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *patient) Write(b []byte) (int, error) {
	if p.refused {
		return len(b), nil
	}
	if !p.begun && p.media != "" {
		p.Header().Set("Content-Type", p.media)
	}
	p.begun = true
	// Where no deadline of its own can be set, the server's holds.
	_ = p.control.SetWriteDeadline(time.Now().Add(patience))
	return p.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }
