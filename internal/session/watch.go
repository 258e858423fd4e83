package session

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// WatchPods calls seen with each state of each Pod of the run's Namespace, from
// those that exist on until ctx ends; a deleted Pod comes with its last state. A
// watch that expires or breaks off is resumed; where watching is not permitted,
// WatchPods returns.
func (s *Session) WatchPods(ctx context.Context, seen func(*corev1.Pod)) {
	observe(ctx, s.core, s.core.Pods(s.Namespace), "", &corev1.Pod{}, seen).run()
}

// WatchMarkedPods is WatchPods for the Pods that carry the run's label, as all do that it
// creates itself.
func (s *Session) WatchMarkedPods(ctx context.Context, seen func(*corev1.Pod)) {
	observe(ctx, s.core, s.core.Pods(s.Namespace), runSelector(s.ID), &corev1.Pod{}, seen).run()
}

// WatchEvents is WatchPods for the Events of the run's Namespace.
func (s *Session) WatchEvents(ctx context.Context, seen func(*corev1.Event)) {
	observe(ctx, s.core, s.core.Events(s.Namespace), "", &corev1.Event{}, seen).run()
}

// collection is what a client, typed or dynamic, has of the objects of a kind in a Namespace.
type collection[L runtime.Object] interface {
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// Made reports whether an object is the run's: all is, in its own Namespace;
// elsewhere what carries its label, or was made by a controller that the run created.
func (s *Session) Made(obj metav1.Object) bool {
	return s.Owned || s.isMarked(obj) || s.created.has(metav1.GetControllerOf(obj))
}

// observer is an informer that stops where it is not permitted to list or watch,
// which an informer alone would repeat for ever.
type observer struct {
	cache.SharedInformer
	ctx  context.Context //nolint:containedctx // of the informer
	stop context.CancelFunc
}

// observe returns an observer that calls seen with each state of the objects of a client's
// collection which a label selector matches, and with the last one of those that are deleted.
func observe[L, T runtime.Object](ctx context.Context, client any, of collection[L], selector string, kind T, seen func(T)) *observer {
	lists := cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
			opts.LabelSelector = selector
			return of.List(ctx, opts)
		},
		WatchFuncWithContext: func(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error) {
			opts.LabelSelector = selector
			return of.Watch(ctx, opts)
		},
	}, client)
	// The informer would log each failure beside the run's own output.
	ctx, stop := context.WithCancel(klog.NewContext(ctx, klog.Logger{}))
	// That of dynamicinformer would link the informers of all types.
	informer := cache.NewSharedInformer(lists, kind, 0)
	notify := func(obj any) {
		if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
			obj = gone.Obj
		}
		if o, ok := obj.(T); ok {
			seen(o)
		}
	}
	// Both fail for an informer that runs already.
	_ = informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		if apierrors.IsForbidden(err) {
			stop()
		}
	})
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: notify, UpdateFunc: func(_, now any) { notify(now) }, DeleteFunc: notify,
	})
	return &observer{informer, ctx, stop}
}

// run returns when the context has ended, or where watching is not permitted.
func (o *observer) run() {
	defer o.stop()
	o.RunWithContext(o.ctx)
}

// synced waits until the objects that exist are known; it is false where they
// cannot be.
func (o *observer) synced() bool {
	return cache.WaitFor(o.ctx, "", o.HasSyncedChecker())
}
