package engine

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// snapshot reads the objects of the run's Namespace, each Pod once: all claims of a step that
// name it are then about one state of it, and cost one request.
type snapshot struct {
	*session.Session
	watcher *watcher
	named   map[string]map[string]any
	// before are the changes up to before the first look, so that none is missed.
	before map[string]changes
}

func (r *runner) snapshot() *snapshot {
	s := &snapshot{Session: r.Session, watcher: r.watcher}
	s.renew()
	return s
}

// renew has everything read again.
func (s *snapshot) renew() {
	s.named = map[string]map[string]any{}
	s.before = s.watcher.now()
}

// Pod reads a Pod, or returns what was read of it.
func (s *snapshot) Pod(ctx context.Context, name string) (map[string]any, error) {
	if pod, ok := s.named[name]; ok {
		return pod, nil
	}
	pod, err := s.Session.Pod(ctx, name)
	if err == nil {
		s.named[name] = pod
	}
	return pod, err
}

// Added are the containers that admission has added to a Pod.
func (s *snapshot) Added(_ context.Context, pod string) ([]string, error) {
	return s.watcher.addedTo(pod).containers, nil
}

// readObjects remembers what an expression has read.
type readObjects struct {
	expect.Objects
	// asked are the names of the Pods that it read, whether they exist or not, and
	// selected the selectors of others; all reports that it read Events, which may be
	// about any.
	asked    []string
	selected []labels.Selector
	all      bool
	pods     []map[string]any
	logs     []logOf
}

// Pod reads and remembers a Pod.
func (r *readObjects) Pod(ctx context.Context, name string) (map[string]any, error) {
	r.asked = append(r.asked, name)
	pod, err := r.Objects.Pod(ctx, name)
	if err == nil {
		r.pods = append(r.pods, pod)
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

// changed reports whether something that was read has changed between two states
// of the watch.
func (r *readObjects) changed(before, after map[string]changes) bool {
	for pod, now := range after {
		old := before[pod]
		if r.all && now.events != old.events || now.pod != old.pod && r.has(pod, old, now) || now.logs != old.logs && r.hasLog(pod) {
			return true
		}
	}
	return false
}

// touched is changed, or that there is another Event: about a Pod that was read, or about what
// is no Pod, such as a controller that cannot create one.
func (r *readObjects) touched(before, after map[string]changes) bool {
	for name, now := range after {
		old := before[name]
		if now.events != old.events && (now.pod == 0 || r.has(name, old, now)) {
			return true
		}
	}
	return r.changed(before, after)
}

// has reports whether a Pod may be one that was read, in one of two states.
func (r *readObjects) has(pod string, old, now changes) bool {
	return r.all || slices.Contains(r.asked, pod) || r.selects(old.labels) || r.selects(now.labels)
}

func (r *readObjects) hasLog(pod string) bool {
	return slices.ContainsFunc(r.logs, func(l logOf) bool { return l.pod == pod })
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
