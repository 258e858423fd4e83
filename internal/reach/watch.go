package reach

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// podWatch follows all Pods of a run by one watch. Each is waited for by one goroutine at a
// time. The watch opens when the first Pod is waited for.
type podWatch struct {
	open  func(context.Context) (watch.Interface, error)
	start sync.Once
	// run is the run's context: the watch outlives whoever waits first.
	run context.Context

	mu sync.Mutex
	// latest is how each Pod was last seen; nil where it was deleted.
	latest  map[string]*corev1.Pod
	waiting map[string]*waiter
	// err is why there is no watch any more.
	err error
}

// waiter waits until decided is true of a Pod.
type waiter struct {
	decided func(*corev1.Pod) bool
	done    chan struct{}
}

func newPodWatch(run context.Context, open func(context.Context) (watch.Interface, error)) *podWatch {
	return &podWatch{open: open, run: run, latest: map[string]*corev1.Pod{}, waiting: map[string]*waiter{}}
}

// await waits until decided is true of a Pod, which is nil where it was deleted. The
// error is why it cannot: the watch has failed, or ctx has ended. After await has
// returned decided is not called any more.
func (w *podWatch) await(ctx context.Context, name string, decided func(*corev1.Pod) bool) error {
	w.start.Do(func() { go w.follow() })
	waiter := &waiter{decided, make(chan struct{})}
	w.mu.Lock()
	state, seen := w.latest[name]
	if w.err != nil || seen && decided(state) {
		defer w.mu.Unlock()
		return w.err
	}
	w.waiting[name] = waiter
	w.mu.Unlock()
	select {
	case <-waiter.done:
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting[name] == waiter {
		delete(w.waiting, name)
		return context.Cause(ctx)
	}
	return w.err
}

// follow follows the Pods until the run ends, or no watch can be opened.
func (w *podWatch) follow() {
	for {
		stream, err := w.open(w.run)
		if err != nil {
			w.fail(fmt.Errorf("watch the run's pods: %w", err))
			return
		}
		// One that has expired, or whose API server went away, is opened again: it
		// begins with the Pods as they are now.
		for ev := range stream.ResultChan() {
			if ev.Type == watch.Error {
				break
			}
			switch pod, ok := ev.Object.(*corev1.Pod); {
			case ok && ev.Type == watch.Deleted:
				w.see(pod.Name, nil)
			case ok:
				w.see(pod.Name, pod)
			}
		}
		stream.Stop()
	}
}

// see notes a Pod's state, and ends the waits that it decides.
func (w *podWatch) see(name string, state *corev1.Pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.latest[name] = state
	if waiter := w.waiting[name]; waiter != nil && waiter.decided(state) {
		delete(w.waiting, name)
		close(waiter.done)
	}
}

// fail ends all waits.
func (w *podWatch) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
	for _, waiter := range w.waiting {
		close(waiter.done)
	}
	clear(w.waiting)
}
