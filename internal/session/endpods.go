package session

import (
	"context"
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"

	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// podsOf lists the Pods of a Namespace that a selector matches; none where that
// is not permitted.
func (r *remover) podsOf(ctx context.Context, namespace, selector string) []object {
	found, err := r.client.Resource(pods).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil
	}
	var out []object
	for _, p := range found.Items {
		out = append(out, object{pods, namespace, p.GetName(), p.GetUID()})
	}
	return out
}

// awaitPods waits until Pods that are deleted are gone: those of the list, or,
// without one, all that a selector matches. Those whose kubelet does not confirm
// it within confirmTimeout are removed without it. What may not be watched is
// not waited for.
func (r *remover) awaitPods(ctx context.Context, namespace, selector string, going []object) {
	confirm, cancel := wait.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	left, err := r.follow(confirm, namespace, selector, going)
	if err != nil {
		return
	}
	for _, p := range left {
		if p.GetDeletionTimestamp() == nil {
			continue // made meanwhile: the end of its Namespace will end it
		}
		o := object{pods, namespace, p.GetName(), p.GetUID()}
		if ctx.Err() != nil {
			r.left(o, context.Cause(ctx))
			continue
		}
		uid := p.GetUID()
		err := r.deleteWith(ctx, o, metav1.DeleteOptions{
			GracePeriodSeconds: ptr.To(int64(0)), Preconditions: &metav1.Preconditions{UID: &uid},
		})
		if err != nil {
			r.left(o, err)
			continue
		}
		node, _, _ := unstructured.NestedString(p.Object, "spec", "nodeName")
		r.mu.Lock()
		r.unconfirmed = append(r.unconfirmed, fmt.Sprintf("%s on %s", p.GetName(), node))
		r.mu.Unlock()
	}
}

// follow watches Pods until they are gone or ctx ends, and returns those that
// are left. The error is that of a list or a watch that is refused.
func (r *remover) follow(ctx context.Context, namespace, selector string, going []object) ([]*unstructured.Unstructured, error) {
	client := r.client.Resource(pods).Namespace(namespace)
	left := map[types.UID]*unstructured.Unstructured{}
	awaited := func(uid types.UID) bool {
		return going == nil || slices.ContainsFunc(going, func(o object) bool { return o.uid == uid })
	}
	remaining := func() []*unstructured.Unstructured { return slices.Collect(maps.Values(left)) }
	for ctx.Err() == nil {
		found, err := client.List(ctx, metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			if isVerdict(err) {
				return nil, err
			}
			pause(ctx, retry().Duration) // the connection broke
			continue
		}
		clear(left)
		for i := range found.Items {
			if p := &found.Items[i]; awaited(p.GetUID()) {
				left[p.GetUID()] = p
			}
		}
		if len(left) == 0 {
			return nil, nil
		}
		changes, err := client.Watch(ctx, metav1.ListOptions{LabelSelector: selector, ResourceVersion: found.GetResourceVersion()})
		if err != nil {
			if isVerdict(err) {
				return nil, err
			}
			continue
		}
		for ev := range changes.ResultChan() {
			p, ok := ev.Object.(*unstructured.Unstructured)
			if ok && ev.Type == watch.Deleted {
				delete(left, p.GetUID())
			}
			if len(left) == 0 {
				changes.Stop()
				return nil, nil
			}
		}
	}
	return remaining(), nil
}
