// Package webtest is a stranger who knows the API by its document alone: it makes requests,
// good and bad ones, out of schemas and examples, and holds the answers against what the
// document promises. For tests.
package webtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// schema is as much of JSON Schema as the document uses.
type schema struct {
	Ref        string             `json:"$ref"`
	Type       any                `json:"type"` // a word or a list of words
	Enum       []any              `json:"enum"`
	Examples   []any              `json:"examples"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
	Items      *schema            `json:"items"`
	Minimum    *float64           `json:"minimum"`
	Maximum    *float64           `json:"maximum"`
	MaxLength  *int               `json:"maxLength"`
	Format     string             `json:"format"`
}

// kind is the first type that is not null.
func (s *schema) kind() string {
	switch t := s.Type.(type) {
	case string:
		return t
	case []any:
		for _, one := range t {
			if word, ok := one.(string); ok && word != "null" {
				return word
			}
		}
	}
	return ""
}

// media is one form of a body.
type media struct {
	Schema  *schema         `json:"schema"`
	Example json.RawMessage `json:"example"`
}

// operation is one way in.
type operation struct {
	method, path string
	ID           string `json:"operationId"`
	Parameters   []struct {
		Name     string  `json:"name"`
		In       string  `json:"in"`
		Required bool    `json:"required"`
		Schema   *schema `json:"schema"`
	} `json:"parameters"`
	RequestBody *struct {
		Content map[string]media `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content map[string]media `json:"content"`
	} `json:"responses"`
}

// document is what a stranger has.
type document struct {
	operations []operation
	schemas    map[string]*schema
}

// read takes in a document.
func read(raw []byte) (*document, error) {
	var doc struct {
		Paths      map[string]map[string]operation `json:"paths"`
		Components struct {
			Schemas map[string]*schema `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	d := &document{schemas: doc.Components.Schemas}
	for path, item := range doc.Paths {
		for method, op := range item {
			op.method, op.path = strings.ToUpper(method), path
			d.operations = append(d.operations, op)
		}
	}
	slices.SortFunc(d.operations, func(a, b operation) int { return strings.Compare(a.ID, b.ID) })
	if len(d.operations) == 0 {
		return nil, errors.New("document: it has no operations")
	}
	return d, nil
}

// resolve follows references.
func (d *document) resolve(s *schema) *schema {
	for s != nil && s.Ref != "" {
		s = d.schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	if s == nil {
		return &schema{}
	}
	return s
}
