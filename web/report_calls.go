package web

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"hotline/call"
)

// ReportCallsQuery says behind which number of a report calls are asked for.
type ReportCallsQuery struct {
	ReportScope
	Column string    `query:"column" maxLength:"64" default:"offered" doc:"A number of calls of the report. 指标列" example:"abandoned"`                                                                      //nolint:lll // a tag is one line
	Cell   []string  `query:"cell,explode" maxItems:"6" maxLength:"128" doc:"Group of the row as dimension:value, one for each of by, as the row says it; all when empty. 分组值" example:"queue:complaints"` //nolint:lll // as above
	Since  time.Time `query:"interval_from" doc:"Begin of the interval of the row; default the begin of the period. 时段起" example:"2026-03-02T09:00:00+08:00"`                                              //nolint:lll // as above
	Until  time.Time `query:"interval_to" doc:"End of the interval of the row; default the end of the period. 时段止" example:"2026-03-02T09:15:00+08:00"`                                                    //nolint:lll // as above

	// Clear shows callers' numbers whole.
	Clear bool
}

// reportCallsAnswer is the JSON form of a list of calls.
type reportCallsAnswer struct {
	_     struct{}         `additionalProperties:"true"`
	About map[string]any   `json:"about" doc:"Period, zone and limits."`
	Calls []map[string]any `json:"calls" doc:"As many as the number says: a call that was counted twice stands there twice. 呼叫"` //nolint:lll // as above
}

func (s *Server) registerReportCalls(slots chan struct{}) {
	add(s, operation{
		id: "listReportCalls", method: http.MethodGet, path: "/api/v1/reports/calls", tag: reportTag, right: ReportRead,
		audited: true, summary: "The calls behind a number of a report", chinese: "指标对应的呼叫清单",
		about: "Ask with the parameters of the report, the column, and of the row its group and interval. " +
			"It needs the right call.read as well and lists the calls of those agents to whom both rights reach; " +
			"numbers are masked for those who may not see them in full. There is no limit: the list comes as it is made. " +
			"Columns whose calls can be listed are marked in the documentation of figures.",
		answer: reportCallsAnswer{
			About: exampleReport().About,
			Calls: []map[string]any{{
				"queue": exampleQueue, "from": "2026-03-02T09:00:00+08:00", "to": "2026-03-02T10:00:00+08:00",
				"call": exampleCall, "number": call.Masked(exampleNumber), "line": "10000", "wait_ms": 3000, "talk_ms": nil,
				"outcome": "abandoned",
			}},
		},
		kind: reportCallsAnswer{},
	}, func(ctx context.Context, q *ReportCallsQuery) (*reportOutput, error) {
		for _, c := range q.Cell {
			if !strings.Contains(c, ":") {
				return nil, BadField("cell", "must be of the form dimension:value")
			}
		}
		var err error
		if q.Agents, err = s.reachedAgents(ctx, q.Agents, ReportRead, CallRead); err != nil {
			return nil, err
		}
		q.Clear = askerOf(ctx).scope(NumberRead) == All
		return s.streamReport(slots, "calls", q.Format, func(ctx context.Context, w io.Writer) error { //nolint:contextcheck,lll // it has the request's
			return s.o.Reports.ReportCalls(ctx, *q, w)
		})
	})
}
