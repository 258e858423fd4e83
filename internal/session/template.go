package session

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// template is where an object says what a controller makes for it.
type template struct {
	// path is that of the template in the object.
	path   []string
	labels map[string]string
	spec   map[string]any
	// ofJob: it makes Jobs; all others make Pods.
	ofJob bool
}

var (
	jobTemplate = []string{"spec", "jobTemplate"}
	templates   = [][]string{{"spec", "template"}, jobTemplate, {"spec", "jobTemplate", "spec", "template"}, {"template"}}
)

// templatesOf are the templates of an object that say anything.
func templatesOf(obj *unstructured.Unstructured) (found []template) {
	for _, path := range templates {
		at := func(field ...string) []string { return append(slices.Clone(path), field...) }
		labels, labelled, _ := unstructured.NestedStringMap(obj.Object, at("metadata", "labels")...)
		spec, has, _ := unstructured.NestedMap(obj.Object, at("spec")...)
		if labelled || has {
			found = append(found, template{path, labels, spec, slices.Equal(path, jobTemplate)})
		}
	}
	return found
}
