package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// remover removes objects, and notes what it could not.
//
// Its client is to retry what an API server that restarts leaves unanswered (see
// Retrier).
type remover struct {
	client dynamic.Interface
	// run is the ID of the run whose objects it removes.
	run string
	// onStuck, where it is not nil, gets what is stuck terminating, and why.
	onStuck func(object, why string)

	// notOurs are the kinds whose objects are left to the garbage collector.
	notOurs []schema.GroupVersionResource

	mu   sync.Mutex
	done Cleanup
}

// note adds to what the removal has come to.
func (r *remover) note(add func(*Cleanup)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	add(&r.done)
}

func (r *remover) fail(err error) {
	r.note(func(c *Cleanup) { c.Err = errors.Join(c.Err, err) })
}

func (r *remover) left(o object, err error) {
	r.note(func(c *Cleanup) { c.Leftovers = append(c.Leftovers, o.String()) })
	r.fail(fmt.Errorf("remove %s: %w", o, err))
}

func (r *remover) outcome() Cleanup {
	if r.done.Err == nil {
		r.done.RemoveCommand = "" // what held the removal did not for long
	}
	return r.done
}

// removeAll removes what the run has in a Namespace: with the Namespace, where that is
// the run's own; else the objects, and those of its Pods that belong to them.
func (r *remover) removeAll(ctx context.Context, namespace string, owned bool, objects []object) Cleanup {
	if owned {
		r.removeNamespace(ctx, namespace, objects)
	} else {
		r.remove(ctx, namespace, objects, true)
	}
	return r.outcome()
}

// removeNamespace removes a Namespace that is the run's own. All its Pods are
// ended first, also those that controllers made: the deletion of a Namespace
// alone waits for each Pod's grace period. The controllers go before them, for
// they would make new ones.
func (r *remover) removeNamespace(ctx context.Context, namespace string, objects []object) {
	if !r.isThis(ctx, namespace, objects) {
		r.removeEach(ctx, objects) // each by its UID
		return
	}
	var itself []object
	between := r.between(ctx, namespace, objects)
	for _, o := range slices.Concat(objects, between) {
		switch {
		case o.resource == pods:
		case o.resource == namespaces && o.name == namespace:
			itself = append(itself, o)
		case o.namespace == namespace:
			if err := r.delete(ctx, o, podGraceSeconds); err != nil && !apierrors.IsForbidden(err) {
				r.fail(fmt.Errorf("remove %s: %w", o, err))
			}
		default: // an example may have made something in no Namespace
			itself = append(itself, o)
		}
	}
	r.letEnd(ctx, namespace, objects)
	if err := r.endPods(ctx, namespace); err != nil {
		r.fail(fmt.Errorf("end the pods of namespace %q: %w", namespace, err))
	}
	var ending sync.WaitGroup
	ending.Go(func() { r.release(ctx, slices.Concat(objects, between)) })
	begin := time.Now()
	ending.Go(func() {
		if r.awaitPods(ctx, namespace, nil); time.Since(begin) > namespaceSync {
			r.hastenNamespace(ctx, namespace)
		}
	})
	r.removeEach(ctx, itself)
	ending.Wait()
}

// namespaceSync is how long after each change of a Namespace that is being deleted its
// controller looks at it (namespaceDeletionGracePeriod of
// k8s.io/kubernetes/pkg/controller/namespace).
const namespaceSync = 5 * time.Second

// hastenNamespace changes a Namespace whose Pods have ended after its controller had found
// them. The controller waits for half of their spec's grace period then, 16 seconds as a
// rule, whatever grace period they were deleted with; a change has it look again in 5. To
// those who may not change Namespaces it makes no difference.
func (r *remover) hastenNamespace(ctx context.Context, namespace string) {
	change := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, podsEndedAnnotation, time.Now().UTC().Format(time.RFC3339))
	_, _ = r.client.Resource(namespaces).Patch(ctx, namespace, types.MergePatchType, change, metav1.PatchOptions{})
}

// podMakers are the kinds that make Pods, each with the kind that stands between, if any.
// They are deleted without what they made, which the run ends then: the garbage collector
// would delete Pods with the grace period of their spec, and a kubelet that has begun with 30
// seconds does not always take up the shorter one that follows (seen with v1.37.2: in one of
// five attempts with a ReplicationController, in four of six with a Deployment).
var podMakers = map[schema.GroupResource]schema.GroupVersionResource{
	{Resource: "replicationcontrollers"}:      {},
	{Group: "apps", Resource: "replicasets"}:  {},
	{Group: "apps", Resource: "statefulsets"}: {},
	{Group: "apps", Resource: "daemonsets"}:   {},
	{Group: "batch", Resource: "jobs"}:        {},
	{Group: "apps", Resource: "deployments"}:  {Group: "apps", Version: "v1", Resource: "replicasets"},
	{Group: "batch", Resource: "cronjobs"}:    {Group: "batch", Version: "v1", Resource: "jobs"},
}

