package session

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// template is what an object says of the objects that a controller makes for it. A Pod is
// one itself.
type template struct {
	// Unstructured is the template as it stands in the object: to change it is to change
	// the object.
	unstructured.Unstructured
	// path is that of the template in the object; that of a Pod is empty.
	path []string
}

var (
	jobTemplate = []string{"spec", "jobTemplate"}
	templates   = [][]string{{"spec", "template"}, jobTemplate, {"spec", "jobTemplate", "spec", "template"}, {"template"}}
)

// templatesOf are the templates of an object: of Pods, and of Jobs (jobTemplate).
func templatesOf(obj *unstructured.Unstructured) (found []template) {
	if obj.GetKind() == "Pod" {
		return []template{{Unstructured: *obj}}
	}
	for _, path := range templates {
		at, _, _ := unstructured.NestedFieldNoCopy(obj.Object, path...)
		if fields, ok := at.(map[string]any); ok {
			found = append(found, template{unstructured.Unstructured{Object: fields}, path})
		}
	}
	return found
}
