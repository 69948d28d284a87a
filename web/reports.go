package web

import (
	"context"
	"io"
	"net/http"
	"slices"
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
	// ReportCalls writes the calls behind a number of a report in the same way.
	ReportCalls(ctx context.Context, q ReportCallsQuery, w io.Writer) error
}

// ReportScope says which calls a report counts, and by what it tells them apart. An empty
// member takes the default of the site.
type ReportScope struct {
	From      string         `query:"from" maxLength:"16" doc:"First day in the site's zone, or a time as 2026-03-02T09:00; default today. 起始" example:"2026-03-02"`                                                                     //nolint:lll // a tag is one line
	To        string         `query:"to" maxLength:"16" doc:"Last day, inclusive, or the time at which it ends; default the first day. 截止" example:"2026-03-02"`                                                                         //nolint:lll // as above
	Step      string         `query:"step" enum:"15m,30m,1h,1d,1w,1mo,all" doc:"Length of an interval; default 1h, or all by weekday or hour. 统计粒度" example:"1h"`                                                                        //nolint:lll // as above
	By        []string       `query:"by" maxItems:"6" uniqueItems:"true" enum:"queue,agent,team,line,weekday,hour,none" doc:"What rows are told apart by, in their order, separated by commas; default queue. 分组" example:"queue,agent"` //nolint:lll // as above
	Queues    []call.QueueID `query:"queue" maxItems:"100" maxLength:"64" doc:"Only these queues, separated by commas. 队列"`                                                                                                              //nolint:lll // as above
	Agents    []call.AgentID `query:"agent" maxItems:"100" maxLength:"64" doc:"Only these agents: who answered, was rung or dialled. 座席"`                                                                                                //nolint:lll // as above
	Teams     []string       `query:"team" maxItems:"100" maxLength:"64" doc:"Only agents of these teams. 班组"`                                                                                                                           //nolint:lll // as above
	Lines     []string       `query:"line" maxItems:"100" maxLength:"64" doc:"Only calls to these hotline numbers. 热线号码"`                                                                                                                //nolint:lll // as above
	Threshold call.Millis    `query:"threshold_ms" minimum:"0" maximum:"86400000" doc:"Answered in time, inclusive; 0 = as configured. 接听时限"`                                                                                            //nolint:lll // as above
	Short     call.Millis    `query:"short_ms" minimum:"-1" maximum:"86400000" default:"-1" doc:"An abandon below it is short; -1 = as configured, 0 = none is. 短呼"`                                                                     //nolint:lll // as above
	Format    string         `query:"format" enum:"json,csv,xlsx" default:"json" doc:"Form of the answer. 格式"`
	Lang      string         `query:"lang" enum:"zh-CN,en" default:"zh-CN" doc:"Language of headings in a workbook. 语言"`
	BOM       bool           `query:"bom" doc:"Begin CSV with a byte order mark, for Excel."`
}

// ReportQuery says what a report is about and how it is shown.
type ReportQuery struct {
	ReportScope
	Parts     []string `query:"part" maxItems:"10" enum:"figures,lines,late,surveys,breaks,metrics,deviations" doc:"Tables; CSV holds one. Not with compare. 报表"`      //nolint:lll // as above
	Columns   []string `query:"column" maxItems:"100" maxLength:"64" doc:"Columns of the figures; the usual ones when empty. 指标列" example:"offered,service_level_pct"` //nolint:lll // as above
	Formula   string   `query:"formula" maxLength:"64" doc:"Formula of the service level. 服务水平公式" example:"hotline"`
	Compare   string   `query:"compare" enum:"period,week,month,year" doc:"Beside the same report of the period just before, or of the same dates a week, month or year before. 对比(环比、同比)"` //nolint:lll // as above
	Deviation float64  `query:"deviation_pct" minimum:"1" maximum:"1000" default:"30" doc:"By more than which the talk time of a deviating agent differs from his team's. 差异人员偏差"`          //nolint:lll // as above
	MinTalks  int64    `query:"min_talks" minimum:"1" maximum:"1000000" default:"20" doc:"Talks below which an agent is not judged. 最少通话数"`                                                 //nolint:lll // as above
	Empty     bool     `query:"empty" doc:"Show intervals without a call as well. 含空时段"`
}