func makesPods(o object) bool {
	_, makes := podMakers[o.resource.GroupResource()]
	return makes
}

// between lists what stands between objects and the Pods of a Namespace: the ReplicaSets of a
// Deployment, the Jobs of a CronJob.
func (r *remover) between(ctx context.Context, namespace string, objects []object) (found []object) {
	kinds := map[schema.GroupVersionResource]bool{}
	for _, o := range objects {
		kinds[podMakers[o.resource.GroupResource()]] = true
	}
	delete(kinds, schema.GroupVersionResource{})
	for kind := range kinds {
		found = append(found, r.madeBy(ctx, kind, namespace, objects)...)
	}
	return found
}

// madeBy lists the objects of a kind that controllers made. Those that the user may not list or
// delete are left to the garbage collector: none are returned, and delete knows it.
func (r *remover) madeBy(ctx context.Context, kind schema.GroupVersionResource, namespace string, controllers []object) (made []object) {
	found, err := r.ofRun(ctx, kind, namespace)
	for i := range found {
		if owner := metav1.GetControllerOf(&found[i]); owner != nil && isAmong(owner.UID, controllers) {
			made = append(made, objectOf(kind, &found[i]))
		}
	}
	if len(made) > 0 {
		err = r.delete(ctx, made[0], podGraceSeconds, metav1.DryRunAll)
	}
	if err != nil {
		r.notOurs = append(r.notOurs, kind)
		return nil
	}
	return made
}

// isThis reports whether a Namespace is the one among the objects, and not one that
// someone has made under its name since: what is in that is not removed.
func (r *remover) isThis(ctx context.Context, namespace string, objects []object) bool {
	found, err := r.client.Resource(namespaces).Get(ctx, namespace, metav1.GetOptions{})
	if err != nil {
		return false
	}
	if slices.ContainsFunc(objects, func(o object) bool { return o.resource == namespaces && o.uid == found.GetUID() }) {
		return true
	}
	r.fail(fmt.Errorf("namespace %q was deleted, and is another one now (%s): what is in it was not changed", namespace, ownerOf(found, time.Now())))
	return false
}

