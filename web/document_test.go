package web

import (
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
)

// documentOf reads the document as any client does.
func documentOf(t *testing.T, s *served) *openapi3.T {
	t.Helper()
	r := s.do("GET", "/api/v1/openapi.json", "")
	if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("document: %d %s", r.StatusCode, r.Header.Get("Content-Type"))
	}
	doc, err := openapi3.NewLoader().LoadFromData([]byte(r.text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestDocumentIsValid also holds every example against its schema.
func TestDocumentIsValid(t *testing.T) {
	s, _ := withLedger(t)
	doc := documentOf(t, s)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("it is version %s", doc.OpenAPI)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
}

// TestDocumentTellsEachOperation: whoever has the document alone can use every operation and
// knows every way in which it may fail.
func TestDocumentTellsEachOperation(t *testing.T) {
	s, _ := withLedger(t)
	for path, item := range documentOf(t, s).Paths.Map() {
		for method, op := range item.Operations() {
			at := method + " " + path
			if op.OperationID == "" || op.Summary == "" || len(op.Tags) != 1 || isASCII(op.Description) {
				t.Errorf("%s has no id, summary, tag or Chinese description", at)
			}
			for _, p := range op.Parameters {
				if p.Value.Description == "" || p.Value.Schema == nil {
					t.Errorf("%s: parameter %s is not told", at, p.Value.Name)
				}
			}
			if op.RequestBody != nil && op.RequestBody.Value.Content["application/json"].Example == nil {
				t.Errorf("%s has no example of its body", at)
			}
			wrong := []string{"400", "429", "500"}
			if op.Security != nil {
				wrong = append(wrong, "401", "403", "503")
			}
			for _, status := range wrong {
				if op.Responses.Value(status) == nil {
					t.Errorf("%s does not tell of %s", at, status)
				}
			}
			for status, r := range op.Responses.Map() {
				for media, c := range r.Value.Content {
					if c.Schema == nil || c.Example == nil && strings.HasSuffix(media, "json") {
						t.Errorf("%s %s has no schema or example", at, status)
					}
				}
			}
		}
	}
}

func isASCII(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r > 127 }) }

// TestRoutesAndDocumentAreTheSame: each operation of the document is served, and nothing is
// served that is not in it.
func TestRoutesAndDocumentAreTheSame(t *testing.T) {
	s, _ := withLedger(t)
	documented := map[string]bool{}
	for path, item := range documentOf(t, s).Paths.Map() {
		for method := range item.Operations() {
			documented[method+" "+path] = true
		}
	}
	served := map[string]bool{}
	for _, pattern := range s.server.mux.patterns {
		served[pattern] = true
	}
	if !reflect.DeepEqual(documented, served) {
		t.Errorf("documented %v, served %v", documented, served)
	}
	if len(documented) < 11 {
		t.Errorf("only %d operations", len(documented))
	}
}

// TestOperationsMustBeWhole: a server with an operation that lacks its right does not start.
func TestOperationsMustBeWhole(t *testing.T) {
	whole := operation{
		id: "x", method: "POST", path: "/x", tag: "x", summary: "x", chinese: "某", right: LiveRead, request: 1,
	}
	for want, spoil := range map[string]func(*operation){
		"":                              func(*operation) {},
		"has no right":                  func(o *operation) { o.right = "" },
		"has no known right":            func(o *operation) { o.right = "live.write" },
		"has no id":                     func(o *operation) { o.id = "" },
		"has no Chinese summary":        func(o *operation) { o.chinese = "" },
		"has no example of the request": func(o *operation) { o.request = nil },
	} {
		s := serve(t, &desk{}, token).server
		o := whole
		spoil(&o)
		s.addPlain(o, nil, func(http.ResponseWriter, *http.Request) {})
		faults := errors.Join(s.faults...)
		switch {
		case want == "" && faults != nil:
			t.Errorf("a whole operation is refused: %v", faults)
		case want != "" && (faults == nil || !strings.Contains(faults.Error(), want)):
			t.Errorf("%q: %v", want, faults)
		}
	}
}

// TestFaultsOfAnOperationStopTheStart: what describe finds, Listen returns.
func TestFaultsOfAnOperationStopTheStart(t *testing.T) {
	s := &Server{o: Options{}.withDefaults(), desk: &desk{}}
	s.faults = append(s.faults, errors.New("an operation has no right"))
	if _, err := s.routes(); err == nil {
		t.Error("a server with a fault has routes")
	}
}

// TestErrorsNameEachField: all that is wrong is told at once, without what was sent.
func TestErrorsNameEachField(t *testing.T) {
	s := serve(t, &desk{}, token)
	r := s.do("POST", "/api/v1/calls/c1/control", `{"do":"secret","keys":7,"target":{"agent":false}}`, signed)
	var fields []string
	for _, f := range r.problem.Errors {
		fields = append(fields, f.Field)
	}
	slices.Sort(fields)
	if want := []string{"agent", "do", "keys", "target.agent"}; !slices.Equal(fields, want) {
		t.Errorf("fields %q, want %q: %s", fields, want, r.text)
	}
	if strings.Contains(r.text, "secret") {
		t.Errorf("the answer holds what was sent: %s", r.text)
	}
	var p map[string]any
	if err := json.Unmarshal([]byte(r.text), &p); err != nil || p["detail"] == nil || p["type"] != "about:blank" {
		t.Errorf("%v %s", err, r.text)
	}
}

// update writes web/testdata/openapi.json anew.
var update = flag.Bool("update", false, "write testdata/openapi.json anew")

// TestDocumentOnFile: a change of the API is seen in the change that makes it, and clients
// can be made of the file. Run with -update to write it.
func TestDocumentOnFile(t *testing.T) {
	s, _ := withLedger(t)
	const file = "testdata/openapi.json"
	now := s.do("GET", "/api/v1/openapi.json", "").text + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(now), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(kept), "\n"), strings.Split(now, "\n")); diff != "" {
		t.Errorf("the document has changed; run the test with -update and look at the difference:\n%s", diff)
	}
}