const (
	// reportFor bounds the making of one report, reportsAtOnce how many are made side by side:
	// each takes a whole core.
	reportFor     = 2 * time.Minute
	reportsAtOnce = 4
	csvType       = "text/csv; charset=utf-8"
	xlsxType      = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

func (s *Server) registerReports() {
	slots := make(chan struct{}, reportsAtOnce)
	add(s, operation{
		id: "getReport", method: http.MethodGet, path: "/api/v1/reports", tag: reportTag, right: ReportRead,
		audited: true, summary: "Figures of a period", chinese: "统计报表(指标、专线、超时、满意度、小休、差异人员、对比)",
		about: "Counts and the service level belong to the interval in which the caller entered the queue. " +
			"The answer names the formula and the limits that its figures depend on. Numbers are raw and null where " +
			"there is no value. Members are added as tables grow: skip those you do not know. " +
			"Who may see his own figures, or those of his team, gets a report of these agents alone. " +
			"With format=csv it is one table as text/csv, with format=xlsx a workbook.",
		answer: exampleReport(), kind: reportAnswer{},
	}, func(ctx context.Context, q *ReportQuery) (*reportOutput, error) {
		var err error
		if q.Agents, err = s.reachedAgents(ctx, q.Agents, ReportRead); err != nil {
			return nil, err
		}
		return s.streamReport(slots, "report", q.Format, func(ctx context.Context, w io.Writer) error { //nolint:contextcheck,lll // it has the request's
			return s.o.Reports.Report(ctx, *q, w)
		})
	})
	s.registerReportCalls(slots)
	if len(s.faults) > 0 {
		return
	}
	for path, example := range map[string]string{
		"/api/v1/reports":       "scope,queue,from,to,offered\n",
		"/api/v1/reports/calls": "queue,from,to,call,number\n",
	} {
		ok := s.api.OpenAPI().Paths[path].Get.Responses["200"]
		ok.Content["text/csv"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}, Example: example}
		ok.Content[xlsxType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
}

// reachedAgents narrows a report to the agents whom all the rights of the asker reach to; none
// means that nothing is narrowed. Who asks for somebody else is refused.
func (s *Server) reachedAgents(ctx context.Context, wanted []call.AgentID, rights ...Right) ([]call.AgentID, error) {
	a, narrow := askerOf(ctx), false
	for _, r := range rights {
		if a.scope(r) == Nobody {
			return nil, Problem{Status: http.StatusForbidden, Detail: "the right " + string(r) + " is not yours"}
		}
		narrow = narrow || a.scope(r) != All
	}
	if !narrow {
		return wanted, nil
	}
	reached := func(g call.AgentID) bool {
		return !slices.ContainsFunc(rights, func(r Right) bool { return !s.sees(a, r, g) })
	}
	if len(wanted) == 0 {
		wanted = keep(s.agentsWith(a), reached)
	}
	if len(wanted) == 0 || slices.ContainsFunc(wanted, func(g call.AgentID) bool { return !reached(g) }) {
		return nil, Problem{Status: http.StatusForbidden, Field: "agent", Detail: "agent: your right does not reach so far"}
	}
	return wanted, nil
}

// reportAnswer is the JSON form of a report, as far as it is the same for all.
type reportAnswer struct {
	_          struct{}         `additionalProperties:"true"`
	About      map[string]any   `json:"about" doc:"Period, zone, limits, formula, and the service level by every formula."`
	Figures    []map[string]any `json:"figures,omitempty" doc:"A row for each group and interval, then totals. 指标"`
	Lines      []map[string]any `json:"lines,omitempty" doc:"What became of calls, by the number that was dialled. 来电"`
	Late       []map[string]any `json:"late,omitempty" doc:"Callers who waited longer than the limit. 超时应答清单"`
	Surveys    []map[string]any `json:"surveys,omitempty" doc:"Answers to the survey after the talk. 满意度评价"`
	Breaks     []map[string]any `json:"breaks,omitempty" doc:"Time on breaks by agent and reason. 小休"`
	Metrics    []map[string]any `json:"metrics,omitempty" doc:"Every metric of the trade over the whole report. 指标一览"`
	Deviations []map[string]any `json:"deviations,omitempty" doc:"Agents whose talk time differs. 差异人员"`
	Comparison []map[string]any `json:"comparison,omitempty" doc:"In place of the tables with compare: each figure beside that of before. 对比"` //nolint:lll // as above
}

func exampleReport() reportAnswer {
	return reportAnswer{
		About: map[string]any{
			"from": "2026-03-02T00:00:00+08:00", "to": "2026-03-03T00:00:00+08:00", "zone": "Asia/Shanghai", "step": "1h",
			"answered_within_ms": 15000, "short_below_ms": 5000, "service_level_formula": "hotline", "by": []string{"queue"},
		},
		Figures: []map[string]any{{
			"scope": "all", "queue": "", "from": "2026-03-02T00:00:00+08:00", "to": "2026-03-03T00:00:00+08:00",
			"offered": 14, "answered": 5, "service_level_pct": 40, "asa_ms": nil,
		}},
		Comparison: []map[string]any{{
			"scope": "all", "queue": "", "from": "2026-03-02T00:00:00+08:00", "to": "2026-03-03T00:00:00+08:00",
			"before_from": "2026-03-01T00:00:00+08:00", "before_to": "2026-03-02T00:00:00+08:00", "column": "offered",
			"value": 14, "before": 10, "difference": 4, "unit": "", "change_pct": 40,
		}},
	}
}

type reportOutput struct{ Body func(huma.Context) }

// streamReport answers with a table that is sent while it is made. As many as are made already
// may be too many.
func (s *Server) streamReport(slots chan struct{}, name, format string, write writeTable) (*reportOutput, error) {
	select {
	case slots <- struct{}{}:
	default:
		return nil, Problem{
			Status: http.StatusServiceUnavailable, Detail: "as many reports are being made as may be, try again",
		}
	}
	return &reportOutput{Body: func(ctx huma.Context) {
		defer func() { <-slots }()
		_, w := humago.Unwrap(ctx)
		s.writeReport(ctx.Context(), w, name, format, write)
	}}, nil
}

// writeTable writes a table.
type writeTable func(ctx context.Context, w io.Writer) error

// writeReport sends a table. What goes wrong before the first byte is a problem; what goes
// wrong later cuts the answer, so that nobody takes a part for the whole.
func (s *Server) writeReport(ctx context.Context, w http.ResponseWriter, name, format string, write writeTable) {
	ctx, cancel := context.WithTimeout(ctx, reportFor)
	defer cancel()
	media := jsonType
	switch format {
	case "csv":
		media = csvType
	case "xlsx":
		media = xlsxType
	}
	if media != jsonType {
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.`+format+`"`)
	}
	out := &patient{ResponseWriter: w, control: http.NewResponseController(w), media: media}
	if err := out.control.SetWriteDeadline(time.Now().Add(reportFor + patience)); err != nil {
		s.log.Debug("no deadline for a report", "error", err)
	}
	err := write(ctx, out)
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
