package example

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decode fills a value from a place, strictly: each thing that is unknown, of
// another type or missing is a Problem. The fields and which of them must be
// there come from the tags of the Go types, as the JSON schema does.
func decode(at Place, into any) Problems {
	d := decoder{}
	d.value(theFile, at, reflect.ValueOf(into).Elem())
	return d.problems
}

// theFile is what problems call the whole of it.
const theFile = "the file"

type decoder struct{ problems Problems }

func (d *decoder) fail(at Place, format string, args ...any) {
	d.problems = append(d.problems, at.Problem(fmt.Sprintf(format, args...)))
}

// value decodes what a field holds; its name is for the problems.
func (d *decoder) value(name string, at Place, into reflect.Value) {
	switch into.Kind() {
	case reflect.Struct:
		if at.node.Kind == yaml.ScalarNode && into.Type() == reflect.TypeFor[Image]() {
			d.image(name, at, into)
			return
		}
		fields := fieldsOf(into.Type())
		if d.is(yaml.MappingNode, name, at, "the fields "+strings.Join(names(fields), ", ")) {
			d.fields(name, at, fields, into)
		}
	case reflect.Slice:
		if !d.is(yaml.SequenceNode, name, at, "a list") {
			return
		}
		into.Set(reflect.MakeSlice(into.Type(), len(at.node.Content), len(at.node.Content)))
		for i := range at.node.Content {
			d.value(fmt.Sprintf("%s[%d]", name, i), at.Item(i), into.Index(i))
		}
	case reflect.Map:
		if !d.is(yaml.MappingNode, name, at, "names, each with a value") {
			return
		}
		into.Set(reflect.MakeMap(into.Type()))
		for key, place := range at.fields() {
			value := reflect.New(into.Type().Elem()).Elem()
			d.value(strings.TrimPrefix(name+"."+key.node.Value, theFile+"."), place, value)
			into.SetMapIndex(reflect.ValueOf(key.node.Value), value)
		}
	case reflect.Bool:
		var value bool
		if at.node.ShortTag() != "!!bool" || at.node.Decode(&value) != nil {
			d.fail(at, "%s: expected true or false, found %s", name, kindOf(at.node))
		}
		into.SetBool(value)
	default:
		if d.is(yaml.ScalarNode, name, at, "a text") {
			into.SetString(at.node.Value)
		}
	}
}

// image decodes the short form of an image.
func (d *decoder) image(name string, at Place, into reflect.Value) {
	image := Image{At: at}
	d.value(name, at, reflect.ValueOf(&image.Reference).Elem())
	into.Set(reflect.ValueOf(image))
}

// is reports whether a node is of a kind, and adds a problem where it is not.
func (d *decoder) is(kind yaml.Kind, name string, at Place, want string) bool {
	if at.node.Kind == kind && (kind != yaml.ScalarNode || at.node.ShortTag() == "!!str") {
		return true
	}
	if at.node.Kind == yaml.AliasNode || at.node.Style&yaml.TaggedStyle != 0 {
		return false // reported already
	}
	found := kindOf(at.node)
	switch {
	case found == "nothing":
		found += ": leave the field out, or give it a value"
	case kind == yaml.ScalarNode && at.node.Kind == yaml.ScalarNode:
		found += ": put it in quotes"
	}
	d.fail(at, "%s: expected %s, found %s", name, want, found)
	return false
}

func (d *decoder) fields(name string, at Place, fields []field, into reflect.Value) {
	if own := into.FieldByName("At"); own.IsValid() {
		own.Set(reflect.ValueOf(at))
	}
	seen := map[string]bool{}
	for key, value := range at.fields() {
		found := key.node.Value
		f := slices.IndexFunc(fields, func(f field) bool { return f.name == found })
		switch {
		case key.node.Kind != yaml.ScalarNode || seen[found]:
			continue // reported already
		case f < 0:
			d.fail(key, "%s", Unknown("field", found, names(fields)))
		default:
			d.value(found, value, into.Field(fields[f].index))
		}
		seen[found] = true
	}
	for _, f := range fields {
		switch value := into.Field(f.index); {
		case !f.required:
		case !seen[f.name]:
			d.fail(at, "%s: expected the field %s, found none", name, code(f.name))
		case value.Kind() == reflect.String && strings.TrimSpace(value.String()) == "" && isEmpty(at.Field(f.name)),
			value.Kind() == reflect.Slice && value.Len() == 0 && isEmpty(at.Field(f.name)):
			d.fail(at.Field(f.name), "%s: expected a value, found an empty one", f.name)
		}
	}
}

// isEmpty distinguishes an empty text or list from a value of another type, which has
// its problem already.
func isEmpty(at Place) bool {
	return len(at.node.Content) == 0 && (at.node.Kind == yaml.SequenceNode || at.node.Kind == yaml.ScalarNode && at.node.ShortTag() == "!!str")
}

// field is a field of a Go type as a file has it.
type field struct {
	name     string
	index    int
	required bool
}

func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		name, ok := t.Field(i).Tag.Lookup("json")
		tag := strings.Split(t.Field(i).Tag.Get("jsonschema"), ",")
		if !ok || name == "-" || tag[0] == "-" {
			continue
		}
		fields = append(fields, field{name, i, slices.Contains(tag, "required")})
	}
	return fields
}

func names(fields []field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.name
	}
	return out
}
