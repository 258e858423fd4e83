package engine

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/expect"
)

// readObjects remembers what an expression has read.
type readObjects struct {
	expect.Objects
	pods []map[string]any
	logs []logOf
}

// Pod reads and remembers a Pod.
func (r *readObjects) Pod(ctx context.Context, name string) (map[string]any, error) {
	pod, err := r.Objects.Pod(ctx, name)
	if err == nil {
		r.pods = append(r.pods, pod)
	}
	return pod, err
}

// Pods reads and remembers Pods.
func (r *readObjects) Pods(ctx context.Context, selector string) ([]any, error) {
	list, err := r.Objects.Pods(ctx, selector)
	for _, item := range list {
		if pod, ok := item.(map[string]any); ok {
			r.pods = append(r.pods, pod)
		}
	}
	return list, err
}

// Logs reads and remembers a log, also one that does not exist yet.
func (r *readObjects) Logs(ctx context.Context, pod, container string) (string, error) {
	r.logs = append(r.logs, logOf{pod, container})
	return r.Objects.Logs(ctx, pod, container)
}

// hopeless returns why one of the Pods cannot become Ready, where that is not
// the doing of its own program: that may be just what a claim is about.
func (r *readObjects) hopeless() *diagnose.Cause {
	for _, pod := range r.pods {
		if c := causeOf(&unstructured.Unstructured{Object: pod}); c != nil && c.Hopeless && !c.Workload {
			return c
		}
	}
	return nil
}
