package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

const (
	// podGraceSeconds is what a Pod of a run gets to end: nothing in it needs more,
	// and `sleep`, as PID 1, would ignore SIGTERM for the default of 30 seconds.
	podGraceSeconds = 1
	// confirmTimeout is how long kubelets may show no progress in ending Pods. A
	// healthy one takes about 2 seconds; a lost one would hold the Pod, and its
	// Namespace, for ever.
	confirmTimeout = 10 * time.Second
	// confirmLimit bounds the wait for kubelets that do show progress: on a slow
	// machine they first finish starting what they then stop. It leaves enough of
	// CleanupTimeout for the Namespace.
	confirmLimit = 40 * time.Second
)

// ofRun lists the objects of a kind in a Namespace that the run's label selects.
func (r *remover) ofRun(ctx context.Context, kind schema.GroupVersionResource, namespace string) ([]unstructured.Unstructured, error) {
	found, err := r.client.Resource(kind).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: runSelector(r.run)})
	if err != nil {
		return nil, err
	}
	return found.Items, nil
}

// letEnd no longer follows Pods of controllers whose deletion had begun before, as that by the
// garbage collector after a command that deleted the controller. Their kubelets end them with the
// grace period of their spec, whatever shorter one comes then (seen with v1.37.2), and do not need
// the objects for it.
func (r *remover) letEnd(ctx context.Context, namespace string, objects []object) {
	if !slices.ContainsFunc(objects, makesPods) {
		return
	}
	found, _ := r.ofRun(ctx, pods, namespace) // where that is not permitted, none is known
	var names []string
	for i := range found {
		begun, grace := found[i].GetDeletionTimestamp(), found[i].GetDeletionGracePeriodSeconds()
		if begun == nil || grace == nil || *grace <= podGraceSeconds || time.Until(begun.Time) < podGraceSeconds*time.Second {
			continue
		}
		if p := objectOf(pods, &found[i]); r.delete(ctx, p, 0) == nil {
			names = append(names, p.String())
		}
	}
	if len(names) > 0 && r.onStuck != nil {
		r.onStuck(strings.Join(names, ", "), "their deletion began before the cleanup")
	}
}

// awaitPods waits until deleted Pods no longer exist: those of the list, or,
// without one, all of the Namespace. Pods whose kubelet does not confirm the end
// are removed without it.
func (r *remover) awaitPods(ctx context.Context, namespace string, deleted []object) {
	for _, p := range r.unconfirmedPods(ctx, namespace, deleted) {
		o := objectOf(pods, p)
		err := context.Cause(ctx)
		switch {
		case p.GetDeletionTimestamp() == nil:
			continue // made meanwhile: the end of its Namespace will end it
		case err == nil:
			err = r.delete(ctx, o, 0)
		}
		if err != nil {
			r.left(o, err)
			continue
		}
		node, _, _ := unstructured.NestedString(p.Object, "spec", "nodeName")
		r.note(func(c *Cleanup) { c.Unconfirmed = append(c.Unconfirmed, fmt.Sprintf("%s on %s", p.GetName(), node)) })
	}
}

// unconfirmedPods watches deleted Pods, and returns those that still exist when
// none of them has changed for confirmTimeout, after confirmLimit at the latest.
// Pods that may not be watched are not waited for.
func (r *remover) unconfirmedPods(ctx context.Context, namespace string, deleted []object) []*unstructured.Unstructured {
	ctx, cancel := wait.WithTimeout(ctx, confirmLimit)
	defer cancel()
	selector := ""
	if deleted != nil {
		selector = runSelector(r.run)
	}
	changed := make(chan struct{}, 1)
	o := observe(ctx, r.client, r.client.Resource(pods).Namespace(namespace), selector, &unstructured.Unstructured{}, func(p *unstructured.Unstructured) {
		if deleted == nil || isAmong(p.GetUID(), deleted) {
			select {
			case changed <- struct{}{}:
			default: // one is pending
			}
		}
	})
	var running sync.WaitGroup
	running.Go(o.run)
	defer func() { o.stop(); running.Wait() }()
	if !o.synced() {
		return nil
	}
	quiet := time.NewTimer(confirmTimeout)
	defer quiet.Stop()
	for {
		left := awaitedOf(o.GetStore().List(), deleted)
		if len(left) == 0 {
			return nil
		}
		select {
		case <-changed: // a kubelet is working
			quiet.Reset(confirmTimeout)
		case <-quiet.C:
			return left
		case <-ctx.Done():
			return left
		}
	}
}

func awaitedOf(all []any, deleted []object) (awaited []*unstructured.Unstructured) {
	for _, obj := range all {
		if p, ok := obj.(*unstructured.Unstructured); ok && (deleted == nil || isAmong(p.GetUID(), deleted)) {
			awaited = append(awaited, p)
		}
	}
	return awaited
}