// endPods ends all Pods of a Namespace. Where that is not permitted it takes longer.
func (r *remover) endPods(ctx context.Context, namespace string) error {
	err := r.client.Resource(pods).Namespace(namespace).DeleteCollection(ctx,
		metav1.DeleteOptions{GracePeriodSeconds: new(int64(podGraceSeconds))}, metav1.ListOptions{})
	if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// remove removes objects in Namespaces of others: controllers first, then the Pods
// among them, and the run's Pods that these controllers made; with all, all Pods of the run.
func (r *remover) remove(ctx context.Context, namespace string, objects []object, all bool) {
	var deleted, others []object
	for _, o := range objects {
		if o.resource == pods {
			deleted = append(deleted, o)
		} else {
			others = append(others, o)
		}
	}
	between := r.between(ctx, namespace, others)
	made := r.madeBy(ctx, pods, namespace, slices.Concat(others, between)) // what has lost its controller does not name it
	r.removeEach(ctx, others)
	r.removeEach(ctx, between)
	r.letEnd(ctx, namespace, others)
	found, _ := r.ofRun(ctx, pods, namespace)
	for i := range found {
		if p := objectOf(pods, &found[i]); (all || isAmong(p.uid, made)) && !isAmong(p.uid, deleted) {
			deleted = append(deleted, p)
		}
	}
	byNamespace := map[string][]object{}
	for _, p := range r.deleteEach(ctx, deleted) {
		byNamespace[p.namespace] = append(byNamespace[p.namespace], p)
	}
	for namespace, deleted := range byNamespace {
		r.awaitPods(ctx, namespace, deleted)
	}
}

// removeEach deletes objects and waits until they no longer exist.
func (r *remover) removeEach(ctx context.Context, objects []object) {
	deleted := r.deleteEach(ctx, objects)
	r.release(ctx, deleted)
	for _, o := range deleted {
		if err := r.awaitDeletion(ctx, o); err != nil {
			r.left(o, err)
		}
	}
}

// deleteEach returns the objects whose deletion the API server has accepted.
func (r *remover) deleteEach(ctx context.Context, objects []object) (deleted []object) {
	for _, o := range objects {
		if err := r.delete(ctx, o, podGraceSeconds); err != nil {
			r.left(o, err)
			continue
		}
		deleted = append(deleted, o)
	}
	return deleted
}

// delete deletes an object, and not another one that was put in its place.
func (r *remover) delete(ctx context.Context, o object, graceSeconds int64, dryRun ...string) error {
	policy := metav1.DeletePropagationBackground
	if between := podMakers[o.resource.GroupResource()]; makesPods(o) && !slices.Contains(r.notOurs, between) && !slices.Contains(r.notOurs, pods) {
		policy = metav1.DeletePropagationOrphan
	}
	opts := metav1.DeleteOptions{PropagationPolicy: &policy, Preconditions: &metav1.Preconditions{UID: &o.uid}, DryRun: dryRun}
	if o.resource == pods {
		opts.GracePeriodSeconds = &graceSeconds
	}
	err := r.client.Resource(o.resource).Namespace(o.namespace).Delete(ctx, o.name, opts)
	switch {
	case err == nil, apierrors.IsNotFound(err), apierrors.IsConflict(err):
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return err
}

// orphanTimeout is how long the garbage collector may take to orphan what a controller made; as a
// rule, it takes milliseconds.
const orphanTimeout = 500 * time.Millisecond

// release lets the controllers go that were deleted without what they made, where no garbage
// collector does: on a cluster without one, or with one that an API which is down blocks.
func (r *remover) release(ctx context.Context, objects []object) {
	var waiting sync.WaitGroup
	for _, o := range objects {
		if makesPods(o) {
			waiting.Go(func() { r.releaseOne(ctx, o) })
		}
	}
	waiting.Wait()
}

func (r *remover) releaseOne(ctx context.Context, o object) {
	client := r.client.Resource(o.resource).Namespace(o.namespace)
	var last *unstructured.Unstructured
	limited, cancel := context.WithTimeout(ctx, orphanTimeout)
	defer cancel()
	err := wait.For(limited, client, o.name, func(obj *unstructured.Unstructured) (bool, error) {
		last = obj
		return obj == nil || obj.GetUID() != o.uid || !slices.Contains(obj.GetFinalizers(), metav1.FinalizerOrphanDependents), nil
	})
	if err == nil || last == nil {
		return
	}
	last.SetFinalizers(slices.DeleteFunc(last.GetFinalizers(), func(f string) bool { return f == metav1.FinalizerOrphanDependents }))
	// Where that is not permitted, or fails, the object is left, and reported.
	_, _ = client.Update(ctx, last, metav1.UpdateOptions{})
}

// apiPatience is how long a deletion waits for an aggregated API that is down: its server may
// be starting.
const apiPatience = 15 * time.Second

// awaitDeletion waits until an object that was deleted no longer exists.
func (r *remover) awaitDeletion(ctx context.Context, o object) error {
	var last *unstructured.Unstructured
	reported := false
	err := wait.For(ctx, r.client.Resource(o.resource).Namespace(o.namespace), o.name,
		func(obj *unstructured.Unstructured) (bool, error) {
			last = obj
			// In the usual course of its removal, a Namespace reports content that remains,
			// but no finalizers.
			why := slices.Concat(trueConditions(obj, string(corev1.NamespaceFinalizersRemaining)), trueConditions(obj, string(corev1.NamespaceDeletionDiscoveryFailure)))
			apis := staleAPIs(obj)
			if len(apis) > 0 {
				r.note(func(c *Cleanup) { c.RemoveCommand = DescribeAPI(apis[0]) })
			}
			if len(why) > 0 && !reported && r.onStuck != nil {
				reported = true
				r.onStuck(o.String(), why[0])
			}
			gone := obj == nil || obj.GetUID() != o.uid
			if len(apis) > 0 && !gone {
				return false, wait.Unless{Err: fmt.Errorf("the API %s is not available", apis[0]), Lasts: apiPatience}
			}
			return gone, nil
		})
	if err == nil || apierrors.IsForbidden(err) { // its deletion was accepted; watching it is not permitted
		return nil
	}
	return fmt.Errorf("%w%s", err, strings.Join(append([]string{""}, trueConditions(last, "")...), "; "))
}

// trueConditions are the conditions of an object that are true, those of one type or,
// for "", all, as TYPE: MESSAGE. obj may be nil.
func trueConditions(obj *unstructured.Unstructured, kind string) (found []string) {
	if obj == nil {
		return nil
	}
	conditions, _, _ := unstructured.NestedSlice(obj.Object, "status", "conditions")
	for _, c := range conditions {
		if m, ok := c.(map[string]any); ok && m["status"] == "True" && (kind == "" || m["type"] == kind) {
			found = append(found, fmt.Sprintf("%v: %v", m["type"], m["message"]))
		}
	}
	return found
}
