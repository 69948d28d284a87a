package web

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"
)

const (
	keyHeader = "Idempotency-Key"
	maxKey    = 64
	// maxAnswers and maxAnswer bound the memory of answers, in number and bytes; answerFor is
	// how long one is kept.
	maxAnswers = 4096
	maxAnswer  = 8 << 10
	answerFor  = time.Hour
)

// answers keeps what was answered to commands that bore a key, so that who did not get the
// answer may ask again without the command being carried out again. The oldest go first.
type answers struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]*list.Element
	order *list.List // of *answer, the oldest first
}

// answer is one command and what was answered.
type answer struct {
	key     [sha256.Size]byte
	request [sha256.Size]byte
	at      time.Time
	done    bool
	status  int
	header  http.Header
	body    []byte
}

func newAnswers() *answers {
	return &answers{known: map[[sha256.Size]byte]*list.Element{}, order: list.New()}
}

// begin takes a key. It returns the answer that is known already, or nil when the command is
// to be carried out now.
func (k *answers) begin(key, request [sha256.Size]byte) *answer {
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	for e := k.order.Front(); e != nil; e = k.order.Front() {
		a, _ := e.Value.(*answer)
		if k.order.Len() < maxAnswers && now.Sub(a.at) < answerFor {
			break
		}
		k.drop(e)
	}
	if e, ok := k.known[key]; ok {
		a, _ := e.Value.(*answer)
		known := *a
		return &known
	}
	k.known[key] = k.order.PushBack(&answer{key: key, request: request, at: now})
	return nil
}

// end keeps an answer, or lets go of the key when a later try may succeed.
func (k *answers) end(key [sha256.Size]byte, c *copied) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, ok := k.known[key]
	if !ok {
		return
	}
	if !c.final() {
		k.drop(e)
		return
	}
	a, _ := e.Value.(*answer)
	a.done, a.status, a.header, a.body = true, c.status, c.Header().Clone(), c.body.Bytes()
}

func (k *answers) drop(e *list.Element) {
	a, _ := k.order.Remove(e).(*answer)
	delete(k.known, a.key)
}

// copied is an answer that is kept while it is sent.
type copied struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (c *copied) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *copied) Write(p []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	if c.body.Len() <= maxAnswer {
		c.body.Write(p)
	}
	return c.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (c *copied) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// final tells whether the same command would be answered so again. Rights and limits change,
// and a fault may be gone.
func (c *copied) final() bool {
	switch c.status {
	case 0, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusRequestTimeout:
		return false
	}
	if c.Header().Get("Set-Cookie") != "" {
		return false // A session is for him alone who is there when it begins.
	}
	return c.status < http.StatusInternalServerError && c.body.Len() <= maxAnswer
}

// replay carries out a command with a key once, however often it comes.
func (s *Server) replay(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, a := r.Header.Get(keyHeader), askerOf(r.Context())
		switch {
		case name == "" || r.Method == http.MethodGet || r.Method == http.MethodHead || a.err != nil:
			next.ServeHTTP(w, r)
			return
		case len(name) > maxKey || wild(name):
			writeProblem(w, BadField(keyHeader, "must be one line of at most 64 bytes"))
			return
		}
		body, err := io.ReadAll(r.Body)
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &large):
			writeProblem(w, tooLarge())
			return
		case err != nil:
			writeProblem(w, Problem{Status: http.StatusBadRequest, Detail: "body: cannot be read"})
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		key := sha256.Sum256([]byte(a.key() + "\n" + name))
		request := sha256.Sum256(append([]byte(r.Method+" "+r.URL.RequestURI()+"\n"), body...))
		if known := s.answers.begin(key, request); known != nil {
			known.repeat(w, request)
			return
		}
		c := &copied{ResponseWriter: w}
		defer func() { s.answers.end(key, c) }()
		next.ServeHTTP(c, r)
	})
}

// repeat sends an answer again.
func (a *answer) repeat(w http.ResponseWriter, request [sha256.Size]byte) {
	switch {
	case a.request != request:
		writeProblem(w, BadField(keyHeader, "must not be used again for another request"))
	case !a.done:
		w.Header().Set("Retry-After", "1")
		writeProblem(w, Problem{
			Status: http.StatusConflict, Field: keyHeader, Detail: keyHeader + ": the same command is being carried out",
		})
	default:
		maps.Copy(w.Header(), a.header)
		w.Header().Set("Idempotency-Replayed", "true")
		w.WriteHeader(a.status)
		// The status is out; a reader that left is told nothing more.
		_, _ = w.Write(a.body)
	}
}
