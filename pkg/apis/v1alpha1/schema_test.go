package v1alpha1

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
)

var update = flag.Bool("update", false, "rewrite docs/report.schema.json")

const schemaFile = "../../../docs/report.schema.json"

// schemaOf maps the types of apimachinery to what they are in JSON, and names the values
// of those that have a few.
func schemaOf(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime]():
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string", Format: "date-time"}, {Type: "null"}}}
	case reflect.TypeFor[metav1.ObjectMeta]():
		return &jsonschema.Schema{Type: "object"}
	case reflect.TypeFor[Verdict]():
		return &jsonschema.Schema{Type: "string", Enum: []any{Passed, ClaimFailed, CouldNotRun, Stopped}}
	case reflect.TypeFor[AssertionOutcome]():
		return &jsonschema.Schema{Type: "string", Enum: []any{AssertionPassed, AssertionFailed, AssertionSkipped, AssertionNotChecked}}
	}
	return nil
}

// reportSchema is the JSON schema of all kinds of reports, from the Go types: fields from
// their JSON tags, descriptions from their comments. Fields that it does not know are
// allowed, because later versions add some.
func reportSchema(t *testing.T) []byte {
	t.Helper()
	r := jsonschema.Reflector{AllowAdditionalProperties: true, Mapper: schemaOf}
	if err := r.AddGoComments(reflect.TypeFor[Report]().PkgPath(), "./", jsonschema.WithFullComment()); err != nil {
		t.Fatal(err)
	}
	for name, text := range r.CommentMap {
		r.CommentMap[name] = strings.Join(strings.Fields(text), " ")
	}
	root := &jsonschema.Schema{
		Version: jsonschema.Version, Title: "A report of kubectl kbe", Definitions: jsonschema.Definitions{},
		ID: "https://raw.githubusercontent.com/kubectl-kbe/kubectl-kbe/main/docs/report.schema.json",
	}
	for kind, report := range map[string]any{Kind: &Report{}, ReachKind: &Reach{}, ConformanceReportKind: &ConformanceReport{}} {
		for name, definition := range r.Reflect(report).Definitions {
			root.Definitions[name] = definition
		}
		properties := root.Definitions[kind].Properties
		properties.Set("apiVersion", &jsonschema.Schema{Const: GroupVersion.String()})
		properties.Set("kind", &jsonschema.Schema{Const: kind})
		root.Definitions[kind].Required = append(root.Definitions[kind].Required, "apiVersion", "kind")
	}
	for _, kind := range []string{Kind, ReachKind, ConformanceReportKind} {
		root.OneOf = append(root.OneOf, &jsonschema.Schema{Ref: "#/$defs/" + kind})
	}
	// In the file of an example's assertions, an ID is the key and no field.
	result := root.Definitions["AssertionResult"]
	result.Properties.Set("id", &jsonschema.Schema{Type: "string", Description: "ID stays the same from version to version of the suite."})
	result.Required = append(result.Required, "id")
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTheSchemaIsThatOfTheTypes(t *testing.T) {
	got := reportSchema(t)
	if *update {
		if err := os.WriteFile(schemaFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the types say: run go test ./pkg/apis/v1alpha1 -update", schemaFile)
	}
}
