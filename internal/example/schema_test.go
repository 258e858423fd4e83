package example

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"
)

// TestTheSchemaDescribesEachField also sees to it that the fields are those that
// the loader knows.
func TestTheSchemaDescribesEachField(t *testing.T) {
	type object struct {
		AdditionalProperties *bool
		Required             []string
		Properties           map[string]struct{ Description, Ref string }
		Defs                 map[string]object `json:"$defs"`
	}
	text, err := os.ReadFile("../../docs/example.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var root object
	if err := json.Unmarshal(text, &root); err != nil {
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
