package wait

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

// StatusCondition returns the Condition that status.conditions holds an entry of that type
// with that status, which is about the object as it is now, and no older generation. Types and
// statuses are compared as `kubectl wait` does: without regard to case.
func StatusCondition(kind, status string) Condition {
	return ofObject(func(obj map[string]any) (bool, error) {
		conditions, _, err := unstructured.NestedSlice(obj, "status", "conditions")
		generation, _, _ := unstructured.NestedInt64(obj, "metadata", "generation")
		return slices.ContainsFunc(conditions, func(c any) bool {
			m, _ := c.(map[string]any)
			observed, found, _ := unstructured.NestedInt64(m, "observedGeneration")
			if !found {
				observed, found, _ = unstructured.NestedInt64(obj, "status", "observedGeneration")
			}
			return strings.EqualFold(fmt.Sprint(m["type"]), kind) && strings.EqualFold(fmt.Sprint(m["status"]), status) &&
				(!found || observed >= generation)
		}), err
	})
}

// JSONPath returns the Condition that an expression of client-go's jsonpath has a value
// in the object, or, for "", any, as `kubectl wait --for=jsonpath` has it: an expression that
// finds several values is an error, and so is one that finds no text to compare. The error of
// JSONPath itself is that of an expression which is none.
func JSONPath(expression, value string) (Condition, error) {
	path := jsonpath.New("wait").AllowMissingKeys(true)
	if err := path.Parse(expression); err != nil {
		return nil, err
	}
	return ofObject(func(obj map[string]any) (bool, error) {
		lists, err := path.FindResults(obj)
		results := slices.Concat(lists...)
		switch {
		case err != nil || len(results) == 0:
			return false, err
		case len(lists) > 1 || len(results) > 1:
			return false, fmt.Errorf("%s finds more than one value", expression)
		case value == "":
			return true, nil
		}
		switch results[0].Interface().(type) {
		case map[string]any, []any:
			return false, fmt.Errorf("%s finds an object or a list, which has no text to compare with %q", expression, value)
		}
		return strings.TrimSpace(fmt.Sprint(results[0].Interface())) == strings.TrimSpace(value), nil
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
