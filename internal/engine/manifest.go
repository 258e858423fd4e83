package engine

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

// strict decodes the types that Kubernetes has built in, and reports each field
// that they do not have.
var strict = serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()

// checkManifest decodes a manifest as the API server would. Types that are not
// built in are left to the API server.
func checkManifest(content []byte, at example.Place) example.Problems {
	_, kind, err := strict.Decode(content, nil, nil)
	if runtime.IsNotRegisteredError(err) {
		return checkKind(content, at)
	}
	if err == nil || runtime.IsMissingKind(err) || runtime.IsMissingVersion(err) {
		return nil // the loader reports what is missing
	}
	if several, ok := runtime.AsStrictDecodingError(err); ok {
		var problems example.Problems
		for _, err := range several.Errors() {
			problems = append(problems, fieldProblem(err, at, scheme.Scheme.AllKnownTypes()[*kind]))
		}
		return problems
	}
	p := fieldProblem(err, at, nil)
	if kind != nil {
		p.Text = fmt.Sprintf("expected a %s: %s", kind.Kind, p.Text)
	}
	return example.Problems{p}
}

// checkKind reports a kind that no built-in version has.
func checkKind(content []byte, at example.Place) example.Problems {
	var o metav1.TypeMeta
	_ = yaml.Unmarshal(content, &o) // which was decoded before
	version := o.GroupVersionKind().GroupVersion()
	if !scheme.Scheme.IsVersionRegistered(version) {
		return nil
	}
	kinds := slices.Sorted(maps.Keys(scheme.Scheme.KnownTypes(version)))
	return example.Problems{at.Field("kind").Problem("kind: " + example.Unknown("kind of "+o.APIVersion, o.Kind, kinds))}
}

// The words of sigs.k8s.io/json and of encoding/json for a field.
var (
	unknownField = regexp.MustCompile(`^unknown field "(.+)"$`)
	wrongType    = regexp.MustCompile(`cannot unmarshal (\S+) into Go struct field \w+\.(\S+) of type (\S+)`)
)

// fieldProblem is an error about a field of an object of a type.
func fieldProblem(err error, at example.Place, of reflect.Type) example.Problem {
	if m := unknownField.FindStringSubmatch(err.Error()); m != nil {
		path, name := "", m[1]
		if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
			path, name = name[:dot], name[dot+1:]
			at = down(at, path)
		}
		return at.Key(name).Problem(example.Unknown("field", name, slices.Sorted(maps.Keys(fieldsOf(of, path)))))
	}
	if m := wrongType.FindStringSubmatch(err.Error()); m != nil {
		return down(at, m[2]).Problem(fmt.Sprintf("%s: expected a value of type %s, found a %s", m[2], m[3], m[1]))
	}
	return at.Problem(err.Error())
}

// fieldsOf are the fields that an object of a type has at a path, with their types.
func fieldsOf(t reflect.Type, path string) map[string]reflect.Type {
	for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map) {
		t = t.Elem()
	}
	fields := map[string]reflect.Type{}
	if t == nil || t.Kind() != reflect.Struct {
		return fields
	}
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			fields[name] = f.Type
		} else if f.Anonymous {
			maps.Copy(fields, fieldsOf(f.Type, ""))
		}
	}
	first, rest, _ := strings.Cut(path, ".")
	first, _, _ = strings.Cut(first, "[")
	if of := fields[first]; of != nil {
		return fieldsOf(of, rest)
	}
	return fields
}

// down follows a path such as spec.containers[0].image. Where it does not name
// the item of a list, the first one is meant.
func down(at example.Place, path string) example.Place {
	for field := range strings.SplitSeq(path, ".") {
		name, rest, _ := strings.Cut(field, "[")
		at = at.Item(0).Field(name)
		if i, err := strconv.Atoi(strings.TrimSuffix(rest, "]")); err == nil {
			at = at.Item(i)
		}
	}
	return at
}
