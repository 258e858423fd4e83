package wait

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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

// Deleted is the Condition that the object does not exist.
func Deleted(obj *unstructured.Unstructured) (bool, error) { return obj == nil, nil }
