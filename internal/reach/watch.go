package reach

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// podWatch follows all pods of the run, by one watch.
type podWatch struct {
	open   func(context.Context) (watch.Interface, error)
	stream watch.Interface
	// latest is how each pod was last seen; nil where it was deleted.
	latest map[string]*corev1.Pod
}

// watchPods begins with the pods that are there.
func (r *run) watchPods(ctx context.Context) (*podWatch, error) {
	selector := session.RunLabel + "=" + r.session.ID
	w := &podWatch{latest: map[string]*corev1.Pod{}, open: func(ctx context.Context) (watch.Interface, error) {
		return r.client.Pods(r.session.Namespace).Watch(ctx, metav1.ListOptions{LabelSelector: selector})
	}}
	return w, w.reopen(ctx)
}

// reopen begins another watch; where it cannot, the one before stays, ended.
func (w *podWatch) reopen(ctx context.Context) error {
	stream, err := w.open(ctx)
	if err != nil {
		return fmt.Errorf("watch the run's pods: %w", err)
	}
	w.stream = stream
	return nil
}

func (w *podWatch) stop() { w.stream.Stop() }

// until waits until done is true of each of the pods; a pod that was deleted is
// nil. It returns those of which it is not when ctx ends, with ctx's cause.
func (w *podWatch) until(ctx context.Context, pods []*pod, done func(*pod, *corev1.Pod) bool) (left map[string]*pod, err error) {
	left = map[string]*pod{}
	for _, p := range pods {
		if state, seen := w.latest[p.name]; !seen || !done(p, state) {
			left[p.name] = p
		}
	}
	for len(left) > 0 {
		select {
		case <-ctx.Done():
			return left, context.Cause(ctx)
		case ev, open := <-w.stream.ResultChan():
			if !open || ev.Type == watch.Error {
				// It has expired, or the API server went away: begin again with the
				// pods as they are now.
				w.stream.Stop()
				if err := w.reopen(ctx); err != nil {
					return left, err
				}
				continue
			}
			object, ok := ev.Object.(*corev1.Pod)
			if !ok {
				continue
			}
			w.latest[object.Name] = object
			if ev.Type == watch.Deleted {
				w.latest[object.Name] = nil
			}
			if p := left[object.Name]; p != nil && done(p, w.latest[object.Name]) {
				delete(left, object.Name)
			}
		}
	}
	return nil, nil
}
