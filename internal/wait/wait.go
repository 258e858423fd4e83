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
)

// Condition judges the state of an object: done, not yet, or hopeless (an
// error). obj is nil while the object does not exist. An error that may pass
// is an Unless.
type Condition func(obj *unstructured.Unstructured) (done bool, err error)

// Unless is the error of a Condition that counts only when it has lasted for a
// while: when For judges the object again and finds no error, it was none.
type Unless struct {
	Err   error
	Lasts time.Duration
}

func (u Unless) Error() string { return u.Err.Error() }
func (u Unless) Unwrap() error { return u.Err }

// For waits until the condition holds for the object of that name. It returns
// the condition's error, an API error that a repeat does not fix (forbidden,
// unauthorized), or a cause of ctx.
func For(ctx context.Context, client dynamic.ResourceInterface, name string, cond Condition) error {
	return ForAlso(ctx, client, name, cond, nil)
}

// ForAlso is For where the condition depends on something else as well: next
// returns a channel that is closed when that changes, and the object is then
// judged again.
func ForAlso(ctx context.Context, client dynamic.ResourceInterface, name string, cond Condition, next func() <-chan struct{}) error {
	j := &judge{cond: cond, next: next}
	rounds := time.NewTicker(watchAgain)
	defer rounds.Stop()
	for {
		// Each round starts with a plain GET: what happened between two watches is in it.
		obj, err := client.Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			obj = nil
		case err != nil && ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		}
		if done, err := j.judge(obj); done || err != nil {
			return err
		}
		if done, err := j.follow(ctx, client, name); done || err != nil {
			return err
		}
		select { // where each watch ends at once
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-rounds.C:
		}
	}
}

// watchAgain is the least time between the begins of two watches.
const watchAgain = time.Second

// Until waits until a condition holds that is known without a request: it judges again each
// time that the channel which next returned is closed. It returns the condition's error, or a
// cause of ctx.
func Until(ctx context.Context, next func() <-chan struct{}, cond func() (bool, error)) error {
	j := &judge{next: next, cond: func(*unstructured.Unstructured) (bool, error) { return cond() }}
	for {
		if done, err := j.judge(nil); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-j.settled:
			return j.doubt
		case <-j.changed:
		}
	}
}

// While returns a context that ends with the first error of lost, which is called again each
// time that the channel which next returned is closed.
func While(ctx context.Context, next func() <-chan struct{}, lost func() error) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() { cancel(Until(ctx, next, func() (bool, error) { return false, lost() })) }()
	return ctx, func() { cancel(nil) }
}

// judge applies a Condition to the last state of an object.
type judge struct {
	cond    Condition
	next    func() <-chan struct{} // of what else it depends on, or nil
	changed <-chan struct{}
	obj     *unstructured.Unstructured
	// doubt is what the Condition has found since the time that lasting counts
	// from; settled fires when it has lasted.
	doubt   error
	settled <-chan time.Time
}

func (j *judge) judge(obj *unstructured.Unstructured) (done bool, err error) {
	j.obj = obj
	if j.next != nil {
		// From before the look on, so that no change is missed.
		j.changed = j.next()
	}
	done, err = j.cond(obj)
	var unless Unless
	switch {
	case !errors.As(err, &unless):
		j.doubt, j.settled = nil, nil
		return done, err
	case j.doubt == nil:
		j.settled = time.After(unless.Lasts)
	}
	j.doubt = unless.Err
	return false, nil
}

// follow watches from the present state of the object until the condition decides or the
// watch ends: it breaks, or its version has expired (410). Without an object there is no
// version: such a watch begins with the present state.
func (j *judge) follow(ctx context.Context, client dynamic.ResourceInterface, name string) (bool, error) {
	opts := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()}
	if j.obj != nil {
		opts.ResourceVersion = j.obj.GetResourceVersion()
	}
	w, err := client.Watch(ctx, opts)
	switch {
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err):
		return false, nil
	case err != nil && ctx.Err() != nil:
		return false, context.Cause(ctx)
	case err != nil:
		return false, err
	}
	defer w.Stop()
	for {
		state := j.obj
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-j.settled:
			return false, j.doubt
		case <-j.changed:
		case ev, open := <-w.ResultChan():
			if !open {
				return false, nil
			}
			switch ev.Type {
			case watch.Added, watch.Modified:
				state, _ = ev.Object.(*unstructured.Unstructured)
			case watch.Deleted:
				state = nil
			case watch.Error:
				if err := apierrors.FromObject(ev.Object); apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
					return false, err
				}
				return false, nil
			default:
				continue
			}
		}
		if done, err := j.judge(state); done || err != nil {
			return done, err
		}
	}
}

// ErrTimeout is the cause of a context that WithTimeout ended.
var ErrTimeout = errors.New("timed out")

// WithTimeout bounds a wait; the error names the time that has passed.
func WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, timedOut(d))
}

// Call calls what no context can interrupt, such as a read of standard input or a regular
// expression of a stranger: when ctx ends first, it is left behind.
func Call[T any](ctx context.Context, f func() T) (result T, err error) {
	done := make(chan T, 1)
	go func() { done <- f() }()
	select {
	case result = <-done:
		return result, nil
	case <-ctx.Done():
		return result, context.Cause(ctx)
	}
}

// WithTimeoutUnless is WithTimeout, except that the wait does not end while something is in
// progress: busy reports whether that is so, and returns a channel that is closed when it may
// have changed. Afterwards the wait has the whole time again.
func WithTimeoutUnless(ctx context.Context, d time.Duration, busy func() (bool, <-chan struct{})) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		timer := time.NewTimer(d)
		defer timer.Stop()
		for next := (<-chan struct{})(nil); ; {
			select {
			case <-ctx.Done():
				return
			case <-next:
			case <-timer.C:
			}
			is, changed := busy()
			switch {
			case is:
				next = changed
			case next == nil:
				cancel(timedOut(d))
				return
			default:
				next = nil
				timer.Reset(d)
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

func timedOut(d time.Duration) error {
	if d > time.Second {
		d = d.Round(time.Second / 10)
	}
	return fmt.Errorf("%w after %s", ErrTimeout, d)
}
