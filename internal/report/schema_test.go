package report

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// TestReportsAreWhatTheirSchemaSays also sees to it that the schema refuses something.
func TestReportsAreWhatTheirSchemaSays(t *testing.T) {
	schema := jsonschema.NewCompiler().MustCompile("../../docs/report.schema.json")
	for name, r := range map[string]runtime.Object{
		"example": collect(story()), "hostile example": hostile(), "reach": truthTable("10.244.1.4"), "conformance": conforming(),
	} {
		t.Run(name, func(t *testing.T) {
			kinds, _, err := v1alpha1.Scheme.ObjectKinds(r)
			if err != nil {
				t.Fatal(err)
			}
			r.GetObjectKind().SetGroupVersionKind(kinds[0])
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(decoded(t, text)); err != nil {
				t.Errorf("expected a report that the schema allows, found %v", err)
			}
			for _, wrong := range [][2]string{{`"verdict":"`, `"verdict":"Not`}, {`"verdict":`, `"outcome":`}, {`"kind":"`, `"kind":"Other`}} {
				changed := bytes.Replace(text, []byte(wrong[0]), []byte(wrong[1]), 1)
				if schema.Validate(decoded(t, changed)) == nil {
					t.Errorf("expected that the schema refuses a report with %s in place of %s", wrong[1], wrong[0])
				}
			}
		})
	}
}

func decoded(t *testing.T, text []byte) any {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return value
}
