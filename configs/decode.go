package configs

import (
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// decoder lays a YAML file over a Config. It walks the file itself rather than have the
// library do it, because the library stops at the first problem, names no key path, and
// forgets the line that a later rule must point at.
type decoder struct {
	source   string
	lines    map[string]int // line of each key path that the file sets
	problems Problems
}

// decode lays the file's content over cfg and returns where each key stands. What it
// cannot use it leaves at the default and reports.
func decode(source string, content []byte, cfg *Config) (map[string]int, Problems) {
	d := &decoder{source: source, lines: map[string]int{}}
	file, err := parser.ParseBytes(content, 0)
	if err != nil {
		d.syntax(err)
		return d.lines, d.problems
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	switch len(bodies) {
	case 0: // An empty file is all defaults.
	case 1:
		d.value(bodies[0], "", reflect.ValueOf(cfg).Elem())
	default:
		d.fault(bodies[1], "", "must be the only YAML document in the file")
	}
	return d.lines, d.problems
}

// syntax reports what the parser could not read.
func (d *decoder) syntax(err error) {
	problem := Problem{Source: d.source, Rule: "must be YAML: " + err.Error()}
	if y, ok := errors.AsType[yaml.Error](err); ok {
		problem.Rule = "must be YAML: " + y.GetMessage()
		if token := y.GetToken(); token != nil {
			problem.Line = token.Position.Line
		}
	}
	d.problems = append(d.problems, problem)
}

func (d *decoder) fault(at ast.Node, key, rule string) {
	d.problems = append(d.problems, Problem{Source: d.source, Line: lineOf(at), Key: key, Rule: rule})
}

func lineOf(node ast.Node) int {
	if token := node.GetToken(); token != nil && token.Position != nil {
		return token.Position.Line
	}
	return 0
}

// value lays one node over one setting.
func (d *decoder) value(node ast.Node, key string, to reflect.Value) {
	switch {
	case isScalar(to):
		d.scalar(node, key, to)
	case to.Kind() == reflect.Struct:
		d.mapping(node, key, to)
	case to.Kind() == reflect.Map:
		d.table(node, key, to)
	default:
		d.list(node, key, to)
	}
}

func (d *decoder) mapping(node ast.Node, key string, to reflect.Value) {
	m, ok := node.(ast.MapNode)
	if !ok {
		d.fault(node, key, "must be a group of keys, not "+describe(node))
		return
	}
	fields := fieldsOf(to.Type())
	for entries := m.MapRange(); entries.Next(); {
		name, ok := entries.Key().(*ast.StringNode)
		if !ok {
			d.fault(entries.Key(), key, "must have plain words as keys")
			continue
		}
		path := joinKey(key, name.Value)
		index, known := fields[name.Value]
		if !known {
			d.fault(name, path, "is not a key; here can stand: "+names(fields))
			continue
		}
		d.lines[path] = lineOf(name)
		d.value(entries.Value(), path, to.Field(index))
	}
}

// table reads a group whose keys the operator chooses, such as skills. It takes the place
// of the default as a whole. No key at all is the same as a table that is left out of an
// item of a list.
func (d *decoder) table(node ast.Node, key string, to reflect.Value) {
	m, ok := node.(ast.MapNode)
	if !ok {
		d.fault(node, key, "must be a group of keys, not "+describe(node))
		return
	}
	to.SetZero()
	for entries := m.MapRange(); entries.Next(); {
		name, ok := entries.Key().(*ast.StringNode)
		if !ok {
			d.fault(entries.Key(), key, "must have plain words as keys")
			continue
		}
		path, value := joinKey(key, name.Value), reflect.New(to.Type().Elem()).Elem()
		d.lines[path] = lineOf(name)
		d.value(entries.Value(), path, value)
		if to.IsNil() {
			to.Set(reflect.MakeMap(to.Type()))
		}
		to.SetMapIndex(reflect.ValueOf(name.Value), value)
	}
}

func (d *decoder) list(node ast.Node, key string, to reflect.Value) {
	seq, ok := node.(*ast.SequenceNode)
	if !ok {
		d.fault(node, key, "must be a list, not "+describe(node))
		return
	}
	if len(seq.Values) == 0 {
		to.SetZero() // As when the key is left out, which is what Default says.
		return
	}
	list := reflect.MakeSlice(to.Type(), len(seq.Values), len(seq.Values))
	for i, item := range seq.Values {
		path := fmt.Sprintf("%s[%d]", key, i)
		d.lines[path] = lineOf(item)
		setDefault(list.Index(i))
		d.value(item, path, list.Index(i))
	}
	to.Set(list)
}

// setDefault gives a fresh item of a list what its keys have when left out.
func setDefault(item reflect.Value) {
	switch item.Interface().(type) {
	case Line:
		item.Set(reflect.ValueOf(DefaultLine()))
	case Queue:
		item.Set(reflect.ValueOf(DefaultQueue()))
	}
}

func (d *decoder) scalar(node ast.Node, key string, to reflect.Value) {
	text, kind := scalarText(node)
	want, example := wanted(to)
	if kind != want && !(to.Type() == reflect.TypeFor[Level]() && kind == ast.IntegerType) {
		rule := fmt.Sprintf("must be %s, not %s", example, describe(node))
		if want == ast.StringType && kind != ast.UnknownNodeType && kind != ast.NullType {
			rule += ": put it in quotes"
		}
		d.fault(node, key, rule)
		return
	}
	if err := setText(to, text); err != nil {
		d.fault(node, key, err.Error())
	}
}

// scalarText returns a scalar as it is written and its type.
func scalarText(node ast.Node) (string, ast.NodeType) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, ast.StringType
	case *ast.LiteralNode:
		return n.Value.Value, ast.StringType
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return node.GetToken().Value, node.Type()
	}
	return "", ast.UnknownNodeType
}

