package wait

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestAStatusOfAnOlderGenerationIsNone(t *testing.T) {
	for name, tc := range map[string]struct {
		ofStatus, ofCondition any
		met                   bool
	}{
		"none is known":                {nil, nil, true},
		"the status is of now":         {int64(2), nil, true},
		"the status is older":          {int64(1), nil, false},
		"the condition says otherwise": {int64(1), int64(2), true},
		"the condition is older":       {int64(2), int64(1), false},
	} {
		condition := map[string]any{"type": "Available", "status": "True"}
		status := map[string]any{"conditions": []any{condition}}
		if tc.ofCondition != nil {
			condition["observedGeneration"] = tc.ofCondition
		}
		if tc.ofStatus != nil {
			status["observedGeneration"] = tc.ofStatus
		}
		obj := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"generation": int64(2)}, "status": status}}
		if met, err := StatusCondition("available", "true")(obj); met != tc.met || err != nil {
			t.Errorf("%s: expected %t, found %t, %v", name, tc.met, met, err)
		}
	}
}

func TestAPathMustFindOneText(t *testing.T) {
	obj := &unstructured.Unstructured{Object: map[string]any{"kind": "Pod", "status": map[string]any{
		"phase": "Running", "podIPs": []any{map[string]any{"ip": "10.0.0.1"}, map[string]any{"ip": "fd00::1"}}}}}
	for expression, tc := range map[string]struct{ value, wrong string }{
		"{.status.phase}":        {"Running", ""},
		"{.status.podIPs}":       {"", ""},
		"{.status.podIPs[*].ip}": {"10.0.0.1", "finds more than one value"},
		"{.status}":              {"Running", "finds an object or a list"},
	} {
		cond, err := JSONPath(expression, tc.value)
		if err != nil {
			t.Fatal(err)
		}
		met, err := cond(obj)
		if tc.wrong == "" && (!met || err != nil) || tc.wrong != "" && (err == nil || !strings.Contains(err.Error(), tc.wrong)) {
			t.Errorf("%s: expected %q, found %t, %v", expression, tc.wrong, met, err)
		}
	}
}
