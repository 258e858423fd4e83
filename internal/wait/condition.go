package wait

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

// StatusCondition returns the Condition that status.conditions holds an entry
// of that type with that status, compared as `kubectl wait` does: without
// regard to case.
func StatusCondition(kind, status string) Condition {
	return func(obj *unstructured.Unstructured) (bool, error) {
		if obj == nil {
			return false, nil
		}
		conditions, _, err := unstructured.NestedSlice(obj.Object, "status", "conditions")
		if err != nil {
			return false, fmt.Errorf("%s %q: %w", strings.ToLower(obj.GetKind()), obj.GetName(), err)
		}
		for _, c := range conditions {
			m, ok := c.(map[string]any)
			if !ok {
				continue
			}
			if strings.EqualFold(fmt.Sprint(m["type"]), kind) && strings.EqualFold(fmt.Sprint(m["status"]), status) {
				return true, nil
			}
		}
		return false, nil
	}
}

// JSONPath returns the Condition that an expression of client-go's jsonpath has a value
// in the object, or, for "", any, as `kubectl wait --for=jsonpath` has it. The error is that of an
// expression which is none.
func JSONPath(expression, value string) (Condition, error) {
	path := jsonpath.New("wait").AllowMissingKeys(true)
	if err := path.Parse(expression); err != nil {
		return nil, err
	}
	return func(obj *unstructured.Unstructured) (bool, error) {
		if obj == nil {
			return false, nil
		}
		results, err := path.FindResults(obj.Object)
		if err != nil {
			return false, fmt.Errorf("%s %q: %w", strings.ToLower(obj.GetKind()), obj.GetName(), err)
		}
		for _, list := range results {
			for _, found := range list {
				if text := fmt.Sprint(found.Interface()); text == value || value == "" && text != "" {
					return true, nil
				}
			}
		}
		return false, nil
	}, nil
}

// Deleted is the Condition that the object does not exist.
func Deleted(obj *unstructured.Unstructured) (bool, error) { return obj == nil, nil }
