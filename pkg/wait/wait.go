package wait

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	watchtools "k8s.io/client-go/tools/watch"
	"k8s.io/klog/v2"
)

// Condition judges the state of an object: done, not yet, or hopeless (an
// error). obj is nil while the object does not exist.
type Condition func(obj *unstructured.Unstructured) (done bool, err error)

// For waits until the condition holds for the object of that name. It returns
// the condition's error at once, an API error that a repeat does not mend
// (forbidden, unauthorized), or a cause of ctx with the last state in words.
func For(ctx context.Context, client dynamic.ResourceInterface, name string, cond Condition) error {
	for {
		// Each round starts with a plain GET: a watch alone would retry on 401
		// and 403 for ever.
		obj, err := client.Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			obj = nil
		case err != nil && ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		}
		if done, err := cond(obj); done || err != nil {
			return err
		}
		done, err := follow(ctx, client, name, obj, cond)
		if done || err != nil {
			return err
		}
		// The watch has expired (410): begin again from the present state.
	}
}

// follow watches from a state of the object until the condition decides or the
// watch ends. Without an object it watches from the present.
func follow(ctx context.Context, client dynamic.ResourceInterface, name string, obj *unstructured.Unstructured, cond Condition) (bool, error) {
	events, stop, err := open(ctx, client, name, obj)
	if err != nil {
		return false, err
	}
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case ev, open := <-events:
			if !open {
				return false, nil
			}
			var state *unstructured.Unstructured
			switch ev.Type {
			case watch.Added, watch.Modified:
				state, _ = ev.Object.(*unstructured.Unstructured)
			case watch.Deleted:
			case watch.Error:
				if err := apierrors.FromObject(ev.Object); apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
					return false, err
				}
				return false, nil
			default:
				continue
			}
			if done, err := cond(state); done || err != nil {
				return done, err
			}
		}
	}
}

func open(ctx context.Context, client dynamic.ResourceInterface, name string, obj *unstructured.Unstructured) (<-chan watch.Event, func(), error) {
	w := named{client, name}
	if obj == nil {
		// There is no version to resume from: an unversioned watch begins with
		// the present state, so nothing between GET and watch is missed.
		plain, err := w.WatchWithContext(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, nil, err
		}
		return plain.ResultChan(), plain.Stop, nil
	}
	// The watcher would log a refusal, which is returned.
	retry, err := watchtools.NewRetryWatcherWithContext(klog.NewContext(ctx, klog.Logger{}), obj.GetResourceVersion(), w)
	if err != nil {
		return nil, nil, err
	}
	return retry.ResultChan(), retry.Stop, nil
}

// named watches one object of a resource.
type named struct {
	client dynamic.ResourceInterface
	name   string
}

func (n named) WatchWithContext(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, n.name).String()
	return n.client.Watch(ctx, o)
}

// ErrTimeout is the cause of a context that WithTimeout ended.
var ErrTimeout = errors.New("timed out")

// WithTimeout bounds a wait; the error names the time that has passed.
func WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("%w after %s", ErrTimeout, d))
}
