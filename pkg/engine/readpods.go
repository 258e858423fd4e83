package engine

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/expect"
)

// readPods remembers the Pods that an expression has read.
type readPods struct {
	expect.Objects
	pods []map[string]any
}

// Pod reads and remembers a Pod.
func (r *readPods) Pod(ctx context.Context, name string) (map[string]any, error) {
	pod, err := r.Objects.Pod(ctx, name)
	if err == nil {
		r.pods = append(r.pods, pod)
	}
	return pod, err
}

// Pods reads and remembers Pods.
func (r *readPods) Pods(ctx context.Context, selector string) ([]any, error) {
	list, err := r.Objects.Pods(ctx, selector)
	for _, item := range list {
		if pod, ok := item.(map[string]any); ok {
			r.pods = append(r.pods, pod)
		}
	}
	return list, err
}

// hopeless returns why one of the Pods cannot become Ready, where that is not
// the doing of its own program: that may be just what a claim is about.
func (r *readPods) hopeless() *diagnose.Cause {
	for _, pod := range r.pods {
		if c := causeOf(&unstructured.Unstructured{Object: pod}); c != nil && c.Hopeless && !c.Workload {
			return c
		}
	}
	return nil
}
