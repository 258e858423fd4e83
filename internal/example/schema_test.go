package example

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
	"k8s.io/utils/ptr"
)

var update = flag.Bool("update", false, "rewrite docs/example.schema.json")

const schemaFile = "../../docs/example.schema.json"

// schema is the JSON schema of the format, from the Go types: names and rules
// from their tags, descriptions from their comments.
func schema(t *testing.T) []byte {
	t.Helper()
	r := jsonschema.Reflector{
		RequiredFromJSONSchemaTags: true, ExpandedStruct: true,
		BaseSchemaID: "https://raw.githubusercontent.com/kubectl-kbe/kubectl-kbe/main/docs",
	}
	pkg := reflect.TypeFor[Example]().PkgPath()
	if err := r.AddGoComments(pkg, "./", jsonschema.WithFullComment()); err != nil {
		t.Fatal(err)
	}
	for name, text := range r.CommentMap {
		r.CommentMap[name] = strings.Join(strings.Fields(text), " ")
	}
	s := r.Reflect(&Example{})
	// An image has a short form.
	spec := s.Definitions["Spec"]
	if images, ok := spec.Properties.Get("images"); ok {
		images.AdditionalProperties = &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string", MinLength: ptr.To(uint64(1))}, images.AdditionalProperties}}
	}
	s.ID += ".schema.json"
	s.Title = "An example of kubectl kbe"
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTheSchemaIsThatOfTheTypes(t *testing.T) {
	got := schema(t)
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
		t.Errorf("%s is not what the types say: run go test ./internal/example -update", schemaFile)
	}
}

// TestTheSchemaDescribesEachField also sees to it that the fields are those that
// the loader knows.
func TestTheSchemaDescribesEachField(t *testing.T) {
	type object struct {
		AdditionalProperties *bool
		Required             []string
		Properties           map[string]struct{ Description, Ref string }
		Defs                 map[string]object `json:"$defs"`
	}
	var root object
	if err := json.Unmarshal(schema(t), &root); err != nil {
		t.Fatal(err)
	}
	types := map[string]reflect.Type{
		"Metadata": reflect.TypeFor[Metadata](), "Spec": reflect.TypeFor[Spec](), "Scenario": reflect.TypeFor[Scenario](),
		"Step": reflect.TypeFor[Step](), "Expectation": reflect.TypeFor[Expectation](), "Image": reflect.TypeFor[Image](), "Instead": reflect.TypeFor[Instead](),
	}
	root.Defs["Example"] = root
	types["Example"] = reflect.TypeFor[Example]()
	for name, typ := range types {
		def := root.Defs[name]
		fields := fieldsOf(typ)
		if len(def.Properties) != len(fields) || def.AdditionalProperties == nil || *def.AdditionalProperties {
			t.Errorf("%s: expected the fields %v and no other, found %+v", name, names(fields), def)
		}
		for _, f := range fields {
			if p, ok := def.Properties[f.name]; !ok || p.Description == "" {
				t.Errorf("%s.%s: expected a description, found %+v", name, f.name, p)
			}
		}
	}
}
