package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// hostile are values that programs stumble over, as they stand in a URL. None of them makes
// ffuf's own client refuse the request, so that each is answered.
var hostile = []string{
	"%00", "%ff", "%c0%ae", "..%2f..%2f", "%2e%2e/", "%0d%0aX:1", "%3Cscript%3E", "%F0%9F%98%80", "%E4%B8%AD", "%ED%A0%80",
	"-1", "0", "-0", "1.5", "0x10", "1_000", "1e309", "NaN", "null", "true", "[]", "%7B%22a%22:1%7D", "'%20or%201=1",
	"99999999999999999999", "9223372036854775807", "9223372036854775808", "%25s%25n", "*", "+", "%2B", "1,2,3", ",", ",,,",
	strings.Repeat("a", 5000), strings.Repeat("x", 64), strings.Repeat("x", 65), "--", "none", "x",
	"2026-02-30", "2026-13-01T25:00", "0000-00-00", "9999-12-31", "0001-01-01T00:00:00Z", "2026-11-01",
	"day", "1h", "1mo", "csv", "xlsx", "offered", "team", "metrics", "late",
	"bytes=0-", "bytes=-1", "bytes=9-1", "bytes=0-1,2-3,4-99999999999999999999", "W/", "%22v1%22",
}

// fuzzed is one operation of the document.
type fuzzed struct {
	method, path string
	ID           string            `json:"operationId"`
	Parameters   []fuzzedParameter `json:"parameters"`
	RequestBody  *struct {
		Content map[string]struct {
			Example json.RawMessage `json:"example"`
		} `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct{} `json:"responses"`
}

type fuzzedParameter struct {
	Name   string       `json:"name"`
	In     string       `json:"in"`
	Schema fuzzedSchema `json:"schema"`
}

type fuzzedSchema struct {
	Enum     []any         `json:"enum"`
	Examples []any         `json:"examples"`
	Items    *fuzzedSchema `json:"items"`
}

// values are the ones that the document names.
func (s fuzzedSchema) values() []string {
	var all []string
	for _, v := range append(slices.Clone(s.Enum), s.Examples...) {
		if list, ok := v.([]any); ok {
			for _, one := range list {
				all = append(all, fmt.Sprint(one))
			}
			continue
		}
		all = append(all, fmt.Sprint(v))
	}
	if s.Items != nil {
		all = append(all, s.Items.values()...)
	}
	return all
}

// operationsOf are those of a document, but for the stream of events, which does not end.
func operationsOf(t *testing.T, document []byte) []fuzzed {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]fuzzed `json:"paths"`
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	var ops []fuzzed
	for path, item := range doc.Paths {
		for method, op := range item {
			if op.method, op.path = strings.ToUpper(method), path; op.ID != "streamEvents" {
				ops = append(ops, op)
			}
		}
	}
	slices.SortFunc(ops, func(a, b fuzzed) int { return cmp.Compare(a.ID, b.ID) })
	return ops
}

// shot is a request of which one part reads FUZZ, which ffuf replaces.
type shot struct {
	method, target string
	header         []string
	body           string

	part  string   // which one it is
	sound string   // what would stand there
	words []string // what is to stand there; none = what zzuf makes of the sound one
	spare string   // options of zzuf, so that it leaves some bytes alone
	coded bool     // what zzuf makes is encoded for an address
}

// aim makes a request as the document wants it, but for one part.
func (f *fuzzer) aim(op fuzzed) shot {
	s := shot{method: op.method, target: op.path}
	at := len(op.Parameters) // none of them
	if at > 0 && (op.RequestBody == nil || f.one(4)) {
		at = f.rand.IntN(at)
	}
	if op.RequestBody != nil {
		s.header = append(s.header, "Content-Type: application/json")
		s.body = string(op.RequestBody.Content["application/json"].Example)
	}
	var query []string
	for i, p := range op.Parameters {
		value, omit := f.sound(op.path, p), f.one(2)
		if i == at {
			value = s.spoil(p, value, f.one(2))
		} else if p.In != "header" {
			value = url.QueryEscape(value)
		}
		switch {
		case p.In == "path":
			s.target = strings.ReplaceAll(s.target, "{"+p.Name+"}", value)
		case value == "", omit && i != at && p.Name != "If-Match":
		case p.In == "query":
			query = append(query, p.Name+"="+value)
		case p.Name != "Idempotency-Key" || i == at: // one key would be one command
			s.header = append(s.header, p.Name+": "+value)
		}
	}
	switch {
	case at < len(op.Parameters):
	case op.RequestBody != nil:
		s.spoilBody(f)
	default:
		s.part, s.words = "an unknown parameter", hostile
		query = append(query, "x=FUZZ")
	}
	if len(query) > 0 {
		s.target += "?" + strings.Join(query, "&")
	}
	return s
}

// spoil makes a parameter the part that is replaced.
func (s *shot) spoil(p fuzzedParameter, sound string, slightly bool) string {
	s.part, s.sound, s.coded = p.Name+" in the "+p.In, sound, true
	if !slightly || sound == "" || p.In == "header" { // ffuf cannot send all bytes in a header
		s.words = slices.Clone(hostile)
		for _, v := range p.Schema.values() {
			s.words = append(s.words, url.QueryEscape(v))
		}
	}
	return "FUZZ"
}

// leaf is a value in a body.
var leaf = regexp.MustCompile(`[:\[]\s*("[^"\\]*"|\d+|true|false)`)

// spoilBody makes the body, or a value in it, the part that is replaced. As zzuf breaks nearly
// every JSON text, it is told now and then to leave the marks alone.
func (s *shot) spoilBody(f *fuzzer) {
	body := s.body
	s.part, s.sound, s.body = "the body", body, "FUZZ"
	leaves := leaf.FindAllStringSubmatchIndex(body, -1)
	if f.one(2) {
		s.spare = `-P '{}[]:,"' -R '\x00-\x1f"\\'`
	}
	if len(leaves) == 0 || f.one(4) {
		return
	}
	at := leaves[f.rand.IntN(len(leaves))]
	s.part, s.sound, s.body = "a value in the body", body[at[2]:at[3]], body[:at[2]]+"FUZZ"+body[at[3]:]
	if f.one(2) {
		s.words = literals()
	}
}

// literals are hostile values in JSON.
func literals() []string {
	all := []string{
		"null", "true", "-1", "0", "1.5", "1e309", "99999999999999999999", "[]", "{}", "[[]]", "[null]", `""`, `"\ud800"`,
	}
	for _, h := range hostile {
		text, err := url.QueryUnescape(h)
		if err != nil {
			text = h
		}
		if raw, err := json.Marshal(text); err == nil {
			all = append(all, string(raw))
		}
	}
	return all
}
