package engine

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/expect"
)

// readObjects remembers what an expression has read. A Pod is read once, however
// often the expression names it: its parts are then about one state.
type readObjects struct {
	expect.Objects
	patient bool
	named   map[string]map[string]any
	// asked are the names of the Pods that it asked for, be they there or not, and
	// selected the selectors of others; all tells that any Pod may be among them.
	asked    []string
	selected []labels.Selector
	all      bool
	pods     []map[string]any
	logs     []logOf
}

// Pod reads and remembers a Pod.
func (r *readObjects) Pod(ctx context.Context, name string) (map[string]any, error) {
	if pod, ok := r.named[name]; ok {
		return pod, nil
	}
	r.asked = append(r.asked, name)
	pod, err := r.Objects.Pod(ctx, name)
	if err == nil {
		r.pods = append(r.pods, pod)
		if r.named == nil {
			r.named = map[string]map[string]any{}
		}
		r.named[name] = pod
	}
	return pod, err
}

// Pods reads and remembers Pods.
func (r *readObjects) Pods(ctx context.Context, selector string) ([]any, error) {
	if s, err := labels.Parse(selector); err == nil {
		r.selected = append(r.selected, s)
	}
	list, err := r.Objects.Pods(ctx, selector)
	for _, item := range list {
		if pod, ok := item.(map[string]any); ok {
			r.pods = append(r.pods, pod)
		}
	}
	return list, err
}

// Events reads Events, which may be about any object.
func (r *readObjects) Events(ctx context.Context, name string) ([]any, error) {
	r.all = true
	return r.Objects.Events(ctx, name)
}

// Logs reads and remembers a log, also one that does not exist yet.
func (r *readObjects) Logs(ctx context.Context, pod, container string) (string, error) {
	r.asked = append(r.asked, pod)
	r.logs = append(r.logs, logOf{pod, container})
	return r.Objects.Logs(ctx, pod, container)
}

// changed tells whether something that was read has changed between two states
// of the watch.
func (r *readObjects) changed(before, after map[string]changes) bool {
	for pod, now := range after {
		if old := before[pod]; now.n != old.n && (r.all || slices.Contains(r.asked, pod) || r.selects(old.labels) || r.selects(now.labels)) {
			return true
		}
	}
	return false
}

func (r *readObjects) selects(set labels.Set) bool {
	return slices.ContainsFunc(r.selected, func(s labels.Selector) bool { return s.Matches(set) })
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
