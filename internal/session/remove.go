package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/utils/ptr"

	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

const (
	// podGraceSeconds is what a Pod of a run gets to end: nothing in it needs more,
	// and `sleep`, as PID 1, would ignore SIGTERM for the default of 30 seconds.
	podGraceSeconds = 1
	// confirmTimeout is how long a kubelet has to confirm that a Pod has ended. A
	// healthy one takes about 2 seconds; one that is gone would hold the Pod, and
	// its Namespace, for ever.
	confirmTimeout = 10 * time.Second
)

// remover removes objects, and notes what it could not.
type remover struct {
	client dynamic.Interface
	// held, where it is not nil, is told what does not go, and why.
	held func(object, why string)

	mu          sync.Mutex
	unconfirmed []string
	leftovers   []string
	errs        []error
}

func (r *remover) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, err)
}

func (r *remover) left(o object, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leftovers = append(r.leftovers, o.String())
	r.errs = append(r.errs, fmt.Errorf("remove %s: %w", o, err))
}

func (r *remover) outcome() Cleanup {
	return Cleanup{Unconfirmed: r.unconfirmed, Leftovers: r.leftovers, Err: errors.Join(r.errs...)}
}

// emptyNamespace removes a Namespace that is the run's own. All its Pods are
// ended first, also those that controllers made: the deletion of a Namespace
// alone waits for each Pod's grace period. The controllers go before them, for
// they would make new ones.
func (r *remover) emptyNamespace(ctx context.Context, namespace string, objects []object) {
	if !r.isThis(ctx, namespace, objects) {
		r.removeEach(ctx, objects) // each by its UID
		return
	}
	var itself []object
	for _, o := range objects {
		switch {
		case o.resource == pods:
		case o.resource == namespaces && o.name == namespace:
			itself = append(itself, o)
		case o.namespace == namespace:
			if err := r.delete(ctx, o); err != nil && !apierrors.IsForbidden(err) {
				r.fail(fmt.Errorf("remove %s: %w", o, err))
			}
		default: // an example may have made something in no Namespace
			itself = append(itself, o)
		}
	}
	if err := r.endPods(ctx, namespace); err != nil {
		r.fail(fmt.Errorf("end the pods of namespace %q: %w", namespace, err))
	}
	ending := make(chan struct{})
	go func() {
		defer close(ending)
		r.awaitPods(ctx, namespace, "", nil)
	}()
	r.removeEach(ctx, itself)
	<-ending
}

// isThis tells whether a Namespace is the one among the objects, and not one that
// somebody has made under its name since: what is in that is not removed.
func (r *remover) isThis(ctx context.Context, namespace string, objects []object) bool {
	found, err := r.client.Resource(namespaces).Get(ctx, namespace, metav1.GetOptions{})
	if err != nil {
		return false
	}
	if slices.ContainsFunc(objects, func(o object) bool { return o.resource == namespaces && o.uid == found.GetUID() }) {
		return true
	}
	r.fail(fmt.Errorf("namespace %q was deleted, and is another one now (%s): what is in it is left untouched", namespace, ownerOf(found, time.Now())))
	return false
}

