package webtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maker makes requests.
type maker struct {
	doc  *document
	rand *rand.Rand
}

// made is one request.
type made struct {
	method, target, body string
	header               map[string]string
	elsewhere            bool // another route or method than the operation's
}

// String is the request as a person can send it again.
func (m made) String() string {
	body := m.body
	if len(body) > 300 {
		body = fmt.Sprintf("%.300s... (%d bytes)", body, len(m.body))
	}
	return fmt.Sprintf("%s %s %v %q", m.method, m.target, m.header, body)
}

// one tells in one of n cases.
func (m *maker) one(n int) bool { return m.rand.IntN(n) == 0 }

func (m *maker) pick(of ...string) string { return of[m.rand.IntN(len(of))] }

// request makes a request to an operation: mostly what the document asks for, with here and
// there a part that is not.
func (m *maker) request(op operation) made {
	out := made{method: op.method, target: op.path, header: map[string]string{}}
	var query []string
	for _, p := range op.Parameters {
		if p.In != "path" && !p.Required && !m.one(3) {
			continue
		}
		value := m.text(p.Schema)
		switch p.In {
		case "path":
			if value == "" || value == "." || value == ".." {
				value = "x" // else it is another route
			}
			out.target = strings.ReplaceAll(out.target, "{"+p.Name+"}", url.PathEscape(value))
		case "query":
			query = append(query, p.Name+"="+url.QueryEscape(value))
		case "header":
			out.header[p.Name] = value
		}
	}
	if m.one(10) {
		query = append(query, m.pick("x=1", "%00=1", "a=%zz", "=", "&&", "from=%ff", ";", "limit=1&limit=2"))
	}
	if len(query) > 0 {
		out.target += "?" + strings.Join(query, "&")
	}
	if op.RequestBody != nil {
		out.header["Content-Type"] = "application/json"
		out.body = m.body(op.RequestBody.Content["application/json"])
	}
	m.spoil(&out)
	return out
}

// spoil changes what belongs to any request.
func (m *maker) spoil(out *made) {
	switch m.rand.IntN(40) {
	case 0:
		out.elsewhere = true
		out.method = m.pick(http.MethodPut, http.MethodPatch, http.MethodHead, "BREW", http.MethodOptions)
	case 1:
		out.header["Content-Type"] = m.pick(
			"text/plain", "application/xml", "application/json; charset=latin1", "+;", ";+", "",
		)
	case 2:
		out.header["Accept"] = m.pick("text/html", "*/*;q=0", ",,;q=x", "application/xml")
	case 3:
		out.header["Range"] = m.pick("bytes=0-", "bytes=9-1", "bytes=-0", "lines=1", "bytes=0-1,2-3,4-99999999999999999999")
	case 4:
		out.header["Idempotency-Key"] = m.pick("k", strings.Repeat("k", 65), "中", "a b")
	case 5:
		out.header["If-None-Match"] = m.pick("*", `"x"`, `W/"`)
	case 6:
		out.header["Upgrade"], out.header["Connection"] = "websocket", "Upgrade"
	case 7:
		out.target, out.elsewhere = out.target+m.pick("/", "//", "/x", "%2f..%2f", "?"), true
	}
}

// body is the example, a value by the schema, or text that is neither.
func (m *maker) body(of media) string {
	switch m.rand.IntN(8) {
	case 0:
		return string(of.Example)
	case 1:
		return m.pick(
			"", "null", "[]", "{}", `"x"`, "1", "{", "\x00", "\xff\xfe", strings.Repeat("[", 20_000),
			`{"a":`+strings.Repeat(`{"a":`, 40)+"1"+strings.Repeat("}", 41), strings.Repeat(" ", 70_000), "<x/>",
		)
	case 2: // the example with one byte changed
		if text := []byte(string(of.Example)); len(text) > 0 {
			text[m.rand.IntN(len(text))] = byte(m.rand.IntN(256))
			return string(text)
		}
	}
	raw, err := json.Marshal(m.value(of.Schema, 0))
	if err != nil {
		return "{}"
	}
	return string(raw)
}

// text is a value of a parameter.
func (m *maker) text(s *schema) string {
	if m.one(8) {
		return m.wild()
	}
	switch v := m.value(s, 0).(type) {
	case []any:
		words := make([]string, len(v))
		for i, one := range v {
			words[i] = fmt.Sprint(one)
		}
		return strings.Join(words, ",")
	default:
		return fmt.Sprint(v)
	}
}

const deepest = 4

// value is a value by a schema, or now and then one that is not.
func (m *maker) value(s *schema, depth int) any {
	s = m.doc.resolve(s)
	if m.one(25) {
		return []any{nil, true, -1, 1e300, "", m.wild(), []any{}, map[string]any{"x": 1}}[m.rand.IntN(8)]
	}
	if len(s.Enum) > 0 {
		return s.Enum[m.rand.IntN(len(s.Enum))]
	}
	if len(s.Examples) > 0 && m.one(2) {
		return s.Examples[m.rand.IntN(len(s.Examples))]
	}
	switch s.kind() {
	case "object":
		return m.object(s, depth)
	case "array":
		list := []any{}
		for range m.rand.IntN(4) {
			if depth < deepest {
				list = append(list, m.value(s.Items, depth+1))
			}
		}
		return list
	case "boolean":
		return m.one(2)
	case "integer", "number":
		return m.number(s)
	}
	return m.word(s)
}

func (m *maker) object(s *schema, depth int) any {
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		needed := slices.Contains(s.Required, name) && !m.one(20)
		if depth < deepest && (needed || m.one(3)) {
			out[name] = m.value(s.Properties[name], depth+1)
		}
	}
	if m.one(20) {
		out[m.wild()] = 1
	}
	return out
}

// number lies within its limits, at them or beyond.
func (m *maker) number(s *schema) any {
	low, high := -10.0, 1e6
	if s.Minimum != nil {
		low = *s.Minimum
	}
	if s.Maximum != nil {
		high = *s.Maximum
	}
	switch m.rand.IntN(6) {
	case 0:
		return int64(low)
	case 1:
		return int64(high)
	case 2:
		return int64(high) + 1
	case 3:
		return int64(low) - 1
	}
	return int64(low + m.rand.Float64()*(high-low))
}

func (m *maker) word(s *schema) string {
	switch {
	case s.Format == "date-time":
		return m.pick("2026-03-02T00:00:00Z", "2026-03-02T00:00:00+08:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
	case s.Format == "date":
		return m.pick("2026-03-02", "2026-02-29", "0000-00-00", "9999-12-31")
	case s.MaxLength != nil && m.one(10):
		return strings.Repeat(m.pick("x", "中"), *s.MaxLength+m.rand.IntN(2))
	}
	return m.pick("a1001", "complaints", "hotline", "1", "110", "13800000001", "c1", "ready", "x y", "投诉")
}

// wild is text that programs stumble over.
func (m *maker) wild() string {
	return m.pick(
		"", " ", "\x00", "\xff", "\ufeff", "\u202e", "../../etc/passwd", "%s%n", "' OR 1=1--", "{{7*7}}", "𝕏", "-0", "1e999",
		"9223372036854775808", "NaN", "null", "\r\nX: y", strings.Repeat("9", 400), strings.Repeat("é", 200), "~", "a~b",
	)
}
