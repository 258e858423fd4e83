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
	patient bool
	pods    []map[string]any
	logs    []logOf
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

func (r *readObjects) names() (names []string) {
	for _, obj := range r.pods {
		names = append(names, (&unstructured.Unstructured{Object: obj}).GetName())
	}
	for _, log := range r.logs {
		names = append(names, log.pod)
	}
	return names
}

// hopeless returns why one of the Pods cannot become Ready, where that is not
// the doing of its own program: that may be just what a claim is about.
func (r *readObjects) hopeless() *diagnose.Cause {
	for _, obj := range r.pods {
		pod := asPod(&unstructured.Unstructured{Object: obj})
		if pod == nil {
			continue
		}
		if c := diagnose.Pod(pod); c != nil && !c.Workload && c.Ends(r.patient) {
			return c
		}
	}
	return nil
}
