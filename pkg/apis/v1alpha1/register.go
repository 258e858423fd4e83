package v1alpha1

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is that of the Report.
var GroupVersion = schema.GroupVersion{Group: "kubectl-kbe.github.io", Version: "v1alpha1"}

// Kind is the Report's.
const Kind = "Report"

// Scheme knows the kinds of reports, for the printers of cli-runtime.
var Scheme = newScheme()

func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	s.AddKnownTypes(GroupVersion, &Report{}, &Reach{}, &ConformanceReport{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return s
}

// DeepCopyObject makes the Report a runtime.Object. All of it is JSON, and it is
// copied once per run: there is no need for generated code.
func (r *Report) DeepCopyObject() runtime.Object { return deepCopy(r) }

// DeepCopyObject makes the Reach a runtime.Object.
func (r *Reach) DeepCopyObject() runtime.Object { return deepCopy(r) }

// DeepCopyObject makes the ConformanceReport a runtime.Object.
func (r *ConformanceReport) DeepCopyObject() runtime.Object { return deepCopy(r) }

func deepCopy[T any](in *T) *T {
	out := new(T)
	data, err := json.Marshal(in)
	if err == nil {
		err = json.Unmarshal(data, out)
	}
	if err != nil {
		panic(fmt.Sprintf("copy a %T: %v", in, err)) // a type in it is no JSON: a bug
	}
	return out
}
