package wait

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

// StatusCondition returns the Condition that status.conditions holds an entry
// of that type with that status, compared as `kubectl wait` does: without
// regard to case.
func StatusCondition(kind, status string) Condition {
	return ofObject(func(obj map[string]any) (bool, error) {
		conditions, _, err := unstructured.NestedSlice(obj, "status", "conditions")
		return slices.ContainsFunc(conditions, func(c any) bool {
			m, _ := c.(map[string]any)
			return strings.EqualFold(fmt.Sprint(m["type"]), kind) && strings.EqualFold(fmt.Sprint(m["status"]), status)
		}), err
	})
}

// JSONPath returns the Condition that an expression of client-go's jsonpath has a value
// in the object, or, for "", any, as `kubectl wait --for=jsonpath` has it. The error is that of an
// expression which is none.
func JSONPath(expression, value string) (Condition, error) {
	path := jsonpath.New("wait").AllowMissingKeys(true)
	if err := path.Parse(expression); err != nil {
		return nil, err
	}
	return ofObject(func(obj map[string]any) (bool, error) {
		results, err := path.FindResults(obj)
		return slices.ContainsFunc(slices.Concat(results...), func(found reflect.Value) bool {
			text := fmt.Sprint(found.Interface())
			return text == value || value == "" && text != ""
		}), err
	}), nil
}

// ofObject is a Condition of an object that exists.
func ofObject(holds func(obj map[string]any) (bool, error)) Condition {
	return func(obj *unstructured.Unstructured) (bool, error) {
		if obj == nil {
			return false, nil
		}
		is, err := holds(obj.Object)
		if err != nil {
			return false, fmt.Errorf("%s %q: %w", strings.ToLower(obj.GetKind()), obj.GetName(), err)
		}
		return is, nil
	}
}

// Deleted is the Condition that the object does not exist.
func Deleted(obj *unstructured.Unstructured) (bool, error) { return obj == nil, nil }
