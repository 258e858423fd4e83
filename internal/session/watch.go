package session

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// WatchPods calls seen with each state of each Pod of the run's Namespace, from
// those that are there on until ctx ends; a Pod that is gone comes with its last
// state. A watch that expires or breaks off is taken up again; where watching is
// not permitted, it returns.
func (s *Session) WatchPods(ctx context.Context, seen func(*unstructured.Unstructured)) {
	s.watch(ctx, pods, seen)
}

// WatchEvents is WatchPods for the Events of the run's Namespace.
func (s *Session) WatchEvents(ctx context.Context, seen func(*unstructured.Unstructured)) {
	s.watch(ctx, events, seen)
}

// Made tells whether an object is the run's: all is, in a Namespace of its own;
// elsewhere what carries its label, or was made by a controller that the run created.
func (s *Session) Made(obj *unstructured.Unstructured) bool {
	return s.Owned || obj.GetLabels()[RunLabel] == s.ID || s.created.has(metav1.GetControllerOf(obj))
}

func (s *Session) watch(ctx context.Context, resource schema.GroupVersionResource, seen func(*unstructured.Unstructured)) {
	// The informer would log each failure beside the run's own output.
	ctx, stop := context.WithCancel(klog.NewContext(ctx, klog.Logger{}))
	defer stop()
	// That of dynamicinformer would link the informers of all types.
	of := s.client.Resource(resource).Namespace(s.Namespace)
	informer := cache.NewSharedInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
			return of.List(ctx, opts)
		},
		WatchFuncWithContext: of.Watch,
	}, &unstructured.Unstructured{}, 0)
	tell := func(obj any) {
		if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
			obj = gone.Obj
		}
		if o, ok := obj.(*unstructured.Unstructured); ok {
			seen(o)
		}
	}
	// Both fail for an informer that runs already.
	_ = informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		if apierrors.IsForbidden(err) {
			stop() // the informer would ask for ever
		}
	})
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: tell, UpdateFunc: func(_, now any) { tell(now) }, DeleteFunc: tell,
	})
	informer.RunWithContext(ctx)
}
