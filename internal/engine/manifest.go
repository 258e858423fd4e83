package engine

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

// strict decodes the types that Kubernetes has built in, and reports each field
// that they do not have.
var strict = serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()

// checkManifest decodes a manifest as the API server would. Types that are not
// built in are left to the API server.
func checkManifest(content []byte, at example.Place) example.Problems {
	_, kind, err := strict.Decode(content, nil, nil)
	if err == nil || runtime.IsNotRegisteredError(err) || runtime.IsMissingKind(err) || runtime.IsMissingVersion(err) {
		return nil // the loader reports what is missing
	}
	if several, ok := runtime.AsStrictDecodingError(err); ok {
		var problems example.Problems
		for _, err := range several.Errors() {
			problems = append(problems, fieldProblem(err, at))
		}
		return problems
	}
	p := fieldProblem(err, at)
	if kind != nil {
		p.Text = fmt.Sprintf("expected a %s: %s", kind.Kind, p.Text)
	}
	return example.Problems{p}
}

// The words of sigs.k8s.io/json and of encoding/json for a field.
var (
	unknownField = regexp.MustCompile(`^unknown field "(.+)"$`)
	wrongType    = regexp.MustCompile(`cannot unmarshal (\S+) into Go struct field \w+\.(\S+) of type (\S+)`)
)

func fieldProblem(err error, at example.Place) example.Problem {
	if m := unknownField.FindStringSubmatch(err.Error()); m != nil {
		name := m[1]
		if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
			at, name = down(at, name[:dot]), name[dot+1:]
		}
		return at.Key(name).Problem(fmt.Sprintf("unknown field `%s`", name))
	}
	if m := wrongType.FindStringSubmatch(err.Error()); m != nil {
		return down(at, m[2]).Problem(fmt.Sprintf("%s: expected a value of type %s, found a %s", m[2], m[3], m[1]))
	}
	return at.Problem(err.Error())
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
