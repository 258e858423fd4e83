package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// causeOfPod diagnoses a Pod by its own state, the Events about it, and its Node,
// which is looked at where something is wrong, or where it is requested.
func (r *runner) causeOfPod(ctx context.Context, pod *corev1.Pod, withNode bool) *diagnose.Cause {
	e := r.watcher.about(pod)
	c := e.Cause()
	switch {
	case pod.Spec.NodeName != "" && (c != nil || withNode):
		e.Node = r.node(ctx, pod.Spec.NodeName)
	case c != nil && strings.Contains(c.Why, "untolerated taint"):
		e.Nodes = r.nodes(ctx) // a Node that is not Ready has one
	default:
		return c
	}
	return e.Cause()
}

// causeAfter is causeOfPod for a Pod that has not changed for a time: the look at its Node costs
// a request, and a pull is worth a word only where it lasts.
func (r *runner) causeAfter(ctx context.Context, pod *corev1.Pod, still time.Duration) (c *diagnose.Cause, pulling bool) {
	if c = r.causeOfPod(ctx, pod, still >= nodeLook); c == nil && still >= pullLook/2 { // it may change after the pull has begun
		c = r.watcher.about(pod).Pulling()
		pulling = c != nil
	}
	return c, pulling
}

// lostNode is the Cause of a Pod among some whose Node the cluster has lost, or nil.
func (r *runner) lostNode(ctx context.Context, among func(*corev1.Pod) bool) *diagnose.Cause {
	for _, e := range r.watcher.evidence() {
		if !among(e.Pod) || e.NodeLost() == nil {
			continue
		}
		if c := r.causeOfPod(ctx, e.Pod, true); c != nil && c.Node != "" {
			return c
		}
	}
	return nil
}

// notPlaced is why a Pod that a command names could not be placed, or nil.
func (r *attempt) notPlaced(words []string) (why *diagnose.Cause) {
	r.unplaced.Range(func(name, cause any) bool {
		if slices.ContainsFunc(words, func(w string) bool { return names(w, name.(string)) }) {
			why = cause.(*diagnose.Cause)
		}
		return why == nil
	})
	return why
}

// guard returns a context for a command: it ends, with the Cause, when the cluster
// loses the Node of a Pod that the command names. An exec, for one, would wait for
// ever.
func (r *runner) guard(ctx context.Context, words []string) (context.Context, context.CancelFunc) {
	return wait.While(ctx, r.watcher.next, func() error {
		if c := r.lostNode(ctx, namedBy(words)); c != nil {
			return c
		}
		return nil
	})
}

// namedBy matches the Pods that a command names, by name or by address.
func namedBy(words []string) func(*corev1.Pod) bool {
	return func(pod *corev1.Pod) bool {
		return namesAddress(words, pod) || slices.ContainsFunc(words, func(w string) bool { return names(w, pod.Name) })
	}
}

// nodeTimeout bounds the look at a Node, which only makes a Cause more exact.
const nodeTimeout = time.Second

// mostNodes is how many Nodes are looked at for those that are not Ready.
const mostNodes = 500

// nodes lists the Nodes, or returns nil where that is not permitted.
func (r *runner) nodes(ctx context.Context) []corev1.Node {
	ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	list, err := r.Evidence.Core.Nodes().List(ctx, metav1.ListOptions{Limit: mostNodes})
	if err != nil {
		return nil
	}
	return list.Items
}

// node reads a Node, or returns nil where it may not be read.
func (r *runner) node(ctx context.Context, name string) *corev1.Node {
	ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	node, err := r.Evidence.Core.Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return node
}

// controllerFailure is the Cause of a controller of the scenario that cannot create its
// Pods, where the wait for them is to end with it. Before that it is shown.
func (r *attempt) controllerFailure(shown troubles) *diagnose.Cause {
	for _, events := range r.watcher.eventsOfControllers(r.part) {
		c := diagnose.Controller(events)
		if c == nil {
			continue
		}
		if c.Ends(r.opts.FailFast) {
			r.denied.CompareAndSwap(false, run.MayAdmit(r.patch, c.Why))
			return c
		}
		shown.show(c)
	}
	return nil
}

// troubles shows each Cause that may pass once.
type troubles struct {
	emit func(Body)
	seen map[string]bool
}

func (t troubles) show(c *diagnose.Cause) {
	if c == nil || t.seen[c.What] {
		return
	}
	t.seen[c.What] = true
	t.emit(Trouble{c})
}

// causeOf diagnoses an error: a Cause that it wraps, or one of the API server.
func (r *runner) causeOf(err error) *diagnose.Cause {
	if c, ok := errors.AsType[*diagnose.Cause](err); ok {
		return c
	}
	return r.connection.Error(err)
}
