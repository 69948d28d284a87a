package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

const (
	// maxBody is far above any request this API has.
	maxBody = 64 << 10
	// maxDepth is far above the nesting of any request this API has.
	maxDepth = 16
)

func tooLarge() Problem {
	return Problem{
		Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("body: must be at most %d bytes", maxBody),
	}
}

// formats are the media types of bodies: JSON alone.
func formats() map[string]huma.Format {
	f := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
	return map[string]huma.Format{jsonType: f, "json": f}
}

// unmarshal reads a body. The library reads each twice: first as any value, which is held
// against the schema, then as the type. What the first reading must not leave to the second
// is refused here.
func unmarshal(data []byte, v any) error {
	if _, first := v.(*any); first {
		if err := wellFormed(data); err != nil {
			return err
		}
	}
	return json.Unmarshal(data, v)
}

// wellFormed refuses JSON that two readers may read differently: text that is no UTF-8 or
// holds NUL, nesting without end, a member that comes twice in one object, by whatever
// letters. Without the last rule a member could pass the schema by its first value and be
// taken by its second.
func wellFormed(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("must be UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var open []map[string]bool // members of the open objects; nil for an open array
	name := false              // a member's name comes next
	for {
		t, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && len(open) == 0:
			return nil
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
		switch t := t.(type) {
		case json.Delim:
			if open, err = nest(open, t); err != nil {
				return err
			}
		case string:
			if err := plain(t); err != nil {
				return err
			}
			if name {
				if err := once(open[len(open)-1], t); err != nil {
					return err
				}
				name = false
				continue
			}
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}

// nest opens or closes an object or array.
func nest(open []map[string]bool, t json.Delim) ([]map[string]bool, error) {
	switch t {
	case '{':
		open = append(open, map[string]bool{})
	case '[':
		open = append(open, nil)
	default:
		return open[:len(open)-1], nil
	}
	if len(open) > maxDepth {
		return open, fmt.Errorf("must be nested at most %d deep", maxDepth)
	}
	return open, nil
}

// plain refuses text that a store or a reader in another language may cut or refuse. A
// broken escape of a surrogate has become the replacement character by now.
func plain(text string) error {
	if strings.ContainsRune(text, 0) {
		return errors.New("must not hold NUL")
	}
	if strings.ContainsRune(text, utf8.RuneError) {
		return errors.New("must not hold the replacement character or half a surrogate pair")
	}
	return nil
}

// once notes a member. The decoder takes names in any case, so they are the same in any case.
func once(members map[string]bool, name string) error {
	folded := strings.ToLower(strings.ToUpper(name))
	if members[folded] {
		return fmt.Errorf("member %q comes twice", name)
	}
	members[folded] = true
	return nil
}

// sane refuses what is wrong with any request whatever it asks for, before anything reads
// or logs it.
func sane(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := insane(r); p.Status != 0 {
			if p.Status == http.StatusRequestEntityTooLarge {
				w.Header().Set("Connection", "close") // or the rest would be read and thrown away
			}
			writeProblem(w, p)
			return
		}
		// Two bytes above the limit of an operation, so that it is the operation that says so.
		r.Body = http.MaxBytesReader(w, r.Body, maxBody+2)
		next.ServeHTTP(w, r)
	})
}

func insane(r *http.Request) Problem {
	if r.ContentLength > maxBody {
		return tooLarge()
	}
	if wild(r.URL.Path) {
		return Problem{Status: http.StatusBadRequest, Field: "path", Detail: "path: must be UTF-8 without control characters"}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return Problem{Status: http.StatusBadRequest, Field: "query", Detail: "query: must be well-formed"}
	}
	for name, values := range query {
		if wild(name) || wild(strings.Join(values, "")) {
			return Problem{
				Status: http.StatusBadRequest, Field: "query", Detail: "query: must be UTF-8 without control characters",
			}
		}
	}
	return Problem{}
}

func wild(text string) bool {
	return !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl)
}