// endPods ends all Pods of a Namespace. Where that is not permitted it takes longer.
func (r *remover) endPods(ctx context.Context, namespace string) error {
	err := r.client.Resource(pods).Namespace(namespace).DeleteCollection(ctx,
		metav1.DeleteOptions{GracePeriodSeconds: ptr.To(int64(podGraceSeconds))}, metav1.ListOptions{})
	if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// remove removes objects in Namespaces of others: controllers first, then the Pods
// among them, and all that are found when no controller makes any more.
func (r *remover) remove(ctx context.Context, objects []object, findPods func() []object) {
	var ended, others []object
	for _, o := range objects {
		if o.resource == pods {
			ended = append(ended, o)
		} else {
			others = append(others, o)
		}
	}
	r.removeEach(ctx, others)
	for _, o := range findPods() {
		if !slices.ContainsFunc(ended, func(p object) bool { return p.uid == o.uid }) {
			ended = append(ended, o)
		}
	}
	byNamespace := map[string][]object{}
	for _, p := range ended {
		if err := r.delete(ctx, p); err != nil {
			r.left(p, err)
			continue
		}
		byNamespace[p.namespace] = append(byNamespace[p.namespace], p)
	}
	for namespace, going := range byNamespace {
		selector := RunLabel
		r.awaitPods(ctx, namespace, selector, going)
	}
}

// removeEach deletes objects and waits until they are gone.
func (r *remover) removeEach(ctx context.Context, objects []object) {
	var going []object
	for _, o := range objects {
		if err := r.delete(ctx, o); err != nil {
			r.left(o, err)
			continue
		}
		going = append(going, o)
	}
	for _, o := range going {
		if err := r.awaitGone(ctx, o); err != nil {
			r.left(o, err)
		}
	}
}

// delete deletes an object, and not another one that was put in its place.
func (r *remover) delete(ctx context.Context, o object) error {
	opts := metav1.DeleteOptions{
		PropagationPolicy: ptr.To(metav1.DeletePropagationBackground),
		Preconditions:     &metav1.Preconditions{UID: &o.uid},
	}
	if o.resource == pods {
		opts.GracePeriodSeconds = ptr.To(int64(podGraceSeconds))
	}
	return r.deleteWith(ctx, o, opts)
}

func (r *remover) deleteWith(ctx context.Context, o object, opts metav1.DeleteOptions) error {
	pace := retry()
	for {
		err := r.client.Resource(o.resource).Namespace(o.namespace).Delete(ctx, o.name, opts)
		switch {
		case err == nil, apierrors.IsNotFound(err), apierrors.IsConflict(err) && !apierrors.IsTooManyRequests(err):
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case isVerdict(err) || pace.Steps == 0 || !pause(ctx, pace.Step()):
			return err
		}
	}
}

// isVerdict tells whether an error is the API server's answer to the request
// itself; any other, such as a connection that broke, may be gone the next time.
func isVerdict(err error) bool {
	status := apierrors.APIStatus(nil)
	return errors.As(err, &status) && status.Status().Code < 500
}

func (r *remover) awaitGone(ctx context.Context, o object) error {
	var last *unstructured.Unstructured
	told := false
	pace := retry()
	for {
		err := wait.For(ctx, r.client.Resource(o.resource).Namespace(o.namespace), o.name,
			func(obj *unstructured.Unstructured) (bool, error) {
				last = obj
				if why := heldBy(obj); why != "" && !told && r.held != nil {
					told = true
					r.held(o.String(), why)
				}
				return obj == nil || obj.GetUID() != o.uid, nil
			})
		switch {
		case err == nil:
			return nil
		case apierrors.IsForbidden(err):
			return nil // its deletion was accepted; watching it is not permitted
		case ctx.Err() == nil && !isVerdict(err) && pace.Steps > 0 && pause(ctx, pace.Step()):
			continue // the connection broke
		case last != nil:
			return fmt.Errorf("%w%s", err, remaining(last))
		}
		return err
	}
}

// heldBy is what a Namespace says of the finalizers that hold it, or "". It is never
// told in the usual course of its removal; that some content remains is.
func heldBy(obj *unstructured.Unstructured) string {
	if obj == nil {
		return ""
	}
	ns := &corev1.Namespace{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, ns); err != nil {
		return ""
	}
	for _, c := range ns.Status.Conditions {
		if c.Type == corev1.NamespaceFinalizersRemaining && c.Status == corev1.ConditionTrue {
			return fmt.Sprintf("%s: %s", c.Type, c.Message)
		}
	}
	return ""
}

// remaining quotes what a Namespace that does not go says of the reason.
func remaining(obj *unstructured.Unstructured) string {
	conditions, _, _ := unstructured.NestedSlice(obj.Object, "status", "conditions")
	text := ""
	for _, c := range conditions {
		if m, ok := c.(map[string]any); ok && m["status"] == "True" {
			text += fmt.Sprintf("; %v: %v", m["type"], m["message"])
		}
	}
	return text
}
