// Package docs keeps the JSON schemas in this folder what the Go types say.
package docs

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

var update = flag.Bool("update", false, "rewrite the schemas")

// published is the folder of the schemas, as others know it.
const published = "https://raw.githubusercontent.com/kubectl-kbe/kubectl-kbe/main/docs"

func TestTheSchemasAreThoseOfTheTypes(t *testing.T) {
	for file, schema := range map[string]*jsonschema.Schema{"example.schema.json": exampleSchema(t), "report.schema.json": reportSchema(t)} {
		var got bytes.Buffer
		enc := json.NewEncoder(&got)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(schema); err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s is not what the types say: run go test ./docs -update", file)
		}
	}
}

// describe has the comments in a folder describe the fields of its types.
func describe(t *testing.T, r *jsonschema.Reflector, folder string) {
	t.Helper()
	if err := r.AddGoComments("github.com/kubectl-kbe/kubectl-kbe/docs", folder, jsonschema.WithFullComment()); err != nil {
		t.Fatal(err)
	}
	for name, text := range r.CommentMap {
		r.CommentMap[name] = strings.Join(strings.Fields(text), " ")
	}
}

// exampleSchema is the schema of an example: names and rules come from the tags.
func exampleSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	r := &jsonschema.Reflector{RequiredFromJSONSchemaTags: true, ExpandedStruct: true, BaseSchemaID: published}
	describe(t, r, "../internal/example")
	s := r.Reflect(&example.Example{})
	// An image has a short form.
	spec := s.Definitions["Spec"]
	if images, ok := spec.Properties.Get("images"); ok {
		images.AdditionalProperties = &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string", MinLength: ptr.To(uint64(1))}, images.AdditionalProperties}}
	}
	s.ID += ".schema.json"
	s.Title = "An example of kubectl kbe"
	return s
}

// schemaOf maps the types of apimachinery to what they are in JSON, and names the values
// of those that have a few.
func schemaOf(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime]():
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string", Format: "date-time"}, {Type: "null"}}}
	case reflect.TypeFor[metav1.ObjectMeta]():
		return &jsonschema.Schema{Type: "object"}
	case reflect.TypeFor[v1alpha1.Verdict]():
		return &jsonschema.Schema{Type: "string", Enum: []any{v1alpha1.Passed, v1alpha1.ClaimFailed, v1alpha1.CouldNotRun, v1alpha1.Stopped}}
	case reflect.TypeFor[v1alpha1.AssertionOutcome]():
		return &jsonschema.Schema{Type: "string", Enum: []any{v1alpha1.AssertionPassed, v1alpha1.AssertionFailed, v1alpha1.AssertionSkipped, v1alpha1.AssertionNotChecked}}
	}
	return nil
}

// reportSchema is the JSON schema of all kinds of reports, from the Go types: fields from
// their JSON tags, descriptions from their comments. Fields that it does not know are
// allowed, because later versions add some.
func reportSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	r := &jsonschema.Reflector{AllowAdditionalProperties: true, Mapper: schemaOf}
	describe(t, r, "../pkg/apis/v1alpha1")
	root := &jsonschema.Schema{
		Version: jsonschema.Version, Title: "A report of kubectl kbe", Definitions: jsonschema.Definitions{},
		ID: published + "/report.schema.json",
	}
	for kind, report := range map[string]any{v1alpha1.Kind: &v1alpha1.Report{}, v1alpha1.ReachKind: &v1alpha1.Reach{}, v1alpha1.ConformanceReportKind: &v1alpha1.ConformanceReport{}} {
		for name, definition := range r.Reflect(report).Definitions {
			root.Definitions[name] = definition
		}
		properties := root.Definitions[kind].Properties
		properties.Set("apiVersion", &jsonschema.Schema{Const: v1alpha1.GroupVersion.String()})
		properties.Set("kind", &jsonschema.Schema{Const: kind})
		root.Definitions[kind].Required = append(root.Definitions[kind].Required, "apiVersion", "kind")
	}
	for _, kind := range []string{v1alpha1.Kind, v1alpha1.ReachKind, v1alpha1.ConformanceReportKind} {
		root.OneOf = append(root.OneOf, &jsonschema.Schema{Ref: "#/$defs/" + kind})
	}
	// In the file of an example's assertions, an ID is the key and no field.
	result := root.Definitions["AssertionResult"]
	result.Properties.Set("id", &jsonschema.Schema{Type: "string", Description: "ID stays the same from version to version of the suite."})
	result.Required = append(result.Required, "id")
	return root
}
