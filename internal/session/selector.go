package session

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
)

// selector is where objects of a resource select others by their labels.
type selector struct {
	path []string
	// plain: it is a map of labels; others are of matchLabels and matchExpressions.
	plain bool
	// all: to select by nothing is to select all. Elsewhere it selects none, or the
	// API server fills it in.
	all bool
	// pods: a controller acts on the Pods that are selected themselves, not through
	// another of these resources.
	pods bool
}

var inSpec = []string{"spec", "selector"}

// selectors are by resource. In a Namespace of others each of them gets the run's
// label, so that no controller acts on what is not the run's.
var selectors = map[string]selector{
	"cronjobs.batch":                    {path: []string{"spec", "jobTemplate", "spec", "selector"}},
	"daemonsets.apps":                   {path: inSpec, all: true, pods: true},
	"deployments.apps":                  {path: inSpec, all: true},
	"jobs.batch":                        {path: inSpec, pods: true},
	"networkpolicies.networking.k8s.io": {path: []string{"spec", "podSelector"}, all: true},
	"poddisruptionbudgets.policy":       {path: inSpec, all: true},
	"replicasets.apps":                  {path: inSpec, all: true, pods: true},
	"replicationcontrollers":            {path: inSpec, plain: true, pods: true},
	"services":                          {path: inSpec, plain: true, pods: true},
	"statefulsets.apps":                 {path: inSpec, all: true, pods: true},
}

// SharedNeeds are what a run in a Namespace of others needs to list what acts on Pods
// there: its own Pods must not be taken for others'.
func SharedNeeds() rbac.Needs {
	var needs rbac.Needs
	for _, resource := range slices.Sorted(maps.Keys(selectors)) {
		if selectors[resource].pods {
			needs = append(needs, rbac.On(schema.ParseGroupResource(resource), "list")...)
		}
	}
	return needs.Optional()
}

// bind adds the run's label to what an object selects by. The objects that it creates have that
// label already.
func (s *Session) bind(obj *unstructured.Unstructured, at target) error {
	if path := labelOf(obj, at); path != nil {
		return unstructured.SetNestedField(obj.Object, s.ID, path...)
	}
	return nil
}

// isBound reports whether an object selects the run's only.
func (s *Session) isBound(obj *unstructured.Unstructured, at target) bool {
	path := labelOf(obj, at)
	id, _, _ := unstructured.NestedString(obj.Object, path...)
	return path == nil || id == s.ID
}

// labelOf is the path of the run's label in an object's selector, or nil where the
// object selects nothing.
func labelOf(obj *unstructured.Unstructured, at target) []string {
	sel, ok := selectors[at.granted()]
	fields, _, _ := unstructured.NestedMap(obj.Object, sel.path...)
	switch {
	case !ok || !sel.all && len(fields) == 0:
		return nil
	case sel.plain:
		return append(slices.Clone(sel.path), RunLabel)
	default:
		return append(slices.Clone(sel.path), "matchLabels", RunLabel)
	}
}

// read is what an object selects by; an empty one is none.
func (sel selector) read(obj *unstructured.Unstructured) labels.Selector {
	if sel.plain {
		set, _, _ := unstructured.NestedStringMap(obj.Object, sel.path...)
		return labels.SelectorFromSet(set)
	}
	fields, _, _ := unstructured.NestedMap(obj.Object, sel.path...)
	selector := &metav1.LabelSelector{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, selector); err != nil {
		return labels.Everything()
	}
	matches, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return labels.Everything()
	}
	return matches
}
