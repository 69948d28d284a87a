package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"hotline/people"
)

// Audit keeps who did what: every command, every hearing of a recording, every report and
// every try without the right.
type Audit interface {
	// Note writes a deed down and returns when it is safe. Without that nothing is done.
	Note(ctx context.Context, d Deed) error
}

// Deed is one request as the audit log has it. What was sent and answered does not stand
// there: the log is no second store of personal data.
type Deed struct {
	At        time.Time
	By        people.Principal // zero when Root
	Root      bool             // by the configured token
	Address   string           // of the other side, behind a proxy of ours of its client
	Operation string           // id of the document
	Path      string           // with the ids of what it is about
	Query     string           // without the end of a number
	Denied    bool             // the right was lacking
}

// auditKey is where an operation keeps whether it is written down although it reads.
const auditKey = "audited"

// journalKey is where an operation keeps whether what carries it out writes the log by itself.
const journalKey = "journaled"

// noteFor bounds the wait for the log.
const noteFor = 3 * time.Second

// noted writes a request down before it is carried out. One that cannot be written down is
// not carried out.
func (s *Server) noted(ctx huma.Context, a asker, p Problem) Problem {
	if s.o.Audit == nil {
		return p
	}
	r, _ := humago.Unwrap(ctx)
	within, cancel := context.WithTimeout(ctx.Context(), noteFor)
	defer cancel()
	query := r.URL.Query()
	query.Del("number")
	err := s.o.Audit.Note(within, Deed{
		At: time.Now(), By: a.Principal, Root: a.root, Address: s.from(r), Operation: ctx.Operation().OperationID,
		Path: r.URL.Path, Query: query.Encode(), Denied: p.Status == http.StatusForbidden,
	})
	if err != nil {
		s.log.Error("ALARM: audit log does not take a deed", "error", err)
		if p.Status == 0 {
			p = Problem{Status: http.StatusServiceUnavailable, Detail: "the audit log does not work now"}
		}
	}
	return p
}
