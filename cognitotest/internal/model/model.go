// Package model knows what the service's model says about the members of requests: their types,
// lengths, ranges, patterns and values, and which are required.
package model

import (
	"bytes"
	_ "embed" // of the model
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed model.json
var encoded []byte

const notNull = "Member must not be null"

type member struct {
	Name, Shape string
	Required    bool
}

// shape is a type of the model. Min and Max are those of the length of a string, list or map, and
// of the value of a number.
type shape struct {
	Type                string
	Members             []member // of a structure, in the model's order
	Element, Key, Value string   // the shapes of those of a list and a map
	Min, Max            *int64
	Pattern             string
	Enum                []string

	pattern *regexp.Regexp // of the whole value
}

type model struct {
	Operations map[string]string // the shapes of their inputs
	Shapes     map[string]*shape
}

var load = sync.OnceValue(func() *model {
	m := &model{}
	if err := json.Unmarshal(encoded, m); err != nil {
		panic(err)
	}
	for _, s := range m.Shapes {
		// Only the bucket of a log has this pattern. The server has no logs.
		if s.Pattern != "" && !strings.Contains(s.Pattern, "(?<!") {
			s.pattern = regexp.MustCompile("^(?:" + s.Pattern + ")$")
		}
	}
	return m
})

// Check checks the body of a request. It calls fail for each member that is not as it must be, with
// the name and the constraint as the service says them. It reports whether the body has the types of
// the operation's members; if not, fail may have been called. Members that the model does not have
// are ignored. An operation that the model does not have has no constraints.
func Check(op string, body []byte, fail func(member, constraint string)) bool {
	m := load()
	input := m.Shapes[m.Operations[op]]
	if input == nil {
		return true
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return false
	}
	if value == nil {
		value = map[string]any{} // null is an empty request
	}
	c := check{m, fail, true}
	c.value("", input, value)
	return c.typed
}

type check struct {
	*model

	fail  func(member, constraint string)
	typed bool
}

// value checks a value that is not null, and what is in it.
func (c *check) value(at string, s *shape, value any) {
	var ok bool
	switch s.Type {
	case "structure":
		var fields map[string]any
		if fields, ok = value.(map[string]any); ok {
			c.structure(at, s, fields)
		}
	case "list":
		var list []any
		if list, ok = value.([]any); ok {
			c.list(at, s, list)
		}
	case "map":
		var entries map[string]any
		if entries, ok = value.(map[string]any); ok {
			c.entries(at, s, entries)
		}
	default:
		var broken []string
		broken, ok = s.broken(value)
		for _, constraint := range broken {
			c.fail(at, constraint)
		}
	}
	c.typed = c.typed && ok
}

func (c *check) structure(at string, s *shape, fields map[string]any) {
	if at != "" {
		at += "."
	}
	for _, m := range s.Members {
		name := at + strings.ToLower(m.Name[:1]) + m.Name[1:]
		switch value := fields[m.Name]; {
		case value != nil:
			c.value(name, c.Shapes[m.Shape], value)
		case m.Required:
			c.fail(name, notNull)
		}
	}
}

// list checks a list. Structures in it have names of their own. What is wrong with other elements
// is said about the list, with all constraints of an element.
func (c *check) list(at string, s *shape, list []any) {
	for _, constraint := range s.bounds("length", int64(len(list))) {
		c.fail(at, constraint)
	}
	element := c.Shapes[s.Element]
	if element.Type == "structure" {
		for i, value := range list {
			name := fmt.Sprintf("%s.%d.member", at, i+1)
			if value == nil {
				c.fail(name, notNull)
				continue
			}
			c.value(name, element, value)
		}
		return
	}
	c.each(at, "Member must satisfy constraint", element, list)
}

func (c *check) entries(at string, s *shape, entries map[string]any) {
	for _, constraint := range s.bounds("length", int64(len(entries))) {
		c.fail(at, constraint)
	}
	var keys, values []any
	for key, value := range entries {
		if value != nil { // clients send null for what they do not have, and the service ignores it
			keys, values = append(keys, key), append(values, value)
		}
	}
	c.each(at, "Map keys must satisfy constraint", c.Shapes[s.Key], keys)
	c.each(at, "Map value must satisfy constraint", c.Shapes[s.Value], values)
}

// each checks elements of a list or a map that are no structures, and fails once for all of them.
func (c *check) each(at, text string, element *shape, list []any) {
	wrong := false
	for _, value := range list {
		if value == nil {
			wrong = true
			continue
		}
		broken, ok := element.broken(value)
		c.typed = c.typed && ok
		wrong = wrong || len(broken) > 0
	}
	if wrong {
		c.fail(at, text+": ["+strings.Join(element.constraints(), ", ")+"]")
	}
}

// broken returns the constraints that a simple value does not satisfy, and whether it has the type.
func (s *shape) broken(value any) (constraints []string, typed bool) {
	switch s.Type {
	case "string", "blob":
		text, ok := value.(string)
		if !ok {
			return nil, false
		}
		if s.Type == "blob" {
			return nil, true
		}
		constraints = s.bounds("length", int64(utf8.RuneCountInString(text)))
		if s.pattern != nil && !s.pattern.MatchString(text) {
			constraints = append(constraints, s.patternText())
		}
		if s.Enum != nil && !slices.Contains(s.Enum, text) {
			constraints = append(constraints, s.enumText())
		}
		return constraints, true
	case "integer", "long":
		number, ok := value.(json.Number)
		if !ok {
			return nil, false
		}
		n, err := number.Int64()
		return s.bounds("value", n), err == nil
	case "boolean":
		_, ok := value.(bool)
		return nil, ok
	default: // a time or a document, which the operation reads itself
		return nil, true
	}
}

// bounds returns the bounds that n, of the kind "length" or "value", is beyond.
func (s *shape) bounds(kind string, n int64) []string {
	var beyond []string
	if s.Max != nil && n > *s.Max {
		beyond = append(beyond, fmt.Sprintf("Member must have %s less than or equal to %d", kind, *s.Max))
	}
	if s.Min != nil && n < *s.Min {
		beyond = append(beyond, fmt.Sprintf("Member must have %s greater than or equal to %d", kind, *s.Min))
	}
	return beyond
}

// constraints returns all constraints of a string, in the service's order.
func (s *shape) constraints() []string {
	var all []string
	if s.Max != nil {
		all = append(all, fmt.Sprintf("Member must have length less than or equal to %d", *s.Max))
	}
	if s.Min != nil {
		all = append(all, fmt.Sprintf("Member must have length greater than or equal to %d", *s.Min))
	}
	if s.Pattern != "" {
		all = append(all, s.patternText())
	}
	if s.Enum != nil {
		all = append(all, s.enumText())
	}
	return all
}

func (s *shape) patternText() string {
	return "Member must satisfy regular expression pattern: " + s.Pattern
}

func (s *shape) enumText() string {
	return "Member must satisfy enum value set: [" + strings.Join(s.Enum, ", ") + "]"
}