// wanted says what a setting's value must be: the type of its node and words for it.
func wanted(to reflect.Value) (ast.NodeType, string) {
	switch {
	case to.Type() == reflect.TypeFor[time.Duration]():
		return ast.StringType, "a duration such as 30s or 2m"
	case to.Type() == reflect.TypeFor[ClockTime]():
		return ast.StringType, "a time of day such as \"08:30\""
	case to.Type() == reflect.TypeFor[Level]():
		return ast.StringType, "the name of a level or its number"
	case to.Kind() == reflect.Int:
		return ast.IntegerType, "a whole number"
	case to.Kind() == reflect.Bool:
		return ast.BoolType, "true or false"
	default:
		return ast.StringType, "text"
	}
}

// describe names what stands in the file, for the operator.
func describe(node ast.Node) string {
	switch node.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode:
		return "empty (leave the key out to have its default)"
	case *ast.SequenceNode:
		return "a list"
	case ast.MapNode:
		return "a group of keys"
	}
	return "a YAML " + strings.ToLower(node.Type().YAMLName())
}

// isScalar reports whether a setting is one value rather than a group or a list.
func isScalar(v reflect.Value) bool {
	if _, ok := reflect.TypeAssert[encoding.TextUnmarshaler](reflect.New(v.Type())); ok {
		return true
	}
	switch v.Kind() {
	case reflect.String, reflect.Int, reflect.Int64, reflect.Bool:
		return true
	default:
		return false
	}
}

// setText sets one value from its text, whether a file or a variable holds it. The error
// is the rule that the text breaks.
func setText(to reflect.Value, text string) error {
	if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](to.Addr()); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch to.Kind() {
	case reflect.String:
		to.SetString(text)
	case reflect.Int64: // Of the settings only durations are of this kind.
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("must be a duration such as 30s or 2m, not %q", text)
		}
		to.SetInt(int64(d))
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("must be true or false, not %q", text)
		}
		to.SetBool(text == "true")
	default:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return fmt.Errorf("must be a whole number, not %q", text)
		}
		to.SetInt(n)
	}
	return nil
}

// fieldsOf returns the index of each key of a group.
func fieldsOf(t reflect.Type) map[string]int {
	fields := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "-" {
			fields[name] = i
		}
	}
	return fields
}

func joinKey(group, name string) string {
	if group == "" {
		return name
	}
	return group + "." + name
}

// names lists the keys that can stand in a group, for whoever mistyped one.
func names(fields map[string]int) string {
	return strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
}
